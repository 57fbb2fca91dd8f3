"""What the calls that issue temporary credentials have in common."""

import zlib
from collections.abc import Iterable, Sequence
from typing import cast

from ostiary.identity import ids
from ostiary.identity.model import AWS, Tags
from ostiary.identity.session import Session
from ostiary.identity.vault import TokenTooLarge
from ostiary.policy import Kind, PolicyError, parse
from ostiary.services.errors import ServiceError, malformed_policy, validation_error
from ostiary.services.operation import Call, Result
from ostiary.store.applicable import InvalidPolicyError, compiled
from ostiary.store.codec import name_key
from ostiary.store.snapshot import Snapshot

POLICY_LIMIT = 2048
"""Characters of an inline session policy, white space included (facts 3.6, 7.4)."""
PACKED_LIMIT = 1024
"""Bytes that session policies and tags may take when packed: 100 percent."""


def credentials(call: Call, session: Session) -> Result:
    """The `Credentials` member: the session sealed into its token."""
    try:
        token, secret = call.vault.seal_session(session, call.mint)
    except TokenTooLarge as error:
        raise ServiceError(
            "PackedPolicyTooLarge",
            "Packed size of session tags consumes 101% of allotted space.",
            400,
        ) from error
    return {
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": secret.reveal(),
        "SessionToken": token,
        "Expiration": session.expires_at,
    }


def new_access_key_id(call: Call, account: str) -> str:
    """An id for temporary credentials, `ASIA…`."""
    return ids.access_key_id(call.mint, account, prefix="ASIA")


def session_policy(call: Call) -> str | None:
    """The inline session policy, checked; None when none was sent."""
    text = call.text("Policy")
    if not text:
        return None
    if len(text) > POLICY_LIMIT:
        raise validation_error(
            f"1 validation error detected: Value '{text}' at 'policy' failed to "
            "satisfy constraint: Member must have length less than or equal to "
            f"{POLICY_LIMIT}"
        )
    try:
        parse(text, kind=Kind.SESSION)
    except PolicyError as error:
        raise malformed_policy(error.aws_message) from error
    return text


def session_policy_arns(
    call: Call, snapshot: Snapshot, account: str
) -> tuple[str, ...]:
    """The managed session policies: of the account, or AWS's own.

    Raises:
        ServiceError: ValidationError, MalformedPolicyDocument.
    """
    given = cast("Sequence[dict[str, str]]", call.params.get("PolicyArns", ()))
    arns = tuple(descriptor.get("arn", "") for descriptor in given)
    for arn in arns:
        policy = snapshot.policies.get(arn)
        if policy is None:
            _require_known(snapshot, arn)
        elif policy.account not in {account, AWS}:
            raise validation_error(f"ARN {arn} is not valid.")
    return arns


def _require_known(snapshot: Snapshot, arn: str) -> None:
    """Nothing, when it is one of AWS's that nobody ever had, and can be evaluated."""
    text = snapshot.default_text(arn)
    if text is None:
        raise validation_error(f"ARN {arn} is not valid.")
    try:
        compiled(text, Kind.SESSION)
    except InvalidPolicyError as error:
        raise malformed_policy(f"{arn} cannot be evaluated: {error}") from error


def passed_tags(call: Call) -> Tags:
    """The session tags of this request, checked (facts 7.6)."""
    given = cast("Sequence[dict[str, str]]", call.params.get("Tags", ()))
    tags = tuple((tag["Key"], tag.get("Value", "")) for tag in given)
    folded = [name_key(key) for key, _ in tags]
    if len(set(folded)) < len(folded):
        raise _invalid(
            "Duplicate tag keys found. Please note that Tag keys are case insensitive."
        )
    if any(key.startswith("aws:") for key in folded):
        raise _invalid("Tag keys starting with aws: are reserved.")
    return tags


def transitive_keys(
    call: Call, tags: Tags, inherited: Iterable[str]
) -> tuple[str, ...]:
    """The tag keys, lower case, that role chaining hands on from here."""
    asked = cast("Sequence[str]", call.params.get("TransitiveTagKeys", ()))
    keys = [name_key(key) for key in asked]
    if not set(keys) <= {name_key(key) for key, _ in tags}:
        raise _invalid(
            "The specified transitive tag key must be included in the requested tags."
        )
    kept = tuple(inherited)
    if any(name_key(key) in kept for key, _ in tags):
        raise _invalid(
            "One of the specified transitive tag keys can't be set because it "
            "conflicts with a transitive tag key from the calling session."
        )
    return (*kept, *keys)


def packed_size(policy: str | None, arns: tuple[str, ...], tags: Tags) -> int:
    """How much of the packed limit is used, in percent; raises above 100."""
    text = "\n".join([policy or "", *arns, *(f"{key}={value}" for key, value in tags)])
    percent = -(-len(zlib.compress(text.encode(), 9)) * 100 // PACKED_LIMIT)
    if percent > 100:  # noqa: PLR2004 - percent
        what = "Packed policy" if policy or arns else "Packed size of session tags"
        raise ServiceError(
            "PackedPolicyTooLarge", f"{what} consumes {percent}% of allotted space", 400
        )
    return percent


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidParameterValue", message, 400)
