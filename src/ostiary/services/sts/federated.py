"""AssumeRoleWithWebIdentity and AssumeRoleWithSAML: a role for somebody of elsewhere.

The caller has a proven assertion and nothing else; the role's trust policy has
allowed it when these run. Their sessions carry no MFA facts: nobody here knows
whether, or how, the provider asked for a second factor (M37, M38).
"""

from collections.abc import Callable

from ostiary.identity.assertion import Assertion
from ostiary.identity.caller import session_arn
from ostiary.identity.model import Role
from ostiary.identity.session import Session, SessionKind
from ostiary.services.assertions import faults
from ostiary.services.errors import access_denied, validation_error
from ostiary.services.operation import Call, Result
from ostiary.services.sts.shared import (
    credentials,
    new_access_key_id,
    packed_size,
    session_policy,
    session_policy_arns,
)
from ostiary.store.codec import name_key
from ostiary.store.port import Change
from ostiary.store.snapshot import Snapshot

WITH_WEB_IDENTITY = "AssumeRoleWithWebIdentity"
WITH_SAML = "AssumeRoleWithSAML"
DEFAULT_SECONDS = 3600


def assume_role_with_web_identity(call: Call, snapshot: Snapshot) -> Result:
    """Credentials for the subject of a token, which may be used until it ends."""
    assertion = _assertion(call)
    result = _issue(call, snapshot, assertion, WITH_WEB_IDENTITY)
    result["SubjectFromWebIdentityToken"] = assertion.subject
    result["Audience"] = assertion.audience
    result["Provider"] = assertion.issuer
    return result


def assume_role_with_saml(call: Call, snapshot: Snapshot) -> Callable[[Change], Result]:
    """Credentials for the subject of a SAML assertion, which is used up by that.

    A call that fails uses nothing up, so it can be made again with what was wrong
    put right (decision 0016).
    """
    assertion = _assertion(call)
    result = _issue(call, snapshot, assertion, WITH_SAML)
    result["Subject"] = assertion.subject
    result["SubjectType"] = assertion.subject_type
    result["Issuer"] = assertion.issuer
    result["Audience"] = assertion.audience
    result["NameQualifier"] = assertion.name_qualifier

    def finish(change: Change) -> Result:
        ends = assertion.ends_itself
        if not change.use_assertion(assertion.once, ends=ends, now=call.now):
            raise faults.invalid_token("The SAML assertion has been used before")
        return result

    return finish


def _assertion(call: Call) -> Assertion:
    assertion = call.caller.assertion
    assert assertion is not None  # noqa: S101 - the gate has proven it
    return assertion


def _issue(
    call: Call, snapshot: Snapshot, assertion: Assertion, operation: str
) -> Result:
    """The part of the result that both calls have."""
    role = _role(call, snapshot, operation)
    policy = session_policy(call)
    arns = session_policy_arns(call, snapshot, role.account)
    session = Session(
        access_key_id=new_access_key_id(call, role.account),
        kind=SessionKind.ROLE,
        account=role.account,
        principal=role.id,
        name=assertion.session_name,
        issued_at=call.now,
        expires_at=_end(call, role, assertion),
        mfa_at=None,
        issuer="",
        source_identity=assertion.source_identity,
        tags=assertion.tags,
        transitive=tuple(map(name_key, assertion.transitive)),
        policy=policy,
        policy_arns=arns,
        facts=assertion.kept,
    )
    result: Result = {
        "Credentials": credentials(call, session),
        "AssumedRoleUser": {
            "AssumedRoleId": f"{role.id}:{session.name}",
            "Arn": session_arn(session, role.name),
        },
    }
    if policy or arns or assertion.tags:
        result["PackedPolicySize"] = packed_size(policy, arns, assertion.tags)
    if session.source_identity:
        result["SourceIdentity"] = session.source_identity
    return result


def _role(call: Call, snapshot: Snapshot, operation: str) -> Role:
    role_arn = call.text("RoleArn")
    account, _, path = role_arn.partition("::")[2].partition(":role/")
    role = snapshot.role_named(account, path.rpartition("/")[2])
    if role is None or role.arn != role_arn:
        raise access_denied(f"Not authorized to perform sts:{operation}")
    return role


def _end(call: Call, role: Role, assertion: Assertion) -> int:
    """When the session ends: as asked, and no later than the provider wants."""
    seconds = call.number("DurationSeconds", DEFAULT_SECONDS)
    if seconds > role.max_session:
        raise validation_error(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for "
            "this role."
        )
    if assertion.longest is not None:
        seconds = min(seconds, assertion.longest)
    end = call.now + seconds
    return end if assertion.ends is None else min(end, assertion.ends)
