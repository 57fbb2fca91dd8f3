"""Errors of AWS's model that do not come here, and why."""

from collections.abc import Mapping

ALWAYS: Mapping[str, str] = {
    "AccessDeniedForDependencyException": "no service-linked role is made",
    "ConcurrentModificationException": "changes come one after the other (T101)",
    "FinalizingOrganizationException": "an organization is ready when it is made",
    "PolicyChangesInProgressException": "changes come one after the other (T101)",
    "ServiceException": "what fails inside is 500 InternalFailure, and a bug",
    "TooManyRequestsException": "nobody is slowed down by how much is asked",
    "UnsupportedAPIEndpointException": "there is one endpoint, and it has everything",
}
"""By code, for all operations."""

_UNCOUNTED = "there is no quota of accounts or organizations"
_NOTHING_ASKED = "it has no parameters"
_EMPTY = "without all features the list is empty"

BY_OPERATION: Mapping[tuple[str, str], str] = {
    ("AcceptHandshake", "AWSOrganizationsNotInUseException"): (
        "who is invited is in no organization yet"
    ),
    ("AcceptHandshake", "ConstraintViolationException"): _UNCOUNTED,
    ("AcceptHandshake", "MasterCannotLeaveOrganizationException"): (
        "a member of another organization leaves that one first"
    ),
    ("CloseAccount", "ConflictException"): "changes come one after the other (T101)",
    ("CreateOrganization", "ConstraintViolationException"): _UNCOUNTED,
    ("DeleteOrganization", "ConstraintViolationException"): (
        "nothing outside the organization depends on it"
    ),
    ("DeleteOrganization", "InvalidInputException"): _NOTHING_ASKED,
    ("DisablePolicyType", "ConstraintViolationException"): (
        "no service needs a type of policies"
    ),
    ("EnableAllFeatures", "ConstraintViolationException"): _UNCOUNTED,
    ("EnableAllFeatures", "InvalidInputException"): _NOTHING_ASKED,
    ("EnablePolicyType", "ConstraintViolationException"): (
        "without all features it is PolicyTypeNotAvailableForOrganizationException"
    ),
    ("InviteAccountToOrganization", "AccountOwnerNotVerifiedException"): (
        "nobody verifies mail addresses"
    ),
    ("LeaveOrganization", "AccountNotFoundException"): (
        "an account that is in no organization is told AWSOrganizationsNotInUse"
    ),
    ("LeaveOrganization", "InvalidInputException"): _NOTHING_ASKED,
    **{
        (operation, "ConstraintViolationException"): _EMPTY
        for operation in (
            "ListAWSServiceAccessForOrganization",
            "ListDelegatedAdministrators",
            "ListDelegatedServicesForAccount",
        )
    },
    ("UntagResource", "ConstraintViolationException"): "fewer tags always fit",
}
