"""Moto, made to read a request in one way only: the way that was decided on.

Moto is lenient where it guesses. It takes the region from the User-Agent, an action
from the text of a JSON body, and query parameters of S3 from a form; so a message
could delete its queue. Each guess is replaced here, and a moto in which one of these
places has moved does not start.

Nor does it reach out: it makes no connection and starts no program.
"""

import hmac
import sys
from collections.abc import Callable, Iterable
from typing import Any

from moto.core import responses as core
from moto.moto_server import werkzeug_app
from moto.sns import models as sns
from werkzeug.serving import BaseWSGIServer, make_server

from ostiary.gate.sandbox import ACCOUNT_HEADER, KEY_HEADER, SCHEME_HEADER

_CONTROL = frozenset({"moto_api", "instance_metadata", "iam", "sts"})
"""Applications of moto that are never reached: its controls, and what we are."""
_OUTWARD = frozenset(
    {"socket.connect", "subprocess.Popen", "os.exec", "os.posix_spawn", "os.system"}
)

Environ = dict[str, Any]
Answer = Iterable[bytes]
Wsgi = Callable[[Environ, Any], Answer]


def listen(key: str) -> BaseWSGIServer:
    """A threaded server on a free loopback port, already listening."""
    _read_exactly()
    sys.addaudithook(_stay_inside)
    app = guarded(Dispatcher(_exact_application), key)
    return make_server("127.0.0.1", 0, app, threaded=True, request_handler=Handler)


class Dispatcher(werkzeug_app.DomainDispatcherApplication):
    """Moto's choice of application, by the credential scope alone."""

    def get_application(self, environ: Environ) -> Any:
        """The application of the scope's service."""
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
        """Nothing."""


class ObjectRequest(werkzeug_app.BackendRequest):
    """A request to S3: its body is bytes, whatever its content type says."""

    want_form_data_parsed = False


class NoDelivery:
    """Stands where moto posts notifications to addresses that clients name."""

    @staticmethod
    def post(*_: object, **__: object) -> None:
        """Delivers nothing."""


def guarded(app: Wsgi, key: str) -> Wsgi:
    """Lets through what carries the key and an account: the door's requests (T75)."""
    wanted = key.encode()

    def guard(environ: Environ, start_response: Any) -> Answer:
        given = environ.pop(_place(KEY_HEADER), "").encode("latin-1")
        if not hmac.compare_digest(given, wanted):
            start_response("403 Forbidden", [("content-length", "0")])
            return [b""]
        if not environ.get(_place(ACCOUNT_HEADER)):
            start_response("400 Bad Request", [("content-length", "0")])
            return [b""]
        environ["wsgi.url_scheme"] = environ.pop(_place(SCHEME_HEADER), "http")
        return app(environ, start_response)

    return guard


def _place(header: str) -> str:
    return "HTTP_" + header.upper().replace("-", "_")


def _not_here(_: Environ, start_response: Any) -> Answer:
    start_response("501 Not Implemented", [("content-length", "0")])
    return [b""]


def _exact_application(name: Any) -> Any:
    """Moto's application of a service, with bodies of objects as they came."""
    app = werkzeug_app.create_backend_app(name)
    if name == "s3":
        app.request_class = ObjectRequest
    return app


def _stay_inside(event: str, _: object) -> None:
    if event in _OUTWARD:
        raise PermissionError(f"the sandbox does nothing of the kind: {event}")


def _read_exactly() -> None:
    """Puts our way of reading in the place of moto's; raises if it has moved."""
    response = core.BaseResponse
    act = response._get_action  # noqa: SLF001 - moto has no public place for it

    def get_action(self: Any) -> str:
        named: str | None = self.headers.get("x-amz-target")
        return act(self) if named is None else named.rpartition(".")[2]

    _replace(response, "_get_action", get_action)
    _replace(response, "get_region_from_url", _region_of_scope)
    _replace(sns, "requests", NoDelivery)


def _replace(owner: Any, name: str, ours: Any) -> None:
    getattr(owner, name)
    setattr(owner, name, ours)


def _region_of_scope(_response: object, request: Any, _full_url: str) -> str:
    scope: str = request.headers["Authorization"].split(",")[0]
    return scope.split("/")[2]
