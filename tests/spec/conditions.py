"""Whether a condition block holds in a request context: facts 3.5 and 4, told slowly."""

import base64
import operator as compare
import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import cache
from ipaddress import ip_address, ip_network
from typing import Any, NamedTuple


class InvalidCase(Exception):  # noqa: N818 - it is the case that is wrong, not we
    """A document that no one may decide by (T80): refused, never skipped."""


class Scope(NamedTuple):
    """What the values of a statement are read in."""

    context: dict[str, Any]  # keys folded; absent keys and empty sets are not in it
    variables: bool  # 3.5: only Version 2012-10-17 knows `${...}`
    doubt: bool  # 4.5: what an unparsable comparison counts as; True in a Deny


@cache
def fold(text: str) -> str:
    """Lower case for ASCII letters only: the Kelvin sign is not a `k`."""
    return "".join(c.lower() if c.isascii() else c for c in text)


def listed(value: Any) -> list[Any]:
    """One bare value is a list of one (3.1)."""
    return value if isinstance(value, list) else [value]


@cache
def pieces(template: str, variables: bool) -> list[str]:
    """The template cut into variables `${...}`, `*`, `?`, `:` and the text between (3.5)."""
    cut = r"\$\{[^}]*\}|[*?:$]|[^*?:$]+" if variables else r"[*?:]|[^*?:]+"
    return re.findall(cut, template)


def literal(piece: str, scope: Scope) -> str | None:
    """The text that a piece stands for, or None for a variable without value (3.5)."""
    if not (scope.variables and piece.startswith("${")):
        return piece
    if piece in ("${*}", "${?}", "${$}"):
        return piece[2]
    key, _, default = piece[2:-1].partition(",")
    found = scope.context.get(fold(key.strip()))
    if found is None and default:
        return default.strip()[1:-1]  # it stands in single quotes
    return found if isinstance(found, str) else None  # multivalued keys may not be used


def filled(template: str, scope: Scope) -> str | None:
    """The template with its variables replaced, or None if one has no value."""
    texts = [literal(piece, scope) for piece in pieces(template, scope.variables)]
    return None if None in texts else "".join(texts)


def like(template: str, text: str, scope: Scope, *, by_part: bool = False) -> bool:
    """Whether text is so; by part, wildcards before the fifth colon stay in theirs (4.5)."""
    seen, expression = "", ""
    for piece in pieces(template, scope.variables):
        value = literal(piece, scope)
        if value is None:
            return False  # 3.5: a value that cannot be resolved matches nothing
        one = "[^:]" if by_part and seen.count(":") < 5 else "."
        expression += {"*": f"{one}*", "?": one}.get(piece) or re.escape(value)
        seen += value
    return re.fullmatch(expression, text, re.DOTALL) is not None


# The operators (4.2, 4.5): ValueError if policy's want or request's got cannot be parsed.


def exact(want: str, got: str, scope: Scope) -> bool:
    """The same text; `*` and `?` are ordinary characters here."""
    return filled(want, scope) == got


def exact_folded(want: str, got: str, scope: Scope) -> bool:
    """The same text but for the case of letters."""
    text = filled(want, scope)
    return text is not None and fold(text) == fold(got)


def arn(want: str, got: str, scope: Scope) -> bool:
    """Six parts, each by itself; a request value that is no ARN does not match (4.5)."""
    text, anything = filled(want, scope), {*want} == {"*"}
    if got.count(":") < 5 or not got.startswith("arn:") or text is None:
        return False
    if not anything and text.count(":") < 5:
        raise ValueError(want)
    return anything or like(want, got, scope, by_part=True)


def boolean(want: str, got: str, scope: Scope) -> bool:
    """The same word of two, whatever its case; variables are permitted (3.5)."""
    words = ["true", "false"]
    asked, text = words.index(fold(got)), filled(want, scope)
    return text is not None and words.index(fold(text)) == asked


def binary(want: str, got: str, _: Scope) -> bool:
    """The same bytes; both sides are Base64, all that JSON can carry of bytes."""
    return base64.b64decode(want, validate=True) == base64.b64decode(got, validate=True)


def within(want: str, got: str, _: Scope) -> bool:
    """In the range, host bits masked; IPv4 is never in IPv6, nor the reverse (4.5)."""
    address, network = ip_address(got), ip_network(want, strict=False)
    if "%" in got:
        raise ValueError(got)  # T86, as is the mapping of ::ffff:a.b.c.d to IPv4
    if address.version == 6 and address.ipv4_mapped:
        address = address.ipv4_mapped
    if network.version == 6 and network.network_address.ipv4_mapped:
        network = ip_network(
            f"{network.network_address.ipv4_mapped}/{network.prefixlen - 96}"
        )
    return address in network


def number(text: str) -> Decimal:
    """An integer or decimal in ASCII digits; no exponents, no NaN (T87)."""
    if not re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", text):
        raise ValueError(text)
    return Decimal(text)


def moment(text: str) -> Decimal:
    """Seconds since the epoch of a W3C date or an integer; four digits are a year."""
    clock = r"T\d\d:\d\d(?::\d\d(\.\d+)?)?(?:Z|[+-]\d\d:\d\d)"
    found = re.fullmatch(
        rf"\d{{4}}(?:-\d\d(?:-\d\d(?:{clock})?)?)?", text.upper(), re.ASCII
    )
    if not found:
        return number(re.sub(r"[+.-]", "x", text))  # no sign, no fraction
    whole = text.upper() + "0000-01-01T00:00Z"[len(text) :]
    time = datetime.fromisoformat(whole.replace(found[1] or "", ""))
    return Decimal(time.timestamp()) + Decimal(f"0{found[1] or ''}")


def reading(read: Callable, relation: Callable) -> Callable:
    """The operator that reads both sides, then compares request with policy."""
    return lambda want, got, _: relation(read(got), read(want))


RELATIONS = [(compare.eq, "Equals"), (compare.eq, "NotEquals")]
RELATIONS += [(compare.lt, "LessThan"), (compare.le, "LessThanEquals")]
RELATIONS += [(compare.gt, "GreaterThan"), (compare.ge, "GreaterThanEquals")]
OPERATORS = {"Bool": (boolean, False), "BinaryEquals": (binary, False)}  # (…, negated)
for _match, _names in (
    (exact, "StringEquals StringNotEquals"),
    (exact_folded, "StringEqualsIgnoreCase StringNotEqualsIgnoreCase"),
    (like, "StringLike StringNotLike"),
    (arn, "ArnEquals ArnNotEquals ArnLike ArnNotLike"),
    (within, "IpAddress NotIpAddress"),
    *((reading(number, r), f"Numeric{name}") for r, name in RELATIONS),
    *((reading(moment, r), f"Date{name}") for r, name in RELATIONS),
):
    OPERATORS |= {name: (_match, "Not" in name) for name in _names.split()}


@cache
def operator(name: str) -> tuple[str, str, bool]:
    """The (set prefix, base, if-exists) of an operator name; exact case (4.1, 4.2)."""
    found = re.fullmatch(r"(?:(ForAllValues|ForAnyValue):)?(.*?)(IfExists)?", name)
    if found and (found[2] in OPERATORS or name == "Null"):
        return found[1] or "", found[2], bool(found[3])
    raise InvalidCase(f"unknown condition operator `{name}`")


def holds(block: dict[str, Any], scope: Scope) -> bool:
    """Operators and keys are ANDed; an empty block holds (4.1)."""
    return all(
        key_holds(name, scope.context.get(fold(key)), listed(wants), scope)
        for name, keys in block.items()
        for key, wants in keys.items()
    )


def key_holds(name: str, found: Any, wants: list[Any], scope: Scope) -> bool:
    """Whether what was found under one key (None: it is absent) passes one operator."""
    prefix, base, if_exists = operator(name)
    wants = [fold(str(w)) if isinstance(w, bool) else str(w) for w in wants]  # 3.1
    if base == "Null":  # 4.2: "true" asks for absence, "false" for presence
        return ("true" if found is None else "false") in map(fold, wants)
    match, negated = OPERATORS[base]
    if found is None:  # the table of 4.3
        return if_exists or prefix == "ForAllValues" or (negated and not prefix)
    if isinstance(found, list) and not prefix:
        return False  # 4.4: a multivalued key without a set operator never matches
    if prefix and listed(found) == [""]:
        return prefix == "ForAllValues"  # 4.4: an empty string is an empty set

    def agrees(want: str, got: str) -> bool:
        try:
            return match(want, got, scope) != negated
        except ValueError:
            return scope.doubt

    def passes(got: str) -> bool:  # 4.1: some value matches; negated: none does
        return (all if negated else any)(agrees(want, got) for want in wants)

    return (any if prefix == "ForAnyValue" else all)(map(passes, listed(found)))
