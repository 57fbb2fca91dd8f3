"""What was used since somebody looked: kept in memory, never written by a request.

As on AWS, a use is an attempt: a signed request that the gate understood counts,
whether the policies allowed it or not. Requests that nobody signed do not count.
"""

from typing import TYPE_CHECKING, Final

from ostiary.gate.trail import Trail
from ostiary.identity.caller import Caller
from ostiary.identity.last_use import ActionUse, LastUse, password_of
from ostiary.store.last_uses import Uses

if TYPE_CHECKING:
    from ostiary.gate.needs import Need

MOST: Final = 20_000
"""Uses that are kept; what comes then is forgotten until somebody has looked."""
_UNTRACKED: Final = "iam:PassRole"
"""AWS does not track it either: nobody calls it."""
_ROLE: Final = "AROA"

_Seen = tuple[Caller, str, str, float]
"""Who, with which service, in which region, when."""


class Seen:
    """The uses that one process has seen; touched by the event loop only."""

    def __init__(self) -> None:
        self.most = MOST
        self._seen: dict[tuple[str, str], _Seen] = {}
        self._logins: dict[str, LastUse] = {}

    def note(self, trail: Trail, needs: "tuple[Need, ...]") -> None:
        """The caller tries what the request needs."""
        caller = trail.caller
        session = caller.session
        by = caller.access_key_id if session is None else session.principal
        if not by:
            return
        seen, use = self._seen, (caller, trail.service.name, trail.region, trail.now)
        if len(seen) >= self.most:
            self._note_known(by, trail.operation, needs, use)
        elif needs:
            for need in needs:
                seen[by, need.action] = use
        else:
            seen[by, trail.operation] = use

    def _note_known(
        self, by: str, operation: str, needs: "tuple[Need, ...]", use: _Seen
    ) -> None:
        """As `note`, when there is no room for anything new."""
        for name in [need.action for need in needs] or [operation]:
            if (by, name) in self._seen:
                self._seen[by, name] = use

    def note_login(self, user: str, now: float) -> None:
        """Somebody has signed in with a password.

        Args:
            user: the user's unique id, or the account id for root.
            now: seconds since the epoch, UTC.
        """
        subject = password_of(user)
        self._logins[subject] = LastUse(
            subject=subject, used=int(now), service="signin", region=""
        )

    def take(self) -> Uses:
        """All that was seen, once."""
        seen, self._seen = self._seen, {}
        last, self._logins = self._logins, {}
        actions: dict[tuple[str, str], ActionUse] = {}
        for (by, name), (caller, service, region, now) in seen.items():
            used = int(now)
            if caller.session is None or by.startswith(_ROLE):
                old = last.get(by)
                if old is None or old.used <= used:
                    last[by] = LastUse(
                        subject=by, used=used, service=service, region=region
                    )
            action = name if ":" in name else f"{service}:{name}"
            use = ActionUse(
                principal=_principal(caller),
                action=action,
                account=caller.account,
                used=used,
                region=region,
            )
            known = actions.get((use.principal, action))
            if action != _UNTRACKED and (known is None or known.used <= used):
                actions[use.principal, action] = use
        return Uses(last=list(last.values()), actions=list(actions.values()))


def _principal(caller: Caller) -> str:
    """Whose use it is: a federated user's is the use of who federated it."""
    session = caller.session
    return caller.user_id if session is None else session.principal
