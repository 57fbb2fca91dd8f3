"""A store in a file, with users and their phones, for the tests of MFA."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pyotp

from ostiary.identity import totp
from ostiary.identity.caller import Caller
from ostiary.identity.model import MFADevice, User
from ostiary.identity.session import Session, SessionKind
from ostiary.services.mfa_ledger import Attempt, verify_token_code
from ostiary.store.engine import open_engine
from ostiary.store.port import E
from ostiary.store.sql import SqlStore
from tests.unit.identity.minting import NOW
from tests.unit.services.iam.world import (
    OTHER_ACCOUNT,
    World,
    caller_of,
    root_of,
)


@dataclass
class Estate(World):
    """Two accounts whose users have phones."""

    seeds: dict[str, str] = field(default_factory=dict)
    """Serial number to base32 seed: what the phones know."""

    def restarted(self) -> SqlStore:
        """The same database, opened by another process for all we know."""
        return SqlStore(open_engine(self.url))

    def find(self, kind: type[E], key: str) -> E | None:
        """An entity as it is now."""
        with self.store.read() as view:
            return view.find(kind, key)

    def device(self, serial: str) -> MFADevice:
        """A device as it is now."""
        device = self.find(MFADevice, serial)
        assert device is not None
        return device

    def stranger(self, name: str) -> User:
        """A new user of the other account."""
        self.call("CreateUser", root_of(OTHER_ACCOUNT), UserName=name)
        with self.store.read() as view:
            user = view.find_by(User, account=OTHER_ACCOUNT, name=name)
        assert user is not None
        return user

    def phone(self, serial: str) -> pyotp.TOTP:
        """The authenticator app that has scanned the device's code."""
        return pyotp.TOTP(self.seeds[serial])

    def code(self, serial: str, steps: int = 0) -> str:
        """What the phone shows so many steps from now."""
        return self.phone(serial).at(self.now + steps * totp.STEP)

    def codes(self, serial: str, first: int = -1) -> dict[str, Any]:
        """Two consecutive codes, the first so many steps from now."""
        return {
            "AuthenticationCode1": self.code(serial, first),
            "AuthenticationCode2": self.code(serial, first + 1),
        }

    def virtual(self, name: str, caller: Caller | None = None, **params: object) -> str:
        """The serial number of a new virtual device, known to a phone."""
        result = self.call(
            "CreateVirtualMFADevice", caller, VirtualMFADeviceName=name, **params
        )
        shown = cast("dict[str, object]", result["VirtualMFADevice"])
        serial = cast("str", shown["SerialNumber"])
        self.seeds[serial] = cast("bytes", shown["Base32StringSeed"]).decode()
        return serial

    def enable(
        self, user: User, serial: str, caller: Caller | None = None, first: int = -1
    ) -> None:
        """The device is the user's, by two codes, the first so many steps from now."""
        self.call(
            "EnableMFADevice",
            caller or root_of(user.account),
            UserName=user.name,
            SerialNumber=serial,
            **self.codes(serial, first),
        )

    def enrolled(self, user: User, name: str = "phone") -> str:
        """The serial number of a device that root gave the user a moment ago.

        Its clock is right, and its ledger is one step behind now.
        """
        serial = self.virtual(name, root_of(user.account))
        self.enable(user, serial)
        self.later(totp.STEP)
        return serial

    def later(self, seconds: int) -> int:
        """The moment so many seconds from now, which is now from now on."""
        self.now += seconds
        return self.now

    def attempt(
        self, user: User, serial: str, code: str, credential: str = "AKIAUSER"
    ) -> Attempt:
        """A token code that the user brings now."""
        return Attempt(
            serial=serial,
            token_code=code,
            user=user.id,
            account=user.account,
            credential=credential,
            now=self.now,
        )

    def verify(self, attempt: Attempt) -> int:
        """When the token code was verified; raises what the service raises."""
        return verify_token_code(self.store.ledger, attempt, self.vault)


def estate(folder: Path) -> Estate:
    """A new estate in a folder."""
    return Estate(url=f"sqlite:///{folder}/store.db", seed=folder.name)


def with_session(user: User, mfa_at: int | None) -> Caller:
    """The user with a session of GetSessionToken, MFA-true or not."""
    caller = caller_of(user)
    session = Session(
        access_key_id="ASIAUSER",
        kind=SessionKind.SESSION_TOKEN,
        account=user.account,
        principal=user.id,
        name="",
        issued_at=NOW,
        expires_at=NOW + 12 * 3600,
        mfa_at=mfa_at,
        issuer=caller.access_key_id,
        source_identity="",
        tags=(),
        transitive=(),
        policy=None,
        policy_arns=(),
    )
    return replace(caller, access_key_id="ASIAUSER", session=session, mfa_at=mfa_at)
