"""`GetCallerIdentity` over HTTP: ours beside moto server and a trivial ASGI app.

Ours verifies the signature of an MFA session, opens its token, decides, and writes
an audit record. Moto answers without doing any of this.
"""

import configparser
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from bench import load
from ostiary.identity import totp

SECONDS = 4.0
ROUNDS = 3
STARTS = 5
HOST = "127.0.0.1"
_WHO_AM_I = b"Action=GetCallerIdentity&Version=2011-06-15"
_UNSIGNED = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
_TRIVIAL = """
async def app(scope, receive, send):
    await receive()
    await send({"type": "http.response.start", "status": 200,
                "headers": [(b"content-type", b"text/xml"), (b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})
"""
_RUN_TRIVIAL = """
import sys, uvicorn
sys.path.insert(0, {folder!r})
uvicorn.run("trivial:app", host="127.0.0.1", port={port}, http="httptools",
            loop="uvloop", ws="none", lifespan="off", access_log=False,
            log_level="warning", server_header=False)
"""


@dataclass
class Running:
    """A server under load."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    request: bytes
    command: list[str]
    environment: dict[str, str] | None

    def cpu(self) -> float:
        """CPU seconds used so far, of the process itself."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")")[1]
        user, system = fields.split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def memory_mib(self) -> float:
        """Resident memory now."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
        return 0.0


def run() -> dict[str, object]:
    """The figures; ratios are medians of rounds that interleave the servers."""
    with tempfile.TemporaryDirectory() as folder, _all(Path(folder)) as servers:
        idle = servers[0].memory_mib()
        rates: dict[str, list[float]] = {one.name: [] for one in servers}
        cpus: dict[str, list[float]] = {one.name: [] for one in servers}
        for _ in range(ROUNDS):
            for one in servers:
                before = one.cpu()
                rate, bad = load.run((HOST, one.port), [one.request], SECONDS)
                if bad:
                    raise AssertionError(f"{one.name}: {bad} answers were not 200")
                rates[one.name].append(rate)
                cpus[one.name].append((one.cpu() - before) / (rate * SECONDS) * 1e6)
        middle = {name: sorted(values)[ROUNDS // 2] for name, values in rates.items()}
        return {
            "rate_per_second": {name: round(rate) for name, rate in middle.items()},
            "cpu_us_per_request": {
                name: round(sorted(values)[ROUNDS // 2], 1)
                for name, values in cpus.items()
            },
            "ours_to_moto": round(middle["ostiary"] / middle["moto"], 2),
            "ours_to_trivial_asgi": round(middle["ostiary"] / middle["trivial"], 3),
            "start_to_first_answer_seconds": {
                name: round(seconds, 3) for name, seconds in _starts(servers).items()
            },
            "idle_memory_mib": round(idle, 1),
        }


@contextmanager
def _all(folder: Path) -> Iterator[list[Running]]:
    processes: list[subprocess.Popen[bytes]] = []
    try:
        servers = []
        for start in (_start_ostiary, _start_moto, _start_trivial):
            one = start(folder)
            processes.append(one.process)
            servers.append(one)
        # The very same bytes as ours gets: reading a head is the server's work.
        servers[2].request = servers[0].request
        yield servers
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(20)


def _start_ostiary(folder: Path) -> Running:
    """Ours, on a home that exists already."""
    home, port = folder / "home", free_port()
    binary = str(Path(sys.executable).with_name("ostiary"))
    command = [binary, "serve", f"--port={port}", f"--console-port={free_port()}"]
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "OSTIARY_"))
    } | {"OSTIARY_HOME": str(home)}
    first, _ = spawn(command, port, _UNSIGNED, environment)
    profiles = configparser.RawConfigParser(default_section="")
    profiles.read(home / "credentials")
    key = profiles["default"]
    root = Credentials(key["aws_access_key_id"], key["aws_secret_access_key"])
    session = _mfa_session(f"http://{HOST}:{port}", root)
    stop(first)
    request = _signed(port, session)
    process, _ = spawn(command, port, request, environment)
    return Running("ostiary", port, process, request, command, environment)


def _mfa_session(url: str, root: Credentials) -> Credentials:
    """MFA session credentials of a user who may do little."""
    keys = {
        "region_name": "us-east-1",
        "endpoint_url": url,
        "aws_access_key_id": root.access_key,
        "aws_secret_access_key": root.secret_key,
    }
    iam = boto3.client("iam", **keys)
    iam.create_user(UserName="bench")
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName="bench")
    device = made["VirtualMFADevice"]
    seed = totp.decode_seed(device["Base32StringSeed"].decode())
    step = totp.step_at(time.time())
    iam.enable_mfa_device(
        UserName="bench",
        SerialNumber=device["SerialNumber"],
        AuthenticationCode1=totp.token_code(seed, step - 1),
        AuthenticationCode2=totp.token_code(seed, step),
    )
    key = iam.create_access_key(UserName="bench")["AccessKey"]
    keys["aws_access_key_id"] = key["AccessKeyId"]
    keys["aws_secret_access_key"] = key["SecretAccessKey"]
    sts = boto3.client("sts", **keys)
    given = sts.get_session_token(
        SerialNumber=device["SerialNumber"],
        TokenCode=totp.token_code(seed, step + 1),
    )["Credentials"]
    return Credentials(
        given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]
    )


def _start_moto(_folder: Path) -> Running:
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", HOST, "-p", str(port)]
    request = _signed(port, Credentials("AKIAIOSFODNN7EXAMPLE", "x"))
    environment = dict(os.environ)
    process, _ = spawn(command, port, request, environment)
    return Running("moto", port, process, request, command, environment)


def _start_trivial(folder: Path) -> Running:
    port = free_port()
    (folder / "trivial.py").write_text(_TRIVIAL)
    code = _RUN_TRIVIAL.format(folder=str(folder), port=port)
    request = _signed(port, Credentials("AKIAIOSFODNN7EXAMPLE", "x"))
    command = [sys.executable, "-c", code]
    process, _ = spawn(command, port, request, None)
    return Running("trivial", port, process, request, command, None)


def _signed(port: int, credentials: Credentials) -> bytes:
    return signed(port, credentials, "sts", _WHO_AM_I)


def signed(port: int, credentials: Credentials, service: str, body: bytes) -> bytes:
    """A raw signed request, as boto3 would send it."""
    url = f"http://{HOST}:{port}/"
    request = AWSRequest(
        "POST",
        url,
        data=body,
        headers={
            "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
            "User-Agent": "Boto3/bench",
        },
    )
    SigV4Auth(credentials, service, "us-east-1").add_auth(request)
    prepared = request.prepare()
    lines = [f"POST / HTTP/1.1\r\nHost: {HOST}:{port}\r\n"]
    for name, value in prepared.headers.items():
        text = value.decode() if isinstance(value, bytes) else value
        lines.append(f"{name}: {text}\r\n")
    return ("".join(lines) + "\r\n").encode() + bytes(prepared.body)


def _starts(servers: list[Running]) -> dict[str, float]:
    """Median seconds from exec to the first answer; the servers take turns."""
    times: dict[str, list[float]] = {one.name: [] for one in servers}
    for one in servers:
        stop(one.process)
    for _ in range(STARTS):
        for one in servers:
            process, seconds = spawn(
                one.command, one.port, one.request, one.environment
            )
            times[one.name].append(seconds)
            stop(process)
    return {name: sorted(each)[STARTS // 2] for name, each in times.items()}


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a server, and wait until it has."""
    process.terminate()
    process.wait(20)


def spawn(
    command: list[str],
    port: int,
    request: bytes,
    environment: dict[str, str] | None,
) -> tuple[subprocess.Popen[bytes], float]:
    """The process, and the seconds until it answered the request."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while True:
        try:
            with socket.create_connection((HOST, port), timeout=5) as probe:
                probe.sendall(request)
                if not probe.recv(65536):
                    raise ConnectionError
                return process, time.perf_counter() - start
        except OSError:
            if process.poll() is not None:
                raise AssertionError(f"{command[:3]} ended while starting") from None
            time.sleep(0.002)


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
