"""For every error that AWS's model gives an operation: what provokes it.

Some are provoked by rule, see `test_every_organizations_error`; `never` says why others
do not come.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from ostiary.services.organizations.documents import SIZE
from tests.unit.gate.orgs import SCP, deny
from tests.unit.services.every_organizations.calls import (
    ACCEPTED,
    ADMIN,
    ATTACHED,
    CANCELED,
    DECLINED,
    DEV,
    ENABLED,
    INVITED,
    OPS_UNIT,
    POLICY_TEXT,
    SSO,
    TRUSTED,
    UNIT,
    P,
)
from tests.unit.services.every_organizations.stage import BILLING, Params, Step, step

Place = tuple[str, str]
"""Operation and error code."""


@dataclass(frozen=True)
class Provoked:
    """A call that is refused: the operation's own, with other steps and parameters."""

    reason: str = ""
    """What the error says besides its code."""
    more: tuple[Step, ...] = ()
    """Steps after those of the operation's own call."""
    params: Params | None = None
    """Parameters in place of its own."""
    instead: bool = False
    """Whether the steps take the place of its own."""
    features: str = "ALL"
    """Of the organization."""


def other(*more: Step, reason: str = "", **params: object) -> Provoked:
    """The call with further steps before it, and with other parameters."""
    return Provoked(reason, more, params)


def anew(*steps: Step, reason: str = "", **params: object) -> Provoked:
    """The call after these steps only."""
    return Provoked(reason, steps, params, instead=True)


FIFTY_ONE = [{"Key": f"k{number}", "Value": ""} for number in range(51)]
LONG = POLICY_TEXT + " " * SIZE
NOT_SAID = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow"}})
MANAGES = {"AccountId": "{manager}"}
TOO_MANY_TAGS = "MAX_TAG_LIMIT_EXCEEDED"
IN_BILLING = Provoked(
    "ORGANIZATION_NOT_IN_ALL_FEATURES_MODE", features=BILLING, instead=True
)
ADMINISTERS = "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG"
GUEST_ADMINISTERS = step(
    "RegisterDelegatedAdministrator", AccountId="{guest}", ServicePrincipal=SSO
)


def _deep() -> tuple[Step, ...]:
    """Five units above one another, the last as `unit`."""
    first = step(
        "CreateOrganizationalUnit",
        keep="unit=OrganizationalUnit.Id",
        ParentId="{root}",
        Name="U",
    )
    below = step(
        "CreateOrganizationalUnit",
        keep="unit=OrganizationalUnit.Id",
        ParentId="{unit}",
        Name="U",
    )
    return first, *(below,) * 4


def _policies(count: int) -> tuple[Step, ...]:
    """Policies that hang on the unit."""
    made = []
    for number in range(count):
        made += [
            step(
                "CreatePolicy",
                keep="other=Policy.PolicySummary.Id",
                Type=SCP,
                Name=f"p{number}",
                Description="",
                Content=json.dumps(
                    {"Version": "2012-10-17", "Statement": deny("iam:*")}
                ),
            ),
            step("AttachPolicy", PolicyId="{other}", TargetId="{unit}"),
        ]
    return tuple(made)


PROVOKED: Mapping[Place, Provoked] = {
    # -- limits, and what must hold first
    ("AttachPolicy", "ConstraintViolationException"): other(
        *_policies(4), reason="MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED"
    ),
    ("CloseAccount", "ConstraintViolationException"): other(
        reason="CANNOT_CLOSE_MANAGEMENT_ACCOUNT", **MANAGES
    ),
    ("CreateAccount", "ConstraintViolationException"): other(
        reason=TOO_MANY_TAGS, Tags=FIFTY_ONE
    ),
    ("CreateOrganizationalUnit", "ConstraintViolationException"): other(
        *_deep(), reason="OU_DEPTH_LIMIT_EXCEEDED", ParentId="{unit}"
    ),
    ("CreatePolicy", "ConstraintViolationException"): other(
        reason="POLICY_CONTENT_LIMIT_EXCEEDED", Content=LONG
    ),
    ("DeregisterDelegatedAdministrator", "ConstraintViolationException"): Provoked(
        IN_BILLING.reason, (DEV,), features=BILLING, instead=True
    ),
    ("DetachPolicy", "ConstraintViolationException"): anew(
        ENABLED,
        UNIT,
        reason="MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
        PolicyId="p-FullAWSAccess",
    ),
    ("DisableAWSServiceAccess", "ConstraintViolationException"): other(
        DEV, ADMIN, reason="DELEGATED_ADMINISTRATOR_EXISTS_FOR_THIS_SERVICE"
    ),
    ("EnableAWSServiceAccess", "ConstraintViolationException"): IN_BILLING,
    ("InviteAccountToOrganization", "ConstraintViolationException"): other(
        reason=TOO_MANY_TAGS, Tags=FIFTY_ONE
    ),
    ("LeaveOrganization", "ConstraintViolationException"): other(
        TRUSTED, GUEST_ADMINISTERS, reason=ADMINISTERS
    ),
    ("RegisterDelegatedAdministrator", "ConstraintViolationException"): other(
        reason="CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR", **MANAGES
    ),
    ("RemoveAccountFromOrganization", "ConstraintViolationException"): other(
        TRUSTED, ADMIN, reason=ADMINISTERS
    ),
    ("TagResource", "ConstraintViolationException"): other(
        reason=TOO_MANY_TAGS, Tags=FIFTY_ONE
    ),
    ("UpdatePolicy", "ConstraintViolationException"): other(
        reason="POLICY_CONTENT_LIMIT_EXCEEDED", Content=LONG
    ),
    # -- what is there already, or is not
    ("AttachPolicy", "DuplicatePolicyAttachmentException"): other(ATTACHED),
    ("CloseAccount", "AccountAlreadyClosedException"): other(
        step("CloseAccount", AccountId="{dev}")
    ),
    ("CreateOrganization", "AlreadyInOrganizationException"): Provoked(),
    ("CreateOrganizationalUnit", "DuplicateOrganizationalUnitException"): other(UNIT),
    ("CreatePolicy", "DuplicatePolicyException"): other(P),
    ("DeleteOrganization", "OrganizationNotEmptyException"): other(DEV),
    ("DeleteOrganizationalUnit", "OrganizationalUnitNotEmptyException"): other(
        step("CreateOrganizationalUnit", ParentId="{unit}", Name="Below")
    ),
    ("DeletePolicy", "PolicyInUseException"): other(ENABLED, UNIT, ATTACHED),
    ("DeregisterDelegatedAdministrator", "AccountNotRegisteredException"): anew(
        DEV, TRUSTED
    ),
    ("DetachPolicy", "PolicyNotAttachedException"): anew(ENABLED, UNIT, P),
    ("EnablePolicyType", "PolicyTypeAlreadyEnabledException"): other(ENABLED),
    ("ListDelegatedServicesForAccount", "AccountNotRegisteredException"): anew(DEV),
    ("MoveAccount", "DuplicateAccountException"): other(DestinationParentId="{root}"),
    ("RegisterDelegatedAdministrator", "AccountAlreadyRegisteredException"): other(
        ADMIN
    ),
    ("UpdateOrganizationalUnit", "DuplicateOrganizationalUnitException"): other(
        OPS_UNIT, Name="Ops"
    ),
    ("UpdatePolicy", "DuplicatePolicyException"): other(Name="FullAWSAccess"),
    # -- documents and types of policies
    ("AttachPolicy", "PolicyTypeNotEnabledException"): anew(UNIT, P),
    ("CreatePolicy", "MalformedPolicyDocumentException"): other(Content=NOT_SAID),
    ("CreatePolicy", "PolicyTypeNotAvailableForOrganizationException"): Provoked(
        features=BILLING
    ),
    ("DisablePolicyType", "PolicyTypeNotEnabledException"): anew(),
    ("EnablePolicyType", "PolicyTypeNotAvailableForOrganizationException"): Provoked(
        features=BILLING
    ),
    ("UpdatePolicy", "MalformedPolicyDocumentException"): other(Content=NOT_SAID),
    # -- handshakes
    ("AcceptHandshake", "HandshakeAlreadyInStateException"): other(ACCEPTED),
    ("AcceptHandshake", "HandshakeConstraintViolationException"): other(
        step("CreateOrganization", by="guest"), reason="ALREADY_IN_AN_ORGANIZATION"
    ),
    ("AcceptHandshake", "InvalidHandshakeTransitionException"): other(CANCELED),
    ("CancelHandshake", "HandshakeAlreadyInStateException"): other(CANCELED),
    ("CancelHandshake", "InvalidHandshakeTransitionException"): other(DECLINED),
    ("DeclineHandshake", "HandshakeAlreadyInStateException"): other(DECLINED),
    ("DeclineHandshake", "InvalidHandshakeTransitionException"): other(CANCELED),
    ("EnableAllFeatures", "HandshakeConstraintViolationException"): Provoked(
        "ORGANIZATION_ALREADY_HAS_ALL_FEATURES"
    ),
    ("InviteAccountToOrganization", "DuplicateHandshakeException"): other(INVITED),
    ("InviteAccountToOrganization", "HandshakeConstraintViolationException"): other(
        INVITED, ACCEPTED, reason="ALREADY_IN_AN_ORGANIZATION"
    ),
    # -- the management account
    ("RemoveAccountFromOrganization", "MasterCannotLeaveOrganizationException"): other(
        **MANAGES
    ),
}
SHOWN: Mapping[Place, str] = {
    ("LeaveOrganization", "MasterCannotLeaveOrganizationException"): (
        "tests/unit/gate/test_orgs_operations.py"
        "::test_a_member_leaves_and_the_manager_cannot"
    ),
}
"""The test that shows an error which takes more than a call."""
