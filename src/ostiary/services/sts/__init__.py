"""STS: temporary credentials, and who is asking (facts 7)."""

from collections.abc import Mapping

from ostiary.services.operation import CallerOperation, SnapshotOperation
from ostiary.services.sts.assume_role import assume_role, check_role_arn
from ostiary.services.sts.decode import decode_authorization_message
from ostiary.services.sts.federation import get_federation_token
from ostiary.services.sts.identity import get_access_key_info, get_caller_identity
from ostiary.services.sts.session_token import get_session_token

OPERATIONS: Mapping[str, SnapshotOperation | CallerOperation] = {
    "AssumeRole": SnapshotOperation(run=assume_role, issues=True),
    "DecodeAuthorizationMessage": SnapshotOperation(
        run=decode_authorization_message, issues=False
    ),
    "GetAccessKeyInfo": SnapshotOperation(run=get_access_key_info, issues=False),
    "GetCallerIdentity": CallerOperation(run=get_caller_identity),
    "GetFederationToken": SnapshotOperation(run=get_federation_token, issues=True),
    "GetSessionToken": SnapshotOperation(run=get_session_token, issues=True),
}


def check_parameters(
    service: str, operation: str, params: Mapping[str, object]
) -> None:
    """Raises ValidationError for what the service refuses before it decides."""
    if service == "sts" and operation == "AssumeRole":
        check_role_arn(str(params.get("RoleArn", "")))


__all__ = ["OPERATIONS", "check_parameters"]
