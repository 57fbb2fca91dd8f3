"""Whether a condition block holds in a request context: facts section 4, told slowly.

Shares no code with `src`; plain Python over JSON values.
"""

import base64
import binascii
import ipaddress
import operator as compare
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import NamedTuple


class InvalidCase(Exception):  # noqa: N818 - a case is invalid; it is not our error
    """A document that no one may decide by: T80, refused rather than skipped."""


class Scope(NamedTuple):
    """What a value of a policy is read in."""

    context: dict  # keys folded; absent keys and empty sets are not in it
    variables: bool  # 3.5: only Version 2012-10-17 knows `${...}`
    doubt: bool  # 4.5: what an unparsable comparison counts as; True in a Deny


def fold(text):
    """Lower case for ASCII letters only: the Kelvin sign is not a `k`."""
    return "".join(c.lower() if c.isascii() else c for c in text)


def listed(value):
    """One bare value is a list of one (3.1)."""
    return value if isinstance(value, list) else [value]


def text_of(value):
    """A condition value as text: `true` is "true", 10 is "10" (3.1)."""
    return str(value).lower() if isinstance(value, bool) else str(value)


# Templates (3.3, 3.5): text with wildcards and variables.


@cache
def pieces(template, variables):
    """The template cut into variables `${...}` and single characters."""
    return re.findall(r"\$\{[^}]*\}|.", template, re.S) if variables else [*template]


def value_of(piece, context):
    """The text that stands for a variable, or None if there is none (3.5)."""
    if piece in ("${*}", "${?}", "${$}"):
        return piece[2]
    key, _, default = piece[2:-1].partition(",")
    found = context.get(fold(key.strip()))
    if found is None and default:
        return re.fullmatch(r"\s*'(.*)'\s*", default, re.S)[1]
    # A multivalued key cannot be a variable.
    return found if isinstance(found, str) else None


@cache
def compiled(expression):
    """The regular expression, remembered."""
    return re.compile(expression, re.S)


def fits(template, text, scope, *, wild):
    """Whether the text is what the template describes; a substituted value is literal."""
    expression = ""
    for piece in pieces(template, scope.variables):
        if len(piece) > 1:
            piece = value_of(piece, scope.context)
            if piece is None:
                return False  # 3.5: an unresolvable value matches nothing
            expression += re.escape(piece)
        elif wild and piece in "*?":
            expression += {"*": ".*", "?": "."}[piece]
        else:
            expression += re.escape(piece)
    return compiled(expression).fullmatch(text) is not None


# The families (4.2, 4.5). Each says True, False, or None where a side is unparsable.


def string(*, wild=False, case=True):
    """Exact, or `*` and `?` anywhere; case counts unless told otherwise."""

    def matches(want, got, scope):
        if case:
            return fits(want, got, scope, wild=wild)
        context = {k: fold(v) if isinstance(v, str) else v for k, v in scope.context.items()}
        return fits(fold(want), fold(got), scope._replace(context=context), wild=wild)

    return matches


def arn(want, got, scope):
    """Six parts, each by itself; a request value that is no ARN does not match (4.5)."""
    wants = [""]
    for piece in pieces(want, scope.variables):
        if piece == ":" and len(wants) < 6:
            wants.append("")
        else:
            wants[-1] += piece
    gots = got.split(":", 5)
    if len(wants) < 6:
        return None
    return len(gots) == 6 and all(
        fits(w, g, scope, wild=True) for w, g in zip(wants, gots, strict=True)
    )


@cache
def number(text):
    """An integer or decimal; no exponents, no NaN, ASCII digits (T87)."""
    return Decimal(text) if re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", text) else None


DATE = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})"
    r"(?:[Tt]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(\.[0-9]+)?)?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2}))?)?)?"
)


@cache
def moment(text):
    """Seconds since the epoch of a W3C date or an integer; four digits are a year (4.5)."""
    found = DATE.fullmatch(text)
    if not found:
        return Fraction(text) if re.fullmatch(r"-?[0-9]+", text) else None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        whole = datetime(
            int(year), int(month or 1), int(day or 1),
            int(hour or 0), int(minute or 0), int(second or 0), tzinfo=UTC,
        )  # fmt: skip
    except ValueError:
        return None
    seconds = Fraction((whole - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(seconds=1))
    if zone and zone not in "Zz":
        offset = int(zone[1:3]) * 3600 + int(zone[4:6]) * 60
        seconds -= offset if zone[0] == "+" else -offset
    return seconds + Fraction("0" + fraction if fraction else "0")


@cache
def truth(text):
    """True or False; the case of the word does not matter, any other word is neither."""
    return {"true": True, "false": False}.get(fold(text))


def octets(text):
    """The bytes of a Base64 text, which is all that JSON can carry of them."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def parsed(read, relation):
    """Both sides read, then compared (want is the policy's, got the request's)."""

    def matches(want, got, scope):
        left, right = read(got), read(want)
        return None if left is None or right is None else relation(left, right)

    return matches


def boolean(want, got, scope):
    """Equal truth; the operator page permits variables here (3.5)."""
    if any(len(piece) > 1 for piece in pieces(want, scope.variables)):
        want = value_of(want, scope.context) if want[-1] == "}" else None
        if want is None:
            return False
    return parsed(truth, compare.eq)(want, got, scope)


@cache
def network(text):
    """A range of addresses; host bits are masked, a bare address is a range of one."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


@cache
def address(text):
    """An address; `::ffff:a.b.c.d` is the IPv4 address, zone ids are refused (T86)."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if found.version == 6 else None
    return None if "%" in text else mapped or found


def within(want, got, scope):
    """Inside the range; an IPv4 address is never in an IPv6 range, nor the reverse."""
    left, right = address(got), network(want)
    return None if left is None or right is None else left in right


FAMILIES = {  # name: (comparison, negated)
    "StringEquals": (string(), False),
    "StringNotEquals": (string(), True),
    "StringEqualsIgnoreCase": (string(case=False), False),
    "StringNotEqualsIgnoreCase": (string(case=False), True),
    "StringLike": (string(wild=True), False),
    "StringNotLike": (string(wild=True), True),
    "Bool": (boolean, False),
    "BinaryEquals": (parsed(octets, compare.eq), False),
    "IpAddress": (within, False),
    "NotIpAddress": (within, True),
    "ArnEquals": (arn, False),
    "ArnLike": (arn, False),
    "ArnNotEquals": (arn, True),
    "ArnNotLike": (arn, True),
}
for family, reader in (("Numeric", number), ("Date", moment)):
    FAMILIES[f"{family}Equals"] = (parsed(reader, compare.eq), False)
    FAMILIES[f"{family}NotEquals"] = (parsed(reader, compare.eq), True)
    FAMILIES[f"{family}LessThan"] = (parsed(reader, compare.lt), False)
    FAMILIES[f"{family}LessThanEquals"] = (parsed(reader, compare.le), False)
    FAMILIES[f"{family}GreaterThan"] = (parsed(reader, compare.gt), False)
    FAMILIES[f"{family}GreaterThanEquals"] = (parsed(reader, compare.ge), False)


@cache
def operator(name):
    """The (set prefix, base, if-exists) of an operator name; exact case (4.1, 4.2)."""
    prefix, colon, rest = name.rpartition(":")
    base = rest.removesuffix("IfExists")
    known = base in FAMILIES or (name == "Null")
    if not known or (prefix if colon else "ForAllValues") not in ("ForAllValues", "ForAnyValue"):
        raise InvalidCase(f"unknown condition operator `{name}`")
    return prefix, base, base != rest


def holds(block, scope):
    """Operators and keys are ANDed; an empty block holds (4.1)."""
    return all(
        key_holds(name, scope.context.get(fold(key)), [text_of(v) for v in listed(values)], scope)
        for name, keys in block.items()
        for key, values in keys.items()
    )


def key_holds(name, found, wants, scope):
    """Whether what was found under one key (None: absent) passes one operator."""
    prefix, base, if_exists = operator(name)
    if base == "Null":  # 4.2: "true" asks for absence
        return any(scope.doubt if truth(w) is None else truth(w) == (found is None) for w in wants)
    matches, negated = FAMILIES[base]
    if found is None:  # the table of 4.3
        return if_exists or prefix == "ForAllValues" or (negated and not prefix)
    if isinstance(found, list) and not prefix:
        return False  # 4.4: a multivalued key without a set operator never matches
    if prefix and listed(found) == [""]:
        return prefix == "ForAllValues"  # 4.4: an empty string is an empty set

    def passes(got):
        """Positive: some value matches. Negated: none does (4.1). Doubt: see `Scope`."""
        answers = [matches(want, got, scope) for want in wants]
        if negated:
            return all(scope.doubt if a is None else not a for a in answers)
        return any(scope.doubt if a is None else a for a in answers)

    return (any if prefix == "ForAnyValue" else all)(passes(got) for got in listed(found))
