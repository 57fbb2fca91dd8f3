"""The presigned form: credentials as query parameters (facts 9.2)."""

import re
from urllib.parse import unquote_to_bytes

from ostiary.wire.authorization import (
    read_credential,
    read_signature,
    read_signed_headers,
    refuse_mechanism,
)
from ostiary.wire.claim import ALGORITHM, Presented
from ostiary.wire.reasons import AuthenticationError, Reason

# Every parameter that belongs to the signature, whatever else the query says.
PARAMETERS = (
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Signature",
    "X-Amz-Date",
    "X-Amz-SignedHeaders",
    "X-Amz-Expires",
    "X-Amz-Security-Token",
    "X-Amz-Content-Sha256",
)
_REQUIRED = PARAMETERS[:6]
_BY_LOWER = {name.lower(): name for name in PARAMETERS}
_SIGV2 = frozenset(
    {"AWSAccessKeyId", "Signature", "SignatureMethod", "SignatureVersion"}
)
_MAY_BE = re.compile(r"x-amz-|%|AWSAccessKeyId|Signature", re.ASCII | re.IGNORECASE)
_NUMBER = re.compile(r"-?[0-9]{1,10}", re.ASCII)
_WEEK = 604800
_S3_REQUIRED = (
    "Query-string authentication version 4 requires the X-Amz-Algorithm, "
    "X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and "
    "X-Amz-Expires parameters."
)


def find_presigned(query: str) -> dict[str, str] | None:
    """Gives the signature's own parameters, decoded, or None if there are none.

    Raises:
        AuthenticationError: One is repeated or in another letter case (T44), or
            they are those of Signature Version 2.
    """
    if not query or not _MAY_BE.search(query):
        return None
    found: dict[str, str] = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if "%" in name or "+" in name:
            name = _decoded(name)
        if name in _SIGV2:
            raise refuse_mechanism("AWS", presigned=True)
        # Bytes, since str.lower knows letters that are not ASCII.
        known = _BY_LOWER.get(name.encode().lower().decode())
        if known is None:
            continue
        if known != name or name in found:
            raise AuthenticationError(
                Reason.MALFORMED,
                f"Parameter '{known}' is repeated or in another letter case.",
                f"Query-string parameter {known} is repeated or in another case.",
                presigned=True,
            )
        found[name] = _decoded(value)
    return found or None


def _decoded(text: str) -> str:
    # Every legal value is ASCII; latin-1 keeps the rest apart, so it cannot match.
    return unquote_to_bytes(text.replace("+", " ").encode("latin-1", "replace")).decode(
        "latin-1"
    )


def read_presigned(found: dict[str, str]) -> tuple[Presented, int]:
    """Gives the parts of a presigned credential, and how many seconds it lives.

    Raises:
        AuthenticationError: A parameter is missing or not of its grammar.
    """
    missing = [name for name in _REQUIRED if not found.get(name)]
    if missing:
        must = " ".join(
            f"AWS query-string parameters must include '{name}'." for name in missing
        )
        raise AuthenticationError(
            Reason.MALFORMED,
            f"{must} Re-examine the query-string parameters.",
            _S3_REQUIRED,
            presigned=True,
        )
    if found["X-Amz-Algorithm"] != ALGORITHM:
        raise refuse_mechanism(found["X-Amz-Algorithm"], presigned=True)
    key, date, region, service, terminator = read_credential(
        found["X-Amz-Credential"], presigned=True
    )
    signed = read_signed_headers(found["X-Amz-SignedHeaders"], presigned=True)
    signature = read_signature(found["X-Amz-Signature"], presigned=True)
    presented = Presented(key, date, region, service, terminator, signed, signature)
    return presented, _expires(found["X-Amz-Expires"])


def _expires(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise _refuse_expires("X-Amz-Expires should be a number")
    seconds = int(text)
    if seconds < 0:
        raise _refuse_expires("X-Amz-Expires must be non-negative")
    if seconds > _WEEK:
        raise _refuse_expires(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given "
            "X-Amz-Expires must be less than 604800 seconds"
        )
    return seconds


def _refuse_expires(sentence: str) -> AuthenticationError:
    return AuthenticationError(Reason.EXPIRES, sentence, sentence, presigned=True)
