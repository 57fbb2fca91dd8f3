"""What anybody may read: the issuer of each account, and the public keys.

Whoever verifies a token that we issued fetches these documents, unsigned and without an
account here. They hold nothing that is not meant for everybody, are answered from
memory, and are not recorded; so they are not requests that the gate decides.
"""

import json
import re
from collections.abc import Awaitable, Callable
from typing import Final

from ostiary.identity.issuer import ALGORITHMS, KEPT_BY_OTHERS
from ostiary.services.outbound import DISCOVERY, JWKS, PREFIX, issuer_of
from ostiary.store.issuers import Issuers
from ostiary.wire.http import Request, Response

Handle = Callable[[Request, float], Awaitable[Response]]

_DOCUMENT: Final = re.compile(
    rf"{re.escape(PREFIX)}([0-9]{{12}})({re.escape(DISCOVERY)}|{re.escape(JWKS)})",
    re.ASCII,
)


class Published:
    """The documents of all accounts.

    Args:
        issuers: what accounts have switched on, and the signing keys.
        url: where others reach the API.
        hosts: names under which `bucket.HOST` is a bucket.
    """

    def __init__(self, issuers: Issuers, url: str, hosts: tuple[str, ...]) -> None:
        self._issuers = issuers
        self._url = url
        self._bucket_hosts = tuple(f".{host}" for host in hosts)

    def before(self, handle: Handle) -> Handle:
        """What answers requests for documents itself, and hands on all others."""

        def either(request: Request, now: float) -> Awaitable[Response]:
            if request.path.startswith(PREFIX) and self._is_ours(request):
                return self._answer(request.path)
            return handle(request, now)

        return either

    def _is_ours(self, request: Request) -> bool:
        """Whether nothing but a document can be meant, least of all an object."""
        host = request.index.get("host", "").rpartition(":")[0]
        host = host or request.index.get("host", "")
        return (
            request.method == "GET"
            and not request.query
            and "authorization" not in request.index
            and not host.lower().endswith(self._bucket_hosts)
        )

    async def _answer(self, path: str) -> Response:
        """The document; 404 for one that is not there, whatever the reason."""
        found = _DOCUMENT.fullmatch(path)
        if found is None or found[1] not in self._issuers.federations:
            return Response(status=404, headers=(), body=b"")
        document = self._jwks() if found[2] == JWKS else self._discovery(found[1])
        headers = (
            ("content-type", "application/json"),
            ("cache-control", f"public, max-age={KEPT_BY_OTHERS}"),
        )
        return Response(status=200, headers=headers, body=json.dumps(document).encode())

    def _discovery(self, account: str) -> dict[str, object]:
        """The issuer's metadata (OpenID Connect Discovery 1.0, 3)."""
        issuer = issuer_of(self._url, account)
        return {
            "issuer": issuer,
            "jwks_uri": f"{issuer}{JWKS}",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": list(ALGORITHMS),
            "claims_supported": ["iss", "sub", "aud", "exp", "iat", "jti"],
        }

    def _jwks(self) -> dict[str, object]:
        """All public keys, those that do not sign yet or any more too (RFC 7517)."""
        keys = self._issuers.signing_keys.values()
        held = sorted(keys, key=lambda key: (key.created, key.id))
        return {"keys": [json.loads(key.public) for key in held]}
