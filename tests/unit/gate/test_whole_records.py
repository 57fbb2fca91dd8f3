"""What the gate records, and what it says when it cannot decide."""

import json
from pathlib import Path
from typing import Any

import pytest

from ostiary.gate.telling import tell
from ostiary.identity.model import InlinePolicy, User
from ostiary.store.port import Change
from tests.unit.gate.whole import MFA, Whole, allow, document, form, run, trust

ACCOUNT = "111122223333"


@pytest.mark.threat("T131")
@pytest.mark.rule("M5", "M6", "M15")
def test_a_refusal_is_explained(tmp_path: Path) -> None:
    """The wire says what AWS says; the record says which key was absent, and why."""

    async def play(whole: Whole) -> None:
        alice = await whole.user("alice", allow("iam:ListUsers", Condition=MFA))
        answer = await whole.bad(alice, "iam", "ListUsers")
        record = whole.record(answer)
        told = tell(record)

        assert answer.message == (
            f"User: arn:aws:iam::{ACCOUNT}:user/alice is not authorized to perform: "
            "iam:ListUsers on resource: * because no identity-based policy allows "
            "the iam:ListUsers action"
        )
        assert record["userIdentity"]["userName"] == "alice"
        assert record["errorCode"] == "AccessDenied"
        assert "`aws:MultiFactorAuthPresent` is absent" in told
        assert "signed with a long-term access key" in told
        assert "it would be allowed with `aws:MultiFactorAuthPresent` = `true`" in told
        assert "inline policy own" in told

    run(tmp_path, play)


def test_an_allow_names_its_statement(tmp_path: Path) -> None:
    """The record of an allowed call names policy and statement."""

    async def play(whole: Whole) -> None:
        alice = await whole.user("alice", allow("iam:ListUsers", Sid="Lists"))
        answer = await whole.good(alice, "iam", "ListUsers")
        record = whole.record(answer)

        (decision,) = record["decisions"]
        assert decision["outcome"] == "Allowed"
        assert decision["determining"] == [
            {
                "kind": "identity",
                "policy": "inline policy own",
                "statement": 0,
                "sid": "Lists",
            }
        ]
        assert "allowed (200)" in tell(record)

    run(tmp_path, play)


@pytest.mark.threat("T22", "T128")
def test_no_secret_reaches_the_record(tmp_path: Path) -> None:
    """Codes, right or wrong, secrets, tokens and seeds stand nowhere in the log."""

    async def play(whole: Whole) -> None:
        alice = await whole.user("alice")
        serial = await whole.device("alice")
        right = whole.code(serial)
        session = await whole.session(alice, serial)
        for code in ("135790", right):
            await whole.bad(
                alice, "sts", "GetSessionToken", SerialNumber=serial, TokenCode=code
            )
        log = whole.audit.path.read_text()

        for secret in (
            right,
            "135790",
            alice.secret,
            session.secret,
            session.token,
            whole.seeds[serial],
        ):
            assert secret
            assert secret not in log

    run(tmp_path, play)


@pytest.mark.threat("T66")
def test_what_nobody_mapped_is_refused(tmp_path: Path) -> None:
    """An operation of a service that is not read here is refused, even for root."""

    async def play(whole: Whole) -> None:
        request = whole.signed(
            whole.root,
            "lambda",
            b"{}",
            method="GET",
            path="/2015-03-31/functions/",
        )
        answer = await whole.send(request)
        record = whole.record(answer)

        assert answer.status == 403
        assert record["marks"] == ["unmapped"]
        assert "cannot say which permissions this takes" in record["why"]

    run(tmp_path, play)


@pytest.mark.threat("T80")
def test_a_stored_policy_that_cannot_be_read_denies(tmp_path: Path) -> None:
    """Old data with an unknown operator is never skipped: the decision is no."""

    async def play(whole: Whole) -> None:
        alice = await whole.user("alice", allow("iam:ListUsers"))
        await whole.good(alice, "iam", "ListUsers")
        broken = document(
            {
                "Effect": "Deny",
                "Action": "iam:DeleteUser",
                "Resource": "*",
                "Condition": {"BoolIfExist": {"aws:MultiFactorAuthPresent": "false"}},
            }
        )

        def plant(change: Change) -> None:
            user = change.find_by(User, account=ACCOUNT, name="alice")
            assert user is not None
            change.insert(InlinePolicy(owner=user.id, name="old", text=broken))

        await whole.work.change(plant)
        answer = await whole.bad(alice, "iam", "ListUsers")

        assert (answer.status, answer.code) == (403, "AccessDenied")
        assert whole.record(answer)["marks"] == ["invalid_policy"]

    run(tmp_path, play)


@pytest.mark.threat("T117")
def test_a_deleted_key_creates_nothing(tmp_path: Path) -> None:
    """Changes read the caller's key in their own transaction, not in the snapshot."""

    async def play(whole: Whole) -> None:
        alice = await whole.user("alice", allow("iam:CreateUser"))
        request = whole.signed(
            alice,
            "iam",
            form({"Action": "CreateUser", "Version": "2010-05-08", "UserName": "x"}),
        )
        whole.home.store._listeners.clear()  # the snapshot no longer hears of changes
        await whole.call(
            whole.root,
            "iam",
            "DeleteAccessKey",
            UserName="alice",
            AccessKeyId=alice.key_id,
        )
        assert alice.key_id in whole.home.snapshot.access_keys
        answer = await whole.send(request)

        assert (answer.status, answer.code) == (403, "InvalidClientTokenId")

    run(tmp_path, play)


@pytest.mark.threat("T49")
@pytest.mark.parametrize(
    ("seconds", "status"), [(-899, 200), (899, 200), (-901, 403), (901, 403)]
)
def test_clocks_may_differ_by_fifteen_minutes(
    tmp_path: Path, seconds: int, status: int
) -> None:
    """A signature older or newer than 15 minutes is refused."""

    async def play(whole: Whole) -> None:
        body = form({"Action": "GetCallerIdentity", "Version": "2011-06-15"})
        request = whole.signed(whole.root, "sts", body)
        whole.now += seconds
        answer = await whole.send(request)

        assert answer.status == status
        if status == 403:
            assert answer.code == "SignatureDoesNotMatch"
            assert "15 min" in answer.message

    run(tmp_path, play)


@pytest.mark.threat("T24")
def test_a_dead_database_is_no_answer(tmp_path: Path) -> None:
    """Decisions go on; what needs a one-time write says 503, and mints nothing."""

    async def play(whole: Whole) -> None:
        alice = await whole.user("alice")
        serial = await whole.device("alice")
        whole.home.store._engine.dispose()
        database = whole.folder / "home/ostiary.db"
        for file in database.parent.glob("ostiary.db*"):
            file.unlink()
        database.mkdir()  # nothing can be opened here
        code: dict[str, Any] = {
            "SerialNumber": serial,
            "TokenCode": whole.code(serial),
        }

        assert (await whole.call(alice, "sts", "GetCallerIdentity")).status == 200
        assert (await whole.call(alice, "sts", "GetSessionToken")).status == 200
        answer = await whole.bad(alice, "sts", "GetSessionToken", **code)
        assert (answer.status, answer.code) == (503, "ServiceUnavailable")

    run(tmp_path, play)


@pytest.mark.rule("M9", "M8")
def test_half_of_the_mfa_parameters(tmp_path: Path) -> None:
    """Only one of serial number and token code is refused in AWS's words (T8)."""

    async def play(whole: Whole) -> None:
        alice = await whole.user("alice")
        serial = await whole.device("alice")
        for half in ({"SerialNumber": serial}, {"TokenCode": "123456"}):
            answer = await whole.bad(alice, "sts", "GetSessionToken", **half)
            assert (answer.status, answer.code) == (403, "AccessDenied")
            assert answer.message == (
                "MultiFactorAuthentication failed, must provide both MFA serial "
                "number and one time pass code."
            )

    run(tmp_path, play)


def test_source_identity_stays_down_the_chain(tmp_path: Path) -> None:
    """Once set, a source identity is in every later session and cannot change."""

    async def play(whole: Whole) -> None:
        trusting = trust({"AWS": ACCOUNT})
        may = allow(["sts:AssumeRole", "sts:SetSourceIdentity"])
        first = await whole.role("First", trusting, may)
        second = await whole.role("Second", trusting)
        alice = await whole.user("alice", may)
        one = await whole.good(
            alice,
            "sts",
            "AssumeRole",
            RoleArn=first,
            RoleSessionName="one",
            SourceIdentity="alice",
        )
        two: dict[str, Any] = {"RoleArn": second, "RoleSessionName": "two"}
        kept = await whole.good(one.keys, "sts", "AssumeRole", **two)
        other = await whole.bad(
            one.keys, "sts", "AssumeRole", SourceIdentity="bob", **two
        )

        assert one.field("SourceIdentity") == kept.field("SourceIdentity") == "alice"
        assert (other.status, other.code) == (403, "AccessDenied")

    run(tmp_path, play)


@pytest.mark.rule("M36", "M39")
@pytest.mark.threat("T23")
def test_federated_users_never_have_mfa(tmp_path: Path) -> None:
    """GetFederationToken takes no MFA parameters, and its sessions have no keys."""

    async def play(whole: Whole) -> None:
        alice = await whole.user(
            "alice", allow("sts:GetFederationToken"), allow("ec2:*", Condition=MFA)
        )
        serial = await whole.device("alice")
        given = await whole.good(
            alice,
            "sts",
            "GetFederationToken",
            Name="Fred",
            Policy=document(allow("ec2:*")),
        )
        refused = await whole.bad(
            alice,
            "sts",
            "GetFederationToken",
            Name="Fred",
            SerialNumber=serial,
            TokenCode=whole.code(serial),
        )
        answer = await whole.bad(
            given.keys,
            "ec2",
            "StopInstances",
            **{"InstanceId.1": "i-0123456789abcdef0"},
        )
        keys = whole.record(answer)["decisions"][0]["explanation"]["keys"]

        assert given.field("PackedPolicySize") != "0"
        assert refused.status == 400
        assert keys == [
            {"key": "aws:MultiFactorAuthPresent", "present": False, "value": None}
        ]
        assert json.dumps(keys)

    run(tmp_path, play)
