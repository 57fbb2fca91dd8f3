"""Console sessions' length, which is nothing that we keep."""

from ostiary.services.errors import invalid_input
from ostiary.services.operation import Call


def require_no_signin_limit(call: Call) -> None:
    """Nothing, when the call sets no limit; raises InvalidInput.

    A limit that is taken and not kept would be worse than none.
    """
    if "MaxSigninSessionDuration" in call.params:
        raise invalid_input("MaxSigninSessionDuration is not supported.")
