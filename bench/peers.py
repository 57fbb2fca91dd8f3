"""What every peer is given: the workload of `bench.engine`, said plainly.

A `Grant` is a statement without AWS's rules around it. Where both accounts have to
allow, the two sides are folded into one grant beforehand: no peer has such a rule, and
so each of them makes one evaluation of what are two for us.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bench.engine import PRESENT, Case, Tree


class CannotError(Exception):
    """A peer that cannot say what a row asks."""


class Peer(Protocol):
    """An engine to compare with.

    Attributes:
        name: with the version that was measured
        sample: how many principals of the last row it is given
    """

    name: str
    sample: int

    def prepare(self, case: Case) -> Callable[[], object]:
        """One decision, everything that can be done beforehand done."""

    def allowed(self, answer: object) -> bool:
        """What an answer says."""


@dataclass(frozen=True)
class Grant:
    """A statement: who may, or must not, do what on which resources."""

    allow: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    mfa: bool
    accounts: tuple[str, ...] = ()


def grants_of(case: Case) -> list[Grant]:
    """The grants of a case; the sides of two accounts are one already."""
    own = [_grant(tree) for policy in case.identity for tree in policy]
    theirs = list(map(_grant, case.on_resource or ()))
    if not case.crosses_accounts:
        return own + theirs
    return [_both(one, other) for one in own for other in theirs]


def has_mfa(case: Case) -> bool:
    """True when the request says that MFA was present."""
    return case.context.get(PRESENT) == "true"


def _grant(tree: Tree) -> Grant:
    principal = tree.get("Principal", {"AWS": ()})
    return Grant(
        allow=tree["Effect"] == "Allow",
        actions=_texts(tree["Action"]),
        resources=_texts(tree.get("Resource", "*")),
        mfa="Condition" in tree,
        accounts=_texts(principal["AWS"]),
    )


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    assert isinstance(value, list | tuple)
    return tuple(value)


def _both(one: Grant, other: Grant) -> Grant:
    assert one.allow
    assert other.allow
    narrower = [side for side in (one, other) if side.resources != ("*",)]
    return Grant(
        allow=True,
        actions=tuple(action for action in one.actions if action in other.actions),
        resources=narrower[0].resources if narrower else ("*",),
        mfa=one.mfa or other.mfa,
        accounts=other.accounts,
    )


def load() -> tuple[list[Peer], dict[str, str]]:
    """The peers that are installed, and why the others are not there."""
    found: list[Peer] = []
    absent: dict[str, str] = {}
    for name in ("cedar", "casbin", "moto", "rego"):
        try:
            module = importlib.import_module(f"bench.peers_{name}")
        except ImportError as error:
            absent[name] = str(error)
            continue
        found += [make() for make in module.PEERS]
    return found, absent
