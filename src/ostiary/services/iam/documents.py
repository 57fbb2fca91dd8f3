"""Policy documents on their way in and out.

A document is checked, never rewritten: what is read back is the text that was
sent, percent-encoded (T94, facts 3.1).
"""

from urllib.parse import quote

from ostiary.policy import Kind, PolicyError, parse
from ostiary.services.errors import malformed_policy
from ostiary.services.iam import quotas

_WHITE_SPACE = str.maketrans("", "", "\t\n\r ")


def require_managed(text: str) -> None:
    """Nothing, when the text may be a version of a managed policy.

    Raises:
        ServiceError: MalformedPolicyDocument or LimitExceeded.
    """
    _require_policy(text, Kind.IDENTITY, strict=True)
    quotas.require_within(quotas.MANAGED_POLICY_SIZE, size_of(text))


def require_inline(text: str) -> None:
    """Nothing, when the text may be an inline policy; raises MalformedPolicyDocument.

    The older version of the language is taken here (facts 3.1).
    """
    _require_policy(text, Kind.IDENTITY, strict=False)


def require_trust(text: str) -> None:
    """Nothing, when the text may be a trust policy.

    Raises:
        ServiceError: MalformedPolicyDocument or LimitExceeded.
    """
    _require_policy(text, Kind.TRUST, strict=False)
    quotas.require_within(quotas.TRUST_POLICY_SIZE, size_of(text))


def size_of(text: str) -> int:
    """The size that quotas count: characters without white space (facts 3.6)."""
    return len(text.translate(_WHITE_SPACE))


def encoded(text: str) -> str:
    """The document as answers carry it: percent-encoded by RFC 3986, as UTF-8."""
    return quote(text, safe="")


def _require_policy(text: str, kind: Kind, *, strict: bool) -> None:
    try:
        parse(text, kind=kind, strict=strict)
    except PolicyError as error:
        raise malformed_policy(error.aws_message) from None
