"""What is asked: a principal, an action, a resource, and the context around them.

Absence is an answer. A context key that is not there is not `false` and not empty,
and nothing here gives it a value (M15, M17).
"""

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from ostiary.policy.arn import PARTS, account_of, split
from ostiary.policy.pattern import Values, fold

Given: TypeAlias = Mapping[str, "str | tuple[str, ...] | list[str]"]


class PrincipalKind(enum.Enum):
    """Who may make a request (facts 3.4, 5.2)."""

    ROOT = "root"
    USER = "user"
    ROLE_SESSION = "role session"
    FEDERATED_USER = "federated user"
    SERVICE = "service"
    IDENTITY_PROVIDER = "identity provider"
    ANONYMOUS = "anonymous"

    __hash__ = object.__hash__


# Principals without an account of their own: only the resource side can allow them.
OUTSIDERS = frozenset(
    {PrincipalKind.SERVICE, PrincipalKind.IDENTITY_PROVIDER, PrincipalKind.ANONYMOUS}
)

_PROVIDERS = frozenset(
    {
        "accounts.google.com",
        "cognito-identity.amazonaws.com",
        "graph.facebook.com",
        "www.amazon.com",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who makes the request, by every name that a policy may use (facts 3.4, 5.2).

    Attributes:
        kind: which sort of principal
        account: twelve digits, empty for one without an account
        arn: of the user, session or root; a service's host name; `anonymous`
        role_arn: of the role behind a role session
        unique_ids: `AIDA...`, `AROA...`, `AROA...:session` that a policy may name
        issuer: ARN of the user who federated this one
    """

    kind: PrincipalKind
    account: str
    arn: str
    role_arn: str = ""
    unique_ids: tuple[str, ...] = ()
    issuer: str = ""

    @classmethod
    def from_arn(cls, text: str) -> "Principal":
        """The principal that `text` names: an ARN, `anonymous`, or a service's host.

        The role of an assumed-role ARN is taken to have no path, since the ARN of a
        session does not tell it.

        Raises:
            ValueError: `text` names no principal.
        """
        parts = split(text)
        if parts is None:
            return _without_account(text)
        service, account, resource = parts[2], parts[4], parts[5]
        head, _, rest = resource.partition("/")
        kind = _KIND_OF_ARN.get((service, head))
        if kind is None or (kind is not PrincipalKind.ROOT and not rest):
            raise ValueError(f"`{text}` is not the ARN of a principal")
        role = ""
        if kind is PrincipalKind.ROLE_SESSION:
            role = text
            if service == "sts":
                name = rest.partition("/")[0]
                role = f"arn:{parts[1]}:iam::{account}:role/{name}"
        return cls(kind=kind, account=account, arn=text, role_arn=role)


_KIND_OF_ARN = {
    ("iam", "root"): PrincipalKind.ROOT,
    ("iam", "user"): PrincipalKind.USER,
    ("iam", "role"): PrincipalKind.ROLE_SESSION,
    ("sts", "assumed-role"): PrincipalKind.ROLE_SESSION,
    ("sts", "federated-user"): PrincipalKind.FEDERATED_USER,
    ("iam", "saml-provider"): PrincipalKind.IDENTITY_PROVIDER,
    ("iam", "oidc-provider"): PrincipalKind.IDENTITY_PROVIDER,
}


def _without_account(text: str) -> Principal:
    if text == "anonymous":
        return Principal(kind=PrincipalKind.ANONYMOUS, account="", arn=text)
    if text in _PROVIDERS:
        return Principal(kind=PrincipalKind.IDENTITY_PROVIDER, account="", arn=text)
    if ":" not in text and "/" not in text and "." in text:
        return Principal(kind=PrincipalKind.SERVICE, account="", arn=text)
    raise ValueError(f"`{text}` is not a principal")


class Context(Mapping[str, "str | tuple[str, ...]"]):
    """Context keys and values; keys differ by more than letter case (facts 4.1, 5).

    All values are texts, as AWS sends them: `true` and `false`, decimal numbers, ages
    in seconds, times as ISO 8601 with a zone or as seconds since the epoch.
    A value is a string, or a tuple of strings for a multivalued key. A multivalued key
    without values is absent: it says nothing (facts 4.4).
    """

    __slots__ = ("values_by_key",)

    values_by_key: Values

    def __init__(self, given: Given) -> None:
        """A context of `given`.

        Raises:
            ValueError: two keys are the same but for letter case.
        """
        folded: dict[str, str | tuple[str, ...]] = {}
        for key, value in given.items():
            name = key.lower() if key.isascii() else fold(key)
            if name in folded:
                raise ValueError(f"`{key}` is given twice")
            folded[name] = value if isinstance(value, str) else tuple(value)
        self.values_by_key = {key: one for key, one in folded.items() if one != ()}

    @classmethod
    def folded(cls, values: Values) -> "Context":
        """A context around `values`, without a copy.

        The keys must be in lower case already and no tuple empty; the caller gives the
        mapping away.
        """
        context = cls.__new__(cls)
        context.values_by_key = values
        return context

    def __getitem__(self, key: str) -> str | tuple[str, ...]:
        return self.values_by_key[fold(key)]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_by_key)

    def __len__(self) -> int:
        return len(self.values_by_key)

    def __repr__(self) -> str:
        return f"Context({dict(self.values_by_key)!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """May `principal` do `action` on `resource`, in this context (facts 6.1)?

    Nothing is checked here, and nothing raises: what matches no statement is denied.

    Attributes:
        principal: who asks
        action: `service:Name`; compares without letter case
        resource: an ARN, or `*` for an action that has no resource level
        resource_account: who owns the resource; empty means the account in the ARN,
            or else the principal's
        context: the condition keys of this request
        normal_resource: `resource` with the first five parts of its ARN folded
        normal_action: `action` folded
    """

    principal: Principal
    action: str
    resource: str
    resource_account: str = ""
    context: Context
    normal_action: str = field(init=False, repr=False, compare=False)
    normal_resource: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Read the texts once, so that deciding does not."""
        set_field = object.__setattr__
        set_field(self, "normal_action", fold(self.action))
        set_field(self, "normal_resource", normal_resource(self.resource))
        if not self.resource_account:
            account = account_of(self.resource) or self.principal.account
            set_field(self, "resource_account", account)


def normal_resource(text: str) -> str:
    """`text` with the first five parts of an ARN folded (facts 3.3)."""
    parts = text.split(":", PARTS - 1)
    if len(parts) < PARTS:
        return text
    tail = parts[PARTS - 1]
    return fold(text[: len(text) - len(tail)]) + tail
