"""GetFederationToken: credentials for somebody else, never with MFA facts (M39)."""

from ostiary.identity.caller import session_arn
from ostiary.identity.session import Session, SessionKind
from ostiary.services.operation import Call, Result
from ostiary.services.sts.session_token import lifetime
from ostiary.services.sts.shared import (
    credentials,
    new_access_key_id,
    packed_size,
    passed_tags,
    session_policy,
    session_policy_arns,
)
from ostiary.store.snapshot import Snapshot


def get_federation_token(call: Call, snapshot: Snapshot) -> Result:
    """Credentials that may do what the caller may and the session policy says."""
    caller = call.caller
    name = call.text("Name")
    policy = session_policy(call)
    arns = session_policy_arns(call, snapshot, caller.account)
    tags = passed_tags(call)
    size = packed_size(policy, arns, tags) if policy or arns or tags else 0
    session = Session(
        access_key_id=new_access_key_id(call, caller.account),
        kind=SessionKind.FEDERATED,
        account=caller.account,
        principal=caller.user_id,
        name=name,
        issued_at=call.now,
        expires_at=call.now + lifetime(call),
        mfa_at=None,
        issuer=caller.access_key_id,
        source_identity="",
        tags=tags,
        transitive=(),
        policy=policy,
        policy_arns=arns,
    )
    return {
        "Credentials": credentials(call, session),
        "FederatedUser": {
            "FederatedUserId": f"{caller.account}:{name}",
            "Arn": session_arn(session, ""),
        },
        "PackedPolicySize": size,
    }
