"""Randomness and sample values for the tests of `identity`."""

import base64
import hashlib
import os

from ostiary.identity import ids
from ostiary.identity.ring import EMPTY
from ostiary.identity.sealing import MasterKey, new_master_key
from ostiary.identity.session import Session, SessionKind
from ostiary.identity.vault import InvalidToken, Vault

ACCOUNT = "123456789012"
NOW = 1_764_000_000


class Stream:
    """A mint whose bytes follow from its name: the same in every run."""

    def __init__(self, name: str = "stream") -> None:
        self._name = name
        self._count = 0

    def random(self, size: int) -> bytes:
        """The next `size` bytes."""
        self._count += 1
        return hashlib.shake_256(f"{self._name} {self._count}".encode()).digest(size)


class OperatingSystem:
    """The mint that `server` uses."""

    def random(self, size: int) -> bytes:
        """`size` bytes of the operating system."""
        return os.urandom(size)


def vault(name: str = "vault", *, master: MasterKey | None = None) -> Vault:
    """A vault with one sealing key."""
    mint = Stream(name)
    empty = Vault(master or new_master_key(mint), EMPTY)
    return empty.with_ring(empty.open_ring([empty.new_sealing_key(mint, NOW)]))


def session(label: str = "session", **changed: object) -> Session:
    """The session of a user with MFA, and whatever was changed of it."""
    mint = Stream(label)
    fields: dict[str, object] = {
        "access_key_id": ids.access_key_id(mint, ACCOUNT, "ASIA"),
        "kind": SessionKind.SESSION_TOKEN,
        "account": ACCOUNT,
        "principal": ids.unique_id(mint, "AIDA"),
        "name": "",
        "issued_at": NOW,
        "expires_at": NOW + 3600,
        "mfa_at": NOW,
        "issuer": ids.access_key_id(mint, ACCOUNT, "AKIA"),
        "source_identity": "",
        "tags": (),
        "transitive": (),
        "policy": None,
        "policy_arns": (),
    }
    return Session(**fields | changed)  # type: ignore[arg-type]  # a test changes one


def refused(keeper: Vault, token: str, access_key_id: str) -> bool:
    """Whether the token raises InvalidToken, and nothing else."""
    try:
        keeper.unseal_session(token, access_key_id)
    except InvalidToken:
        return True
    return False


def encoded(raw: bytes | bytearray) -> str:
    """Raw token bytes in their canonical spelling."""
    return base64.b64encode(raw).decode()
