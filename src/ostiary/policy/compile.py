"""A document made ready to decide with: patterns built, operators bound, an index.

A compiled policy is shared between principals and never changes. Its statements are
found by action: exact names in one table, names with wildcards under their service,
the rest (`*`, `NotAction`) apart. So the cost of a decision grows with what can match
and not with what is attached.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from ostiary.policy.document import Document, Effect, Kind, Statement
from ostiary.policy.operators import Test, bind_condition
from ostiary.policy.pattern import Matcher, fold, is_scan, matcher, tokenize
from ostiary.policy.principals import PrincipalTest, bind_principal
from ostiary.policy.resources import (
    ResourceTest,
    bind_resources,
    index_keys,
)

ActionTest: TypeAlias = Callable[[str], bool]

# Answers kept per policy; real services have some hundred actions each.
_MOST_KEPT: Final = 512
_TYPICAL_TEXT: Final = 256
# With more statements than this about one action, they are found by resource too.
_MANY: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CompiledStatement:
    """A statement as tests; `None` in place of a test means that it always passes.

    Attributes:
        index: place in the document
        deny: the effect
        source: the statement itself, for explaining
        action: takes a folded action
        weight: characters in its patterns and wanted values
        scans: how many of them may have to read a whole text
    """

    index: int
    deny: bool
    source: Statement
    action: ActionTest
    resource: ResourceTest | None
    principal: PrincipalTest | None
    tests: tuple[Test, ...]
    weight: int
    scans: int


class Candidates:
    """Statements of one policy that may apply, in the order of the document.

    Attributes:
        statements: those that speak about one action
        cost: a rough price of asking them all, to notice when the exact one matters
        scans: how many patterns may have to read a whole text
        by_resource: if they are many, those with each key (`resource_keys`); the
            empty key, which every resource has, holds the ones that no other finds
    """

    __slots__ = ("by_resource", "cost", "scans", "statements")

    def __init__(
        self,
        statements: tuple[CompiledStatement, ...],
        by_resource: "Mapping[str, Candidates] | None" = None,
    ) -> None:
        self.statements = statements
        self.scans = sum(one.scans for one in statements)
        self.cost = sum(one.weight for one in statements) + self.scans * _TYPICAL_TEXT
        self.by_resource = by_resource or {}

    def about(self, keys: tuple[str, ...]) -> "Candidates":
        """Those of many that may cover the resource with these keys."""
        hits = list(filter(None, map(self.by_resource.get, keys)))
        if len(hits) < 2:  # noqa: PLR2004 - nothing to merge
            return hits[0] if hits else _NOBODY
        found = {one.index: one for group in hits for one in group.statements}
        return Candidates(tuple(found[index] for index in sorted(found)))


def _by_resource(
    statements: tuple[CompiledStatement, ...], *, variables: bool
) -> dict[str, Candidates]:
    groups: dict[str, list[CompiledStatement]] = {}
    for one in statements:
        keys = index_keys(one.source, variables=variables)
        for key in {""} if keys is None else set(keys):
            groups.setdefault(key, []).append(one)
    return {key: Candidates(tuple(group)) for key, group in groups.items()}


_NOBODY: Final = Candidates(())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Compiled:
    """A policy ready to decide with; make it with `compile`.

    INVARIANT: `kept` only remembers what `_find` would say again.
    """

    document: Document
    statements: tuple[CompiledStatement, ...]
    exact: Mapping[str, tuple[CompiledStatement, ...]]
    by_service: Mapping[str, tuple[CompiledStatement, ...]]
    anywhere: tuple[CompiledStatement, ...]
    kept: dict[str, Candidates] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        """The kind of policy that was compiled."""
        return self.document.kind

    def candidates(self, action: str) -> Candidates:
        """The statements about a folded action, in the order of the document."""
        kept = self.kept.get(action)
        if kept is None:
            kept = self._find(action)
            if len(self.kept) >= _MOST_KEPT:
                self.kept.clear()
            self.kept[action] = kept
        return kept

    def _find(self, action: str) -> Candidates:
        service = action.partition(":")[0]
        found = {one.index: one for one in self.exact.get(action, ())}
        for group in (self.by_service.get(service, ()), self.anywhere):
            found.update((one.index, one) for one in group if one.action(action))
        statements = tuple(found[index] for index in sorted(found))
        if len(statements) <= _MANY:
            return Candidates(statements)
        variables = self.document.has_variables
        return Candidates(statements, _by_resource(statements, variables=variables))


def compile(document: Document) -> Compiled:  # noqa: A001 - the field's own word
    """The document, ready to decide with."""
    statements = tuple(
        _compile_statement(document, index, one)
        for index, one in enumerate(document.statements)
    )
    exact: dict[str, list[CompiledStatement]] = {}
    by_service: dict[str, list[CompiledStatement]] = {}
    anywhere: list[CompiledStatement] = []
    for one in statements:
        for table, key in _places(one.source):
            if table == "exact":
                exact.setdefault(key, []).append(one)
            elif table == "service":
                by_service.setdefault(key, []).append(one)
            else:
                anywhere.append(one)
    return Compiled(
        document=document,
        statements=statements,
        exact={key: tuple(group) for key, group in exact.items()},
        by_service={key: tuple(group) for key, group in by_service.items()},
        anywhere=tuple(anywhere),
    )


def invalid_policy(kind: Kind) -> Compiled:
    """A policy that denies everything: what stands for a stored text that is broken.

    Skipping such a text would drop its Denys (T80).
    """
    statement = Statement(
        sid="InvalidPolicy",
        effect=Effect.DENY,
        principal=None,
        actions=("*",),
        not_action=False,
        resources=("*",),
        not_resource=False,
        conditions=(),
    )
    return compile(Document(kind=kind, version="", id="", statements=(statement,)))


def _places(statement: Statement) -> set[tuple[str, str]]:
    """Where the index keeps a statement: (table, key) pairs."""
    if statement.not_action:
        return {("anywhere", "")}
    places: set[tuple[str, str]] = set()
    for action in map(fold, statement.actions):
        service = action.partition(":")[0]
        if "*" not in action and "?" not in action:
            places.add(("exact", action))
        elif "*" not in service and "?" not in service:
            places.add(("service", service))
        else:
            places.add(("anywhere", ""))
    return places


def _compile_statement(
    document: Document, index: int, statement: Statement
) -> CompiledStatement:
    variables = document.has_variables
    deny = statement.effect is Effect.DENY
    patterns = _patterns(statement)
    return CompiledStatement(
        index=index,
        deny=deny,
        source=statement,
        action=_bind_actions(statement),
        resource=bind_resources(statement, document.kind, variables=variables),
        principal=bind_principal(statement.principal, deny=deny)
        if statement.principal
        else None,
        tests=tuple(
            bind_condition(one, variables=variables) for one in statement.conditions
        ),
        weight=sum(map(len, patterns)),
        scans=sum(map(is_scan, patterns)),
    )


def _patterns(statement: Statement) -> list[str]:
    wanted = (value for one in statement.conditions for value in one.values)
    return [*statement.resources, *wanted]


def _bind_actions(statement: Statement) -> ActionTest:
    patterns = [
        tokenize(fold(one), variables=False, wildcards=True)
        for one in statement.actions
    ]
    matchers = tuple(map(matcher, patterns))
    if statement.not_action:
        return lambda action: not _any(matchers, action)
    return lambda action: _any(matchers, action)


def _any(matchers: Iterable[Matcher], text: str) -> bool:
    return any(matches(text) for matches in matchers)
