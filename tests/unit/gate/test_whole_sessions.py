"""Sessions through the whole gate, with time as an argument."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.gate.whole import MFA, Whole, allow, document, run, trust

ACCOUNT = "111122223333"
SELF = {"AWS": ACCOUNT}


@pytest.mark.threat("T29")
@pytest.mark.parametrize(("after", "status"), [(-1, 200), (0, 403), (1, 403)])
def test_a_session_ends_on_its_second(tmp_path: Path, after: int, status: int) -> None:
    """Credentials are valid while now < expiry, by the server's clock."""

    async def play(whole: Whole) -> None:
        alice = await whole.user("alice")
        session = await whole.session(alice, DurationSeconds=900)
        whole.now += 900 + after
        answer = await whole.call(session, "sts", "GetCallerIdentity")

        assert answer.status == status
        if status == 403:
            assert answer.code == "ExpiredToken"
            assert answer.message == (
                "The security token included in the request is expired"
            )

    run(tmp_path, play)


@pytest.mark.rule("M54")
def test_ec2_says_request_expired(tmp_path: Path) -> None:
    """An ended session gets EC2's RequestExpired, not AccessDenied (row f)."""

    async def play(whole: Whole) -> None:
        alice = await whole.user("alice", allow("ec2:*", Condition=MFA))
        serial = await whole.device("alice")
        session = await whole.session(alice, serial, DurationSeconds=900)
        whole.now += 901
        answer = await whole.call(
            session, "ec2", "StopInstances", **{"InstanceId.1": "i-0123456789abcdef0"}
        )

        assert (answer.status, answer.code) == (400, "RequestExpired")

    run(tmp_path, play)


@pytest.mark.threat("T29")
@pytest.mark.parametrize(
    ("seconds", "good"),
    [(899, False), (900, True), (129600, True), (129601, False)],
)
def test_session_token_durations(tmp_path: Path, seconds: int, good: bool) -> None:
    """GetSessionToken lasts 900 to 129,600 seconds; outside is a ValidationError."""

    async def play(whole: Whole) -> None:
        alice = await whole.user("alice")
        answer = await whole.call(
            alice, "sts", "GetSessionToken", DurationSeconds=seconds
        )

        assert (answer.status == 200) is good
        if not good:
            assert (answer.status, answer.code) == (400, "ValidationError")
            return
        whole.now += seconds - 1
        assert (await whole.call(answer.keys, "sts", "GetCallerIdentity")).status == 200
        whole.now += 1
        assert (await whole.call(answer.keys, "sts", "GetCallerIdentity")).status == 403

    run(tmp_path, play)


@pytest.mark.threat("T29")
def test_root_sessions_last_an_hour_at_most(tmp_path: Path) -> None:
    """Root asking for more silently gets 3,600 seconds."""

    async def play(whole: Whole) -> None:
        session = await whole.session(whole.root, DurationSeconds=43200)
        whole.now += 3599
        assert (await whole.call(session, "sts", "GetCallerIdentity")).status == 200
        whole.now += 1
        assert (await whole.call(session, "sts", "GetCallerIdentity")).status == 403

    run(tmp_path, play)


@pytest.mark.threat("T29")
def test_role_durations(tmp_path: Path) -> None:
    """A role session is bounded by the role, and by an hour when chained."""

    async def play(whole: Whole) -> None:
        role = await whole.role("Long", trust(SELF), MaxSessionDuration=7200)
        alice = await whole.user("alice", allow("sts:AssumeRole"))
        assume: dict[str, Any] = {"RoleArn": role, "RoleSessionName": "alice"}
        most = await whole.call(
            alice, "sts", "AssumeRole", DurationSeconds=7200, **assume
        )
        over = await whole.bad(
            alice, "sts", "AssumeRole", DurationSeconds=7201, **assume
        )
        chained = await whole.session(alice)
        beyond = await whole.bad(
            chained, "sts", "AssumeRole", DurationSeconds=3601, **assume
        )
        within = await whole.call(
            chained, "sts", "AssumeRole", DurationSeconds=3600, **assume
        )

        assert most.status == within.status == 200
        assert (over.status, over.code) == (400, "ValidationError")
        assert over.message == (
            "The requested DurationSeconds exceeds the MaxSessionDuration set for "
            "this role."
        )
        assert beyond.message == (
            "The requested DurationSeconds exceeds the 1 hour session limit for "
            "roles assumed by role chaining."
        )

    run(tmp_path, play)


@pytest.mark.threat("T32")
@pytest.mark.rule("M7", "M16", "M17")
@pytest.mark.parametrize(("age", "status"), [(3599, 200), (3600, 403), (3601, 403)])
def test_mfa_age_at_the_edge_of_its_window(
    tmp_path: Path, age: int, status: int
) -> None:
    """The age is whole seconds since the code was verified; 3600 is not less."""

    async def play(whole: Whole) -> None:
        window = {"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}
        alice = await whole.user("alice", allow("iam:ListUsers", Condition=window))
        serial = await whole.device("alice")
        with_mfa = await whole.session(alice, serial)
        without = await whole.session(alice)
        whole.now += age

        assert (await whole.call(with_mfa, "iam", "ListUsers")).status == status
        assert (await whole.call(alice, "iam", "ListUsers")).status == 403
        assert (await whole.call(without, "iam", "ListUsers")).status == 403

    run(tmp_path, play)


@pytest.mark.threat("T32")
def test_a_clock_that_was_set_back_takes_the_mfa_keys_away(tmp_path: Path) -> None:
    """More than five seconds before the code was verified, there are no MFA keys."""

    async def play(whole: Whole) -> None:
        alice = await whole.user("alice", allow("iam:ListUsers", Condition=MFA))
        serial = await whole.device("alice")
        session = await whole.session(alice, serial)
        whole.now -= 5
        assert (await whole.call(session, "iam", "ListUsers")).status == 200
        whole.now -= 1
        assert (await whole.call(session, "iam", "ListUsers")).status == 403

    run(tmp_path, play)


@pytest.mark.threat("T31")
@pytest.mark.rule("M31", "M45")
def test_a_chain_forgets_mfa_after_the_first_role(tmp_path: Path) -> None:
    """A, assumed with MFA, may not assume B whose trust asks for MFA."""

    async def play(whole: Whole) -> None:
        second = await whole.role("Second", trust(SELF, Condition=MFA))
        open_one = await whole.role("Open", trust(SELF))
        first = await whole.role(
            "First", trust(SELF, Condition=MFA), allow("sts:AssumeRole")
        )
        alice = await whole.user("alice", allow("sts:AssumeRole"))
        serial = await whole.device("alice")
        session = await whole.session(alice, serial)
        role = (
            await whole.good(
                session, "sts", "AssumeRole", RoleArn=first, RoleSessionName="one"
            )
        ).keys
        denied = await whole.bad(
            role, "sts", "AssumeRole", RoleArn=second, RoleSessionName="two"
        )
        await whole.good(
            role, "sts", "AssumeRole", RoleArn=open_one, RoleSessionName="two"
        )

        assert (denied.status, denied.code) == (403, "AccessDenied")
        assert denied.message == (
            f"User: arn:aws:sts::{ACCOUNT}:assumed-role/First/one is not authorized "
            f"to perform: sts:AssumeRole on resource: {second}"
        )

    run(tmp_path, play)


@pytest.mark.threat("T31")
def test_a_code_in_a_session_without_mfa_counts_for_that_call_only(
    tmp_path: Path,
) -> None:
    """AssumeRole sees MFA true; the session itself stays without."""

    async def play(whole: Whole) -> None:
        role = await whole.role("Guarded", trust(SELF, Condition=MFA))
        alice = await whole.user(
            "alice", allow("sts:AssumeRole"), allow("iam:ListUsers", Condition=MFA)
        )
        serial = await whole.device("alice")
        session = await whole.session(alice)
        assume: dict[str, Any] = {"RoleArn": role, "RoleSessionName": "alice"}
        await whole.bad(session, "sts", "AssumeRole", **assume)
        await whole.good(
            session,
            "sts",
            "AssumeRole",
            SerialNumber=serial,
            TokenCode=whole.code(serial),
            **assume,
        )
        after = await whole.bad(session, "iam", "ListUsers")

        assert after.code == "InvalidClientTokenId"

    run(tmp_path, play)


@pytest.mark.threat("T34")
def test_old_credentials_die_with_their_user(tmp_path: Path) -> None:
    """A user of the same name is somebody else: keys, sessions, trust."""

    async def play(whole: Whole) -> None:
        old = await whole.user("alice", allow("sts:AssumeRole"))
        arn = f"arn:aws:iam::{ACCOUNT}:user/alice"
        role = await whole.role("Hers", trust({"AWS": arn}))
        assume: dict[str, Any] = {"RoleArn": role, "RoleSessionName": "alice"}
        session = await whole.session(old)
        await whole.good(old, "sts", "AssumeRole", **assume)
        await whole.good(
            whole.root, "iam", "DeleteUserPolicy", UserName="alice", PolicyName="own"
        )
        await whole.good(
            whole.root,
            "iam",
            "DeleteAccessKey",
            UserName="alice",
            AccessKeyId=old.key_id,
        )
        await whole.good(whole.root, "iam", "DeleteUser", UserName="alice")
        new = await whole.user("alice", allow("sts:AssumeRole"))

        for keys in (old, session):
            answer = await whole.bad(keys, "sts", "GetCallerIdentity")
            assert (answer.status, answer.code) == (403, "InvalidClientTokenId")
        assert (await whole.bad(new, "sts", "AssumeRole", **assume)).status == 403

    run(tmp_path, play)


@pytest.mark.threat("T36", "T37")
def test_a_session_policy_only_narrows(tmp_path: Path) -> None:
    """What the session policy does not allow is denied, even about oneself."""

    async def play(whole: Whole) -> None:
        role = await whole.role(
            "Wide", trust(SELF), allow(["iam:ListUsers", "iam:ListRoles"])
        )
        alice = await whole.user("alice", allow("sts:AssumeRole"))
        assume: dict[str, Any] = {"RoleArn": role, "RoleSessionName": "alice"}
        narrow = await whole.good(
            alice,
            "sts",
            "AssumeRole",
            Policy=document(allow(["iam:ListUsers", "iam:CreateUser"])),
            **assume,
        )

        assert (await whole.call(narrow.keys, "iam", "ListUsers")).status == 200
        assert (await whole.call(narrow.keys, "iam", "ListRoles")).status == 403
        made = await whole.call(narrow.keys, "iam", "CreateUser", UserName="x")
        assert made.status == 403
        assert made.message.endswith(
            "because no identity-based policy allows the iam:CreateUser action"
        )

    run(tmp_path, play)


@pytest.mark.threat("T35")
def test_external_ids_compare_exactly(tmp_path: Path) -> None:
    """Without, with a wrong, or with a doubled ExternalId there is no session."""

    async def play(whole: Whole) -> None:
        guarded = trust(
            SELF, Condition={"StringEquals": {"sts:ExternalId": "Partner-1"}}
        )
        role = await whole.role("Partner", guarded)
        alice = await whole.user("alice", allow("sts:AssumeRole"))
        assume: dict[str, Any] = {"RoleArn": role, "RoleSessionName": "alice"}

        await whole.good(alice, "sts", "AssumeRole", ExternalId="Partner-1", **assume)
        assert (await whole.bad(alice, "sts", "AssumeRole", **assume)).status == 403
        for wrong in ("partner-1", "Partner-1 ", "Partner-2"):
            answer = await whole.bad(
                alice, "sts", "AssumeRole", ExternalId=wrong, **assume
            )
            assert answer.status in {400, 403}
        for size in (1, 1225):
            answer = await whole.bad(
                alice, "sts", "AssumeRole", ExternalId="x" * size, **assume
            )
            assert (answer.status, answer.code) == (400, "ValidationError")
        body = (
            f"Action=AssumeRole&Version=2011-06-15&RoleArn={role}"
            "&RoleSessionName=alice&ExternalId=Partner-1&ExternalId=Partner-1"
        )
        doubled = await whole.send(whole.signed(alice, "sts", body.encode()))
        assert doubled.status == 400

    run(tmp_path, play)


@pytest.mark.threat("T39")
@pytest.mark.parametrize(
    ("service", "action", "status", "code"),
    [
        ("sts", "GetCallerIdentity", 403, "MissingAuthenticationToken"),
        ("sts", "GetSessionToken", 403, "MissingAuthenticationToken"),
        ("iam", "ListUsers", 403, "MissingAuthenticationToken"),
        ("ec2", "DescribeInstances", 403, "MissingAuthenticationToken"),
    ],
)
def test_nobody_is_answered_by_these(
    tmp_path: Path, service: str, action: str, status: int, code: str
) -> None:
    """An unsigned call has no identity, so it gets none back, and no session."""

    async def play(whole: Whole) -> None:
        answer = await whole.bad(None, service, action)

        assert (answer.status, answer.code) == (status, code)
        assert "anonymous" not in answer.body

    run(tmp_path, play)
