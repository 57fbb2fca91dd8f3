"""What an operator does: check the audit log, rotate the sealing keys."""

import json
import time
from pathlib import Path

import pytest

from tests.e2e.server import start
from tests.e2e.world import World


@pytest.mark.threat("T130")
def test_the_audit_log_is_checked(tmp_path: Path) -> None:
    """An intact log says so; one changed byte is found, and named."""
    server = start(tmp_path / "home")
    world = World(server)
    for _ in range(3):
        world.account().client("iam").list_users()
    live = server.run("audit", "verify", "--json")
    assert server.stop() == 0
    log = server.home / "audit" / "api.jsonl"
    assert (log.parent / "operator.jsonl").exists()
    lines = log.read_bytes().splitlines(keepends=True)
    lines[1] = lines[1].replace(b'"status":200', b'"status":403')
    good = server.run("audit", "verify")
    log.write_bytes(b"".join(lines))
    bad = server.run("audit", "verify")

    assert live.returncode == 0
    assert json.loads(live.stdout)["intact"] is True
    assert (good.returncode, "intact" in good.stdout) == (0, True)
    assert bad.returncode == 1
    assert "record 3 in `api.jsonl` is not intact" in bad.stdout


@pytest.mark.threat("T119")
def test_sealing_keys_are_rotated_under_a_running_server(world: World) -> None:
    """Sessions of the old key live on, and new ones are sealed by the new key."""
    user = world.account().person("Rota")
    old = user.session(mfa=False)
    done = world.server.run("keys", "rotate", "--json")
    assert done.returncode == 0, done.stderr
    time.sleep(0.5)
    new = user.session(mfa=False)

    assert len(json.loads(done.stdout)["new"]) == 16
    for session in (old, new):
        assert user.client("sts", session).get_caller_identity()["Account"]
