"""An installation in memory, and calls to IAM that hold to its service model.

Every call is checked against botocore's model on its way in and on its way out:
parameters, members of the result, and the code of a refusal. Every result goes over
the wire and comes back through botocore's parser as it was.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import botocore.session
import pytest
from botocore.model import OperationModel, Shape
from botocore.parsers import create_parser
from botocore.validate import ParamValidator

from ostiary.identity.caller import Caller
from ostiary.identity.model import Account, Entity, Role, User
from ostiary.policy import Principal, PrincipalKind
from ostiary.services.errors import ServiceError
from ostiary.services.iam.operations import OPERATIONS
from ostiary.services.operation import (
    Call,
    ChangeOperation,
    ReadOperation,
    SlowChangeOperation,
)
from ostiary.store.codec import encode
from ostiary.store.engine import open_engine, prepare_schema, writing
from ostiary.store.port import E
from ostiary.store.sql import SqlStore
from ostiary.store.tables import TABLES
from ostiary.wire.answer import write
from ostiary.wire.service import IAM
from tests.unit.identity.minting import ACCOUNT, NOW, Stream, vault

OTHER_ACCOUNT = "210987654321"
ALLOW_ALL = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'
MODEL = botocore.session.get_session().get_service_model("iam")
COMMON = {"ValidationError", "AccessDenied"}
"""Codes that any operation may answer with."""


def root_of(account: str) -> Caller:
    """The account's root user, with its access key."""
    arn = f"arn:aws:iam::{account}:root"
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


def caller_of(user: User) -> Caller:
    """The user, with an access key."""
    return Caller(
        principal=Principal(
            kind=PrincipalKind.USER,
            account=user.account,
            arn=user.arn,
            unique_ids=(user.id,),
        ),
        user_id=user.id,
        name=user.name,
        principal_arn=user.arn,
        access_key_id="AKIAUSER",
        session=None,
        mfa_at=None,
        tags=user.tags,
    )


def session_of(role: Role) -> Caller:
    """A session of the role."""
    return Caller(
        principal=Principal(
            kind=PrincipalKind.ROLE_SESSION,
            account=role.account,
            arn=f"arn:aws:sts::{role.account}:assumed-role/{role.name}/me",
            role_arn=role.arn,
            unique_ids=(role.id, f"{role.id}:me"),
        ),
        user_id=f"{role.id}:me",
        name="",
        principal_arn=role.arn,
        access_key_id="ASIAROLE",
        session=None,
        mfa_at=None,
        tags=role.tags,
    )


@dataclass
class World:
    """A store, a vault, and two accounts whose root users call."""

    url: str = "sqlite://"
    seed: str = "world"
    now: int = NOW
    caller: Caller = field(default_factory=lambda: root_of(ACCOUNT))

    def __post_init__(self) -> None:
        """Open the store; found the accounts if they are not there yet."""
        engine = open_engine(self.url)
        prepare_schema(engine)
        self.engine = engine
        self.store = SqlStore(engine)
        self.mint = Stream(self.seed)
        self.vault = vault()
        with self.store.change() as change:
            if change.count(Account) == 0:
                for id_, name in ((ACCOUNT, "first"), (OTHER_ACCOUNT, "second")):
                    change.insert(Account(id=id_, name=name, alias="", created=NOW))

    def call(
        self, operation: str, caller: Caller | None = None, **params: object
    ) -> dict[str, Any]:
        """What the operation answers; the answer has the modelled shape."""
        result = self.run(operation, caller, **params)
        output = MODEL.operation_model(operation).output_shape
        if output is None:
            assert result == {}
        else:
            assert list(faults_of(output, result, operation)) == []
            assert _over_the_wire(operation, result) == result
        return result

    def refused(
        self,
        operation: str,
        caller: Caller | None = None,
        *,
        modelled: bool = True,
        **params: object,
    ) -> tuple[str, str]:
        """The code and message that the operation refuses with; nothing is changed."""
        before = self.store.everything()
        with pytest.raises(ServiceError) as refusal:
            self.run(operation, caller, **params)
        error = refusal.value
        assert self.store.everything() == before
        if modelled:
            known = _codes(MODEL.operation_model(operation))
            assert known[error.code] in (None, error.status)
        return error.code, error.message

    def run(
        self, operation: str, caller: Caller | None = None, **params: object
    ) -> dict[str, Any]:
        """What the operation answers."""
        shape = MODEL.operation_model(operation).input_shape
        if shape is None:
            assert params == {}
        else:
            report = ParamValidator().validate(params, shape)
            assert not report.has_errors(), report.generate_report()
        call = Call(
            caller=caller or self.caller,
            params=params,
            now=self.now,
            mint=self.mint,
            vault=self.vault,
        )
        match OPERATIONS[operation]:
            case ChangeOperation(run=change_run):
                with self.store.change() as change:
                    return change_run(call, change)
            case SlowChangeOperation(prepare=prepare):
                with self.store.read() as view:
                    finish = prepare(call, view)
                with self.store.change() as change:
                    return finish(change)
            case ReadOperation(run=read_run):
                with self.store.read() as view:
                    return read_run(call, view)
            case _:
                raise AssertionError(f"{operation} is of another sort")

    def pages(
        self, operation: str, member: str, **params: object
    ) -> Iterator[list[Any]]:
        """The pages of a list, one after the other."""
        while True:
            result = self.call(operation, **params)
            items = result[member]
            assert isinstance(items, list)
            yield items
            assert ("Marker" in result) == result["IsTruncated"]
            if not result["IsTruncated"]:
                return
            params["Marker"] = result["Marker"]

    def fill(self, entities: Sequence[Entity]) -> None:
        """Put in many entities of one kind at once, past the log of changes."""
        rows = [encode(entity) for entity in entities]
        with writing(self.engine) as connection, connection.begin():
            connection.execute(TABLES[type(entities[0])].insert(), rows)

    # -- the entities that most tests need ------------------------------------------

    def user(self, name: str, **params: object) -> User:
        """A new user."""
        self.call("CreateUser", UserName=name, **params)
        return self.get(User, name)

    def role(self, name: str, trust: str, **params: object) -> Role:
        """A new role."""
        self.call("CreateRole", RoleName=name, AssumeRolePolicyDocument=trust, **params)
        return self.get(Role, name)

    def policy(self, name: str, text: str = ALLOW_ALL, **params: object) -> str:
        """A new managed policy's ARN."""
        result = self.call(
            "CreatePolicy", PolicyName=name, PolicyDocument=text, **params
        )
        policy = result["Policy"]
        assert isinstance(policy, dict)
        return str(policy["Arn"])

    def get(self, kind: type[E], name: str) -> E:
        """The stored entity of that name in the caller's account."""
        with self.store.read() as view:
            found = view.find_by(kind, account=self.caller.account, name=name)
        assert found is not None
        return found


def _codes(operation: OperationModel) -> dict[str, int | None]:
    """The codes of the operation's refusals, with their HTTP status."""
    codes: dict[str, int | None] = dict.fromkeys(COMMON)
    for shape in operation.error_shapes:
        error = shape.metadata["error"]
        codes[error["code"]] = error["httpStatusCode"]
    return codes


def _over_the_wire(operation: str, result: dict[str, Any]) -> object:
    """The result as botocore reads it from our answer."""
    answer = write(IAM, operation, result, "request")
    response = {
        "status_code": answer.status,
        "headers": dict(answer.headers),
        "body": answer.body,
    }
    shape = MODEL.operation_model(operation).output_shape
    read = create_parser("query").parse(response, shape)
    del read["ResponseMetadata"]
    return in_seconds(read)


def in_seconds(value: object) -> object:
    """The value with seconds since the epoch for every date."""
    match value:
        case datetime():
            return int(value.timestamp())
        case dict():
            return {name: in_seconds(one) for name, one in value.items()}
        case list():
            return [in_seconds(one) for one in value]
        case _:
            return value


_TYPES = {
    "string": str,
    "integer": int,
    "boolean": bool,
    "timestamp": int,
    "blob": bytes,
}


def faults_of(shape: Shape, value: object, place: str) -> Iterator[str]:
    """Where a value is not of its shape: types, unknown members, missing ones."""
    match shape.type_name:
        case "structure":
            if not isinstance(value, dict):
                yield f"{place} is no structure"
                return
            yield from (
                f"{place}.{name} is unknown"
                for name in value.keys() - shape.members.keys()
            )
            yield from (
                f"{place}.{name} is missing"
                for name in set(shape.required_members) - value.keys()
            )
            for name in value.keys() & shape.members.keys():
                yield from faults_of(
                    shape.members[name], value[name], f"{place}.{name}"
                )
        case "list":
            yield from _list_faults(shape, value, place)
        case "map":
            yield from _map_faults(shape, value, place)
        case scalar:
            if type(value) is not _TYPES[scalar]:
                yield f"{place} is {type(value).__name__}, expected {scalar}"


def _list_faults(shape: Shape, value: object, place: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{place} is no list"
        return
    for number, item in enumerate(value):
        yield from faults_of(shape.member, item, f"{place}[{number}]")


def _map_faults(shape: Shape, value: object, place: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{place} is no map"
        return
    for name, item in value.items():
        yield from faults_of(shape.value, item, f"{place}[{name}]")
