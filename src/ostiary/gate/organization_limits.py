"""What organizations add to a decision: two kinds of policies, and four keys.

Service control policies bind whoever is of a member account, its root user too; they
bind neither the management account nor service-linked roles (facts 6.1).
Resource control policies bind what a member account owns, whoever asks, in the
services that have them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ostiary.gate.needs import Need, Value
from ostiary.identity.caller import Caller
from ostiary.identity.organization import RCP_SERVICES
from ostiary.policy import Kind
from ostiary.store.limits import Levels, Limits

_LINKED: Final = "role/aws-service-role/"
_MOST_KEPT: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """What stands above one caller and one need."""

    keys: Mapping[str, Value]
    """The condition keys that both accounts have by their standing."""
    scps: Levels
    rcps: Levels
    sources: Mapping[Kind, tuple[str, ...]]
    """How each policy is called, level after level."""


FREE: Final = Bound(keys={}, scps=(), rcps=(), sources={})
"""Where there is no organization at all."""


class Bounds:
    """What binds callers, kept while the snapshot stands still.

    There are as many as there are pairs of accounts, so all are forgotten when
    they are too many.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._kept: dict[tuple[str, str, bool, bool], Bound] = {}
        limits.snapshot.listeners.append(self._kept.clear)

    def on(self, caller: Caller, need: Need) -> Bound:
        """What binds the caller in one need; raises InvalidPolicyError."""
        if not self.limits.are_any:
            return FREE
        is_linked = _is_linked(caller.principal.role_arn)
        is_protected = need.action.partition(":")[0] in RCP_SERVICES
        place = (caller.account, need.resource_account, is_linked, is_protected)
        found = self._kept.get(place)
        if found is None:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            found = self._kept[place] = self._bound(place)
        return found

    def _bound(self, place: tuple[str, str, bool, bool]) -> Bound:
        account, owner, is_linked, is_protected = place
        mine, theirs = self.limits.of(account), self.limits.of(owner)
        return Bound(
            keys={**mine.principal_keys, **theirs.resource_keys},
            scps=() if is_linked else mine.scps,
            rcps=theirs.rcps if is_protected and not is_linked else (),
            sources={
                Kind.SCP: mine.sources.get(Kind.SCP, ()),
                Kind.RCP: theirs.sources.get(Kind.RCP, ()),
            },
        )


def _is_linked(arn: str) -> bool:
    """Whether an ARN is a service-linked role's; a path may have colons of its own."""
    return arn.split(":", 5)[-1].startswith(_LINKED)
