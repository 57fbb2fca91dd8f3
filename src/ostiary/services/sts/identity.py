"""Who is asking: GetCallerIdentity and GetAccessKeyInfo."""

from ostiary.identity.caller import Caller
from ostiary.identity.ids import account_of
from ostiary.services.errors import validation_error
from ostiary.services.operation import Call, Result
from ostiary.store.snapshot import Snapshot


def get_caller_identity(caller: Caller) -> Result:
    """The verified identity and nothing else (facts 7.7; T38)."""
    return {
        "UserId": caller.user_id,
        "Account": caller.account,
        "Arn": caller.arn,
    }


def get_access_key_info(call: Call, snapshot: Snapshot) -> Result:
    """The account of an access key, active or not, even another account's."""
    access_key_id = call.text("AccessKeyId")
    key = snapshot.access_keys.get(access_key_id)
    account = account_of(access_key_id) if key is None else key.account
    if account is None:
        raise validation_error(f"Access key {access_key_id} is not valid.")
    return {"Account": account}
