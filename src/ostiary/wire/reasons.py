"""Why a request could not be authenticated, before any service words it."""

from enum import Enum, auto


class Reason(Enum):
    """What was wrong with the credentials that a request presented."""

    ANONYMOUS = auto()
    """Nothing was presented, and the operation needs a caller."""
    TWO_MECHANISMS = auto()
    """Header and query both carry credentials, or one of them twice."""
    UNSUPPORTED = auto()
    """SigV2, SigV4A, a bearer token, a POST form, or something unknown."""
    MALFORMED = auto()
    """Not the grammar of Signature Version 4."""
    AMBIGUOUS_HEADER = auto()
    """A header that two readers could read differently."""
    HOST_NOT_SIGNED = auto()
    """The signature does not cover the host."""
    HEADERS_NOT_SIGNED = auto()
    """An x-amz- header arrived that the signature does not cover."""
    DATE_MISSING = auto()
    """No usable date."""
    SCOPE = auto()
    """The credential scope names another date, region, service or terminator."""
    EXPIRES = auto()
    """X-Amz-Expires is not a number from 0 to a week."""
    TOO_OLD = auto()
    """Signed more than fifteen minutes ago."""
    TOO_NEW = auto()
    """Signed more than fifteen minutes in the future."""
    PRESIGNED_EXPIRED = auto()
    """A presigned request after its time."""
    UNKNOWN_KEY = auto()
    """No such access key, or an inactive one."""
    SIGNATURE = auto()
    """The signature is not the one that the secret gives."""
    INVALID_TOKEN = auto()
    """The session token is not ours, or not this access key's."""
    EXPIRED_TOKEN = auto()
    """The session has ended."""
    PAYLOAD_MISSING = auto()
    """S3's header form without x-amz-content-sha256."""
    PAYLOAD_INVALID = auto()
    """x-amz-content-sha256 is neither a hash nor a mode that is served."""
    PAYLOAD_MISMATCH = auto()
    """The body is not the one that was signed."""
    PAYLOAD_UNSIGNED = auto()
    """An unsigned body where somebody could have changed it."""
    CHUNKS = auto()
    """The framing of a chunked body is broken."""
    TRAILER = auto()
    """The trailer of a chunked body is broken or not the announced one."""


class AuthenticationError(Exception):
    """A request did not prove who sent it.

    Attributes:
        reason: What was wrong, for the audit record and for the wording.
        message: How query services put it; empty means their usual sentence.
        s3: How S3 puts it; empty means its usual sentence.
        extra: Elements that S3's error body adds, in order.
        presigned: Whether the query carried the credentials.
    """

    def __init__(
        self,
        reason: Reason,
        message: str = "",
        s3: str = "",
        *,
        extra: tuple[tuple[str, str], ...] = (),
        presigned: bool = False,
    ) -> None:
        super().__init__(message or reason.name)
        self.reason = reason
        self.message = message
        self.s3 = s3
        self.extra = extra
        self.presigned = presigned
