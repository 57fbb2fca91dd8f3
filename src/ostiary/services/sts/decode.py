"""DecodeAuthorizationMessage: why a request to EC2 was refused (facts 6.5)."""

from ostiary.identity.vault import InvalidMessage
from ostiary.services.errors import ServiceError
from ostiary.services.operation import Call, Result
from ostiary.store.snapshot import Snapshot


def decode_authorization_message(call: Call, _snapshot: Snapshot) -> Result:
    """The decision in a message that was given to somebody of the caller's account."""
    message = call.text("EncodedMessage")
    try:
        text = call.vault.unseal_message(message, account=call.caller.account)
    except InvalidMessage:
        raise ServiceError(
            "InvalidAuthorizationMessageException", "Message is not valid", 400
        ) from None
    return {"DecodedMessage": text}
