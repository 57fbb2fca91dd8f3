"""Findings with the lines and columns that editors and code hosts ask for."""

from collections.abc import Mapping
from dataclasses import dataclass

from ostiary.policy.document import Kind
from ostiary.policy.lint_finding import Finding
from ostiary.policy.lint_spans import Place, Span, places
from ostiary.policy.loader import LoadError, load


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Lines and columns from 1; the end column is the one after the last character."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A finding and where it stands."""

    finding: Finding
    region: Region


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that was found in one text.

    Attributes:
        name: of the file
        text: what was read
        kind: as which it was read
        is_guess: nobody said the kind
        findings: from the top of the text to its end
    """

    name: str
    text: str
    kind: Kind
    is_guess: bool
    findings: tuple[Placed, ...]


def placed(text: str, findings: list[Finding]) -> tuple[Placed, ...]:
    """The findings with their places, from the top of the text to its end."""
    try:
        load(text)
        known = places(text)
    except LoadError:
        known = {}
    marks = [(_span(text, known, finding), finding) for finding in findings]
    marks.sort(key=lambda mark: (mark[0].start, mark[1].rule.code))
    return tuple(
        Placed(finding=finding, region=_region(text, span)) for span, finding in marks
    )


def _span(text: str, known: Mapping[str, Place], finding: Finding) -> Span:
    if finding.offset is not None:
        return Span(finding.offset, finding.offset + 1)
    pointer, on_name = finding.pointer, finding.on_name
    while pointer and pointer not in known:
        # What is missing is shown where it would have stood.
        pointer, on_name = pointer.rpartition("/")[0], False
    place = known.get(pointer)
    if place is None:
        start = len(text) - len(text.lstrip())
        return Span(start, start + 1)
    if place.name and (on_name or not place.is_scalar):
        return place.name
    if place.is_scalar:
        return place.value
    return Span(place.value.start, place.value.start + 1)


def _region(text: str, span: Span) -> Region:
    line, column = _at(text, span.start)
    end_line, end_column = _at(text, span.end)
    return Region(line=line, column=column, end_line=end_line, end_column=end_column)


def _at(text: str, offset: int) -> tuple[int, int]:
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1
