"""AssumeRoot: a short session as root of a member account, for one task.

Whether the caller may is decided by the gate, on the caller's policies. What the
session may do is the task's policy; it says what it denies, so that no policy of a
resource opens more to it (facts 6.2, root is named directly).
"""

from typing import Final, cast

from ostiary.identity.root_access import CREDENTIALS_MANAGEMENT, SESSIONS
from ostiary.identity.session import Session, SessionKind
from ostiary.services.errors import ServiceError, access_denied, validation_error
from ostiary.services.operation import Call, Result
from ostiary.services.root_standing import is_above, trusts_iam
from ostiary.services.sts.shared import credentials, new_access_key_id
from ostiary.store.snapshot import Snapshot

LONGEST_SECONDS: Final = 900
_TASKS: Final = "arn:aws:iam::aws:policy/root-task/"
_ROOT: Final = "arn:aws:iam::{}:root"

FEATURE_OF: Final = {
    f"{_TASKS}IAMAuditRootUserCredentials": CREDENTIALS_MANAGEMENT,
    f"{_TASKS}IAMCreateRootUserPassword": CREDENTIALS_MANAGEMENT,
    f"{_TASKS}IAMDeleteRootUserCredentials": CREDENTIALS_MANAGEMENT,
    f"{_TASKS}S3UnlockBucketPolicy": SESSIONS,
    f"{_TASKS}SQSUnlockQueuePolicy": SESSIONS,
}
"""The tasks, by the ARN of their policy, and which feature must be on for each."""


def assume_root(call: Call, snapshot: Snapshot) -> Result:
    """Credentials of the member's root user that serve one task."""
    task = cast("dict[str, str]", call.params["TaskPolicyArn"]).get("arn", "")
    feature = FEATURE_OF.get(task)
    if feature is None or snapshot.default_text(task) is None:
        raise validation_error(f"TaskPolicyArn {task} is not valid.")
    member = _member(call.text("TargetPrincipal"))
    _require_standing(call, snapshot, member, feature)
    inherited = call.caller.session
    session = Session(
        access_key_id=new_access_key_id(call, member),
        kind=SessionKind.ASSUMED_ROOT,
        account=member,
        principal=member,
        name="",
        issued_at=call.now,
        expires_at=call.now + call.number("DurationSeconds", LONGEST_SECONDS),
        mfa_at=None,
        issuer=call.caller.access_key_id,
        source_identity="" if inherited is None else inherited.source_identity,
        tags=(),
        transitive=(),
        policy=None,
        policy_arns=(task,),
    )
    result: Result = {"Credentials": credentials(call, session)}
    if session.source_identity:
        result["SourceIdentity"] = session.source_identity
    return result


def _member(target: str) -> str:
    """The account that an id or the ARN of its root user names; the gate read it."""
    before, _, after = _ROOT.partition("{}")
    return target.removeprefix(before).removesuffix(after)


def _require_standing(
    call: Call, snapshot: Snapshot, member: str, feature: str
) -> None:
    """Nothing, when the caller's organization allows the task; else AccessDenied."""
    organization = snapshot.chart.organization_of(member)
    access = None
    if (
        organization is not None
        and member in snapshot.accounts
        and not snapshot.is_closed(member)
        and is_above(snapshot, call.caller.account, member)
        and trusts_iam(snapshot, organization)
    ):
        access = snapshot.issuers.root_access.get(organization.id)
    if access is None or feature not in access.features:
        raise _refused(call, member)


def _refused(call: Call, member: str) -> ServiceError:
    return access_denied(
        f"User: {call.caller.arn} is not authorized to perform: sts:AssumeRoot on "
        f"resource: {_ROOT.format(member)}"
    )
