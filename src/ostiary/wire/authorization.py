"""The Authorization header, `AWS4-HMAC-SHA256 Credential=…, …`.

What every SDK writes matches one pattern. Anything else is read part by part, so
that a refusal can say which part is wrong (facts 9.4, T50, T51).
"""

import re
from functools import lru_cache

from ostiary.wire.canonical import signed_names
from ostiary.wire.claim import ALGORITHM, Presented
from ostiary.wire.reasons import AuthenticationError, Reason

_USUAL = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([A-Za-z0-9_]{1,128})/([0-9]{8})/([A-Za-z0-9-]{1,64})"
    r"/([A-Za-z0-9-]{1,64})/(aws4_request), ?SignedHeaders=([^, ]+), ?",
    re.ASCII,
)
ACCESS_KEY_ID = re.compile(r"[A-Za-z0-9_]{1,128}", re.ASCII)
SIGNATURE = re.compile(r"[0-9a-f]{64}", re.ASCII)
_is_signature = SIGNATURE.fullmatch
_new = tuple.__new__
_SCOPE_PARTS = 5
_PARTS = ("Credential", "Signature", "SignedHeaders")
_S3_CREDENTIAL = (
    "the Credential is mal-formed; "
    'expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".'
)
_LONGEST_ECHO = 512
_LONGEST_USUAL = 1024


def read_authorization(value: str, *, has_date: bool) -> Presented:
    """Gives the parts of an Authorization header, in the order of `Presented`.

    Raises:
        AuthenticationError: Another mechanism, or not this grammar.
    """
    usual = read_usual(value) if has_date else None
    return usual or _read_slowly(value, has_date=has_date)


def read_usual(value: str) -> Presented | None:
    """Gives the parts of a header as every SDK writes it, or None for others."""
    head, _, signature = value.rpartition("Signature=")
    if len(head) > _LONGEST_USUAL or not _is_signature(signature):
        return None
    scoped = _read_usual(head)
    return None if scoped is None else _new(Presented, (*scoped, signature))


# All that a client sends within one day has the same head.
@lru_cache(maxsize=1024)
def _read_usual(head: str) -> tuple[str, str, str, str, str, tuple[str, ...]] | None:
    """Gives the parts before the signature, or None if it needs a closer look."""
    found = _USUAL.fullmatch(head)
    if found is None:
        return None
    key, date, region, service, terminator, names = found.groups()
    signed = signed_names(names)
    if signed is None:
        return None
    return key, date, region, service, terminator, signed


def read_credential(text: str, *, presigned: bool) -> list[str]:
    """Gives the five parts of a Credential.

    Raises:
        AuthenticationError: Not five parts, or no access key id can look like it.
    """
    parts = text.split("/")
    if len(parts) != _SCOPE_PARTS:
        start = (
            "Error parsing the X-Amz-Credential parameter"
            if presigned
            else "The authorization header is malformed"
        )
        raise AuthenticationError(
            Reason.MALFORMED,
            "Credential must have exactly 5 slash-delimited elements, "
            f"e.g. keyid/date/region/service/term, got '{text[:_LONGEST_ECHO]}'",
            f"{start}; {_S3_CREDENTIAL}",
            presigned=presigned,
        )
    if not ACCESS_KEY_ID.fullmatch(parts[0]):
        raise AuthenticationError(
            Reason.UNKNOWN_KEY,
            extra=(("AWSAccessKeyId", parts[0][:_LONGEST_ECHO]),),
            presigned=presigned,
        )
    return parts


def refuse_mechanism(what: str, *, presigned: bool) -> AuthenticationError:
    """Gives the refusal of a mechanism that is not served (T39, T50)."""
    return AuthenticationError(
        Reason.UNSUPPORTED,
        f"Unsupported AWS 'algorithm': '{what[:_LONGEST_ECHO]}'.",
        presigned=presigned,
    )


def _read_slowly(value: str, *, has_date: bool) -> Presented:
    algorithm, _, rest = value.partition(" ")
    if algorithm != ALGORITHM:
        raise refuse_mechanism(algorithm, presigned=False)
    parts = _split(value, rest)
    _check_complete(value, parts, has_date=has_date)
    key, date, region, service, terminator = read_credential(
        parts["Credential"], presigned=False
    )
    signed = read_signed_headers(parts["SignedHeaders"], presigned=False)
    signature = read_signature(parts["Signature"], presigned=False)
    return Presented(key, date, region, service, terminator, signed, signature)


def _split(value: str, rest: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for piece in rest.split(","):
        name, equals, text = piece.strip(" ").partition("=")
        if not equals:
            raise AuthenticationError(
                Reason.MALFORMED,
                f"'{name[:_LONGEST_ECHO]}' not a valid key=value pair (missing "
                f"equal-sign) in Authorization header: '{value[:_LONGEST_ECHO]}'.",
                "The authorization header is malformed; a part has no equal-sign.",
            )
        if name not in _PARTS or name in parts:
            raise AuthenticationError(
                Reason.MALFORMED,
                f"'{name[:_LONGEST_ECHO]}' is unknown or repeated in Authorization "
                f"header: '{value[:_LONGEST_ECHO]}'.",
                "The authorization header is malformed; a part is unknown or repeated.",
            )
        parts[name] = text
    return parts


def _check_complete(value: str, parts: dict[str, str], *, has_date: bool) -> None:
    absent = [name for name in _PARTS if not parts.get(name)]
    said = [f"Authorization header requires '{name}' parameter." for name in absent]
    if not has_date:
        said.append(
            "Authorization header requires existence of either a 'X-Amz-Date' "
            "or a 'Date' header."
        )
    if not said:
        return
    said.append(f"Authorization={value[:_LONGEST_ECHO]}")
    raise AuthenticationError(
        Reason.MALFORMED if absent else Reason.DATE_MISSING,
        " ".join(said),
        "The authorization header is malformed; the authorization header requires "
        f"three components: {', '.join(_PARTS)}."
        if absent
        else "",
    )


def read_signed_headers(text: str, *, presigned: bool) -> tuple[str, ...]:
    """Gives the names of a SignedHeaders list.

    Raises:
        AuthenticationError: Not lower case, unsorted, repeated, or too many.
    """
    names = signed_names(text)
    if names is None:
        sentence = (
            "SignedHeaders must be at most 100 lower-case header names, "
            "sorted, without repeats, and separated by semicolons."
        )
        raise AuthenticationError(
            Reason.MALFORMED, sentence, sentence, presigned=presigned
        )
    return names


def read_signature(text: str, *, presigned: bool) -> str:
    """Gives the signature.

    Raises:
        AuthenticationError: Not 64 lower-case hexadecimal digits, so no match.
    """
    if not SIGNATURE.fullmatch(text):
        raise AuthenticationError(Reason.SIGNATURE, presigned=presigned)
    return text
