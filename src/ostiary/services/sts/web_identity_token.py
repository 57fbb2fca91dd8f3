"""GetWebIdentityToken: who the caller is, signed for somebody who is not here.

The token opens nothing here by itself. Whoever gets it fetches the public keys from the
account's issuer URL and verifies it there.
"""

import json
from typing import TYPE_CHECKING, Final, cast

from ostiary.identity import ids
from ostiary.identity.caller import timestamp
from ostiary.identity.issuer import ALGORITHMS, signer
from ostiary.services.errors import ServiceError, validation_error
from ostiary.services.operation import Call, Result
from ostiary.services.outbound import issuer_of, sign
from ostiary.services.sts.shared import passed_tags
from ostiary.store.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_SECONDS: Final = 300
NAMESPACE: Final = "https://sts.amazonaws.com/"
"""The claim that holds what is AWS's own."""
PAYLOAD_LIMIT: Final = 8192
"""Bytes of claims; the longest token that AssumeRoleWithWebIdentity takes has 20,000
characters."""


def get_web_identity_token(call: Call, snapshot: Snapshot) -> Result:
    """A signed token that says who the caller is."""
    _require_enabled(call, snapshot)
    _require_own_identity(call)
    algorithm = call.text("SigningAlgorithm")
    if algorithm not in ALGORITHMS:
        raise validation_error(f"SigningAlgorithm {algorithm} is not supported.")
    seconds = call.number("DurationSeconds", DEFAULT_SECONDS)
    _require_within_session(call, seconds)
    claims = _claims(call, snapshot, seconds)
    if len(json.dumps(claims, separators=(",", ":")).encode()) > PAYLOAD_LIMIT:
        raise ServiceError(
            "JWTPayloadSizeExceededException",
            "The requested token payload size exceeds the maximum allowed size.",
            400,
        )
    key = signer(snapshot.issuers.signing_keys.values(), algorithm, call.now)
    return {
        "WebIdentityToken": sign(claims, key, call.vault),
        "Expiration": call.now + seconds,
    }


def _require_enabled(call: Call, snapshot: Snapshot) -> None:
    held = snapshot.issuers.federations.get(call.caller.account)
    if held is None or not held.enabled:
        raise ServiceError(
            "OutboundWebIdentityFederationDisabledException",
            "The outbound web identity federation feature is not enabled for this "
            "account.",
            403,
        )


def _require_own_identity(call: Call) -> None:
    """No session here carries the identity of somebody behind the caller."""
    if call.text("SubjectMode", "AWSIdentity") != "AWSIdentity":
        raise validation_error(
            "SubjectMode OriginIdentity needs a session with a trusted identity "
            "propagation context."
        )
    if "Scope" in call.params:
        raise validation_error("Scope needs SubjectMode OriginIdentity.")


def _require_within_session(call: Call, seconds: int) -> None:
    session = call.caller.session
    if session is not None and call.now + seconds > session.expires_at:
        raise ServiceError(
            "SessionDurationEscalationException",
            "The requested token duration would extend the session beyond its "
            "original expiration time.",
            403,
        )


def _claims(call: Call, snapshot: Snapshot, seconds: int) -> dict[str, object]:
    audience = cast("Sequence[str]", call.params["Audience"])
    return {
        "iss": issuer_of(call.estate.url, call.caller.account),
        "sub": call.caller.principal_arn,
        "aud": audience[0] if len(audience) == 1 else list(audience),
        "iat": call.now,
        "exp": call.now + seconds,
        "jti": ids.request_ids(call.mint, 1)[0],
        NAMESPACE: _own_claims(call, snapshot),
    }


def _own_claims(call: Call, snapshot: Snapshot) -> dict[str, object]:
    """What AWS says of a caller beyond the standard claims; absent is not empty."""
    caller = call.caller
    claims: dict[str, object] = {
        "aws_account": caller.account,
        "source_region": call.region,
        "principal_id": caller.principal_arn,
    }
    member = snapshot.chart.members.get(caller.account)
    if member is not None:
        claims["org_id"] = member.organization
        claims["ou_path"] = [snapshot.chart.path_of(member)]
    session = caller.session
    if session is not None:
        claims["original_session_exp"] = timestamp(session.expires_at)
        if session.source_identity:
            claims["source_identity"] = session.source_identity
        provider = dict(session.facts).get("aws:FederatedProvider")
        if provider:
            claims["federated_provider"] = provider
    if caller.tags:
        claims["principal_tags"] = dict(caller.tags)
    tags = passed_tags(call)
    if tags:
        claims["request_tags"] = dict(tags)
    return claims
