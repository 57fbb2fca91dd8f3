"""The policies of a simulation: given with the call, or found on an entity.

They are compiled for the call alone. What decisions share between callers is keyed
by text, and a simulated text is whatever somebody cares to send (T136).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, cast

from ostiary.identity.model import (
    AWS,
    PARTITION,
    Attachment,
    Group,
    InlinePolicy,
    Membership,
    Policy,
    PolicyVersion,
    Role,
    User,
)
from ostiary.policy import (
    Compiled,
    Kind,
    PolicyError,
    attach,
    compile,  # noqa: A004 - the field's own word
    parse,
)
from ostiary.policy.document import Statement
from ostiary.services.errors import ServiceError, invalid_input
from ostiary.services.iam.owners import Owner
from ostiary.services.operation import Call
from ostiary.store.codec import name_key
from ostiary.store.port import Reader

IAM_POLICY: Final = "IAM Policy"
RESOURCE_POLICY: Final = "Resource Policy"

GIVEN_LIMIT: Final = 131_072
"""Characters of all documents that one call may bring along (T136)."""

ELEMENT_LIMIT: Final = 20_480
"""Characters of one action or condition: as many as the largest policy of any kind.

The engine keeps some thousand of these by their text; without a limit a patient
caller could fill the memory with them.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A policy and where it comes from.

    Attributes:
        id: `SourcePolicyId`, such as `PolicyInputList.1` or `user_Alice_own`.
        type: `SourcePolicyType`.
        text: the document as its owner reads it, which positions count in.
        policy: the document, compiled.
        shown: False for a policy of another account: nobody here may read it.
    """

    id: str
    type: str
    text: str
    policy: Compiled
    shown: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """Everything that is evaluated, but for trust policies."""

    identity: tuple[Source, ...]
    boundary: tuple[Source, ...] | None = None
    resource: Source | None = None
    scps: tuple[tuple[Source, ...], ...] = ()
    rcps: tuple[tuple[Source, ...], ...] = ()
    """Of the account whose principal is simulated, for what it owns."""

    @property
    def size(self) -> int:
        """Characters of all the documents."""
        levels = (self.identity, self.boundary or (), *self.scps, *self.rcps)
        size = sum(len(one.text) for level in levels for one in level)
        return size if self.resource is None else size + len(self.resource.text)


def together(
    kind: Kind, sources: Sequence[Source], first: int = 0
) -> tuple[Compiled, ...]:
    """The policies as `decide` takes them, with an index that nobody keeps."""
    return attach(kind, tuple(one.policy for one in sources), first)


def source(name: str, text: str, kind: Kind, *, shown: str = "") -> Source:
    """A policy, compiled for this call.

    Args:
        name: `SourcePolicyId`.
        text: the document.
        kind: what it is heard as.
        shown: the text as its owner reads it, when that is another.

    Raises:
        PolicyError: the text is no policy of the kind.
    """
    made = compile(parse(text, kind=kind))
    is_resource = kind in (Kind.RESOURCE, Kind.TRUST)
    return Source(
        id=name,
        type=RESOURCE_POLICY if is_resource else IAM_POLICY,
        text=shown or text,
        policy=made,
    )


@dataclass(slots=True)
class Given:
    """Reads the documents of a call; together they are of bounded size."""

    call: Call
    left: int = field(default=GIVEN_LIMIT)

    def policies(self, parameter: str, kind: Kind) -> tuple[Source, ...]:
        """The documents of a parameter.

        Raises:
            ServiceError: InvalidInput.
        """
        texts = cast("Sequence[str]", self.call.params.get(parameter, ()))
        return self.named(parameter, texts, kind)

    def named(self, name: str, texts: Sequence[str], kind: Kind) -> tuple[Source, ...]:
        """The documents, numbered under one name; raises InvalidInput."""
        return tuple(
            self._source(f"{name}.{number}", text, kind)
            for number, text in enumerate(texts, 1)
        )

    def boundary(self) -> tuple[Source, ...] | None:
        """The permissions boundary that the call brings; None when it brings none.

        Raises:
            ServiceError: InvalidInput, also for more than one (facts 6.6).
        """
        name = "PermissionsBoundaryPolicyInputList"
        if not self.call.params.get(name):
            return None
        found = self.policies(name, Kind.BOUNDARY)
        if len(found) > 1:
            raise invalid_input(
                "Only one permissions boundary policy can be specified."
            )
        return found

    def resource(self, kind: Kind) -> Source | None:
        """The resource policy that the call brings; raises InvalidInput."""
        text = self.call.text("ResourcePolicy")
        return self._source("ResourcePolicy", text, kind) if text else None

    def organization(self) -> tuple[tuple[Source, ...], ...]:
        """The service control policies, level by level from the root down."""
        name = "OrderedOrganizationPolicyInputList"
        levels = cast(
            "Sequence[dict[str, Sequence[str]]]", self.call.params.get(name, ())
        )
        return tuple(
            self.named(
                f"{name}.{number}",
                one.get("ServiceControlPolicyInputList", ()),
                Kind.SCP,
            )
            for number, one in enumerate(levels, 1)
        )

    def _source(self, name: str, text: str, kind: Kind) -> Source:
        self.left -= len(text)
        if self.left < 0:
            raise invalid_input(
                f"The policies of a simulation are limited to {GIVEN_LIMIT} "
                "characters in total."
            )
        try:
            found = source(name, text, kind)
        except PolicyError as error:
            raise invalid_input(f"{name}: {error.aws_message}") from None
        if any(
            _longest(one) > ELEMENT_LIMIT for one in found.policy.document.statements
        ):
            raise invalid_input(
                f"{name}: An element is longer than {ELEMENT_LIMIT} characters."
            )
        return found


def _longest(statement: Statement) -> int:
    """Characters of the longest action or condition."""
    actions = map(len, statement.actions)
    conditions = (
        len(one.key) + sum(map(len, one.values)) for one in statement.conditions
    )
    return max((*actions, *conditions), default=0)


# --- what hangs on an entity --------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Exclusions:
    """`PolicyExclusionList`: what of the entity's own is left out.

    Attributes:
        types: of policies, all of which are left out.
        arns: of managed policies, attached or bounding.
        inline: kind of owner, its name and the policy's, the names folded.
    """

    types: frozenset[str] = frozenset()
    arns: frozenset[str] = frozenset()
    inline: frozenset[tuple[str, str, str]] = frozenset()

    def has_managed(self, arn: str) -> bool:
        """Whether an attached policy is left out."""
        is_aws = arn.startswith(f"arn:{PARTITION}:iam::{AWS}:")
        return arn in self.arns or (
            ("aws-managed" if is_aws else "user-managed") in self.types
        )

    def has_inline(self, kind: str, owner: str, name: str) -> bool:
        """Whether an inline policy is left out."""
        place = (kind, name_key(owner), name_key(name))
        return "inline" in self.types or place in self.inline

    def has_boundary(self, arn: str) -> bool:
        """Whether the permissions boundary is left out."""
        return arn in self.arns or "permission-boundary" in self.types


def read_exclusions(call: Call) -> Exclusions:
    """What the call leaves out.

    Raises:
        ServiceError: InvalidInput for an entry that does not say exactly one thing.
    """
    types, arns, inline = set(), set(), set()
    entries = cast("Sequence[dict[str, object]]", call.params.get(_EXCLUDED, ()))
    for entry in entries:
        match entry:
            case {"PolicyType": str(kind), **rest} if not rest:
                types.add(kind)
            case {"PolicyArn": str(arn), **rest} if not rest:
                arns.add(arn)
            case {"InlinePolicyIdentifier": dict(named), **rest} if not rest:
                owner, name = named["AttachmentName"], named["PolicyName"]
                place = (named["AttachmentType"], name_key(owner), name_key(name))
                inline.add(place)
            case _:
                raise invalid_input(f"An entry of {_EXCLUDED} must say one thing.")
    return Exclusions(frozenset(types), frozenset(arns), frozenset(inline))


_EXCLUDED: Final = "PolicyExclusionList"


def identity_of(view: Reader, owner: Owner, excluded: Exclusions) -> tuple[Source, ...]:
    """The owner's policies, and those of a user's groups.

    Raises:
        ServiceError: PolicyEvaluation when a stored document cannot be evaluated.
    """
    owners: list[Owner] = [owner]
    if isinstance(owner, User):
        rows = view.list_by(Membership, user=owner.id)
        groups = (view.find(Group, row.group) for row in rows)
        owners += [group for group in groups if group is not None]
    return tuple(one for each in owners for one in _hanging_on(view, each, excluded))


def boundary_of(
    view: Reader, owner: Owner, excluded: Exclusions
) -> tuple[Source, ...] | None:
    """The owner's permissions boundary; None without one.

    A boundary that is gone allows nothing, as when requests are decided.
    """
    arn = "" if isinstance(owner, Group) else owner.boundary
    if not arn or excluded.has_boundary(arn):
        return None
    text = _default_text(view, arn)
    name = arn.rpartition("/")[2]
    return () if text is None else (stored(name, text, Kind.BOUNDARY),)


def stored(name: str, text: str, kind: Kind, *, shown: str = "") -> Source:
    """A document of the store; raises PolicyEvaluation when it is broken (T80)."""
    try:
        return source(name, text, kind, shown=shown)
    except PolicyError:
        raise ServiceError(
            "PolicyEvaluation", f"The policy {name} could not be evaluated.", 500
        ) from None


def _hanging_on(view: Reader, owner: Owner, excluded: Exclusions) -> Iterator[Source]:
    kind = _WORDS[type(owner)]
    for inline in view.list_by(InlinePolicy, owner=owner.id):
        if not excluded.has_inline(kind, owner.name, inline.name):
            name = f"{kind}_{owner.name}_{inline.name}"
            yield stored(name, inline.text, Kind.IDENTITY)
    for row in view.list_by(Attachment, owner=owner.id):
        if excluded.has_managed(row.policy):
            continue
        text = _default_text(view, row.policy)
        if text is not None:
            yield stored(row.policy.rpartition("/")[2], text, Kind.IDENTITY)


def _default_text(view: Reader, arn: str) -> str | None:
    policy = view.find(Policy, arn)
    if policy is None:
        return None
    version = view.find(PolicyVersion, f"{arn} v{policy.default_version}")
    return None if version is None else version.text


_WORDS: Final[dict[type[Owner], str]] = {User: "user", Group: "group", Role: "role"}
