"""`ostiary mfa …`."""

import json

from ostiary.cli.opening import stop
from ostiary.identity import totp
from ostiary.server.system import now


def code(seed: str, *, as_json: bool) -> None:
    """Print the token code that a device with this seed shows now."""
    try:
        secret = totp.decode_seed(seed)
    except ValueError as error:
        raise stop(str(error), 2) from None
    time = now()
    step = totp.step_at(time)
    shown = totp.token_code(secret, step)
    if as_json:
        left = (step + 1) * totp.STEP - int(time)
        print(json.dumps({"token_code": shown, "seconds_left": left}))
        return
    print(shown)
