"""The syntax tree of a policy: what a document says, before anybody judges it.

Every node is finished when made and compares by value.
Lists and bare strings are the same thing here (a one-element tuple), missing
elements are empty, and numbers and booleans of a condition are the text that was
written, since the operator alone knows how to read them.
"""

import enum
import json
from collections.abc import Iterable
from dataclasses import dataclass


class Kind(enum.Enum):
    """The kinds of policy; each has its own grammar and its own say in a decision.

    Facts 3.1 and 3.7 tell the grammars apart, facts 6.1 what each may do.
    """

    IDENTITY = "identity"
    RESOURCE = "resource"
    TRUST = "trust"
    BOUNDARY = "boundary"
    SESSION = "session"
    SCP = "scp"
    RCP = "rcp"
    ENDPOINT = "endpoint"

    @property
    def phrase(self) -> str:
        """The kind with its article, as messages say it: `an identity policy`."""
        article = "an" if self.value in ("identity", "scp", "rcp", "endpoint") else "a"
        return f"{article} {self.value} policy"

    # Identity hashing: Enum's own hash is a Python call, and kinds are dict keys
    # on the way of every decision.
    __hash__ = object.__hash__


class Effect(enum.Enum):
    """What a statement does when it applies; case counts (facts 3.1)."""

    ALLOW = "Allow"
    DENY = "Deny"


OLD_VERSION = "2008-10-17"
VERSION = "2012-10-17"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrincipalElement:
    """A `Principal` or `NotPrincipal`: who a statement speaks about.

    `members` holds (type, value) pairs such as `("AWS", "123456789012")`; everybody
    is `("AWS", "*")`.
    """

    negated: bool
    members: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One test: an operator as written, a condition key as written, wanted values."""

    operator: str
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement; the tuples of `Not...` elements are marked by the flags."""

    sid: str
    effect: Effect
    principal: PrincipalElement | None
    actions: tuple[str, ...]
    not_action: bool
    resources: tuple[str, ...]
    not_resource: bool
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A whole policy of one kind, as `parse` read it (facts 3.1).

    Attributes:
        kind: which kind of policy it was read as
        version: `2012-10-17`, `2008-10-17`, or empty when the text gave none
        id: the policy's `Id`, or empty
        statements: at least one, in the order of the text
    """

    kind: Kind
    version: str
    id: str
    statements: tuple[Statement, ...]

    @property
    def has_variables(self) -> bool:
        """True when `${...}` is a variable rather than literal text (facts 3.5)."""
        return self.version == VERSION

    def to_json(self) -> str:
        """The document as JSON text that parses to an equal document."""
        tree: dict[str, object] = {}
        if self.version:
            tree["Version"] = self.version
        if self.id:
            tree["Id"] = self.id
        tree["Statement"] = [_statement_tree(one) for one in self.statements]
        return json.dumps(tree)


def _statement_tree(statement: Statement) -> dict[str, object]:
    tree: dict[str, object] = {}
    if statement.sid:
        tree["Sid"] = statement.sid
    if statement.principal is not None:
        word = "NotPrincipal" if statement.principal.negated else "Principal"
        tree[word] = _grouped(statement.principal.members)
    tree["Effect"] = statement.effect.value
    tree["NotAction" if statement.not_action else "Action"] = list(statement.actions)
    if statement.resources:
        word = "NotResource" if statement.not_resource else "Resource"
        tree[word] = list(statement.resources)
    if statement.conditions:
        tests: dict[str, dict[str, list[str]]] = {}
        for one in statement.conditions:
            tests.setdefault(one.operator, {})[one.key] = list(one.values)
        tree["Condition"] = tests
    return tree


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for name, value in pairs:
        groups.setdefault(name, []).append(value)
    return groups
