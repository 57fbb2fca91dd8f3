"""A real server in a process of its own, as a user would start it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from configparser import RawConfigParser
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

OSTIARY = Path(sys.executable).with_name("ostiary")
_START_SECONDS = 60
_ATTEMPTS = 3


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def clean_environment(**more: str) -> dict[str, str]:
    """The environment without anything that AWS clients or Ostiary would read."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "OSTIARY_", "BOTO"))
    }
    return {**kept, "AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nonexistent", **more}


def ostiary(
    *arguments: str, home: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """`ostiary …`, perhaps on a home."""
    if home is not None:
        environment["OSTIARY_HOME"] = str(home)
    return subprocess.run(
        [str(OSTIARY), *arguments],
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


@dataclass
class Server:
    """`ostiary serve` on free ports."""

    home: Path
    port: int
    console_port: int
    process: subprocess.Popen[bytes] = field(init=False)

    @property
    def url(self) -> str:
        """The one endpoint URL."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What the server printed."""
        return self.home.parent / f"{self.home.name}-{self.port}.log"

    @property
    def audit_file(self) -> Path:
        """The audit records of the API."""
        return self.home / "audit" / "api.jsonl"

    def health(self) -> dict[str, object]:
        """What the health page says."""
        page = f"http://127.0.0.1:{self.console_port}/_ostiary/health"
        with urllib.request.urlopen(page, timeout=5) as answer:
            body: dict[str, object] = json.loads(answer.read())
            return body

    def credentials(self, profile: str) -> tuple[str, str]:
        """A root access key from the credentials file."""
        profiles = RawConfigParser(default_section="")
        profiles.read(self.home / "credentials")
        section = profiles[profile]
        return section["aws_access_key_id"], section["aws_secret_access_key"]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`ostiary …` on this home."""
        return ostiary(*arguments, home=self.home)

    def record(self, request_id: str) -> dict[str, Any]:
        """The one audit record of a request, whichever process wrote it."""
        needle = f'"requestID":"{request_id}"'
        files = sorted(self.audit_file.parent.glob("*.jsonl"))
        lines = [line for file in files for line in file.read_text().splitlines()]
        found = [json.loads(line) for line in lines if needle in line]
        assert len(found) == 1, (request_id, found)
        record: dict[str, Any] = found[0]
        return record

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> int:
        """SIGTERM; the exit status."""
        self.process.terminate()
        return self.process.wait(30)


def start(home: Path, *arguments: str, **environment: str) -> Server:
    """A server that answers its health page, on ports that nobody else took."""
    for _ in range(_ATTEMPTS):
        server = launch(home, (free_port(), free_port()), *arguments, **environment)
        told = await_health(server)
        if not told:
            return server
        if "cannot listen" not in told:
            break
    raise AssertionError(f"the server did not start:\n{told}")


def launch(
    home: Path, ports: tuple[int, int], *arguments: str, **environment: str
) -> Server:
    """A server that may not be ready yet."""
    port, console_port = ports
    server = Server(home, port, console_port)
    with server.log.open("wb") as log:
        server.process = subprocess.Popen(
            [
                str(OSTIARY),
                "serve",
                "--port",
                str(port),
                "--console-port",
                str(console_port),
                *arguments,
            ],
            env=clean_environment(OSTIARY_HOME=str(home), **environment),
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
        )
    return server


def await_health(server: Server) -> str:
    """Nothing once the server answers; what it printed when it gave up."""
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            server.health()
        except OSError:
            if server.process.poll() is not None or time.monotonic() > deadline:
                server.process.kill()
                return server.log.read_text() or "nothing was printed"
            time.sleep(0.05)
        else:
            return ""
