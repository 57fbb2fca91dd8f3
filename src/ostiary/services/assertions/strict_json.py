"""Objects in a stranger's JSON, read once and strictly (T77, T78)."""

import json
import math

from ostiary.policy.loader import LoadError, Number, load


class NotStrict(Exception):  # noqa: N818 - it says what the text is
    """The text is not one JSON object, or two readers could read it differently."""


def load_object(body: bytes) -> dict[str, object]:
    """The object that is the text, its numbers as `int` or `float`.

    Raises:
        NotStrict: as the class says.
    """
    try:
        text = body.decode()
        value = _plain(load(text))
        # Half a surrogate pair can be escaped, and then neither stored nor sent on.
        json.dumps(value, ensure_ascii=False).encode()
    except (LoadError, UnicodeError, ValueError) as error:
        raise NotStrict(str(error)) from None
    if not isinstance(value, dict):
        raise NotStrict("not an object")
    return value


def _plain(value: object) -> object:
    match value:
        case dict():
            return {key: _plain(one) for key, one in value.items()}
        case list():
            return [_plain(one) for one in value]
        case Number(text):
            number = int(text) if text.lstrip("-").isdigit() else float(text)
            if not math.isfinite(number):
                raise NotStrict("a number that is too large")
            return number
        case _:
            return value
