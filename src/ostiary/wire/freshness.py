"""When and for what a claim says that it was signed: its scope and its time."""

import re
from functools import lru_cache

from ostiary.wire import stamp
from ostiary.wire.claim import TERMINATOR, Claim
from ostiary.wire.reasons import AuthenticationError, Reason

SKEW = 15 * 60
# Services with one endpoint for a whole partition are signed for its home region.
_HOME_REGIONS = {"iam": "us-east-1"}
_SCOPE_WORD = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)
_LONGEST_ECHO = 128


def check_scope(claim: Claim) -> None:
    """Demands today's grammar of the credential scope (T48).

    Raises:
        AuthenticationError: Another day than the timestamp's, a region or service
            that cannot be, or another terminator.
    """
    date, region, service, terminator = claim[1:5]
    if (
        date == claim.timestamp[:8]
        and terminator == TERMINATOR
        and is_place(region, service)
    ):
        return
    raise _refuse_scope(claim, _HOME_REGIONS.get(claim.service, claim.region))


@lru_cache(maxsize=256)
def is_place(region: str, service: str) -> bool:
    """Tells whether a service can be called in a region, as far as names tell."""
    return (
        region == _HOME_REGIONS.get(service, region)
        and _SCOPE_WORD.fullmatch(region) is not None
        and _SCOPE_WORD.fullmatch(service) is not None
    )


def _refuse_scope(claim: Claim, home: str) -> AuthenticationError:
    """Says everything that is wrong at once, as query services do; S3 says one."""
    date, region = claim.date[:_LONGEST_ECHO], claim.region[:_LONGEST_ECHO]
    service, end = claim.service[:_LONGEST_ECHO], claim.terminator[:_LONGEST_ECHO]
    sent = claim.timestamp[:8]
    query, s3 = [], []
    if claim.date != sent:
        query.append(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version "
            f"of date from HTTP: '{date}' != '{sent}', from '{claim.timestamp}'."
        )
        s3.append(
            f'Invalid credential date "{date}". '
            f'This date is not the same as X-Amz-Date: "{sent}".'
        )
    if claim.region != home or not _SCOPE_WORD.fullmatch(claim.region):
        query.append(f"Credential should be scoped to a valid region, not '{region}'. ")
        s3.append(f"the region '{region}' is wrong")
    if not _SCOPE_WORD.fullmatch(claim.service):
        query.append("Credential should be scoped to a valid service. ")
        s3.append(f'incorrect service "{service}".')
    if claim.terminator != TERMINATOR:
        query.append(
            "Credential should be scoped with a valid terminator: "
            f"'{TERMINATOR}', not '{end}'."
        )
        s3.append(f'incorrect terminal "{end}". This endpoint uses "{TERMINATOR}".')
    start = (
        "Error parsing the X-Amz-Credential parameter"
        if claim.presigned
        else "The authorization header is malformed"
    )
    return AuthenticationError(
        Reason.SCOPE, "".join(query), f"{start}; {s3[0]}", presigned=claim.presigned
    )


def check_time(claim: Claim, now: float) -> None:
    """Demands that `now` is within what the claim says (T49).

    Raises:
        AuthenticationError: Too old, too new, or a presigned request after its end.
    """
    if claim.presigned:
        _check_presigned_time(claim, now)
    elif abs(now - claim.signed_at) > SKEW:
        raise _skewed(claim, now)


def _check_presigned_time(claim: Claim, now: float) -> None:
    if claim.signed_at > now + SKEW:
        raise _skewed(claim, now)
    ends = claim.signed_at + (claim.expires or 0)
    if now < ends:
        return
    raise AuthenticationError(
        Reason.PRESIGNED_EXPIRED,
        f"Signature expired: {stamp.format_basic(ends)} is now earlier than "
        f"{stamp.format_basic(now)}",
        extra=(
            ("X-Amz-Expires", str(claim.expires)),
            ("Expires", stamp.format_extended(ends)),
            ("ServerTime", stamp.format_extended(now)),
        ),
        presigned=True,
    )


def _skewed(claim: Claim, now: float) -> AuthenticationError:
    current = stamp.format_basic(now)
    extra = (
        ("RequestTime", claim.timestamp),
        ("ServerTime", stamp.format_extended(now)),
        ("MaxAllowedSkewMilliseconds", str(SKEW * 1000)),
    )
    if claim.signed_at < now:
        return AuthenticationError(
            Reason.TOO_OLD,
            f"Signature expired: {claim.timestamp} is now earlier than "
            f"{stamp.format_basic(now - SKEW)} ({current} - 15 min.)",
            extra=extra,
        )
    return AuthenticationError(
        Reason.TOO_NEW,
        f"Signature not yet current: {claim.timestamp} is still later than "
        f"{stamp.format_basic(now + SKEW)} ({current} + 15 min.)",
        "Request is not yet valid" if claim.presigned else "",
        extra=() if claim.presigned else extra,
        presigned=claim.presigned,
    )
