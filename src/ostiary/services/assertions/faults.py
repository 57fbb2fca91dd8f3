"""What STS says of an assertion that proves nothing (facts 7.6)."""

from ostiary.services.errors import ServiceError


def invalid_token(message: str) -> ServiceError:
    """400: the assertion cannot be read, or nobody vouches for it."""
    return ServiceError("InvalidIdentityToken", message, 400)


def expired(message: str) -> ServiceError:
    """400: it was good once; a new one would do."""
    return ServiceError("ExpiredTokenException", message, 400)


def rejected(message: str) -> ServiceError:
    """403: the provider said no, or said something that cannot be meant."""
    return ServiceError("IDPRejectedClaim", message, 403)


def unreachable() -> ServiceError:
    """400: the provider's keys cannot be had now; clients try again."""
    return ServiceError(
        "IDPCommunicationError",
        "The identity provider could not be reached to verify the incoming identity "
        "token",
        400,
    )


def no_keys() -> ServiceError:
    """400: what the provider publishes has no key that could have signed."""
    return invalid_token(
        "Couldn't retrieve verification key from your identity provider,  please "
        "reference AssumeRoleWithWebIdentity documentation for requirements"
    )
