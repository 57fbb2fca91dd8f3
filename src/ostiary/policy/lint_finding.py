"""What lint says: a finding, and the rules that findings are of.

A rule has a code that never changes its meaning, a level, and the facts that it rests
on. `docs/lint.md` has a section for each, with an example that gives the finding and
one that does not.
"""

import enum
from dataclasses import dataclass
from typing import Final


class Level(enum.Enum):
    """How bad a finding is.

    An error is refused when the policy is written. A warning means something else than
    its author will have meant. A note is only untidy.
    """

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing that lint looks for.

    Attributes:
        code: `OST` and three digits
        level: of its findings
        title: a few words
        facts: rules of the guide's chapter (`M15`) or sections of the facts (`4.3`)
    """

    code: str
    level: Level
    title: str
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One place where a policy breaks a rule.

    Attributes:
        rule: which
        pointer: JSON Pointer to the spot, empty for the whole document
        on_name: the spot is the name of the member rather than its value
        message: in our register: lower case, what was found before what was expected
        help: what to do about it
        replacement: the text that would stand at the spot instead, where one would do
        aws_message: what AWS says when it refuses the document for this, else empty
        offset: place in the text that no pointer can say, for text that is not JSON
    """

    rule: Rule
    pointer: str
    on_name: bool = False
    message: str
    help: str
    replacement: str | None = None
    aws_message: str = ""
    offset: int | None = None


def _rules(level: Level, *rows: tuple[str, str, str]) -> list[Rule]:
    return [
        Rule(code=code, level=level, title=title, facts=tuple(facts.split()))
        for code, title, facts in rows
    ]


RULES: Final = {
    rule.code: rule
    for rule in (
        *_rules(
            Level.ERROR,
            ("OST001", "the text is not JSON, or could be read in two ways", "3.1"),
            ("OST002", "the document is not a policy of its kind", "3.1 3.7"),
        ),
        *_rules(
            Level.WARNING,
            ("OST101", "an Allow that asks for MFA admits callers without it", "M15"),
            ("OST102", "a Deny without MFA misses long-term access keys", "M15"),
            ("OST103", "`Null` asks whether there is a key, not for MFA", "M15 M27"),
            ("OST104", "a Deny without MFA forbids the first MFA device", "2"),
            ("OST105", "a Deny by MFA age misses callers without MFA", "M16 M17"),
            ("OST106", "an MFA condition in a role's own policy", "M30 M31"),
            ("OST107", "an MFA condition on who never has MFA", "M31 M32 M36 M37 M38"),
            ("OST108", "an MFA condition the wrong way round", "M14 M16"),
            ("OST109", "an MFA condition that no credential meets", "2"),
            ("OST110", "a Deny without MFA hits every role session", "M31 M32"),
            ("OST111", "a trust policy that does not ask for MFA", "M20 M21 M30"),
            ("OST112", "a trust policy for everybody", "3.4"),
            ("OST113", "a policy about `sts:GetSessionToken`", "M26"),
            ("OST114", "a trust policy for every token of a provider", "3.4 5.3"),
            ("OST201", "an action that does not exist", "M50 3.2"),
            ("OST202", "a condition key that does not exist", "5.1 5.3"),
            ("OST203", "a condition key that the actions do not have", "4.3"),
            ("OST204", "an operator that does not fit the key's type", "4.2 4.5"),
            ("OST205", "a resource that the action does not work on", "3.2 3.3"),
            ("OST206", "a resource that is open to everybody", "3.4 6.2"),
            ("OST207", "`NotPrincipal` with Allow", "3.4"),
            ("OST208", "a policy variable that is literal text", "3.1 3.5"),
            ("OST209", "`ForAllValues` in an Allow passes without the key", "4.4"),
            ("OST210", "a multivalued key without a set operator", "4.4"),
            ("OST211", "a wildcard that is literal text", "4.2 4.5"),
            ("OST212", "a condition that no value can meet", "4.1"),
            ("OST213", "a statement that changes nothing", "6.1"),
            ("OST216", "an account id that is none", "3.3"),
        ),
        *_rules(
            Level.NOTE,
            ("OST214", "the same thing said twice", "3.1"),
            ("OST215", "a version that `CreatePolicy` refuses", "3.1"),
        ),
    )
}


def found(  # noqa: PLR0913 - the parts of a finding
    code: str,
    pointer: str,
    message: str,
    *,
    help: str,  # noqa: A002 - the attribute's own name
    on_name: bool = False,
    replacement: str | None = None,
) -> Finding:
    """A finding of the rule with this code."""
    return Finding(
        rule=RULES[code],
        pointer=pointer,
        on_name=on_name,
        message=message,
        help=help,
        replacement=replacement,
    )
