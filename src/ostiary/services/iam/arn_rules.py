"""ARNs of a form that the parameter cannot have (facts 10.8).

It is asked before anything is decided: what is no ARN of the sort names no resource
that a policy could be about, and the caller should hear that rather than a refusal.
"""

import re
from collections.abc import Mapping
from typing import Final

from ostiary.services.errors import invalid_input, no_such_entity, validation_error

_IAM: Final = r"arn:aws:iam::(?:[0-9]{12}|aws):"
_NAMED: Final = re.compile(rf"{_IAM}(?:user|group|role|policy)/[!-~]+", re.ASCII)
_VALIDATED: Final = {
    "PolicyArn": re.compile(rf"{_IAM}policy/[!-~]+", re.ASCII),
    "OpenIDConnectProviderArn": re.compile(rf"{_IAM}oidc-provider/[!-~]+", re.ASCII),
    "SAMLProviderArn": re.compile(rf"{_IAM}saml-provider/[!-~]+", re.ASCII),
}
"""Parameters whose wrong form is ValidationError, and their form."""
_REQUEST: Final = re.compile(
    r"arn:aws:iam::[0-9]{12}:delegation-request/[\w-]{16,128}", re.ASCII
)
_OWNER: Final = re.compile(r"arn:aws:(?:iam|sts)::[0-9]{12}:[!-~]+", re.ASCII)
_INVALID: Final = "ARN {} is not valid."
_READ: Final = {
    "Arn": (_NAMED, _INVALID),
    "EntityArn": (_REQUEST, _INVALID),
    "OwnerId": (_OWNER, _INVALID),
    "PolicySourceArn": (
        _NAMED,
        "Invalid Entity Arn: {} does not clearly define entity type and name.",
    ),
}
"""Parameters whose wrong form is InvalidInput, their form, and what they are told."""
_DEVICE: Final = re.compile(r"arn:aws:iam::[0-9]{12}:[!-~]+|(?!arn:).*", re.ASCII)


def check_arns(params: Mapping[str, object]) -> None:
    """Nothing, when each ARN can be what its parameter names.

    Raises:
        ServiceError: ValidationError, InvalidInput; NoSuchEntity for an MFA device.
    """
    for name, form in _VALIDATED.items():
        if name in params and form.fullmatch(str(params[name])) is None:
            raise validation_error(_INVALID.format(params[name]))
    for name, (form, message) in _READ.items():
        if name in params and form.fullmatch(str(params[name])) is None:
            raise invalid_input(message.format(params[name]))
    serial = params.get("SerialNumber", "")
    if _DEVICE.fullmatch(str(serial)) is None:
        raise no_such_entity(f"MFA Device with serial number {serial} does not exist.")
