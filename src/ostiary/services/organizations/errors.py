"""Refusals of AWS Organizations, in its codes and words; some say a reason besides."""

from ostiary.services.errors import ServiceError

_NOT_FOUND = {
    "AccountNotFoundException": "You specified an account that doesn't exist.",
    "ChildNotFoundException": "You specified a child that doesn't exist.",
    "CreateAccountStatusNotFoundException": (
        "You specified a create account request that doesn't exist."
    ),
    "DestinationParentNotFoundException": (
        "You specified a destination parent that doesn't exist."
    ),
    "HandshakeNotFoundException": "You specified a handshake that doesn't exist.",
    "OrganizationalUnitNotFoundException": (
        "You specified an organizational unit that doesn't exist."
    ),
    "ParentNotFoundException": "You specified a parent that doesn't exist.",
    "PolicyNotFoundException": "You specified a policy that doesn't exist.",
    "RootNotFoundException": "You specified a root that doesn't exist.",
    "SourceParentNotFoundException": (
        "You specified a source parent that doesn't exist."
    ),
    "TargetNotFoundException": "You specified a target that doesn't exist.",
}


def not_found(code: str) -> ServiceError:
    """What the call names is not in the caller's organization."""
    return ServiceError(code, _NOT_FOUND[code], 400)


def not_in_use() -> ServiceError:
    """The caller's account is in no organization."""
    return ServiceError(
        "AWSOrganizationsNotInUseException",
        "Your account is not a member of an organization.",
        400,
    )


def access_denied() -> ServiceError:
    """The caller's account may not do this, whatever its policies say."""
    return ServiceError(
        "AccessDeniedException",
        "You don't have permissions to access this resource.",
        400,
    )


def invalid(
    reason: str, message: str = "You specified an invalid value."
) -> ServiceError:
    """A parameter has a value that cannot be."""
    return ServiceError("InvalidInputException", message, 400, reason)


def violation(reason: str, message: str) -> ServiceError:
    """A limit, or something that must hold first."""
    return ServiceError("ConstraintViolationException", message, 400, reason)


def conflict(code: str, message: str) -> ServiceError:
    """What is there already, or not yet, stands against it."""
    return ServiceError(code, message, 400)
