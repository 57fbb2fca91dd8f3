"""SIGKILL at any moment leaves a database whose invariants hold (threat T109)."""

import contextlib
import json
import threading
import time
from pathlib import Path

import pyotp
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.conformance.invariants import broken_in
from tests.e2e.server import start
from tests.e2e.world import ADMINISTRATOR, STEP, World, allow, unique

LIST = ("dynamodb:ListTables", "*")
IN_FLIGHT = 1.5
"""Seconds of changing before the power goes."""


class Mover(threading.Thread):
    """Somebody who gives a user everything, and takes it back, without a pause."""

    def __init__(self, world: World) -> None:
        super().__init__(daemon=True)
        self._iam = world.a.client("iam")
        self.rounds = 0

    def run(self) -> None:
        """Until the server is gone."""
        with contextlib.suppress(BotoCoreError, ClientError):
            while True:
                self._round(unique("moved"))
                self.rounds += 1

    def _round(self, name: str) -> None:
        """A user with group, policies, key and phone, from the first to the last."""
        iam, user = self._iam, {"UserName": name}
        iam.create_user(**user)
        iam.create_group(GroupName=name)
        iam.add_user_to_group(GroupName=name, **user)
        held = json.dumps(allow(*LIST))
        iam.put_user_policy(PolicyName="own", PolicyDocument=held, **user)
        iam.attach_user_policy(PolicyArn=ADMINISTRATOR, **user)
        key = iam.create_access_key(**user)["AccessKey"]["AccessKeyId"]
        made = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)
        device = made["VirtualMFADevice"]
        phone, now = pyotp.TOTP(device["Base32StringSeed"].decode()), time.time()
        serial = {"SerialNumber": device["SerialNumber"]}
        iam.enable_mfa_device(
            AuthenticationCode1=phone.at(int(now) - STEP),
            AuthenticationCode2=phone.at(int(now)),
            **user,
            **serial,
        )
        iam.deactivate_mfa_device(**user, **serial)
        iam.delete_virtual_mfa_device(**serial)
        iam.delete_access_key(AccessKeyId=key, **user)
        iam.detach_user_policy(PolicyArn=ADMINISTRATOR, **user)
        iam.delete_user_policy(PolicyName="own", **user)
        iam.remove_user_from_group(GroupName=name, **user)
        iam.delete_group(GroupName=name)
        iam.delete_user(**user)


@pytest.mark.threat("T109")
def test_nothing_is_half_done_after_a_kill(tmp_path: Path) -> None:
    """SIGKILL among changes of all sorts, three times over: the invariants hold."""
    server = start(tmp_path / "home")
    for _ in range(3):
        world = World(server)
        movers = [Mover(world) for _ in range(3)]
        for mover in movers:
            mover.start()
        time.sleep(IN_FLIGHT)
        server.kill()
        for mover in movers:
            mover.join(30)
        assert sum(mover.rounds for mover in movers) > 0
        assert broken_in(server.home / "ostiary.db") == []
        server = start(server.home)
    assert server.stop() == 0
    assert broken_in(server.home / "ostiary.db") == []
