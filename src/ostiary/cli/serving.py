"""`ostiary serve`."""

import asyncio
import logging
import sys
from dataclasses import replace
from pathlib import Path

from ostiary.cli.opening import opened, settings_of, stop
from ostiary.config import ConfigError
from ostiary.gate.audit import AuditTakenError
from ostiary.gate.upstreams import UpstreamError
from ostiary.server.listen import LOOPBACK, BindError, Listeners, bind
from ostiary.server.run import loop_factory
from ostiary.server.run import serve as run
from ostiary.server.system import keep_loaded


def serve(
    host: str, port: int, console_port: int, home: Path | None, workers: int
) -> None:
    """Serve in the foreground until SIGTERM or SIGINT."""
    logging.basicConfig(
        format="%(levelname)s %(message)s", level=logging.WARNING, stream=sys.stderr
    )
    logging.getLogger("ostiary").setLevel(logging.INFO)
    settings = settings_of(home)
    try:
        listeners = bind(host, port, console_port)
    except BindError as error:
        raise stop(str(error)) from None
    if not settings.url:
        settings = replace(settings, url=listeners.api_url)
    installation = opened(settings)

    def ready() -> None:
        _greet(listeners, installation.settings.credentials_file, host)
        keep_loaded()

    if workers == 1:
        serving = run(installation, listeners, ready)
    else:
        from ostiary.server.supervise import supervise  # noqa: PLC0415 - start-up counts

        serving = supervise(installation, listeners, workers, ready)
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(serving)
    except (ConfigError, UpstreamError) as error:
        raise stop(str(error), 2) from None
    except AuditTakenError as error:
        raise stop(str(error)) from None


def _greet(listeners: Listeners, credentials: Path, host: str) -> None:
    """Where to go and what holds: printed once, when everything is ready."""
    lines = [
        "Ostiary keeps the door. Enforcing: every signature, token code and policy.",
        f"  API      {listeners.api_url}",
        f"  console  {listeners.console_url}",
        f"  root     profile `default` in {credentials}",
        "",
        "Try it from another terminal:",
        f"  export AWS_SHARED_CREDENTIALS_FILE={credentials}",
        f"  export AWS_ENDPOINT_URL={listeners.api_url} AWS_DEFAULT_REGION=us-east-1",
        "  aws sts get-caller-identity",
    ]
    if host not in LOOPBACK:
        lines.insert(
            1,
            "WARNING: plain HTTP on an address that others can reach; put TLS before "
            "it.",
        )
    print("\n".join(lines), flush=True)
