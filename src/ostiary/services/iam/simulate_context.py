"""Who is simulated, and the condition keys of the simulation.

A key that the call does not give is absent, as with AWS's simulator. One entry is our
own: `ostiary:CredentialKind` fills the keys that credentials of a kind carry, by the
same function that the gate asks (facts 2).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, cast

from ostiary.identity.caller import Caller, context
from ostiary.identity.model import Role, User
from ostiary.identity.session import Session, SessionKind
from ostiary.policy import Context, Principal, PrincipalKind
from ostiary.policy.pattern import fold
from ostiary.policy.values import (
    read_address,
    read_bool,
    read_bytes,
    read_date,
    read_number,
)
from ostiary.services.errors import invalid_input
from ostiary.services.operation import Call

Value = str | tuple[str, ...]

CREDENTIAL_KIND: Final = "ostiary:CredentialKind"
KINDS: Final = ("long-term", "long-term-code", "session", "session-mfa", "role")
TRUST_ACTIONS: Final = frozenset(
    {"sts:assumerole", "sts:tagsession", "sts:setsourceidentity"}
)
"""What a role's trust policy answers; a token code may come with these calls."""

ENTRIES: Final = 256
"""Most context entries of a call."""

_KEY: Final = re.compile(r"[A-Za-z0-9_.-]+:[ -~]+", re.ASCII)
_AGE: Final = "aws:multifactorauthage"
_CREDENTIAL_KEYS: Final = frozenset(
    {"aws:multifactorauthpresent", _AGE, "aws:tokenissuetime"}
)
_CALLER_KEYS: Final = _CREDENTIAL_KEYS | {
    "aws:principaltype",
    "aws:userid",
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalisawsservice",
    "aws:username",
    "aws:sourceidentity",
    "aws:principalorgid",
    "aws:principalorgpaths",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Who is simulated.

    Attributes:
        principal: as policies match it.
        entity: the user or role, when it lives in the caller's account.
        is_named: False where the call names no principal at all.
        standing: the condition keys that its account has in an organization.
    """

    principal: Principal
    entity: User | Role | None = None
    is_named: bool = True
    standing: Mapping[str, Value] = field(default_factory=dict)


def user_subject(user: User) -> Subject:
    """A user of the caller's account."""
    principal = Principal(
        kind=PrincipalKind.USER,
        account=user.account,
        arn=user.arn,
        unique_ids=(user.id,),
    )
    return Subject(principal=principal, entity=user)


def role_subject(role: Role) -> Subject:
    """A session of a role of the caller's account."""
    principal = Principal(
        kind=PrincipalKind.ROLE_SESSION,
        account=role.account,
        arn=f"arn:aws:sts::{role.account}:assumed-role/{role.name}/simulated",
        role_arn=role.arn,
        unique_ids=(role.id, f"{role.id}:simulated"),
    )
    return Subject(principal=principal, entity=role)


def nameless_subject(account: str) -> Subject:
    """Some user of an account, whom no policy can name."""
    principal = Principal(
        kind=PrincipalKind.USER,
        account=account,
        arn=f"arn:aws:iam::{account}:user/(simulated)",
    )
    return Subject(principal=principal, is_named=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The condition keys of a simulation.

    Attributes:
        given: folded key to value.
        credentials: the kind of credentials; empty when not said.
    """

    given: Mapping[str, Value]
    credentials: str

    def context(self, subject: Subject, action: str, now: int) -> Context:
        """The context of one action."""
        if not self.credentials:
            return Context.folded(dict(self.given))
        caller = _caller(subject, self.credentials, now)
        if self.credentials == "long-term-code" and fold(action) in TRUST_ACTIONS:
            # The code is verified in the very call that is decided (facts 2, row 6).
            caller = replace(caller, mfa_at=now)
        told: dict[str, Value] = {**context(caller, now), **subject.standing}
        carried = {fold(key): one for key, one in told.items()}
        if subject.entity is None:
            carried = {key: carried[key] for key in carried.keys() & _CREDENTIAL_KEYS}
        return Context.folded({**carried, **self.given})

    def settles(self, key: str) -> bool:
        """Whether the kind of credentials says that a key is absent."""
        folded = fold(key)
        return bool(self.credentials) and (
            folded in _CALLER_KEYS or folded.startswith("aws:principaltag/")
        )


def read_keys(call: Call, subject: Subject) -> Keys:
    """The keys that the call gives.

    Raises:
        ServiceError: InvalidInput.
    """
    entries = cast("Sequence[dict[str, object]]", call.params.get("ContextEntries", ()))
    if len(entries) > ENTRIES:
        raise invalid_input(f"At most {ENTRIES} context entries can be specified.")
    given: dict[str, Value] = {}
    for entry in entries:
        key = str(entry.get("ContextKeyName", ""))
        if not _KEY.fullmatch(key):
            raise invalid_input(f"Invalid context key name: {key}")
        if fold(key) in given:
            raise invalid_input(f"Duplicate context key: {key}")
        given[fold(key)] = _value(key, entry)
    kind = given.pop(fold(CREDENTIAL_KIND), "")
    if any(key.startswith("ostiary:") for key in given):
        raise invalid_input(f"The only key of Ostiary's own is {CREDENTIAL_KIND}.")
    if kind:
        _check_kind(kind, given, subject)
    present = {key: value for key, value in given.items() if value != ()}
    return Keys(given=present, credentials=str(kind))


def _check_kind(kind: Value, given: Mapping[str, Value], subject: Subject) -> None:
    if kind not in KINDS:
        raise invalid_input(f"{CREDENTIAL_KIND} must be one of {', '.join(KINDS)}.")
    is_role = isinstance(subject.entity, Role)
    if subject.is_named and is_role != (kind == "role"):
        raise invalid_input(
            f"Credentials of kind {kind} are not those of {subject.principal.arn}."
        )
    said = given.keys() & _CREDENTIAL_KEYS
    if kind == "session-mfa":
        # How long ago the code was verified is a question worth asking.
        said -= {_AGE}
    if said:
        raise invalid_input(
            f"{CREDENTIAL_KIND} already says {', '.join(sorted(said))}."
        )


def _caller(subject: Subject, kind: str, now: int) -> Caller:
    """The subject with credentials of a kind, made this second."""
    entity, principal = subject.entity, subject.principal
    is_user = isinstance(entity, User)
    session = _session(principal, kind, now)
    return Caller(
        principal=principal,
        user_id=principal.unique_ids[-1] if principal.unique_ids else "",
        name=entity.name if isinstance(entity, User) else "",
        principal_arn=principal.arn if is_user or entity is None else entity.arn,
        access_key_id="",
        session=session,
        mfa_at=None if session is None else session.mfa_at,
        tags=() if entity is None else entity.tags,
    )


def _session(principal: Principal, kind: str, now: int) -> Session | None:
    if kind.startswith("long-term"):
        return None
    return Session(
        access_key_id="",
        kind=SessionKind.ROLE if kind == "role" else SessionKind.SESSION_TOKEN,
        account=principal.account,
        principal=principal.unique_ids[0] if principal.unique_ids else "",
        name="",
        issued_at=now,
        expires_at=now,
        mfa_at=now if kind == "session-mfa" else None,
        issuer="",
        source_identity="",
        tags=(),
        transitive=(),
        policy=None,
        policy_arns=(),
    )


# --- values -------------------------------------------------------------------------


def _text(_: str) -> None:
    """Any text is a string."""


_READERS: Final[Mapping[str, Callable[[str], object]]] = {
    "string": _text,
    "numeric": read_number,
    "boolean": read_bool,
    "ip": read_address,
    "binary": read_bytes,
    "date": read_date,
}


def _value(key: str, entry: Mapping[str, object]) -> Value:
    """The value of an entry, of the type that the entry says."""
    kind = str(entry.get("ContextKeyType", "string"))
    values = tuple(cast("Sequence[str]", entry.get("ContextKeyValues", ())))
    read = _READERS[kind.removesuffix("List")]
    for value in values:
        try:
            read(value)
        except ValueError:
            raise invalid_input(
                f"Invalid value for context key {key} of type {kind}: {value}"
            ) from None
    if kind.endswith("List"):
        return values
    if len(values) != 1:
        raise invalid_input(
            f"Context key {key} of type {kind} must have exactly one value."
        )
    return values[0]
