"""A document made ready to decide with: patterns built, operators bound, an index.

A compiled policy is shared between principals and what it says never changes. Its
statements are found by action: exact names in one table, names with wildcards under
their service, the rest (`*`, `NotAction`) apart. So the cost of a decision grows with
what can match and not with what is attached. A statement is bound when an action that
it speaks about is first asked for, so a policy that nobody asks costs little.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

from ostiary.policy.document import Condition, Document, Effect, Kind, Statement
from ostiary.policy.operators import Test, bind_condition
from ostiary.policy.pattern import Matcher, fold, is_scan, matcher, tokenize
from ostiary.policy.principals import PrincipalTest, bind_principal
from ostiary.policy.resources import ResourceTest, bind_resources

ActionTest: TypeAlias = Callable[[str], bool]
# Statements of a document, by place in it.
Places: TypeAlias = tuple[int, ...]

# Answers kept per policy; real services have some hundred actions each.
_MOST_KEPT: Final = 512
# So few statements are asked one by one; a table would cost more than it saves.
_FEW: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CompiledStatement:
    """A statement as tests; `None` in place of a test means that it always passes.

    Attributes:
        index: place in the document
        deny: the effect
        source: the statement itself, for explaining
        weight: characters in its patterns and wanted values
        scans: how many of them may have to read a whole text
    """

    index: int
    deny: bool
    source: Statement
    resource: ResourceTest | None
    principal: PrincipalTest | None
    tests: tuple[Test, ...]
    weight: int
    scans: int

    def action(self, action: str) -> bool:
        """True when the statement speaks about a folded action."""
        return _speaks(self.source, action)


class Candidates:
    """Statements of one policy that may apply, in the order of the document."""

    __slots__ = ("statements",)

    def __init__(self, statements: tuple[CompiledStatement, ...]) -> None:
        self.statements = statements


class Compiled:
    """A policy ready to decide with (facts 3, 4); make it with `compile`.

    INVARIANT: `kept` only remembers what `_find` would say again.

    Attributes:
        document: what was compiled
        kind: the kind of policy that was compiled
        kept: the answers of `candidates`, by action
        solo: the policy as the only one attached (`ostiary.policy.attached`)
    """

    __slots__ = ("_bound", "_index", "document", "kept", "kind", "solo")

    def __init__(self, document: Document) -> None:
        self.document = document
        self.kind: Kind = document.kind
        self.kept: dict[str, Candidates] = {}
        self.solo: tuple[Compiled, ...] | None = None
        count = len(document.statements)
        self._bound: list[CompiledStatement | None] = [None] * count
        self._index = _Index(document.statements) if count > _FEW else None

    @property
    def statements(self) -> tuple[CompiledStatement, ...]:
        """All the statements, in the order of the document."""
        return tuple(map(self._bind, range(len(self._bound))))

    def candidates(self, action: str) -> Candidates:
        """The statements about a folded action, in the order of the document."""
        kept = self.kept.get(action)
        if kept is None:
            places = self._find(action)
            kept = Candidates(tuple(map(self._bind, places))) if places else _NOBODY
            if len(self.kept) >= _MOST_KEPT:
                self.kept.clear()
            self.kept[action] = kept
        return kept

    def _find(self, action: str) -> Places:
        statements = self.document.statements
        if self._index is not None:
            return self._index.find(action, statements)
        return tuple(
            [place for place, one in enumerate(statements) if _speaks(one, action)]
        )

    def _bind(self, place: int) -> CompiledStatement:
        bound = self._bound[place]
        if bound is None:
            bound = self._bound[place] = _compile_statement(self.document, place)
        return bound


_NOBODY: Final = Candidates(())


class _Index:
    """Where statements stand, by what their actions begin with."""

    __slots__ = ("anywhere", "by_service", "exact")

    def __init__(self, statements: tuple[Statement, ...]) -> None:
        exact: dict[str, Places] = {}
        by_service: dict[str, Places] = {}
        anywhere: list[int] = []
        for place, statement in enumerate(statements):
            if statement.not_action:
                anywhere.append(place)
                continue
            for action in map(fold, statement.actions):
                service = action.partition(":")[0]
                if "*" not in action and "?" not in action:
                    exact[action] = (*exact.get(action, ()), place)
                elif "*" not in service and "?" not in service:
                    by_service[service] = (*by_service.get(service, ()), place)
                else:
                    anywhere.append(place)
        self.exact = exact
        self.by_service = by_service
        self.anywhere = tuple(anywhere)

    def find(self, action: str, statements: tuple[Statement, ...]) -> Places:
        """The places of the statements about a folded action, in order."""
        found = self.exact.get(action, ())
        service = action.partition(":")[0]
        others = (*self.by_service.get(service, ()), *self.anywhere)
        hits = [place for place in others if _speaks(statements[place], action)]
        return tuple(sorted({*found, *hits})) if hits else tuple(dict.fromkeys(found))


def compile(document: Document) -> Compiled:  # noqa: A001 - the field's own word
    """The document, ready to decide with; it never raises, since `parse` did.

    The result may be kept and shared by all who have the policy attached. Compiling
    costs little: a statement is bound when an action that it speaks about is first
    asked for.

    Args:
        document: what `parse` gave; its kind is the kind decided by (facts 3, 4)
    """
    return Compiled(document)


def invalid_policy(kind: Kind) -> Compiled:
    """A policy that denies everything: what stands for a stored text that is broken.

    It never raises. Skipping such a text would drop its Denys (facts 6.1: an error
    never allows; T80).

    Args:
        kind: the kind of the text that could not be parsed
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


def _compile_statement(document: Document, index: int) -> CompiledStatement:
    statement = document.statements[index]
    variables = document.has_variables
    deny = statement.effect is Effect.DENY
    patterns = _patterns(statement)
    return CompiledStatement(
        index=index,
        deny=deny,
        source=statement,
        resource=bind_resources(statement, document.kind, variables=variables),
        principal=bind_principal(statement.principal, deny=deny)
        if statement.principal
        else None,
        tests=tuple([_test_of(one, variables) for one in statement.conditions]),
        weight=sum(map(len, patterns)),
        scans=sum(map(is_scan, patterns)),
    )


def _patterns(statement: Statement) -> list[str]:
    texts = [*statement.resources]
    for one in statement.conditions:
        texts += one.values
    return texts


@lru_cache(maxsize=4096)
def _test_of(condition: Condition, variables: bool) -> Test:  # noqa: FBT001 - a cache key
    """The test that a condition is; equal ones, such as MFA's, are shared."""
    return bind_condition(condition, variables=variables)


def _speaks(statement: Statement, action: str) -> bool:
    """True when a statement speaks about a folded action."""
    for one in statement.actions:
        if _action_test(one)(action):
            return not statement.not_action
    return statement.not_action


@lru_cache(maxsize=4096)
def _action_test(text: str) -> Matcher:
    return matcher(tokenize(fold(text), variables=False, wildcards=True))
