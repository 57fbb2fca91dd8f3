"""Whether a credential of a user works, as a call sets it."""

from ostiary.identity.model import KeyStatus
from ostiary.services.errors import validation_error
from ostiary.services.operation import Call


def new_status(call: Call) -> str:
    """Active or Inactive; raises ValidationError for `Expired`, which nobody sets."""
    status = call.text("Status")
    if status not in (KeyStatus.ACTIVE, KeyStatus.INACTIVE):
        raise validation_error(
            "1 validation error detected: Value at 'status' failed to satisfy "
            "constraint: Member must satisfy enum value set: [Active, Inactive]"
        )
    return status
