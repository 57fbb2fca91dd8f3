"""What a request says about who signed it. A claim proves nothing yet."""

from enum import Enum
from typing import NamedTuple

ALGORITHM = "AWS4-HMAC-SHA256"
TERMINATOR = "aws4_request"
LONGEST_TOKEN = 8192
EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


class Payload(Enum):
    """How the signature covers the body (facts 9.3)."""

    HASHED = "the hash of the body"
    UNSIGNED = "UNSIGNED-PAYLOAD"
    SIGNED_CHUNKS = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
    SIGNED_CHUNKS_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
    UNSIGNED_CHUNKS_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"


# Asking an enum for its member takes longer than all that is then done with it.
HASHED = Payload.HASHED
PAYLOADS = {mode.value: mode for mode in Payload if mode is not HASHED}
CHUNKED = frozenset(
    {
        Payload.SIGNED_CHUNKS,
        Payload.SIGNED_CHUNKS_TRAILER,
        Payload.UNSIGNED_CHUNKS_TRAILER,
    }
)


class Presented(NamedTuple):
    """The parts of a credential, in one shape for both forms.

    Attributes:
        access_key_id: As sent.
        date: `YYYYMMDD` of the credential scope.
        region: Of the credential scope.
        service: Signing name of the credential scope.
        terminator: Of the credential scope; only `aws4_request` will verify.
        signed_headers: Lower case, sorted, without repeats.
        signature: 64 lower-case hexadecimal digits.
    """

    access_key_id: str
    date: str
    region: str
    service: str
    terminator: str
    signed_headers: tuple[str, ...]
    signature: str


class Claim(NamedTuple):
    """Who the request says signed it, and how.

    A named tuple, since one is made for every request: a frozen dataclass of this
    size takes longer to make than the header takes to parse.

    Attributes:
        access_key_id: As in `Presented`, and so are the next six.
        timestamp: When it was signed, `YYYYMMDDTHHMMSSZ`, as in the string to sign.
        signed_at: The same in seconds since the epoch.
        presigned: Whether the query carried it.
        expires: Seconds a presigned request lives; None in header form.
        session_token: As sent, or None when there was none.
        payload: How the body is covered.
        payload_line: The last line of the canonical request; empty means that it
            is the body's own hash.
    """

    access_key_id: str
    date: str
    region: str
    service: str
    terminator: str
    signed_headers: tuple[str, ...]
    signature: str
    timestamp: str
    signed_at: int
    presigned: bool
    expires: int | None
    session_token: str | None
    payload: Payload
    payload_line: str

    def __repr__(self) -> str:
        # Signature and session token are credentials, so a traceback has neither.
        form = "presigned" if self.presigned else "header"
        return f"Claim({self.access_key_id}, {scope(self)}, {self.timestamp}, {form})"


def scope(claim: Claim) -> str:
    """Gives the credential scope as the string to sign has it."""
    return "/".join(claim[1:5])
