"""The documents of an organization's policies on their way in.

A document is checked, never rewritten. A resource control policy says less than other
policies: it denies, to everybody, in the services that have such policies.
"""

from typing import Final

from ostiary.identity.organization import RCP, RCP_SERVICES
from ostiary.policy import Effect, Kind, PolicyError, parse
from ostiary.policy.document import Statement
from ostiary.policy.pattern import fold
from ostiary.services.errors import ServiceError
from ostiary.services.organizations.errors import conflict, violation

SIZE: Final = 5120
"""Characters of one policy, white space too."""


def require_document(text: str, policy_type: str) -> None:
    """Nothing, when the text may be a policy of the type.

    Raises:
        ServiceError: MalformedPolicyDocumentException, ConstraintViolationException.
    """
    if len(text) > SIZE:
        raise violation(
            "POLICY_CONTENT_LIMIT_EXCEEDED",
            f"Policy content exceeds the maximum size of {SIZE} characters.",
        )
    kind = Kind.RCP if policy_type == RCP else Kind.SCP
    try:
        document = parse(text, kind=kind, strict=True)
    except PolicyError:
        raise _malformed("The provided policy document is not valid.") from None
    if kind is Kind.RCP:
        for statement in document.statements:
            _require_guard(statement)


def _require_guard(statement: Statement) -> None:
    """Nothing, when a statement of a resource control policy is one."""
    if statement.effect is not Effect.DENY:
        raise _malformed("A resource control policy supports only the Deny effect.")
    principal = statement.principal
    everybody = principal is not None and all(
        value == "*" for _, value in principal.members
    )
    if principal is None or principal.negated or not everybody:
        raise _malformed('A resource control policy supports only the Principal "*".')
    if statement.not_action:
        raise _malformed("A resource control policy does not support NotAction.")
    for action in statement.actions:
        service, colon, _ = fold(action).partition(":")
        if not colon or service not in RCP_SERVICES:
            raise _malformed(
                f"A resource control policy does not support the action {action}."
            )


def _malformed(message: str) -> ServiceError:
    return conflict("MalformedPolicyDocumentException", message)
