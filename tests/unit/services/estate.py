"""A real store with accounts, users and phones, for the tests of `services`."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar, cast

import botocore.session
import pyotp
from botocore.model import OperationModel, Shape
from botocore.validate import ParamValidator

from ostiary.identity import ids, totp
from ostiary.identity.caller import Caller
from ostiary.identity.model import PARTITION, Account, MFADevice, User
from ostiary.identity.session import Session, SessionKind
from ostiary.identity.vault import Vault
from ostiary.policy import Principal, PrincipalKind
from ostiary.services.errors import ServiceError
from ostiary.services.iam.operations import OPERATIONS
from ostiary.services.mfa_ledger import Attempt, verify_token_code
from ostiary.services.operation import Call, ChangeOperation, ReadOperation, Result
from ostiary.store.engine import open_engine, prepare_schema
from ostiary.store.port import Entity
from ostiary.store.sql import SqlStore
from tests.unit.identity.minting import Stream, vault

ACCOUNT = "111122223333"
OTHER = "444455556666"
NOW = 1_764_000_000
"""The beginning of a time step: tests count steps from here."""

E = TypeVar("E", bound=Entity)
T = TypeVar("T")

IAM = botocore.session.get_session().get_service_model("iam")


def open_store(path: Path) -> SqlStore:
    """The store in a SQLite file."""
    engine = open_engine(f"sqlite:///{path}")
    prepare_schema(engine)
    return SqlStore(engine)


@dataclass
class Estate:
    """Two accounts, and ways to act in them."""

    path: Path
    store: SqlStore
    vault: Vault
    mint: ids.Mint
    now: int = NOW
    seeds: dict[str, str] = field(default_factory=dict)
    """Serial number to base32 seed: what the phones know."""

    def user(self, name: str, account: str = ACCOUNT) -> User:
        """A new user."""
        user = User(
            id=ids.unique_id(self.mint, "AIDA"),
            account=account,
            name=name,
            path="/",
            created=self.now,
            tags=(),
            boundary="",
        )
        self.insert(user)
        return user

    def insert(self, entity: Entity) -> None:
        """Put an entity into the store."""
        with self.store.change() as change:
            change.insert(entity)

    def find(self, kind: type[E], key: str) -> E | None:
        """An entity as it is now."""
        with self.store.read() as view:
            return view.find(kind, key)

    def get(self, kind: type[E], key: str) -> E:
        """An entity as it is now, which is there."""
        found = self.find(kind, key)
        assert found is not None
        return found

    def device(self, serial: str) -> MFADevice:
        """A device as it is now."""
        return self.get(MFADevice, serial)

    def run(self, operation: str, caller: Caller, **params: object) -> Result:
        """The result of an operation, held against botocore's model of it."""
        model = IAM.operation_model(operation)
        check_params(model, params)
        result = self.perform(operation, self.call(caller, params))
        check_shape(operation, model.output_shape, result)
        return result

    def call(self, caller: Caller, params: Mapping[str, object]) -> Call:
        """A call at this moment."""
        return Call(
            caller=caller,
            params=params,
            now=self.now,
            mint=self.mint,
            vault=self.vault,
        )

    def perform(self, name: str, call: Call) -> Result:
        """The result of an operation, in a transaction of its own."""
        operation = OPERATIONS[name]
        if isinstance(operation, ChangeOperation):
            with self.store.change() as change:
                return operation.run(call, change)
        assert isinstance(operation, ReadOperation)
        with self.store.read() as view:
            return operation.run(call, view)

    def phone(self, serial: str) -> pyotp.TOTP:
        """The authenticator app that has scanned the device's code."""
        return pyotp.TOTP(self.seeds[serial])

    def code(self, serial: str, steps: int = 0) -> str:
        """What the phone shows so many steps from now."""
        return self.phone(serial).at(self.now + steps * totp.STEP)

    def virtual(self, caller: Caller, name: str, **params: object) -> str:
        """The serial number of a new virtual device, known to a phone."""
        result = self.run(
            "CreateVirtualMFADevice", caller, VirtualMFADeviceName=name, **params
        )
        shown = cast("dict[str, object]", result["VirtualMFADevice"])
        serial = cast("str", shown["SerialNumber"])
        self.seeds[serial] = cast("bytes", shown["Base32StringSeed"]).decode()
        return serial

    def enable(
        self, caller: Caller, serial: str, user: User, first: int = -2
    ) -> None:
        """The device is the user's; the two codes are old enough to go on at once."""
        self.run(
            "EnableMFADevice",
            caller,
            UserName=user.name,
            SerialNumber=serial,
            AuthenticationCode1=self.code(serial, first),
            AuthenticationCode2=self.code(serial, first + 1),
        )

    def enrolled(self, user: User, name: str = "phone") -> str:
        """The serial number of a device that an administrator gave the user.

        Its ledger is one step behind now, its drift 0.
        """
        admin = root(user.account)
        serial = self.virtual(admin, name)
        self.enable(admin, serial, user, -1)
        self.later(totp.STEP)
        return serial

    def later(self, seconds: int) -> int:
        """The moment so many seconds from now, which is now from now on."""
        self.now += seconds
        return self.now

    def attempt(self, user: User, serial: str, code: str, **other: object) -> Attempt:
        """A token code that the user brings at this moment."""
        fields: dict[str, object] = {
            "serial": serial,
            "token_code": code,
            "user": user.id,
            "account": user.account,
            "credential": "AKIAEXAMPLE",
            "now": self.now,
        }
        return Attempt(**fields | other)  # type: ignore[arg-type]  # a test changes one

    def verify(self, attempt: Attempt) -> int:
        """When the token code was verified; raises what the service raises."""
        return verify_token_code(self.store.ledger, attempt, self.vault)


def estate(folder: Path) -> Estate:
    """A new store with two accounts."""
    path = folder / "store.db"
    made = Estate(
        path=path, store=open_store(path), vault=vault(), mint=Stream(str(folder.name))
    )
    for account, name in ((ACCOUNT, "a"), (OTHER, "b")):
        made.insert(Account(id=account, name=name, alias="", created=NOW))
    return made


def as_user(
    user: User, *, mfa_at: int | None = None, session: bool = False
) -> Caller:
    """A user with long-term keys, or with a session of GetSessionToken."""
    principal = Principal(
        kind=PrincipalKind.USER,
        account=user.account,
        arn=user.arn,
        unique_ids=(user.id,),
    )
    held = None
    if session or mfa_at is not None:
        held = _session(user.account, SessionKind.SESSION_TOKEN, user.id, mfa_at)
    return Caller(
        principal=principal,
        user_id=user.id,
        name=user.name,
        principal_arn=user.arn,
        access_key_id="ASIAEXAMPLE" if held else "AKIAEXAMPLE",
        session=held,
        mfa_at=mfa_at,
        tags=(),
    )


def root(account: str = ACCOUNT) -> Caller:
    """The root user with its long-term keys."""
    arn = f"arn:{PARTITION}:iam::{account}:root"
    return Caller(
        principal=Principal(kind=PrincipalKind.ROOT, account=account, arn=arn),
        user_id=account,
        name="",
        principal_arn=arn,
        access_key_id="AKIAROOT",
        session=None,
        mfa_at=None,
        tags=(),
    )


def admin_role(account: str = ACCOUNT) -> Caller:
    """A session of a role, which is no user."""
    arn = f"arn:{PARTITION}:sts::{account}:assumed-role/Admin/session"
    return Caller(
        principal=Principal.from_arn(arn),
        user_id="AROAEXAMPLE:session",
        name="",
        principal_arn=f"arn:{PARTITION}:iam::{account}:role/Admin",
        access_key_id="ASIAROLE",
        session=_session(account, SessionKind.ROLE, "AROAEXAMPLE", None),
        mfa_at=None,
        tags=(),
    )


def _session(
    account: str, kind: SessionKind, principal: str, mfa_at: int | None
) -> Session:
    return Session(
        access_key_id="ASIAEXAMPLE",
        kind=kind,
        account=account,
        principal=principal,
        name="session" if kind is SessionKind.ROLE else "",
        issued_at=NOW,
        expires_at=NOW + 3600,
        mfa_at=mfa_at,
        issuer="AKIAEXAMPLE",
        source_identity="",
        tags=(),
        transitive=(),
        policy=None,
        policy_arns=(),
    )


@contextmanager
def refused(code: str, message: str, status: int) -> Iterator[None]:
    """The block ends in this very fault."""
    try:
        yield
    except ServiceError as error:
        assert (error.code, error.message, error.status) == (code, message, status)
        return
    raise AssertionError(f"nothing was refused, expected {code}")


def fault_of(act: Callable[[], object]) -> str:
    """The code of the fault that the act ends in; empty when it succeeds."""
    try:
        act()
    except ServiceError as error:
        return error.code
    return ""


def check_params(model: OperationModel, params: Mapping[str, object]) -> None:
    """The parameters are ones that boto3 would send."""
    if model.input_shape is not None:
        report = ParamValidator().validate(params, model.input_shape)
        assert not report.has_errors(), report.generate_report()


_TYPES: dict[str, type] = {
    "string": str,
    "integer": int,
    "boolean": bool,
    "timestamp": int,
    "blob": bytes,
}

_ROOT_HAS_NO = frozenset({"UserName", "Path"})
"""Required in the models, but root has neither (facts 8.6)."""


def check_shape(place: str, shape: Shape | None, value: object) -> None:
    """The value is what botocore's output shape says, and nothing more."""
    if shape is None:
        assert value == {}, place
        return
    match shape.type_name:
        case "structure":
            assert isinstance(value, dict), place
            assert set(value) <= set(shape.members), place
            missing = set(shape.required_members) - set(value)
            assert missing <= _ROOT_HAS_NO, (place, missing)
            for name, member in value.items():
                check_shape(f"{place}.{name}", shape.members[name], member)
        case "list":
            assert isinstance(value, list), place
            for item in value:
                check_shape(f"{place}[]", shape.member, item)
        case "map":
            assert isinstance(value, dict), place
            for key, item in value.items():
                assert key in (shape.key.enum or [key]), (place, key)
                check_shape(f"{place}.{key}", shape.value, item)
        case simple:
            assert type(value) is _TYPES[simple], (place, value)
