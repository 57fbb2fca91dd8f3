"""What an organization's management account may do as root of its members."""

from dataclasses import dataclass
from typing import Final

CREDENTIALS_MANAGEMENT: Final = "RootCredentialsManagement"
SESSIONS: Final = "RootSessions"


@dataclass(frozen=True, slots=True, kw_only=True)
class RootAccess:
    """The features of centralized root access that an organization has switched on."""

    organization: str
    credentials_management: bool
    """Whether members' root credentials can be looked at, deleted and restored."""
    sessions: bool
    """Whether privileged tasks can be done as root of a member."""

    @property
    def key(self) -> str:
        """The organization's id."""
        return self.organization

    @property
    def features(self) -> list[str]:
        """The features, as answers name them."""
        switches = {
            CREDENTIALS_MANAGEMENT: self.credentials_management,
            SESSIONS: self.sessions,
        }
        return [name for name, is_on in switches.items() if is_on]


@dataclass(frozen=True, slots=True, kw_only=True)
class RootLogin:
    """That an account's root user may get a password."""

    account: str
    created: int

    @property
    def key(self) -> str:
        """The account's twelve digits."""
        return self.account
