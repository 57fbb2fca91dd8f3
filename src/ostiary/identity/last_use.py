"""When keys, roles and permissions were used last, as frozen values.

`LastUse` and `ActionUse` are no entities: nothing is decided by them, so they have no
revision. An `AccessReport` is what was made of them for somebody who asked.
"""

from dataclasses import dataclass
from typing import Final

TRACKING: Final = 400 * 86_400
"""Seconds for which a use is remembered: AWS's own tracking period."""

REPORTS: Final = 7 * 86_400
"""Seconds for which an access report can be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastUse:
    """When one access key, role or password was used last, and for what."""

    subject: str
    """An access key id, a role's unique id, or what `password_of` gives."""
    used: int
    service: str
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionUse:
    """When a principal last tried to do one thing."""

    principal: str
    """Unique id of the user or role; the account id for root."""
    action: str
    """With the service's prefix, as policies write it."""
    account: str
    used: int
    region: str

    @property
    def service(self) -> str:
        """The service's prefix."""
        return self.action.partition(":")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessReport:
    """What was known of an entity's use of services when somebody asked."""

    id: str
    account: str
    asker: str
    """Unique id of the user or role that asked; the account id for root."""
    created: int
    kind: str
    """`SERVICE_LEVEL`, `ACTION_LEVEL` or `ORGANIZATION`."""
    content: str
    """JSON; its maker reads it again."""

    @property
    def key(self) -> str:
        """The job id."""
        return self.id


def password_of(user: str) -> str:
    """The subject that stands for a user's password.

    Args:
        user: the user's unique id, or the account id for root.
    """
    return f"password/{user}"
