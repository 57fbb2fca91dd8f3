"""`ostiary decide`: cases in, decisions out, streaming."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from ostiary.cli.opening import stop
from ostiary.policy.face import decide_line


def run(file: Path | None) -> int:
    """Decide each line, answer in order, flush each; 1 when a case was no case."""
    status = 0
    with _cases(file) as cases:
        for line in cases:
            if not line.strip():
                continue
            answer = decide_line(line)
            if '"error"' in answer:
                status = 1
            sys.stdout.write(answer + "\n")
            sys.stdout.flush()
    return status


@contextmanager
def _cases(file: Path | None) -> Iterator[TextIO]:
    if file is None:
        yield sys.stdin
        return
    try:
        with file.open(encoding="utf-8") as cases:
            yield cases
    except OSError as error:
        raise stop(f"cannot read `{file}`: {error.strerror}", 2) from None
