"""What is wrong with a policy, in both registers."""

from typing import Final

from ostiary.policy.document import Kind

SYNTAX: Final = "Syntax errors in policy."
LEGACY: Final = "The policy failed legacy parsing"


class PolicyError(Exception):
    """A policy that is refused, by `parse`; the first fault in AWS's order (facts 3.7).

    Attributes:
        pointer: JSON Pointer to the spot, empty for the whole document
        message: in our register: lower case, what was found before what was expected
        help: what to do about it, or empty
        aws_message: as AWS words it for this kind of policy (facts 3.7)
    """

    def __init__(
        self,
        message: str,
        *,
        pointer: str,
        aws_message: str,
        help: str = "",  # noqa: A002 - the attribute's own name
    ) -> None:
        super().__init__(message)
        self.pointer = pointer
        self.message = message
        self.help = help
        self.aws_message = aws_message

    def __str__(self) -> str:
        where = f"{self.pointer}: " if self.pointer else ""
        advice = f"\n  help: {self.help}" if self.help else ""
        return f"{where}{self.message}{advice}"


def syntax(message: str, pointer: str, kind: Kind, advice: str = "") -> PolicyError:
    """A fault of shape: unknown elements, wrong types, missing ones."""
    wire = "Invalid policy syntax." if kind is Kind.RESOURCE else SYNTAX
    return PolicyError(message, pointer=pointer, aws_message=wire, help=advice)


def missing(element: str, pointer: str, kind: Kind) -> PolicyError:
    """A required element that is not there."""
    message = f"found no `{element}`"
    if kind is Kind.RESOURCE or element == "Principal":
        wire = f"Missing required field {element}"
        return PolicyError(message, pointer=pointer, aws_message=wire)
    return syntax(message, pointer, kind)
