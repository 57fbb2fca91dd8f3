"""STS: temporary credentials, and who is asking (facts 7)."""

from collections.abc import Mapping

from ostiary.services.operation import (
    CallerOperation,
    Operations,
    SnapshotOperation,
    SpendingOperation,
)
from ostiary.services.sts.assume_role import assume_role, check_role_arn
from ostiary.services.sts.assume_root import assume_root
from ostiary.services.sts.decode import decode_authorization_message
from ostiary.services.sts.delegated_access import get_delegated_access_token
from ostiary.services.sts.federated import (
    assume_role_with_saml,
    assume_role_with_web_identity,
)
from ostiary.services.sts.federation import get_federation_token
from ostiary.services.sts.identity import get_access_key_info, get_caller_identity
from ostiary.services.sts.scoped import get_scoped_credentials
from ostiary.services.sts.session_token import get_session_token
from ostiary.services.sts.web_identity_token import get_web_identity_token

OPERATIONS: Operations = {
    "AssumeRole": SnapshotOperation(run=assume_role, issues=True),
    "AssumeRoleWithSAML": SpendingOperation(prepare=assume_role_with_saml),
    "AssumeRoleWithWebIdentity": SnapshotOperation(
        run=assume_role_with_web_identity, issues=True
    ),
    "AssumeRoot": SnapshotOperation(run=assume_root, issues=True),
    "DecodeAuthorizationMessage": SnapshotOperation(
        run=decode_authorization_message, issues=False
    ),
    "GetAccessKeyInfo": SnapshotOperation(run=get_access_key_info, issues=False),
    "GetCallerIdentity": CallerOperation(run=get_caller_identity),
    "GetDelegatedAccessToken": SnapshotOperation(
        run=get_delegated_access_token, issues=True
    ),
    "GetFederationToken": SnapshotOperation(run=get_federation_token, issues=True),
    "GetScopedCredentials": SnapshotOperation(run=get_scoped_credentials, issues=True),
    "GetSessionToken": SnapshotOperation(run=get_session_token, issues=True),
    "GetWebIdentityToken": SnapshotOperation(run=get_web_identity_token, issues=True),
}


_OF_ROLES = frozenset({"AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"})


def check_parameters(
    service: str, operation: str, params: Mapping[str, object]
) -> None:
    """Raises ValidationError for what the service refuses before it decides."""
    if service == "sts" and operation in _OF_ROLES:
        check_role_arn(str(params.get("RoleArn", "")))


__all__ = ["OPERATIONS", "check_parameters"]
