"""`ostiary lint`: policies in, findings out."""

import sys
from collections.abc import Iterator
from pathlib import Path

from ostiary.cli.lint_data import AWSCatalogue
from ostiary.cli.lint_places import Report, placed
from ostiary.cli.lint_sarif import sarif
from ostiary.cli.lint_text import as_json, as_text
from ostiary.policy.document import Kind
from ostiary.policy.lint import guess_kind, lint

STANDARD_INPUT = "standard-input"


class UnreadableError(Exception):
    """A file or standard input that gives no text."""


def run(files: list[Path], kind: str | None, *, for_role: bool, form: str) -> int:
    """Print the findings about each policy.

    Args:
        files: policies; standard input when there are none
        kind: of all of them; guessed from each when None
        for_role: policies without a principal are a role's own
        form: `text`, `json` or `sarif`

    Returns:
        0 when nothing was found, 1 when something was, 2 when a file gave no text.
    """
    try:
        texts = list(_texts(files))
    except UnreadableError as error:
        print(f"ostiary: {error}", file=sys.stderr)
        return 2
    catalogue = AWSCatalogue()
    reports = []
    for name, text in texts:
        is_kind = Kind(kind) if kind else guess_kind(text)
        findings = lint(text, kind=is_kind, catalogue=catalogue, for_role=for_role)
        reports.append(
            Report(
                name=name,
                text=text,
                kind=is_kind,
                is_guess=kind is None,
                findings=placed(text, findings),
            )
        )
    _print(reports, form, catalogue.version)
    return 1 if any(report.findings for report in reports) else 0


def _texts(files: list[Path]) -> Iterator[tuple[str, str]]:
    if not files:
        yield STANDARD_INPUT, _decoded(STANDARD_INPUT, sys.stdin.buffer.read())
    for file in files:
        try:
            content = file.read_bytes()
        except OSError as error:
            message = f"cannot read `{file}`: {error.strerror}"
            raise UnreadableError(message) from error
        yield file.as_posix(), _decoded(str(file), content)


def _decoded(name: str, content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"cannot read `{name}`: found no UTF-8 at byte {error.start}"
        raise UnreadableError(message) from error


def _print(reports: list[Report], form: str, data_version: str) -> None:
    if form == "sarif":
        print(sarif(reports, data_version))
    elif form == "json":
        print(as_json(reports))
    else:
        for report in reports:
            if report.is_guess:
                print(_guessed(report), file=sys.stderr)
            sys.stdout.write(as_text(report))


def _guessed(report: Report) -> str:
    article = "an" if report.kind is Kind.IDENTITY else "a"
    return (
        f"{report.name}: read as {article} {report.kind.value} policy; "
        "`--kind` says otherwise"
    )
