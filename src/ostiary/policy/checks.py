"""What AWS checks after the grammar, in its order (facts 3.7).

A check is a generator of faults over a document that has the right shape. `parse`
runs them in order and raises the first fault; `diagnose` gathers all of them.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias, cast

from ostiary.policy.document import VERSION, Document, Effect, Kind, Statement
from ostiary.policy.fault import LEGACY, PolicyError, missing
from ostiary.policy.loader import step
from ostiary.policy.operators import check_value, get_operator
from ostiary.policy.pattern import fold, matcher, tokenize
from ostiary.policy.shape import PRINCIPAL_KINDS, Tree, listed, statements


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

    def statements(self) -> Iterator[tuple[str, Tree, Statement]]:
        """Each statement with its pointer and its tree."""
        for (pointer, tree), statement in zip(
            statements(self.tree), self.document.statements, strict=True
        ):
            # `shape` has read each of them as an object.
            yield pointer, cast("Tree", tree), statement

    def texts(self, *elements: str) -> Iterator[tuple[str, str]]:
        """Each text of these elements, with its pointer."""
        for pointer, tree, _ in self.statements():
            for element in elements:
                for where, item in listed(
                    tree.get(element, []), step(pointer, element)
                ):
                    yield where, str(item)


Check: TypeAlias = Callable[[Subject], Iterator[PolicyError]]

_SID: Final = re.compile(r"[0-9A-Za-z]*", re.ASCII)
_VENDOR: Final = re.compile(r"[0-9A-Za-z.-]+", re.ASCII)
_IAM_KINDS: Final = frozenset({Kind.IDENTITY, Kind.BOUNDARY, Kind.SESSION, Kind.TRUST})
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
    for pointer, tree, _ in subject.statements():
        word = tree["Effect"]
        if word not in (Effect.ALLOW.value, Effect.DENY.value):
            yield PolicyError(
                f"found the effect `{word}`, expected `Allow` or `Deny`",
                pointer=step(pointer, "Effect"),
                aws_message=LEGACY,
                help="the word is right, its letter case is not",
            )


def condition_values(subject: Subject) -> Iterator[PolicyError]:
    """Dates, numbers, addresses, booleans and variables must be readable.

    A typo must not turn a Deny silent, so it is found when it is written (T87).
    """
    variables = subject.document.has_variables
    for pointer, tree, statement in subject.statements():
        block = tree.get("Condition", {})
        for test in statement.conditions:
            row = get_operator(test.operator).row
            spot = step(step(step(pointer, "Condition"), test.operator), test.key)
            bare = _is_bare(block, test.operator, test.key)
            for place, value in enumerate(test.values):
                try:
                    check_value(row, value, variables=variables)
                except ValueError as error:
                    yield PolicyError(
                        f"{error}, as `{row.name}` needs",
                        pointer=spot if bare else step(spot, str(place)),
                        aws_message=LEGACY,
                    )


def _is_bare(block: object, operator: str, key: str) -> bool:
    tests = block.get(operator) if isinstance(block, dict) else None
    return not isinstance(tests, dict) or not isinstance(tests.get(key), list)


def sids(subject: Subject) -> Iterator[PolicyError]:
    """A `Sid` is plain (in IAM) and unique; empty ones may repeat."""
    seen: set[str] = set()
    for pointer, _, statement in subject.statements():
        sid = statement.sid
        if sid and sid in seen:
            yield PolicyError(
                f"found the statement id `{sid}` twice",
                pointer=step(pointer, "Sid"),
                aws_message="Statement IDs (SID) in a single policy must be unique.",
            )
        if subject.kind in _IAM_KINDS and not _SID.fullmatch(sid):
            yield PolicyError(
                f"found the statement id `{sid}`, expected letters and digits only",
                pointer=step(pointer, "Sid"),
                aws_message="Statement IDs (SID) must be alpha-"
                "numeric. Check that "
                "your input satisfies the regular expression [0-9A-Za-z]*",
            )
        seen.add(sid)


def has_principals(subject: Subject) -> Iterator[PolicyError]:
    """Policies of resources say whom they mean."""
    if subject.kind in PRINCIPAL_KINDS:
        for pointer, _, statement in subject.statements():
            if statement.principal is None:
                yield missing("Principal", pointer, subject.kind)


def has_actions(subject: Subject) -> Iterator[PolicyError]:
    """A statement says what may be done."""
    for pointer, _, statement in subject.statements():
        if not statement.actions:
            yield PolicyError(
                "found no actions, expected `Action` or `NotAction`",
                pointer=pointer,
                aws_message="Policy statement must contain actions.",
            )


def has_resources(subject: Subject) -> Iterator[PolicyError]:
    """A statement says on what; in a trust policy the role itself is meant."""
    for pointer, tree, statement in subject.statements():
        if subject.kind is Kind.TRUST:
            for element in ("Resource", "NotResource"):
                if element in tree:
                    yield PolicyError(
                        f"found `{element}` in a trust policy",
                        pointer=step(pointer, element),
                        aws_message="Has prohibited field Resource",
                        help="the role that holds the policy is the resource",
                    )
        elif not statement.resources:
            yield PolicyError(
                "found no resources, expected `Resource` or `NotResource`",
                pointer=pointer,
                aws_message="Policy statement must contain resources.",
            )


def actions(subject: Subject) -> Iterator[PolicyError]:
    """`service:Name`, with one colon, or `*` alone."""
    for pointer, text in subject.texts("Action", "NotAction"):
        vendor, colon, name = text.partition(":")
        if text == "*":
            continue
        if not colon:
            wire = (
                "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, "
                "ec2, etc."
            )
            expected = "`service:Name`"
        elif ":" in name:
            wire = "Actions/Condition can contain only one colon."
            expected = "one colon"
        elif vendor != "*" and not _VENDOR.fullmatch(vendor):
            wire = f"Vendor {vendor} is not valid"
            expected = "a service prefix such as `s3` before the colon"
        else:
            continue
        yield PolicyError(
            f"found the action `{text}`, expected {expected}",
            pointer=pointer,
            aws_message=wire,
        )


def trust_actions(subject: Subject) -> Iterator[PolicyError]:
    """A trust policy speaks about assuming the role and about nothing else."""
    if subject.kind is not Kind.TRUST:
        return
    wire = "AssumeRole policy may only specify STS AssumeRole actions."
    for pointer, text in subject.texts("NotAction"):
        message = f"found `NotAction` with `{text}` in a trust policy"
        yield PolicyError(message, pointer=pointer, aws_message=wire)
    for pointer, text in subject.texts("Action"):
        matches = matcher(tokenize(fold(text), variables=False, wildcards=True))
        if not fold(text).startswith("sts:") or not any(map(matches, _TRUST_ACTIONS)):
            yield PolicyError(
                f"found the action `{text}`, expected one that assumes a role",
                pointer=pointer,
                aws_message=wire,
                help="such as `sts:AssumeRole` or `sts:TagSession`",
            )
