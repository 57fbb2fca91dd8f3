"""A refusal by a service, in AWS's own code and words."""


class ServiceError(Exception):
    """What a service answers instead of a result.

    Args:
        code: the AWS error code, for example `NoSuchEntity`.
        message: the AWS message, exactly.
        status: the HTTP status; by default the one of the service's model.
        reason: what AWS Organizations says beside the words.
    """

    def __init__(
        self, code: str, message: str, status: int | None = None, reason: str = ""
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.reason = reason
        self.code = code
        self.message = message
        self.status = status


def no_such_entity(message: str) -> ServiceError:
    """404: the thing named is not there (facts 10.4)."""
    return ServiceError("NoSuchEntity", message, 404)


def already_exists(message: str) -> ServiceError:
    """409: the name is taken (facts 10.5)."""
    return ServiceError("EntityAlreadyExists", message, 409)


def delete_conflict(message: str) -> ServiceError:
    """409: something still hangs on the entity (facts 10.6)."""
    return ServiceError("DeleteConflict", message, 409)


def limit_exceeded(message: str) -> ServiceError:
    """409: a quota is full (facts 10.7)."""
    return ServiceError("LimitExceeded", message, 409)


def validation_error(message: str) -> ServiceError:
    """400: a parameter has a wrong form (facts 7.3, 10.8)."""
    return ServiceError("ValidationError", message, 400)


def invalid_input(message: str) -> ServiceError:
    """400: a parameter has a wrong value (facts 10.8)."""
    return ServiceError("InvalidInput", message, 400)


def access_denied(message: str) -> ServiceError:
    """403: refused by the service itself, beyond what policies say."""
    return ServiceError("AccessDenied", message, 403)


def malformed_policy(message: str) -> ServiceError:
    """400: the policy document is not one (facts 3.7)."""
    return ServiceError("MalformedPolicyDocument", message, 400)


def policy_not_attachable(message: str) -> ServiceError:
    """A policy that only AWS's own services give to somebody."""
    return ServiceError("PolicyNotAttachable", message, 400)
