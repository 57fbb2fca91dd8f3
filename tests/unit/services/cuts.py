"""Whether lists are cut in the database, or read whole and cut in memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event


@contextmanager
def limits(engine: Engine) -> Iterator[list[int]]:
    """How many rows each list that is read meanwhile may have."""
    seen: list[int] = []

    def note(*args: Any) -> None:
        _, _, statement, parameters, _, _ = args
        if statement.lstrip().startswith("SELECT") and "LIMIT" in statement:
            seen.append(max(one for one in parameters if isinstance(one, int)))

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)
