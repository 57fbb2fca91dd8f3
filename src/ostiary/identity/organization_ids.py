"""New ids of an organization's things, as long as AWS Organizations makes them."""

from typing import Literal

from ostiary.identity.ids import Mint, long_id

IdKind = Literal["o", "p", "h", "car"]
"""Organization, policy, handshake, creation of an account."""

_SIZES = {"o": 10, "p": 10, "h": 32, "car": 32}


def new_id(mint: Mint, kind: IdKind) -> str:
    """A new id of its kind: five random bits a character, 50 at least."""
    return f"{kind}-{long_id(mint)[: _SIZES[kind]].lower()}"


def new_root_id(mint: Mint) -> str:
    """A new id of a root: 40 random bits."""
    return f"r-{long_id(mint)[:8].lower()}"


def new_unit_id(mint: Mint, root: str) -> str:
    """A new id of a unit, which names its root: 50 random bits."""
    return f"ou-{root.removeprefix('r-')}-{long_id(mint)[:10].lower()}"
