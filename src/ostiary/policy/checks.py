"""What AWS checks after the grammar, in its order (facts 3.7).

A check is a generator of faults over a document that has the right shape. `parse`
runs them in order and raises the first fault; `diagnose` gathers all of them.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Final, TypeAlias, TypeVar, cast

from ostiary.policy.document import (
    VERSION,
    Condition,
    Document,
    Effect,
    Kind,
    Statement,
)
from ostiary.policy.fault import LEGACY, PolicyError, missing
from ostiary.policy.loader import step
from ostiary.policy.operators import check_value, get_operator
from ostiary.policy.pattern import fold, matcher, tokenize
from ostiary.policy.shape import PRINCIPAL_ELEMENTS, PRINCIPAL_KINDS, Tree, listed

# What is wrong with one text, or something false. Good texts are all that most policies
# hold, so places are worked out for the others only.
F = TypeVar("F")
Judge: TypeAlias = Callable[[str], F | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A document beside the tree it was read from, which knows the places."""

    document: Document
    tree: Tree
    strict: bool

    @property
    def kind(self) -> Kind:
        """The kind of the document."""
        return self.document.kind

    def pointer(self, place: int) -> str:
        """The JSON Pointer to the statement at this place in the document."""
        is_listed = isinstance(self.tree.get("Statement"), list)
        return f"/Statement/{place}" if is_listed else "/Statement"

    def trees(self) -> list[Tree]:
        """The tree of each statement."""
        written = self.tree["Statement"]
        # `shape` has read each of them as an object.
        return cast("list[Tree]", written if isinstance(written, list) else [written])

    def statements(self) -> Iterator[tuple[str, Tree, Statement]]:
        """Each statement with its pointer and its tree."""
        several = zip(self.trees(), self.document.statements, strict=True)
        for place, (tree, statement) in enumerate(several):
            yield self.pointer(place), tree, statement

    def faulty_actions(self, judge: Judge[F]) -> Iterator[tuple[str, str, F]]:
        """The pointer, the text and the verdict of each action that is at fault."""
        for place, one in enumerate(self.document.statements):
            if any(map(judge, one.actions)):
                element = "NotAction" if one.not_action else "Action"
                yield from self.faulty(place, element, judge)

    def faulty_resources(self, judge: Judge[F]) -> Iterator[tuple[str, str, F]]:
        """The pointer, the text and the verdict of each resource that is at fault."""
        for place, one in enumerate(self.document.statements):
            if any(map(judge, one.resources)):
                element = "NotResource" if one.not_resource else "Resource"
                yield from self.faulty(place, element, judge)

    def faulty(
        self, place: int, element: str, judge: Judge[F]
    ) -> Iterator[tuple[str, str, F]]:
        """Each text of one element of one statement that is at fault, likewise."""
        values = self.trees()[place][element]
        for where, text in listed(values, step(self.pointer(place), element)):
            verdict = judge(str(text))
            if verdict:
                yield where, str(text), verdict


Check: TypeAlias = Callable[[Subject], Iterator[PolicyError]]

_EFFECTS: Final = (Effect.ALLOW.value, Effect.DENY.value)
_SID: Final = re.compile(r"[0-9A-Za-z]*", re.ASCII)
_VENDOR: Final = re.compile(r"[0-9A-Za-z.-]+", re.ASCII)
_IAM_KINDS: Final = frozenset({Kind.IDENTITY, Kind.BOUNDARY, Kind.SESSION, Kind.TRUST})
_NO_VENDOR: Final = (
    "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
)
_TRUST_ACTIONS: Final = (
    "sts:assumerole",
    "sts:assumerolewithsaml",
    "sts:assumerolewithwebidentity",
    "sts:tagsession",
    "sts:setsourceidentity",
    "sts:setcontext",
)


def version(subject: Subject) -> Iterator[PolicyError]:
    """`CreatePolicy` demands the present version."""
    found = subject.document.version
    if subject.strict and found != VERSION:
        what = f"found version `{found}`" if found else "found no version"
        yield PolicyError(
            f"{what}, expected `{VERSION}`",
            pointer="/Version" if found else "",
            aws_message=f"Policy document must be version {VERSION} or greater.",
            help="without it `${...}` is literal text",
        )


def effect_case(subject: Subject) -> Iterator[PolicyError]:
    """`Effect` is case-sensitive."""
    for place, tree in enumerate(subject.trees()):
        word = tree["Effect"]
        if word not in _EFFECTS:
            yield PolicyError(
                f"found the effect `{word}`, expected `Allow` or `Deny`",
                pointer=subject.pointer(place) + "/Effect",
                aws_message=LEGACY,
                help="the word is right, its letter case is not",
            )


def condition_values(subject: Subject) -> Iterator[PolicyError]:
    """Dates, numbers, addresses, booleans and variables must be readable.

    A typo must not turn a Deny silent, so it is found when it is written (T87).
    """
    variables = subject.document.has_variables
    for place, statement in enumerate(subject.document.statements):
        for test in statement.conditions:
            judge = partial(_value_fault, test.operator, variables)
            if any(map(judge, test.values)):
                yield from _faulty_values(subject, place, test, judge)


def _faulty_values(
    subject: Subject, place: int, test: Condition, judge: Judge[str]
) -> Iterator[PolicyError]:
    block = subject.trees()[place]["Condition"]
    spot = step(step(subject.pointer(place) + "/Condition", test.operator), test.key)
    bare = _is_bare(block, test.operator, test.key)
    for number, value in enumerate(test.values):
        fault = judge(value)
        if fault:
            yield PolicyError(
                f"{fault}, as `{get_operator(test.operator).row.name}` needs",
                pointer=spot if bare else step(spot, str(number)),
                aws_message=LEGACY,
            )


@lru_cache(maxsize=1024)
def _value_fault(operator: str, variables: bool, value: str) -> str:  # noqa: FBT001 - a cache key
    try:
        check_value(get_operator(operator).row, value, variables=variables)
    except ValueError as error:
        return str(error)
    return ""


def _is_bare(block: object, operator: str, key: str) -> bool:
    tests = block.get(operator) if isinstance(block, dict) else None
    return not isinstance(tests, dict) or not isinstance(tests.get(key), list)


def sids(subject: Subject) -> Iterator[PolicyError]:
    """A `Sid` is plain (in IAM) and unique; empty ones may repeat."""
    seen: set[str] = set()
    is_plain = subject.kind in _IAM_KINDS
    for place, statement in enumerate(subject.document.statements):
        sid = statement.sid
        if sid and sid in seen:
            yield PolicyError(
                f"found the statement id `{sid}` twice",
                pointer=subject.pointer(place) + "/Sid",
                aws_message="Statement IDs (SID) in a single policy must be unique.",
            )
        if is_plain and not _SID.fullmatch(sid):
            yield PolicyError(
                f"found the statement id `{sid}`, expected letters and digits only",
                pointer=subject.pointer(place) + "/Sid",
                aws_message="Statement IDs (SID) must be alpha-"
                "numeric. Check that "
                "your input satisfies the regular expression [0-9A-Za-z]*",
            )
        seen.add(sid)


def has_principals(subject: Subject) -> Iterator[PolicyError]:
    """Policies of resources say whom they mean; others mean their holder."""
    is_expected = subject.kind in PRINCIPAL_KINDS
    for place, statement in enumerate(subject.document.statements):
        if (statement.principal is not None) is is_expected:
            continue
        if is_expected:
            yield missing("Principal", subject.pointer(place), subject.kind)
        else:
            tree = subject.trees()[place]
            element = next(one for one in PRINCIPAL_ELEMENTS if one in tree)
            yield PolicyError(
                f"found `{element}` in {subject.kind.phrase}",
                pointer=step(subject.pointer(place), element),
                aws_message="Policy document should not specify a principal.",
                help="whoever has the policy is the principal",
            )


def has_actions(subject: Subject) -> Iterator[PolicyError]:
    """A statement says what may be done."""
    for place, statement in enumerate(subject.document.statements):
        if not statement.actions:
            yield PolicyError(
                "found no actions, expected `Action` or `NotAction`",
                pointer=subject.pointer(place),
                aws_message="Policy statement must contain actions.",
            )


def has_resources(subject: Subject) -> Iterator[PolicyError]:
    """A statement says on what; in a trust policy the role itself is meant."""
    if subject.kind is Kind.TRUST:
        yield from _prohibited_resources(subject)
        return
    for place, statement in enumerate(subject.document.statements):
        if not statement.resources:
            yield PolicyError(
                "found no resources, expected `Resource` or `NotResource`",
                pointer=subject.pointer(place),
                aws_message="Policy statement must contain resources.",
            )


def _prohibited_resources(subject: Subject) -> Iterator[PolicyError]:
    for pointer, tree, _ in subject.statements():
        for element in ("Resource", "NotResource"):
            if element in tree:
                yield PolicyError(
                    f"found `{element}` in a trust policy",
                    pointer=step(pointer, element),
                    aws_message="Has prohibited field Resource",
                    help="the role that holds the policy is the resource",
                )


def actions(subject: Subject) -> Iterator[PolicyError]:
    """`service:Name`, with one colon, or `*` alone."""
    for pointer, text, (expected, wire) in subject.faulty_actions(_action_fault):
        yield PolicyError(
            f"found the action `{text}`, expected {expected}",
            pointer=pointer,
            aws_message=wire,
        )


@lru_cache(maxsize=4096)
def _action_fault(text: str) -> tuple[str, str] | None:
    """What is expected instead of an action, and AWS's words; None for a good one."""
    vendor, colon, name = text.partition(":")
    if text == "*":
        return None
    if not colon:
        return (
            "`service:Name`",
            _NO_VENDOR,
        )
    if ":" in name:
        return "one colon", "Actions/Condition can contain only one colon."
    if vendor != "*" and not _VENDOR.fullmatch(vendor):
        return (
            "a service prefix such as `s3` before the colon",
            f"Vendor {vendor} is not valid",
        )
    return None


def trust_actions(subject: Subject) -> Iterator[PolicyError]:
    """A trust policy speaks about assuming the role and about nothing else."""
    if subject.kind is not Kind.TRUST:
        return
    wire = "AssumeRole policy may only specify STS AssumeRole actions."
    for place, statement in enumerate(subject.document.statements):
        if statement.not_action:
            for pointer, text, _ in subject.faulty(place, "NotAction", _is_any):
                message = f"found `NotAction` with `{text}` in a trust policy"
                yield PolicyError(message, pointer=pointer, aws_message=wire)
    for place, statement in enumerate(subject.document.statements):
        if not statement.not_action and any(map(_is_other, statement.actions)):
            for pointer, text, _ in subject.faulty(place, "Action", _is_other):
                yield PolicyError(
                    f"found the action `{text}`, expected one that assumes a role",
                    pointer=pointer,
                    aws_message=wire,
                    help="such as `sts:AssumeRole` or `sts:TagSession`",
                )


def _is_any(_text: str) -> bool:
    return True


@lru_cache(maxsize=1024)
def _is_other(text: str) -> bool:
    """True for an action that does not assume a role."""
    matches = matcher(tokenize(fold(text), variables=False, wildcards=True))
    return not fold(text).startswith("sts:") or not any(map(matches, _TRUST_ACTIONS))
