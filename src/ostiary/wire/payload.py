"""How the signature covers the body: the last line of the canonical request.

Query and JSON services sign the hash of the body, always. S3 says which mode it
uses in `x-amz-content-sha256` (facts 9.3). A mode that is not in the table of
`wire.claim` is refused, so a new one cannot slip through unchecked (T39, T40).
"""

import re

from ostiary.wire.claim import CHUNKED, HASHED, PAYLOADS, Claim, Payload
from ostiary.wire.http import Request, body_sha256, body_size
from ostiary.wire.reasons import AuthenticationError, Reason

_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)


def read_payload(
    request: Request, service: str, found: dict[str, str] | None
) -> tuple[Payload, str]:
    """Gives the mode, and the canonical request's last line ("" = the body's hash).

    Args:
        request: What arrived.
        service: The scope's service.
        found: The presigned parameters, or None in header form.

    Raises:
        AuthenticationError: S3 without a mode, or with one that is not served.
    """
    if service != "s3":
        return HASHED, ""
    declared = request.index.get("x-amz-content-sha256")
    if found is None:
        if declared is None:
            raise AuthenticationError(Reason.PAYLOAD_MISSING)
        return _mode(declared), declared
    asked = found.get("X-Amz-Content-Sha256", declared)
    if asked is None:
        return Payload.UNSIGNED, Payload.UNSIGNED.value
    mode = _mode(asked)
    if mode in CHUNKED or (declared is not None and declared != asked):
        raise AuthenticationError(Reason.PAYLOAD_INVALID, presigned=True)
    return mode, asked


def _mode(declared: str) -> Payload:
    mode = PAYLOADS.get(declared)
    if mode is None and not _HASH.fullmatch(declared):
        raise AuthenticationError(Reason.PAYLOAD_INVALID)
    return mode or HASHED


def payload_line(request: Request, claim: Claim) -> str:
    """Gives the last line of the canonical request.

    Raises:
        AuthenticationError: A query or JSON request declares another hash than its
            body has, or declares that it has none.
    """
    line = claim.payload_line
    if line:
        return line
    actual = body_sha256(request)
    declared = request.index.get("x-amz-content-sha256")
    if declared is not None and declared != actual:
        raise AuthenticationError(Reason.PAYLOAD_MISMATCH, presigned=claim.presigned)
    return actual


def check_body(request: Request, claim: Claim, *, allow_unsigned: bool) -> None:
    """Proves that the body is the one the (proven) head speaks of.

    Raises:
        AuthenticationError: Another body, or one that nothing covers without leave.
    """
    mode = claim.payload
    if mode is HASHED and not claim.payload_line:
        return  # its hash is what was verified
    if mode is HASHED:
        actual = body_sha256(request)
        if claim.payload_line != actual:
            raise AuthenticationError(
                Reason.PAYLOAD_MISMATCH,
                extra=(
                    ("ClientComputedContentSHA256", claim.payload_line),
                    ("S3ComputedContentSHA256", actual),
                ),
                presigned=claim.presigned,
            )
    # An empty body is as good as signed: there is nothing to change, only to add.
    open_body = mode is Payload.UNSIGNED and body_size(request) > 0
    if (open_body or mode is Payload.UNSIGNED_CHUNKS_TRAILER) and not allow_unsigned:
        raise AuthenticationError(Reason.PAYLOAD_UNSIGNED, presigned=claim.presigned)
