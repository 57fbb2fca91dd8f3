"""Who may stand in a `Principal` element (facts 3.4)."""

import re
from collections.abc import Iterator
from typing import Final

from ostiary.policy.arn import PARTITIONS, split
from ostiary.policy.checks import Subject
from ostiary.policy.document import Kind
from ostiary.policy.fault import PolicyError
from ostiary.policy.loader import step

_ACCOUNT: Final = re.compile(r"[0-9]{12}", re.ASCII)
_UNIQUE_ID: Final = re.compile(
    r"(?:AIDA|AROA)[0-9A-Z]{8,124}(?::[\w+=,.@-]+)?", re.ASCII
)
_NAME: Final = r"[\x21-\x29\x2b-\x3e\x40-\x7e]+"
_RESOURCE_BY_SERVICE: Final = {
    "iam": re.compile(rf"root|(?:user|role)/{_NAME}", re.ASCII),
    "sts": re.compile(
        rf"assumed-role/[^/*?]+/{_NAME}|federated-user/{_NAME}", re.ASCII
    ),
}
_HOST: Final = re.compile(r"[0-9a-z-]+(?:\.[0-9a-z-]+)+", re.ASCII)
_PROVIDER: Final = re.compile(
    r"(?:saml|oidc)-provider/[\x21-\x29\x2b-\x3e\x40-\x7e]+", re.ASCII
)
_CANONICAL: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


def principals(subject: Subject) -> Iterator[PolicyError]:
    """Accounts, users, roles, sessions, services, providers; never groups."""
    for place, statement in enumerate(subject.document.statements):
        element = statement.principal
        if element is None:
            continue
        name = "NotPrincipal" if element.negated else "Principal"
        spot = step(subject.pointer(place), name)
        if element.negated and subject.kind in (Kind.TRUST, Kind.RCP):
            yield PolicyError(
                f"found `NotPrincipal` in {subject.kind.phrase}",
                pointer=spot,
                aws_message="Has prohibited field NotPrincipal",
            )
        for kind, value in element.members:
            if not _is_principal(kind, value):
                yield _invalid(subject, spot, kind, value)


def _invalid(subject: Subject, spot: str, kind: str, value: str) -> PolicyError:
    wire = "Invalid principal in policy"
    if subject.kind is Kind.TRUST:
        wire += f': "{kind}":"{value}"'
    return PolicyError(
        f"found the principal `{value}`, which is no `{kind}` principal",
        pointer=step(spot, kind),
        aws_message=wire,
        help="wildcards may only stand for everybody; groups are not principals",
    )


def _is_principal(kind: str, value: str) -> bool:
    match kind:
        case "AWS":
            return value == "*" or _is_aws(value)
        case "Service":
            return bool(_HOST.fullmatch(value))
        case "Federated":
            return bool(_HOST.fullmatch(value)) or _is_arn(value, "iam", _PROVIDER)
        case _:
            return bool(_CANONICAL.fullmatch(value))


def _is_aws(value: str) -> bool:
    if _ACCOUNT.fullmatch(value) or _UNIQUE_ID.fullmatch(value):
        return True
    return any(
        _is_arn(value, service, resource)
        for service, resource in _RESOURCE_BY_SERVICE.items()
    )


def _is_arn(value: str, service: str, resource: re.Pattern[str]) -> bool:
    parts = split(value)
    return (
        parts is not None
        and parts[1] in PARTITIONS
        and parts[2:4] == [service, ""]
        and bool(_ACCOUNT.fullmatch(parts[4]))
        and bool(resource.fullmatch(parts[5]))
    )
