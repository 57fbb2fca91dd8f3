"""AssumeRole: a session of a role, in this account or another.

Whether the caller may is decided by the gate, on the caller's policies and the
role's trust policy, which both see a token code given with this very call.
The session itself carries no MFA facts, whatever led to it (M31).
"""

import re

from ostiary.identity.caller import session_arn
from ostiary.identity.model import Role, Tags
from ostiary.identity.session import Session, SessionKind
from ostiary.services.errors import access_denied, validation_error
from ostiary.services.operation import Call, Result
from ostiary.services.sts.shared import (
    credentials,
    new_access_key_id,
    packed_size,
    passed_tags,
    session_policy,
    session_policy_arns,
    transitive_keys,
)
from ostiary.store.codec import name_key
from ostiary.store.snapshot import Snapshot

DEFAULT_SECONDS = 3600
CHAINED_SECONDS = 3600
_ROLE_ARN = re.compile(
    r"arn:aws:iam::[0-9]{12}:role/(?:[!-~]+/)?[\w+=,.@-]{1,64}", re.ASCII
)


def check_role_arn(role_arn: str) -> None:
    """Raises ValidationError unless this is a role's ARN (facts 7.4)."""
    if not _ROLE_ARN.fullmatch(role_arn):
        raise validation_error(f"{role_arn} is invalid")


def assume_role(call: Call, snapshot: Snapshot) -> Result:
    """Credentials of the role's session."""
    role = _role(call, snapshot)
    policy = session_policy(call)
    arns = session_policy_arns(call, snapshot, role.account)
    tags = passed_tags(call)
    inherited = _inherited_tags(call)
    transitive = transitive_keys(call, tags, (name_key(key) for key, _ in inherited))
    session = Session(
        access_key_id=new_access_key_id(call, role.account),
        kind=SessionKind.ROLE,
        account=role.account,
        principal=role.id,
        name=call.text("RoleSessionName"),
        issued_at=call.now,
        expires_at=call.now + _lifetime(call, role),
        mfa_at=None,
        issuer=call.caller.access_key_id,
        source_identity=_source_identity(call),
        tags=(*inherited, *tags),
        transitive=transitive,
        policy=policy,
        policy_arns=arns,
    )
    result: Result = {
        "Credentials": credentials(call, session),
        "AssumedRoleUser": {
            "AssumedRoleId": f"{role.id}:{session.name}",
            "Arn": session_arn(session, role.name),
        },
    }
    if policy or arns or tags:
        result["PackedPolicySize"] = packed_size(policy, arns, tags)
    if session.source_identity:
        result["SourceIdentity"] = session.source_identity
    return result


def _role(call: Call, snapshot: Snapshot) -> Role:
    role_arn = call.text("RoleArn")
    account, _, path = role_arn.partition("::")[2].partition(":role/")
    role = snapshot.role_named(account, path.rpartition("/")[2])
    if role is None or role.arn != role_arn:
        # The trust policy of a role that is not there allowed nobody; a role that
        # went away since then gives the same answer (no existence leak).
        raise access_denied(
            f"User: {call.caller.arn} is not authorized to perform: "
            f"sts:AssumeRole on resource: {role_arn}"
        )
    return role


def _lifetime(call: Call, role: Role) -> int:
    """Seconds that the session lasts; asking too much is an error, not a clamp."""
    seconds = call.number("DurationSeconds", DEFAULT_SECONDS)
    if call.caller.session is not None and seconds > CHAINED_SECONDS:
        raise validation_error(
            "The requested DurationSeconds exceeds the 1 hour session limit for "
            "roles assumed by role chaining."
        )
    if seconds > role.max_session:
        raise validation_error(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for "
            "this role."
        )
    return seconds


def _inherited_tags(call: Call) -> Tags:
    """The transitive tags of the calling session, which go down the chain."""
    session = call.caller.session
    if session is None:
        return ()
    return tuple(
        (key, value)
        for key, value in session.tags
        if name_key(key) in session.transitive
    )


def _source_identity(call: Call) -> str:
    """The source identity: once set it cannot change down the chain."""
    asked = call.text("SourceIdentity")
    if name_key(asked).startswith("aws:"):
        raise validation_error(f"SourceIdentity {asked} is invalid")
    session = call.caller.session
    kept = session.source_identity if session is not None else ""
    if kept and asked not in {"", kept}:
        raise access_denied(
            f"User: {call.caller.arn} is not authorized to perform: "
            f"sts:SetSourceIdentity on resource: {call.text('RoleArn')}"
        )
    return kept or asked
