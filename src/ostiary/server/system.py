"""The clock, the randomness and the memory of the machine."""

import gc
import os
import time

_RSA_BITS = 2048


class SystemMint:
    """Randomness from the operating system.

    Small amounts come from a pool, since a system call costs more than most of what
    is made of it. The pool is never shared between processes: see `forget`.
    """

    _POOL = 4096

    def __init__(self) -> None:
        self._pool = b""
        self._used = 0
        os.register_at_fork(after_in_child=self.forget)

    def random(self, size: int) -> bytes:
        """`size` bytes that nobody can predict."""
        if size > 64:  # noqa: PLR2004 - keys and seeds are larger, and rarer
            return os.urandom(size)
        start = self._used
        if start + size > len(self._pool):
            self._pool = os.urandom(self._POOL)
            start = 0
        self._used = start + size
        return self._pool[start : start + size]

    def private_key(self, algorithm: str) -> bytes:
        """A new private key for `RS256` or `ES384`, in PKCS #8, DER.

        OpenSSL makes it, with randomness of its own.
        """
        from cryptography.hazmat.primitives.asymmetric import ec, rsa  # noqa: PLC0415 - rare
        from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
            Encoding,
            NoEncryption,
            PrivateFormat,
        )

        key = (
            rsa.generate_private_key(65_537, _RSA_BITS)
            if algorithm == "RS256"
            else ec.generate_private_key(ec.SECP384R1())
        )
        return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())

    def forget(self) -> None:
        """Throw the pool away, so that a forked child never repeats its parent."""
        self._pool = b""
        self._used = 0


def now() -> float:
    """Seconds since the epoch, UTC."""
    return time.time()


def keep_loaded() -> None:
    """What was loaded stays: the collector need not look at it again.

    It may have been off until now, since nothing that is loaded is garbage.
    """
    gc.freeze()
    gc.enable()
