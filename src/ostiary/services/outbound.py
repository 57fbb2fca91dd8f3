"""The issuer of identity tokens: its names, its keys, and the signing itself.

One library does JOSE, and only here; it is imported when the first key or token is
made.
"""

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from ostiary.identity.ids import Mint
from ostiary.identity.issuer import ALGORITHMS, TokenSigningKey, due, ended
from ostiary.identity.vault import Vault
from ostiary.store.port import Change, Reader

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey

PREFIX: Final = "/_ostiary/oidc/"
DISCOVERY: Final = "/.well-known/openid-configuration"
JWKS: Final = "/.well-known/jwks.json"

_PURPOSE: Final = "token-signing-key"
_ID_BYTES: Final = 16


def issuer_of(url: str, account: str) -> str:
    """The issuer URL of an account: the `iss` of its tokens."""
    return f"{url}{PREFIX}{account}"


def new_keys(
    algorithms: Iterable[str], mint: Mint, vault: Vault, now: int
) -> list[TokenSigningKey]:
    """A new signing key for each algorithm; slow, so never inside a change."""
    return [_new_key(algorithm, mint, vault, now) for algorithm in algorithms]


def lacking(view: Reader) -> list[str]:
    """The algorithms that have no key yet."""
    held = {key.algorithm for key in view.list_by(TokenSigningKey)}
    return [name for name in ALGORITHMS if name not in held]


def rotate(change: Change, fresh: Iterable[TokenSigningKey], now: float) -> int:
    """Keep fresh keys, and delete those whose last token has ended; how many."""
    for key in fresh:
        change.insert(key)
    gone = ended(change.list_by(TokenSigningKey), now)
    for key in gone:
        change.delete(key)
    return len(gone)


def is_due(keys: Iterable[TokenSigningKey], now: float) -> bool:
    """Whether a rotation would change anything."""
    held = tuple(keys)
    return bool(due(held, now) or ended(held, now))


def sign(claims: Mapping[str, object], key: TokenSigningKey, vault: Vault) -> str:
    """The claims as a JSON Web Token (RFC 7519)."""
    import jwt  # noqa: PLC0415 - on this path only

    headers = {"kid": key.id, "typ": "JWT"}
    return jwt.encode(dict(claims), _private(vault, key), key.algorithm, headers)


def _new_key(algorithm: str, mint: Mint, vault: Vault, now: int) -> TokenSigningKey:
    from jwt.algorithms import get_default_algorithms  # noqa: PLC0415 - rare

    key_id = mint.random(_ID_BYTES).hex()
    private = mint.private_key(algorithm)
    public = get_default_algorithms()[algorithm].to_jwk(
        _load(private).public_key(), as_dict=True
    )
    jwk = {**public, "kid": key_id, "use": "sig", "alg": algorithm}
    jwk.pop("key_ops", None)
    sealed = vault.seal(
        private,
        purpose=_PURPOSE,
        row=_row(key_id, algorithm, now),
        account="",
        mint=mint,
    )
    return TokenSigningKey(
        id=key_id,
        algorithm=algorithm,
        created=now,
        public=json.dumps(jwk, separators=(",", ":")),
        sealed=sealed,
    )


@lru_cache(maxsize=8)
def _private(vault: Vault, key: TokenSigningKey) -> "PrivateKey":
    """The private key, opened; kept, since loading one costs more than signing."""
    row = _row(key.id, key.algorithm, key.created)
    return _load(vault.unseal(key.sealed, purpose=_PURPOSE, row=row, account=""))


def _load(der: bytes) -> "PrivateKey":
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - rare
        load_der_private_key,
    )

    return load_der_private_key(der, None)  # type: ignore[return-value]  # RSA or EC


def _row(key_id: str, algorithm: str, created: int) -> str:
    """What a private key is bound to: what it is for and its age, beside its id."""
    return f"{key_id} {algorithm} {created}"
