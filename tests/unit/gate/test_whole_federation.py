"""Federation beside everything else: outages, crowds, organizations, a late removal."""

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest

from ostiary.gate.assertions import MOST_WAITING
from tests.unit.gate import saml_stage, web_stage
from tests.unit.gate.orgs import RCP, SCP, Orgs, deny, founded
from tests.unit.gate.web_stage import CLIENT, DENIED, WEB, refused
from tests.unit.gate.whole import document
from tests.unit.services.assertions.responses import sign

GUEST = "444455556666"


def test_while_the_database_takes_no_change(tmp_path: Path) -> None:
    """Tokens go on opening sessions; SAML answers 503 and uses nothing up (P2)."""

    async def play(stage: saml_stage.Stage) -> None:
        home = stage.whole.home.settings.home
        response = sign(stage.said().xml())
        with sqlite3.connect(home / "ostiary.db", isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            answer = await stage.send(response)
            refused(answer, 503, "ServiceUnavailable")
            other.execute("ROLLBACK")
        other.close()
        assert (await stage.send(response)).status == 200

    saml_stage.staged(tmp_path, play)


def test_tokens_need_no_database(tmp_path: Path) -> None:
    """All that is needed is in the snapshot, and in the provider's keys (P2)."""

    async def play(stage: web_stage.Stage) -> None:
        home = stage.whole.home.settings.home
        with sqlite3.connect(home / "ostiary.db", isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            assert (await stage.assume(stage.token())).status == 200
            other.execute("ROLLBACK")
        other.close()

    web_stage.staged(tmp_path, play)


@pytest.mark.threat("T136")
def test_strangers_cannot_queue_without_end(tmp_path: Path) -> None:
    """Beyond the queue it is `Throttling`; everybody else is served meanwhile."""

    async def play(stage: web_stage.Stage) -> None:
        token = stage.token()
        assert (await stage.assume(token)).status == 200
        door = threading.Event()
        thread = stage.whole.gate.assertions._thread
        thread.submit(door.wait, 30)
        crowd = [asyncio.create_task(stage.assume(token)) for _ in range(MOST_WAITING)]
        await asyncio.sleep(0)
        refused(await stage.assume(token), 400, "Throttling", "Rate exceeded")
        who = await stage.whole.call(stage.whole.root, "sts", "GetCallerIdentity")
        assert who.status == 200
        door.set()
        assert {one.status for one in await asyncio.gather(*crowd)} == {200}

    web_stage.staged(tmp_path, play)


@pytest.mark.threat("T117")
def test_a_provider_that_goes_while_its_word_is_read(tmp_path: Path) -> None:
    """Its assertion opens nothing once the removal has been committed."""

    async def play(stage: saml_stage.Stage) -> None:
        whole = stage.whole
        door = threading.Event()
        whole.gate.assertions._thread.submit(door.wait, 30)
        late = asyncio.create_task(stage.assume())
        for _ in range(1000):
            await asyncio.sleep(0.01)
            if whole.gate.assertions._waiting:
                break
        await whole.good(
            whole.root,
            "iam",
            "DeleteSAMLProvider",
            SAMLProviderArn=saml_stage.PROVIDER,
        )
        door.set()
        refused(await late, 403, "InvalidClientTokenId")

    saml_stage.staged(tmp_path, play)


def test_an_organization_binds_the_role_s_account(tmp_path: Path) -> None:
    """Resource control policies bind whoever asks for its roles; service ones do not."""

    async def play(stage: web_stage.Stage) -> None:
        whole, idp = stage.whole, stage.idp
        orgs = await founded(whole, SCP, RCP)
        guest = await _joined(orgs)
        await whole.good(
            guest,
            "iam",
            "CreateOpenIDConnectProvider",
            Url=idp.url,
            ClientIDList=[CLIENT],
        )
        arn = f"arn:aws:iam::{GUEST}:oidc-provider/{idp.name}"
        trust = {"Effect": "Allow", "Principal": {"Federated": arn}, "Action": WEB}
        made = await whole.good(
            guest,
            "iam",
            "CreateRole",
            RoleName="guest",
            AssumeRolePolicyDocument=document(trust),
        )
        stage.role = made.field("Arn")
        await orgs.policy(SCP, "scp", deny("sts:*"), target=GUEST)
        assert (await stage.assume(stage.token(sub="alice"))).status == 200
        only = {"StringNotEquals": {f"{idp.name}:sub": "bob"}}
        await orgs.policy(
            RCP, "rcp", deny(WEB, Principal="*", Condition=only), target=GUEST
        )
        refused(
            await stage.assume(stage.token(sub="alice")), 403, "AccessDenied", DENIED
        )
        assert (await stage.assume(stage.token(sub="bob"))).status == 200

    web_stage.staged(tmp_path, play)


async def _joined(orgs: Orgs) -> web_stage.Keys:
    root = await orgs.whole.account("guest", GUEST)
    invited = await orgs.good(
        "InviteAccountToOrganization", Target={"Type": "ACCOUNT", "Id": GUEST}
    )
    told = await orgs.call(
        root, "AcceptHandshake", HandshakeId=invited["Handshake"]["Id"]
    )
    assert told.answer.status == 200
    return root
