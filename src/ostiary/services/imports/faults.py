"""What is wrong with a file, and where."""

from dataclasses import dataclass

from ostiary.policy.loader import step


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A spot in a file that holds one JSON document or several."""

    document: int
    """Counted from 1; 0 when the file has one only."""
    pointer: str
    """JSON Pointer in the document, empty for all of it."""

    def at(self, *names: str | int) -> "Place":
        """A spot further in."""
        pointer = self.pointer
        for name in names:
            pointer = step(pointer, str(name))
        return Place(document=self.document, pointer=pointer)

    def __str__(self) -> str:
        where = f"document {self.document} " if self.document else ""
        return f"{where}{self.pointer or '(the whole)'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong: found before expected, and what to do about it."""

    place: Place
    message: str
    help: str = ""


class ImportRefused(Exception):  # noqa: N818 - a fact about the file
    """A file that cannot be imported: nothing of it is."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = faults
