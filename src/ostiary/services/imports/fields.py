"""Members of a JSON object, read with what each must be; faults are gathered.

After a fault a reader gives something harmless, so that one pass finds all faults.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from ostiary.identity.model import Tags
from ostiary.policy import Kind
from ostiary.policy.loader import Number
from ostiary.policy.pattern import fold
from ostiary.services.iam import quotas
from ostiary.services.imports import documents
from ostiary.services.imports.faults import Fault, Place

KEY: Final = 128
VALUE: Final = 256
_TAG_MARKS: Final = frozenset("_.:/=+-@")
_SHOWN: Final = 80
_KINDS: Final = {
    dict: "an object",
    list: "a list",
    str: "a text",
    Number: "a number",
    bool: "true or false",
    type(None): "null",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What a text must look like."""

    pattern: re.Pattern[str]
    said: str
    """The same in words, behind "expected"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """The members of one object."""

    members: dict[str, object]
    place: Place
    faults: list[Fault]

    def fault(self, name: str | None, message: str, advice: str = "") -> None:
        """Remember what is wrong with a member, or with the object."""
        place = self.place if name is None else self.place.at(name)
        self.faults.append(Fault(place=place, message=message, help=advice))

    def text(self, name: str, form: Form) -> str:
        """A text of this form that must be there."""
        value = self.members.get(name)
        if isinstance(value, str) and form.pattern.fullmatch(value):
            return value
        self.fault(name, f"found {_shown(value)}, expected {form.said}")
        return ""

    def text_or(self, name: str, form: Form, default: str) -> str:
        """A text of this form, or the default when there is none."""
        return default if self.members.get(name) is None else self.text(name, form)

    def number_or(self, name: str, least: int, most: int) -> int | None:
        """A whole number within bounds; None when there is none."""
        value = self.members.get(name)
        if value is None:
            return None
        if isinstance(value, Number) and re.fullmatch("[0-9]{1,9}", value.text):
            number = int(value.text)
            if least <= number <= most:
                return number
        said = f"a whole number from {least} to {most}"
        self.fault(name, f"found {_shown(value)}, expected {said}")
        return None

    def time(self, name: str) -> int:
        """Seconds since the epoch; 0 when the member is not there."""
        value = self.members.get(name)
        if value is None:
            return 0
        try:
            if isinstance(value, Number):
                # Not every number is a time that can be told again.
                moment = datetime.fromtimestamp(float(value.text), UTC)
                return max(int(moment.timestamp()), 0)
            if isinstance(value, str):
                moment = datetime.fromisoformat(value)
                if moment.tzinfo is not None:
                    return max(int(moment.timestamp()), 0)
        except (ValueError, OverflowError, OSError):
            pass
        said = "a time such as `2026-01-31T12:00:00Z`"
        self.fault(name, f"found {_shown(value)}, expected {said}")
        return 0

    def values(self, name: str) -> Iterator[tuple[Place, object]]:
        """The items of a list, with their places; none when there is no list."""
        value = self.members.get(name)
        if value is None:
            return
        if not isinstance(value, list):
            self.fault(name, f"found {_shown(value)}, expected a list")
            return
        for number, inner in enumerate(value):
            yield self.place.at(name, number), inner

    def objects(self, name: str) -> Iterator["Fields"]:
        """The objects of a list."""
        for place, value in self.values(name):
            if isinstance(value, dict):
                yield Fields(members=value, place=place, faults=self.faults)
            else:
                message = f"found {_shown(value)}, expected an object"
                self.faults.append(Fault(place=place, message=message))

    def object_or(self, name: str) -> "Fields | None":
        """The object in a member; None when there is none."""
        value = self.members.get(name)
        if value is None:
            return None
        if isinstance(value, dict):
            place = self.place.at(name)
            return Fields(members=value, place=place, faults=self.faults)
        self.fault(name, f"found {_shown(value)}, expected an object")
        return None

    def document(self, name: str, kind: Kind | None) -> str:
        """The text of a policy document that must be there, and good.

        Args:
            name: of the member.
            kind: which kind it must be; None for any text.
        """
        text = documents.text_of(self.members.get(name))
        if text is None:
            found = _shown(self.members.get(name))
            self.fault(name, f"found {found}, expected a policy document")
            return ""
        error = kind and documents.fault_in(text, kind)
        if error is not None:
            place = self.place.at(name)
            # A pointer into an object goes on in it; into a text, it cannot.
            inside = Place(
                document=place.document, pointer=place.pointer + error.pointer
            )
            fault = Fault(place=inside, message=error.message, help=error.help)
            self.faults.append(fault)
        return text

    def tags(self, *, fold_case: bool) -> Tags:
        """The pairs in `Tags`, sorted.

        Args:
            fold_case: whether keys are the same whatever their letters' case.
        """
        pairs = []
        for one in self.objects("Tags"):
            key, value = one.members.get("Key"), one.members.get("Value")
            if _is_tag(key, 1, KEY) and _is_tag(value, 0, VALUE):
                pairs.append((str(key), str(value)))
            else:
                one.fault(None, f"found {_shown(one.members)}, expected {_TAG}")
        same = fold if fold_case else str
        twice = [k for k, n in Counter(same(key) for key, _ in pairs).items() if n > 1]
        if twice:
            self.fault("Tags", f"found the tag key `{twice[0]}` twice")
        if len(pairs) > quotas.TAGS:
            message = f"found {len(pairs)} tags, expected at most {quotas.TAGS}"
            self.fault("Tags", message)
        return tuple(sorted(pairs))


_TAG: Final = (
    f"`Key` of 1 to {KEY} and `Value` of up to {VALUE} letters, digits, blanks and "
    "`_.:/=+-@`"
)


def _is_tag(value: object, least: int, most: int) -> bool:
    return (
        isinstance(value, str)
        and least <= len(value) <= most
        and all(c in _TAG_MARKS or unicodedata.category(c)[0] in "LZN" for c in value)
    )


def _shown(value: object) -> str:
    """A value as faults tell it."""
    if isinstance(value, str):
        cut = value if len(value) <= _SHOWN else value[:_SHOWN] + "…"
        plain = "".join(c if c.isprintable() else "\ufffd" for c in cut)
        return f"`{plain}`"
    if isinstance(value, Number):
        return f"`{value.text}`"
    return "nothing" if value is None else _KINDS.get(type(value), "something else")
