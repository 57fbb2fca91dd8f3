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
from dataclasses import dataclass
from pathlib import Path

OSTIARY = Path(sys.executable).with_name("ostiary")


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


@dataclass
class Server:
    """`ostiary serve` on free ports."""

    home: Path
    port: int
    console_port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """The one endpoint URL."""
        return f"http://127.0.0.1:{self.port}"

    def health(self) -> dict[str, object]:
        """What the health page says."""
        page = f"http://127.0.0.1:{self.console_port}/_ostiary/health"
        with urllib.request.urlopen(page, timeout=5) as answer:  # noqa: S310 - our own
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
        return subprocess.run(
            [str(OSTIARY), *arguments],
            env=clean_environment(OSTIARY_HOME=str(self.home)),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> int:
        """SIGTERM; the exit status."""
        self.process.terminate()
        return self.process.wait(30)


def start(home: Path, **environment: str) -> Server:
    """A server that answers its health page."""
    port, console_port = free_port(), free_port()
    log = (home.parent / f"{home.name}.log").open("ab")
    process = subprocess.Popen(
        [
            str(OSTIARY),
            "serve",
            "--port",
            str(port),
            "--console-port",
            str(console_port),
        ],
        env=clean_environment(OSTIARY_HOME=str(home), **environment),
        stdout=log,
        stderr=log,
        stdin=subprocess.DEVNULL,
    )
    log.close()
    server = Server(home, port, console_port, process)
    deadline = time.monotonic() + 30
    while True:
        try:
            server.health()
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                told = (home.parent / f"{home.name}.log").read_text()
                process.kill()
                raise AssertionError(f"the server did not start:\n{told}") from None
            time.sleep(0.05)
        else:
            return server
