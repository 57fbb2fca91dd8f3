"""What is ours of a request: from the call of the ASGI app to its last message.

`run()` gives the microseconds of CPU per signed GetCallerIdentity with an MFA
session, without a server or a socket around it, and how many Python calls it takes.
The least of many short rounds counts: it is the one that nothing else interrupted.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path

from bench.wire import BODY, HEADERS
from ostiary.config import read_settings
from ostiary.gate.audit import AuditLog
from ostiary.gate.forward import Forwarder
from ostiary.gate.upstreams import parse_upstreams
from ostiary.gate.work import Work
from ostiary.identity.ids import access_key_id
from ostiary.identity.model import User
from ostiary.identity.session import Session, SessionKind
from ostiary.server.asgi import App, Message, Scope
from ostiary.server.home import Home, open_home
from ostiary.server.run import build_gate, new_sandbox
from ostiary.wire import sigv4
from ostiary.wire.http import Request

ROUNDS = 200
REQUESTS = 100
_ACCOUNT = "111122223333"


def run() -> dict[str, object]:
    """The figures; a round is a hundred requests, one after the other."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder)))


async def _measure(folder: Path) -> dict[str, object]:
    home = open_home(read_settings({"OSTIARY_HOME": str(folder / "home")}))
    work = Work(home.store)
    audit = AuditLog(home.settings.audit_folder, "bench")
    upstreams = parse_upstreams({}, home.settings.home, frozenset())
    forwarder = Forwarder(new_sandbox(home), upstreams)
    app = App(build_gate(home, work, audit, forwarder).handle, 1024**2)
    scope, sent = _scope(home), []

    async def receive() -> Message:
        return {"type": "http.request", "body": BODY, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    def answer() -> None:
        _finish(app(scope, receive, send))

    answer()
    assert sent[0]["status"] == 200, sent
    calls = _count_calls(answer)
    rounds = []
    for _ in range(ROUNDS):
        sent.clear()
        start = time.process_time()
        for _ in range(REQUESTS):
            answer()
        rounds.append((time.process_time() - start) / REQUESTS * 1e6)
    work.close()
    audit.close()
    return {
        "cpu_us_least": round(min(rounds), 1),
        "cpu_us_median": round(sorted(rounds)[ROUNDS // 2], 1),
        "python_calls": calls,
    }


def _finish(answering: Coroutine[object, object, None]) -> None:
    """Run what never has to wait, without a loop's own cost."""
    try:
        answering.send(None)
    except StopIteration:
        return
    raise AssertionError("the request waited for something")


def _count_calls(act: Callable[[], None]) -> int:
    count = 0

    def note(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(note)
    act()
    sys.setprofile(None)
    return count


def _scope(home: Home) -> Scope:
    """A request of an MFA session as uvicorn gives it to an app."""
    now = int(time.time())
    user = User(
        id="AIDABENCHBENCHBENCHBE",
        account=_ACCOUNT,
        name="bench",
        path="/",
        created=now,
        tags=(),
        boundary="",
    )
    with home.store.change() as change:
        change.insert(user)
        writes = list(change.writes)
    home.snapshot.apply(home.snapshot.revision, change.revision, writes)
    session = Session(
        access_key_id=access_key_id(home.mint, _ACCOUNT, "ASIA"),
        kind=SessionKind.SESSION_TOKEN,
        account=_ACCOUNT,
        principal=user.id,
        name="",
        issued_at=now,
        expires_at=now + 3600,
        mfa_at=now,
        issuer="AKIABENCHBENCHBENCHB",
        source_identity="",
        tags=(),
        transitive=(),
        policy=None,
        policy_arns=(),
    )
    token, secret = home.vault.current.seal_session(session, home.mint)
    signer = sigv4.Signer(
        access_key_id=session.access_key_id,
        secret=secret.reveal(),
        session_token=token,
        region="us-east-1",
        service="sts",
    )
    plain = Request(
        method="POST",
        path="/",
        query="",
        headers=HEADERS,
        body=BODY,
        secure=False,
        peer="127.0.0.1",
    )
    return {
        "type": "http",
        "method": "POST",
        "scheme": "http",
        "raw_path": b"/",
        "query_string": b"",
        "client": ("127.0.0.1", 50000),
        "headers": [
            (name.encode(), value.encode())
            for name, value in sigv4.sign(plain, signer, now)
        ],
    }


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
