"""Chance against an account: which steps it takes."""

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from tests.property.services.machine import calls, devices, holdings
from tests.property.services.machine.comparing import OPERATIONS, Comparing, signs
from tests.property.services.machine.telling import (
    ANY,
    AWS_POLICIES,
    DENY,
    Refused,
    Told,
)


class Machine(Comparing):
    """One account of the house, and what chance does to it."""

    @initialize()
    def furnish(self) -> None:
        """A few of everything, so that steps meet something."""
        for operation, params in calls.FURNITURE:
            self.do(operation, params)

    @rule(call=calls.OF_OWNERS)
    def owners(self, call: tuple[str, Told]) -> None:
        """Users, groups and roles come, go, and change their names."""
        self.do(*call)

    @rule(several=st.lists(calls.OF_BELONGINGS, min_size=1, max_size=4))
    def belongings(self, several: list[tuple[str, Told]]) -> None:
        """Policies on them, boundaries, memberships, tags."""
        for call in several:
            self.do(*call)

    @rule(call=calls.OF_POLICIES)
    def policies(self, call: tuple[str, Told]) -> None:
        """Managed policies and their versions."""
        self.do(*call)

    @rule(call=calls.OF_DEVICES)
    def devices(self, call: tuple[str, Told]) -> None:
        """MFA devices, with codes that are right, early, late, old or swapped."""
        self.do(*call)

    @rule(call=calls.OF_KEYS)
    def keys(self, call: tuple[str, Told]) -> None:
        """Access keys of users and of root."""
        self.do(*call)

    @rule(call=calls.OF_HOLDINGS)
    def holdings(self, call: tuple[str, Told]) -> None:
        """Passwords, instance profiles, providers, the account itself."""
        self.do(*call)

    @rule(device=st.sampled_from(("phone", "phone", "pad")), pair=calls.PAIRS)
    def resync(self, device: str, pair: tuple[int, int]) -> None:
        """Whoever holds the device shows two codes, used ones among them."""
        codes = dict(
            zip(("AuthenticationCode1", "AuthenticationCode2"), pair, strict=True)
        )
        whose = {"UserName": calls.HOLDER, "SerialNumber": device}
        self.do("ResyncMFADevice", {**whose, **codes})

    @rule(whose=calls.ANY_OWNER)
    def attach_many(self, whose: tuple[str, str]) -> None:
        """Policies of AWS until there is no room."""
        kind, name = whose
        for policy in AWS_POLICIES:
            params = {f"{kind}Name": name, "PolicyArn": policy}
            if not self.do(f"Attach{kind}Policy", params):
                return

    @rule(name=calls.USERS)
    def join_many(self, name: str) -> None:
        """More groups than a user may be in."""
        for number in range(11):
            group = {"GroupName": f"many-{number}"}
            if f"many-{number}" not in self.estate.owners["Group"]:
                self.do("CreateGroup", group)
            if not self.do("AddUserToGroup", {"UserName": name, **group}):
                return

    @rule(name=calls.USERS)
    def enable_many(self, name: str) -> None:
        """More MFA devices than a user may have."""
        for number in range(9):
            device = f"many-{number}"
            if self.serial(device) not in self.estate.devices:
                self.do("CreateVirtualMFADevice", {"VirtualMFADeviceName": device})
            whose = {"UserName": name, "SerialNumber": device}
            codes = {"AuthenticationCode1": -1, "AuthenticationCode2": 0}
            if not self.do("EnableMFADevice", {**whose, **codes}):
                return

    @rule(policy=calls.OWN_POLICIES, is_default=st.booleans())
    def revise_many(self, policy: str, is_default: bool) -> None:
        """More versions than a policy may have."""
        call = {"PolicyArn": policy, "PolicyDocument": DENY, "SetAsDefault": is_default}
        while self.do("CreatePolicyVersion", call):
            pass

    @rule(name=calls.USERS, start=st.integers(0, 60))
    def tag_many(self, name: str, start: int) -> None:
        """More tags than fit."""
        tags = [{"Key": f"k{start + n}", "Value": "x"} for n in range(45)]
        self.do("TagUser", {"UserName": name, "Tags": tags})

    @rule(whose=calls.ANY_OWNER, but=st.sampled_from(calls.BELONGINGS))
    def dismantle(self, whose: tuple[str, str], but: str) -> None:
        """Take everything from one of them but one sort of things, then delete it."""
        kind, name = whose
        owner = self.estate.owners[kind].get(name.lower())
        if owner is not None:
            for sort, operation, params in calls.removals(self.estate, owner):
                if sort != but:
                    self.do(operation, params)
        self.do(f"Delete{kind}", {f"{kind}Name": name})

    @rule(name=calls.OWN_POLICIES, but=st.sampled_from(("", "boundary", "version")))
    def withdraw(self, name: str, but: str) -> None:
        """Take a policy from everybody, and its old versions, or not; delete it."""
        policy = self.estate.policies.get(name.lower())
        if policy is not None:
            for sort, operation, params in calls.withdrawals(self.estate, policy):
                if sort != but:
                    self.do(operation, params)
        self.do("DeletePolicy", {"PolicyArn": name})

    @rule(seconds=st.sampled_from((1, 29, 30, 31, 90, 600, 3600)))
    def wait(self, seconds: int) -> None:
        """Time passes."""
        self.estate.now += seconds
        self.house.whole.now = self.estate.now

    @rule(index=st.integers(0, 5))
    def ask_who(self, index: int) -> None:
        """A key signs while it is there and active, and names its user as of now."""
        keys, user, good = self.pick(index)
        arn = f"arn:aws:iam::{self.estate.id}:root"
        if user is not None:
            arn = self.estate.owner_arn(user)
        self.compare(
            lambda: signs(good, {"Arn": arn, "Account": self.estate.id}),
            lambda: self.house.ask(keys, "sts", "GetCallerIdentity", {}),
        )

    @rule(index=st.integers(0, 5))
    def ask_about_oneself(self, index: int) -> None:
        """A user may what the policies say that hang on it now."""
        keys, user, good = self.pick(index)
        if user is None:
            return

        def expected() -> Told:
            signs(good, {})
            if not self.estate.may("GetUser", user):
                raise Refused(("AccessDenied", ANY))
            return OPERATIONS["GetUser"](self.estate, {"UserName": user.name})

        self.compare(expected, lambda: self.house.ask(keys, "iam", "GetUser", {}))

    @rule(
        index=st.integers(0, 2),
        old=calls.PASSWORDS,
        new=calls.PASSWORDS,
        times=st.sampled_from((1, 1, 1, 3)),
    )
    def change_password(self, index: int, old: str, new: str, times: int) -> None:
        """A user tells the old password, or guesses it, for another."""
        keys, user, good = self.pick(index)
        if user is None:
            return
        params = {"OldPassword": old, "NewPassword": new}

        def expected() -> Told:
            signs(good, {})
            if not self.estate.may("ChangePassword", user):
                raise Refused(("AccessDenied", ANY))
            key = keys.key_id
            return holdings.change_password(self.estate, user, key, params)

        for _ in range(times):
            self.compare(
                expected, lambda: self.house.ask(keys, "iam", "ChangePassword", params)
            )

    @rule(
        index=st.integers(-1, 5),
        device=calls.DEVICES,
        offset=st.sampled_from((0, 0, 1, -1, 2, -2, 5)),
        again=st.integers(1, 3),
    )
    def use_code(self, index: int, device: str, offset: int, again: int) -> None:
        """One code, and perhaps the same once more, for a session with MFA."""
        if index < 0:
            index = self.index_of_holder(device)
        keys, user, good = self.pick(index)
        serial = self.serial(device)
        if user is None or not self.is_unmistakable(serial, offset):
            return
        params = {"SerialNumber": serial, "TokenCode": offset}

        def expected() -> Told:
            signs(good, {})
            devices.use_code(self.estate, self.guesses, user, keys.key_id, params)
            return {}

        for _ in range(again):
            sent = self.sent(params)
            self.compare(
                expected,
                lambda sent=sent: self.house.ask(keys, "sts", "GetSessionToken", sent),  # type: ignore[misc] - one name, bound now
            )

    @rule(device=calls.DEVICES)
    def guess_many(self, device: str) -> None:
        """Wrong codes until there is a wait."""
        for _ in range(6):
            self.use_code(-1, device, 5, 1)
