"""The stage: a fresh server, accounts, and the clients that people use."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from configparser import RawConfigParser
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from ostiary.demo.people import Account, Credentials
from ostiary.demo.report import ALLOWED, Report, Step
from ostiary.gate import audit

REGION = "us-east-1"
FIRST_ACCOUNT = "111122223333"
_START_SECONDS = 60
_SUDDEN = signal.SIGKILL


class StageError(Exception):
    """The server did not start; the message holds what it printed."""


class Stage:
    """A server of our own in a home of its own, and a report of what happens."""

    def __init__(self, home: Path, report: Report) -> None:
        self.home = home
        self.report = report
        self.ports = (_free_port(), _free_port())
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The one endpoint URL."""
        return f"http://127.0.0.1:{self.ports[0]}"

    def start(self) -> None:
        """Start the server and wait until it answers; raises StageError."""
        log = self.home.parent / "server.log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own command line
                [
                    *_OSTIARY,
                    "serve",
                    f"--port={self.ports[0]}",
                    f"--console-port={self.ports[1]}",
                ],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        deadline = time.monotonic() + _START_SECONDS
        while not self._is_healthy():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise StageError(f"the server did not start:\n{log.read_text()}")
            time.sleep(0.05)

    def stop(self, *, sudden: bool = False) -> None:
        """Stop the server; `sudden` is as a power cut would."""
        if self._process is None:
            return
        if sudden:
            self._process.send_signal(_SUDDEN)
        else:
            self._process.terminate()
        self._process.wait(30)
        self._process = None

    def client(self, service: str, credentials: Credentials | None) -> Any:
        """An unmodified boto3 client; anonymous without credentials."""
        settings: dict[str, Any] = {"retries": {"total_max_attempts": 1}}
        keys: dict[str, str | None] = {}
        if credentials is None:
            from botocore import UNSIGNED  # noqa: PLC0415 - one step needs it

            settings["signature_version"] = UNSIGNED
        else:
            keys = {
                "aws_access_key_id": credentials.key_id,
                "aws_secret_access_key": credentials.secret,
                "aws_session_token": credentials.token,
            }
        return boto3.session.Session().client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            config=Config(s3={"addressing_style": "path"}, **settings),
            **keys,
        )

    def account(self, name: str) -> Account:
        """A new account with its root key."""
        done = subprocess.run(  # noqa: S603 - our own command line
            [*_OSTIARY, "account", "create", name, "--json"],
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise StageError(done.stderr)
        account = Account(self, json.loads(done.stdout)["account_id"], name)
        # Another process made it; the server knows within a tenth of a second.
        for _ in range(100):
            with contextlib.suppress(ClientError):
                account.root("sts").get_caller_identity()
                break
            time.sleep(0.02)
        return account

    def profile(self, name: str) -> Credentials:
        """A root key from the credentials file."""
        profiles = RawConfigParser(default_section="")
        profiles.read(self.home / "credentials")
        keys = profiles[name]
        return Credentials(
            keys["aws_access_key_id"], keys["aws_secret_access_key"], None
        )

    def expect(
        self, rule: str, who: str, what: str, expected: str, call: Callable[[], Any]
    ) -> Any:
        """Do one step and report it; the call's result when it was allowed."""
        result = None
        try:
            result = call()
            got, request_id = ALLOWED, _request_id(result)
        except ClientError as error:
            answer = error.response
            status = answer["ResponseMetadata"]["HTTPStatusCode"]
            got = f"{status} {answer['Error']['Code']}"
            request_id = _request_id(answer)
        self.report.add(
            Step(
                rule=rule,
                who=who,
                what=what,
                expected=expected,
                got=got,
                why=self._why(request_id),
                request_id=request_id,
            )
        )
        return result

    def _why(self, request_id: str) -> str:
        record = audit.find(self.home / "audit", request_id)
        if record is None:
            return ""
        return str(record.get("why") or "")

    def _is_healthy(self) -> bool:
        page = f"http://127.0.0.1:{self.ports[1]}/_ostiary/health"
        try:
            with urllib.request.urlopen(page, timeout=2):
                return True
        except (urllib.error.URLError, OSError):
            return False

    def _environment(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "OSTIARY_"))
        }
        return {**kept, "OSTIARY_HOME": str(self.home)}


_OSTIARY = (sys.executable, "-m", "ostiary.cli")


@contextlib.contextmanager
def fresh_stage(report: Report) -> Iterator[Stage]:
    """A stage with a running server, gone without a trace afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="ostiary-demo-"))
    stage = Stage(folder / "home", report)
    try:
        stage.start()
        yield stage
    finally:
        stage.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _request_id(answer: Any) -> str:
    """The request id of an answer, S3's included."""
    meta = answer.get("ResponseMetadata", {}) if isinstance(answer, dict) else {}
    return str(meta.get("RequestId", ""))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
