"""What the checks of lint look at: a document, its places, its compiled statements."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from ostiary.policy.checks import Subject
from ostiary.policy.compile import Compiled, CompiledStatement
from ostiary.policy.document import Condition, Effect, Kind, Statement
from ostiary.policy.lint_catalogue import Catalogue
from ostiary.policy.lint_finding import Finding
from ostiary.policy.loader import step
from ostiary.policy.shape import PRINCIPAL_KINDS, Tree, listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """A statement with its places and its compiled form."""

    pointer: str
    tree: Tree
    compiled: CompiledStatement

    @property
    def statement(self) -> Statement:
        """The statement as it was written."""
        return self.compiled.source

    @property
    def is_deny(self) -> bool:
        """True for a Deny."""
        return self.statement.effect is Effect.DENY

    @property
    def name(self) -> str:
        """How a message calls the statement."""
        sid = self.statement.sid
        return f"statement `{sid}`" if sid else f"statement {self.compiled.index}"

    def texts(self, *elements: str) -> Iterator[tuple[str, str]]:
        """Each text of these elements, with its pointer."""
        for element in elements:
            value = self.tree.get(element, [])
            for pointer, item in listed(value, step(self.pointer, element)):
                yield pointer, str(item)

    def actions(self) -> Iterator[tuple[str, str]]:
        """Each action or action left out, with its pointer."""
        return self.texts("Action", "NotAction")

    def resources(self) -> Iterator[tuple[str, str]]:
        """Each resource or resource left out, with its pointer."""
        return self.texts("Resource", "NotResource")

    def members(self) -> Iterator[tuple[str, str, str]]:
        """Each principal: pointer, type, value."""
        for element in ("Principal", "NotPrincipal"):
            here = step(self.pointer, element)
            value = self.tree.get(element)
            if isinstance(value, dict):
                for name, texts in value.items():
                    for pointer, text in listed(texts, step(here, name)):
                        yield pointer, name, str(text)
            elif value is not None:
                yield here, "AWS", str(value)

    def operator_spot(self, condition: Condition) -> str:
        """The pointer to the operator of a condition."""
        return step(step(self.pointer, "Condition"), condition.operator)

    def key_spot(self, condition: Condition) -> str:
        """The pointer to the key of a condition."""
        return step(self.operator_spot(condition), condition.key)

    def values(self, condition: Condition) -> Iterator[tuple[str, str]]:
        """Each wanted value of a condition, with its pointer."""
        block = self.tree.get("Condition")
        tests = block.get(condition.operator) if isinstance(block, dict) else None
        spot = self.key_spot(condition)
        is_list = isinstance(tests, dict) and isinstance(tests[condition.key], list)
        for place, value in enumerate(condition.values):
            yield step(spot, str(place)) if is_list else spot, value

    def may_rename(self, condition: Condition, operator: str) -> bool:
        """Whether only the operator's name need change to make it `operator`."""
        used = [one.operator for one in self.statement.conditions]
        return used.count(condition.operator) == 1 and operator not in used


@dataclass(frozen=True, slots=True, kw_only=True)
class Exam:
    """A policy under examination.

    Attributes:
        policy: what is examined
        clauses: its statements
        for_role: its principal is always a role session
        catalogue: AWS's lists
    """

    policy: Compiled
    clauses: tuple[Clause, ...]
    for_role: bool
    catalogue: Catalogue

    @property
    def kind(self) -> Kind:
        """The kind of the policy."""
        return self.policy.kind


Check: TypeAlias = Callable[[Exam], Iterator[Finding]]


def prepare(
    subject: Subject, policy: Compiled, catalogue: Catalogue, *, for_role: bool
) -> Exam:
    """An exam of a policy that was read from `subject`."""
    return Exam(
        policy=policy,
        clauses=tuple(
            Clause(pointer=pointer, tree=tree, compiled=compiled)
            for (pointer, tree, _), compiled in zip(
                subject.statements(), policy.statements, strict=True
            )
        ),
        # Nobody but a session has a session policy, and no such session has MFA; a
        # policy with principals is not a role's own.
        for_role=policy.kind is Kind.SESSION
        or (for_role and policy.kind not in PRINCIPAL_KINDS),
        catalogue=catalogue,
    )
