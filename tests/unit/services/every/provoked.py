"""A call that is refused, and how it differs from the operation's own call."""

import re
from base64 import b64encode
from dataclasses import dataclass
from hashlib import shake_256
from typing import Any

from tests.unit.services.every.stage import Params, Step, allowing

Place = tuple[str, str]
"""Operation and error code."""


@dataclass(frozen=True)
class Provoked:
    """A call that is refused: the operation's own, with other steps and parameters."""

    more: tuple[Step, ...] = ()
    """Steps after those of the operation's own call."""
    params: Params | None = None
    """Parameters in place of its own."""
    instead: bool = False
    """Whether the steps take the place of its own."""
    by_user: bool = False
    """Whether a user calls who may do everything in IAM, and not root."""


def other(*more: Step, **params: Any) -> Provoked:
    """The call with further steps before it, and with other parameters."""
    return Provoked(more, params)


def anew(*steps: Step, **params: Any) -> Provoked:
    """The call after these steps only."""
    return Provoked(steps, params, instead=True)


_NAMES = re.sub(
    "[^A-Za-z]", "", b64encode(shake_256(b"no packing helps").digest(9000)).decode()
)
UNPACKABLE = allowing(*(f"s3:{_NAMES[at : at + 100]}" for at in range(0, 1700, 100)))
"""A policy that no packing makes short enough."""
