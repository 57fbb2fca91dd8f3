"""The console port: health, for whoever waits for the server, and one page."""

import json
from collections.abc import Callable

from ostiary.server.asgi import Receive, Scope, Send

_PAGE = """<!doctype html><meta charset="utf-8"><title>Ostiary</title>
<h1>Ostiary keeps the door</h1>
<p>The API for every service is at <code>{api}</code>.</p>
<p>It enforces: every signature, every token code, every policy.</p>
"""
_HEADERS = [
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
]


class Console:
    """Plain ASGI for two paths.

    Args:
        api: the API's URL.
        revision: which revision decisions are by.
        is_ready: whether all that should answer does.
    """

    def __init__(
        self,
        api: str,
        revision: Callable[[], int],
        is_ready: Callable[[], bool] = lambda: True,
    ) -> None:
        self._api = api
        self._revision = revision
        self._is_ready = is_ready

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        status, kind, body = self._page(scope["path"])
        headers = [
            *_HEADERS,
            (b"content-type", kind),
            (b"content-length", str(len(body)).encode()),
        ]
        if scope["method"] not in {"GET", "HEAD"}:
            status, body = 405, b""
            headers = [*_HEADERS, (b"content-length", b"0")]
        await send(
            {"type": "http.response.start", "status": status, "headers": headers}
        )
        shown = b"" if scope["method"] == "HEAD" else body
        await send({"type": "http.response.body", "body": shown})

    def _page(self, path: str) -> tuple[int, bytes, bytes]:
        if path == "/_ostiary/health":
            is_ready = self._is_ready()
            health = {
                "status": "ok" if is_ready else "not ready",
                "enforcing": True,
                "revision": self._revision(),
            }
            status = 200 if is_ready else 503
            return status, b"application/json", json.dumps(health).encode()
        if path == "/":
            page = _PAGE.format(api=self._api)
            return 200, b"text/html; charset=utf-8", page.encode()
        return 404, b"text/plain", b"not found\n"
