"""What AWS checks about the ARNs of a policy, in its order (facts 3.3, 3.7).

IAM's own kinds are judged in IAM's words. Elsewhere an ARN need only be able to match
something, since a Deny whose ARN is too short would be silent.
"""

from collections.abc import Iterator
from functools import lru_cache, partial
from typing import Final

from ostiary.policy.arn import PARTITIONS, PARTS
from ostiary.policy.checks import Judge, Subject
from ostiary.policy.document import Kind
from ostiary.policy.fault import LEGACY, PolicyError
from ostiary.policy.pattern import matcher, tokenize

_IAM_WORDS: Final = frozenset({Kind.IDENTITY, Kind.BOUNDARY, Kind.SESSION})
_IAM_PATHS: Final = (
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
)
# Types of resource that AWS has since, and that its message did not name when recorded.
_NEWER_PATHS: Final = ("delegation-request/", "role-template/")
_REGION: Final = 3
_SERVICE: Final = 2
# Parts of a resource that the partition message shows.
_SHOWN: Final = 4


def arn_shapes(subject: Subject) -> Iterator[PolicyError]:
    """What the legacy parser refuses: no service, or empty parts in a short ARN."""
    judge = partial(
        _shape_fault,
        subject.document.has_variables,
        subject.kind in _IAM_WORDS,
        subject.strict,
    )
    for pointer, _, (what, advice) in subject.faulty_resources(judge):
        yield PolicyError(what, pointer=pointer, aws_message=LEGACY, help=advice)


@lru_cache(maxsize=1024)
def _shape_fault(
    variables: bool,  # noqa: FBT001 - a cache key
    iam: bool,  # noqa: FBT001 - a cache key
    strict: bool,  # noqa: FBT001 - a cache key
    text: str,
) -> tuple[str, str] | None:
    """What the legacy parser finds in a resource, and what to do; None for nothing."""
    if variables and "${" in text:
        if "${" in _head(text):
            return (
                f"found a variable before the fifth colon of `{text}`",
                "variables may stand in the last part of an ARN; use `*` before",
            )
        if problem := _bad_variable(text):
            return f"{problem} in `{text}`", ""
    if iam and _wire_fault(strict, text) is None and _is_misshapen(text):
        return (
            f"found `{text}`, expected `arn:partition:service:region:account:resource`",
            "",
        )
    return None


def arn_formats(subject: Subject) -> Iterator[PolicyError]:
    """A resource is an ARN that can name something, or `*`."""
    judge: Judge[str] = _unable
    if subject.kind in _IAM_WORDS:
        judge = partial(_wire_fault, subject.strict)
    for pointer, text, wire in subject.faulty_resources(judge):
        yield PolicyError(
            f"found the resource `{text}`, which names nothing",
            pointer=pointer,
            aws_message=wire,
            help='a resource is an ARN such as `arn:aws:s3:::bucket/*`, or `"*"`',
        )


def _unable(text: str) -> str | None:
    return None if _can_match(text) else "Policy has invalid resource"


def _head(text: str) -> str:
    return ":".join(text.split(":", PARTS - 1)[: PARTS - 1])


def _bad_variable(text: str) -> str:
    try:
        tokenize(text, variables=True, wildcards=True)
    except ValueError as error:
        return str(error)
    return ""


def _is_misshapen(text: str) -> bool:
    parts = text.split(":")
    is_short = len(parts) < PARTS
    return text != "*" and (not parts[_SERVICE] or (is_short and "::" in text))


def _can_match(text: str) -> bool:
    is_whole = text.count(":") >= PARTS - 1
    return text == "*" or (text.startswith("arn:") and (is_whole or text.endswith("*")))


@lru_cache(maxsize=1024)
def _wire_fault(strict: bool, text: str) -> str | None:  # noqa: FBT001 - a cache key
    """AWS's words about a resource that is not an ARN as IAM wants it, or None."""
    if text == "*":
        return None
    first, *rest = text.split(":", PARTS - 1)
    if not rest:
        return f'Resource {text} must be in ARN format or "*".'
    if not _is_partition(rest[0]):
        shown = _as_arn(text)
        return f'Partition "{rest[0]}" is not valid for resource "{shown}".'
    if first != "arn":
        return f'Resource {text} must be in ARN format or "*".'
    if len(rest) == 1 or (strict and _has_wildcard(rest[1])):
        return "Resource vendor must be fully qualified and cannot contain regexes."
    return _service_fault(text)


def _as_arn(text: str) -> str:
    """The text as the partition message shows it: four parts, `*` where none is."""
    _, _, rest = text.partition(":")
    partition, _, rest = rest.partition(":")
    parts = rest.split(":", _SHOWN - 1) if rest else []
    parts += ["*"] * (_SHOWN - len(parts))
    return ":".join(["arn", partition, *parts])


def _is_partition(text: str) -> bool:
    if text in PARTITIONS:
        return True
    matches = matcher(tokenize(text, variables=False, wildcards=True))
    return any(map(matches, PARTITIONS))


def _has_wildcard(text: str) -> bool:
    return "*" in text or "?" in text


def _service_fault(text: str) -> str | None:
    """What IAM and S3 ARNs must not say."""
    parts = text.split(":", PARTS - 1)
    service, resource = parts[_SERVICE], parts[-1] if len(parts) == PARTS else "*"
    region = parts[_REGION] if len(parts) > _REGION else ""
    has_region = bool(region) and not _has_wildcard(region)
    if service == "s3" and has_region and not resource.startswith("accesspoint/"):
        return f"Resource {text} can not contain region information."
    if service != "iam":
        return None
    if has_region:
        return f"IAM resource {text} cannot contain region information."
    if resource in ("*", "root") or resource.startswith(_IAM_PATHS + _NEWER_PATHS):
        return None
    return (
        'IAM resource path must either be "*", root, or start with '
        f"{', '.join(_IAM_PATHS)}."
    )
