"""Every call told twice, by the house and by the telling, and compared."""

from collections.abc import Callable
from typing import Any, Final

import pyotp
from hypothesis.stateful import RuleBasedStateMachine

from tests.property.services.machine import (
    calls,
    devices,
    holdings,
    listing,
    owners,
    policies,
)
from tests.property.services.machine.house import House, NotGiven
from tests.property.services.machine.telling import (
    ANY,
    AWS_POLICIES,
    DOCUMENTS,
    Estate,
    Operation,
    Owner,
    Refused,
    Told,
    aws_arn,
)
from tests.unit.gate.whole import Keys

OPERATIONS: Final[dict[str, Operation]] = (
    owners.OPERATIONS | policies.OPERATIONS | devices.OPERATIONS | holdings.OPERATIONS
)
LOOK_EVERY: Final = 25
"""Calls between two looks at the whole account."""
PAGES: Final = (1000, 1, 2, 3)
UNKNOWN_KEY: Final = "AKIAIOSFODNN7EXAMPLE"


class Comparing(RuleBasedStateMachine):
    """One account of the house, and what is known of it."""

    def __init__(self, house: House) -> None:
        super().__init__()
        self.house = house
        number, self.root = house.account()
        self.estate = Estate(
            id=number,
            root_keys={self.root.key_id: "Active"},
            now=int(house.whole.now),
        )
        self.guesses = devices.Guesses()
        self.issued: dict[str, tuple[Keys, Owner | None]] = {}
        """Every access key there ever was, with its owner."""
        self.credentials: list[str] = []
        self.steps = 0
        self.agrees = True

    def teardown(self) -> None:
        """Look a last time, unless a difference was found already."""
        if not self.agrees:
            return
        self._look()
        self.house.require_followed()
        assert self.house.seen_by_bystander() == self.house.before

    def _look(self) -> None:
        self.house.require_sound()
        most = PAGES[self.steps // LOOK_EVERY % len(PAGES)]
        seen, told = (
            listing.seen(self.house, self.root, most),
            listing.told(self.estate),
        )
        for part, one in told.items():
            assert seen[part] == one, f"{part}: shown {seen[part]}, expected {one}"

    def do(self, operation: str, params: Told) -> bool:
        """One call by root, told twice; whether it was granted."""
        params = self._resolved(params)
        sent = self.sent(params)
        answer = self.compare(
            lambda: OPERATIONS[operation](self.estate, params),
            lambda: self.house.ask(self.root, "iam", operation, sent),
        )
        if answer is not None:
            self._learn(operation, params, answer)
        return answer is not None

    def compare(
        self, expected: Callable[[], Told], asked: Callable[[], Told]
    ) -> Told | None:
        """The answer, when both give one, and the same; None when both refuse."""
        self.steps += 1
        if self.steps % LOOK_EVERY == 0:
            self._look()
        told = _outcome(expected)
        self.agrees = False
        answer = _outcome(asked)
        if isinstance(answer, NotGiven):
            assert isinstance(told, Refused), f"{answer}, expected {told}"
            said = {(answer.code, answer.message), (answer.code, ANY)}
            assert said & set(told.causes), f"{answer}, expected {told.causes}"
        else:
            assert isinstance(told, dict), f"{answer}, expected {told}"
            assert isinstance(answer, dict)
            _require_holds(answer, told)
        self.agrees = True
        return None if isinstance(answer, Exception) else answer

    def _learn(self, operation: str, params: Told, answer: Told) -> None:
        """What only the answer says: ids, secrets, seeds; none was there before."""
        estate, title = self.estate, operation.removeprefix("Create")
        if operation in ("EnableMFADevice", "ResyncMFADevice"):
            self.guesses.forget(estate.devices[params["SerialNumber"]])
        tables = {
            **estate.owners,
            "Policy": estate.policies,
            "InstanceProfile": estate.profiles,
        }
        if title in tables:
            new = tables[title][params[f"{title}Name"].lower()]
            new.id = self._new_id(answer[title][f"{title}Id"])
        if title == "VirtualMFADevice":
            seed = answer[title]["Base32StringSeed"].decode()
            estate.devices[answer[title]["SerialNumber"]].seed = seed
        if title == "AccessKey":
            self._learn_key(params, answer[title])
        if title == "ServiceSpecificCredential":
            made = answer[title]["ServiceSpecificCredentialId"]
            estate.owner("User", params).credentials[self._new_id(made)] = "Active"
            self.credentials.append(made)

    def _learn_key(self, params: Told, made: Told) -> None:
        keys, user = holdings.keys_of(self.estate, params)
        key_id = self._new_id(made["AccessKeyId"])
        keys[key_id] = "Active"
        self.issued[key_id] = Keys(key_id, made["SecretAccessKey"]), user

    def _new_id(self, number: str) -> str:
        assert number not in self.estate.ids
        self.estate.ids.add(number)
        return number

    def pick(self, index: int) -> tuple[Keys, Owner | None, bool]:
        """One of all keys there ever were, its owner, and whether it should sign."""
        known = list(self.issued.values())
        if not known:
            return Keys(UNKNOWN_KEY, "x"), None, False
        keys, user = known[index % len(known)]
        here = self.estate.root_keys if user is None else user.keys
        is_there = user is None or user in self.estate.users.values()
        return keys, user, is_there and here.get(keys.key_id) == "Active"

    def _holder(self, device: str) -> Owner | None:
        """Whose device it is."""
        found = self.estate.devices.get(self.serial(device))
        return found.user if found else None

    def index_of_holder(self, device: str) -> int:
        """The number of a key of the user whose device it is; 0 when it is nobody's."""
        holder = self._holder(device)
        owners = [user for _, user in self.issued.values()]
        return owners.index(holder) if holder in owners else 0

    def serial(self, name: str) -> str:
        """The serial number of the device of this name, wherever it is."""
        if name.startswith("arn:"):
            return name
        for serial in self.estate.devices:
            if serial.endswith(f"/{name}"):
                return serial
        return self.estate.arn("mfa", "/", name)

    def _resolved(self, params: Told) -> Told:
        """The call with real ARNs and ids in place of names and numbers."""
        if params.get("UserName") == calls.HOLDER:
            holder = self._holder(params["SerialNumber"])
            params = {**params, "UserName": holder.name if holder else "ann"}
        resolve: dict[str, Callable[[Any], str]] = {
            "PolicyArn": self._policy_arn,
            "PermissionsBoundary": self._policy_arn,
            "SerialNumber": self.serial,
            "AccessKeyId": lambda index: _nth(list(self.issued), index, UNKNOWN_KEY),
            "ServiceSpecificCredentialId": lambda index: _nth(
                self.credentials, index, "ACCAIOSFODNN7EXAMPLE"
            ),
            "OpenIDConnectProviderArn": lambda host: self.estate.arn(
                "oidc-provider", "/", host
            ),
            "AccountAlias": lambda word: f"a{self.estate.id}-{word}",
        }
        return {
            name: resolve[name](value) if name in resolve else value
            for name, value in params.items()
        }

    def _policy_arn(self, name: str) -> str:
        if name.startswith("arn:"):
            return name
        if name in AWS_POLICIES:
            return aws_arn(name)
        policy = self.estate.policies.get(name.lower())
        if policy is None:
            return self.estate.arn("policy", "/", name)
        return self.estate.policy_arn(policy)

    def sent(self, params: Told) -> Told:
        """The call with documents and codes as they go over the wire."""
        sent = dict(params)
        if "PolicyDocument" in sent:
            sent["PolicyDocument"] = DOCUMENTS[sent["PolicyDocument"]]
        for name in ("AuthenticationCode1", "AuthenticationCode2", "TokenCode"):
            if name in sent:
                sent[name] = self._code(sent["SerialNumber"], sent[name])
        return sent

    def is_unmistakable(self, serial: str, offset: int) -> bool:
        """Whether no two of the codes that matter are the same by chance."""
        device = self.estate.devices.get(serial)
        if device is None:
            return True
        steps = {offset, device.drift - 1, device.drift, device.drift + 1}
        return len({self._code(serial, step) for step in steps}) == len(steps)

    def _code(self, serial: str, offset: int) -> str:
        device = self.estate.devices.get(serial)
        if device is None:
            return "123456"
        return pyotp.TOTP(device.seed).at(self.estate.now + 30 * offset)


def _outcome(act: Callable[[], Told]) -> Told | Refused | NotGiven:
    """What the call gives, or how it is refused."""
    try:
        return act()
    except (Refused, NotGiven) as refused:
        return refused


def _nth(known: list[str], index: int | str, otherwise: str) -> str:
    if isinstance(index, str):
        return index
    return known[index % len(known)] if known else otherwise


def signs(good: bool, told: Told) -> Told:
    """What is told, when the key is one that signs; else Refused."""
    if not good:
        raise Refused(("InvalidClientTokenId", ANY))
    return told


def _require_holds(answer: object, told: object, where: str = "") -> None:
    """Nothing, when the answer has at least what was told."""
    if isinstance(told, dict) and isinstance(answer, dict):
        for name, value in told.items():
            assert name in answer, f"{where} lacks {name}: {answer}"
            _require_holds(answer[name], value, f"{where}/{name}")
    else:
        assert answer == told, f"{where} is {answer}, expected {told}"
