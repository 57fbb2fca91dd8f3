"""The usual ways to say `ostiary serve`, read without the command line's framework.

Loading that takes longer than reading these few options. Whatever this module does
not know goes the long way and means the same there; a test holds the two in step.
"""

import re
from pathlib import Path
from typing import TypedDict, cast

_NUMBER = re.compile(r"[0-9]{1,5}", re.ASCII)
_PLAIN = re.compile(r"[^-].*", re.ASCII | re.DOTALL)


class Options(TypedDict):
    """What `serving.serve` takes."""

    host: str
    port: int
    console_port: int
    home: Path | None
    workers: int


DEFAULTS: Options = {
    "host": "127.0.0.1",
    "port": 4566,
    "console_port": 4580,
    "home": None,
    "workers": 1,
}


def read_serve(arguments: list[str]) -> Options | None:
    """The options of `serve`; None for anything but that command, said plainly."""
    if arguments[:1] != ["serve"]:
        return None
    options: dict[str, object] = {**DEFAULTS}
    rest = iter(arguments[1:])
    for argument in rest:
        name, equals, value = argument.partition("=")
        if not equals:
            value = next(rest, "")
        key = name.removeprefix("--").replace("-", "_")
        if name != f"--{key.replace('_', '-')}" or key not in options:
            return None
        read = _read(key, value)
        if read is None:
            return None
        options[key] = read
    return cast("Options", options)


def _read(key: str, value: str) -> object:
    """The value of an option, or None if it needs a closer look."""
    if not _PLAIN.fullmatch(value):
        return None
    if key == "home":
        return Path(value)
    if key == "host":
        return value
    if not _NUMBER.fullmatch(value) or (key == "workers" and int(value) < 1):
        return None
    return int(value)
