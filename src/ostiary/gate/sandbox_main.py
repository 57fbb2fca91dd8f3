"""The sandbox's own program: moto behind a loopback port, for its parent only.

The parent writes one line to standard input, the key that each request must carry,
and reads one line from standard output, the port. The program ends when its
standard input does, so it never outlives the parent, however that dies.

Moto guesses service, region and account from several places in a request, some of
which a client writes. Here each is read from one place that only the door writes:
service and region from the credential scope, the account from its header. Moto's
own control pages and the instance metadata are not served at all.
"""

import hmac
import os
import sys
import threading
from collections.abc import Iterable
from typing import Any

KEY_HEADER = "x-ostiary-sandbox-key"
ACCOUNT_HEADER = "x-moto-account-id"
SCHEME_HEADER = "x-ostiary-scheme"
"""How the client came, for the addresses that answers contain."""

_SETTINGS = {
    # Buckets come in the path; the Host header is the client's.
    "S3_IGNORE_SUBDOMAIN_BUCKETNAME": "true",
    "MOTO_ALLOW_NONEXISTENT_REGION": "true",
    # No answer to other origins (T74).
    "MOTO_DISABLE_GLOBAL_CORS": "true",
    # Without a network, moto must not look for one.
    "MOTO_EVENTS_INVOKE_HTTP": "false",
    "AWS_ACCESS_KEY_ID": "sandbox",
    "AWS_SECRET_ACCESS_KEY": "sandbox",
    "AWS_EC2_METADATA_DISABLED": "true",
}
_CONTROL = frozenset({"moto_api", "instance_metadata", "iam", "sts"})
"""Applications of moto that are never reached: its controls, and what we are."""

Environ = dict[str, Any]
Answer = Iterable[bytes]


def main() -> None:
    """Serves until standard input ends."""
    for name in list(os.environ):
        if name.startswith(("MOTO_", "AWS_")):
            del os.environ[name]
    os.environ.update(_SETTINGS)
    key = sys.stdin.readline().strip()
    if not key:
        raise SystemExit("the sandbox is started by `ostiary serve` only")
    server = _make_server(key)
    sys.stdout.write(f"{server.port}\n")
    sys.stdout.flush()
    # Whatever moto prints from here on belongs to the log.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    server.serve_forever()


def _end_with_parent() -> None:
    while sys.stdin.read(4096):
        pass
    os._exit(0)


def _make_server(key: str) -> Any:
    """A threaded server on a free loopback port, already listening."""
    # Moto reads its settings when it is imported.
    from moto.core.responses import BaseResponse  # noqa: PLC0415 - see above
    from moto.moto_server import werkzeug_app  # noqa: PLC0415 - see above
    from moto.s3 import responses as s3  # noqa: PLC0415 - see above
    from werkzeug.serving import make_server  # noqa: PLC0415 - see above

    class Dispatcher(werkzeug_app.DomainDispatcherApplication):
        """Moto's choice of application, by the credential scope alone."""

        def get_application(self, environ: Environ) -> Any:
            host = self.infer_service_region_host(environ, environ["PATH_INFO"])
            with self.lock:
                name = self.get_backend_for_host(host)
                if name is None or name in _CONTROL:
                    return _not_here
                if name not in self.app_instances:
                    self.app_instances[name] = self.create_app(name)
                return self.app_instances[name]

    class Handler(werkzeug_app.MotoRequestHandler):
        """Moto's handler, without a line per request: the audit log has them."""

        def log_request(self, *_: object) -> None:
            pass

    for owner, name, ours in (
        (BaseResponse, "get_region_from_url", _region_of_scope),
        (s3, "parse_region_from_url", _no_region_in_url),
    ):
        getattr(owner, name)  # a moto that has moved it must not start
        setattr(owner, name, ours)
    app = _guarded(Dispatcher(_application(werkzeug_app.create_backend_app)), key)
    return make_server("127.0.0.1", 0, app, threaded=True, request_handler=Handler)


def _application(create: Any) -> Any:
    """Moto's application of a service, with paths taken as they came (T47)."""

    def create_exact(name: str) -> Any:
        app = create(name)
        app.url_map.merge_slashes = False
        return app

    return create_exact


def _guarded(app: Any, key: str) -> Any:
    """Lets through what carries the key and an account: the door's requests (T75)."""
    wanted = key.encode()
    key_place = _place(KEY_HEADER)

    def guard(environ: Environ, start_response: Any) -> Answer:
        given = environ.pop(key_place, "").encode("latin-1")
        if not hmac.compare_digest(given, wanted):
            start_response("403 Forbidden", [("content-length", "0")])
            return [b""]
        if not environ.get(_place(ACCOUNT_HEADER)):
            start_response("400 Bad Request", [("content-length", "0")])
            return [b""]
        environ["wsgi.url_scheme"] = environ.pop(_place(SCHEME_HEADER), "http")
        answer: Answer = app(environ, start_response)
        return answer

    return guard


def _place(header: str) -> str:
    return "HTTP_" + header.upper().replace("-", "_")


def _not_here(_: Environ, start_response: Any) -> Answer:
    start_response("501 Not Implemented", [("content-length", "0")])
    return [b""]


def _region_of_scope(_response: object, request: Any, _full_url: str) -> str:
    scope: str = request.headers["Authorization"].split(",")[0]
    return scope.split("/")[2]


def _no_region_in_url(_url: str, *, use_default_region: bool = True) -> str | None:
    return "us-east-1" if use_default_region else None


if __name__ == "__main__":
    main()
