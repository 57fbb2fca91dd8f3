"""Scenario 1 of the chapter: MFA for cross-account delegation (M43 to M50)."""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.e2e.world import (
    MFA,
    NOT_THE_CODE,
    NOT_THEIRS,
    Credentials,
    Document,
    Person,
    World,
    allow,
    message,
    not_authorized,
    policy,
    refused,
    trusts,
)

TITLE = {"Title": {"S": "The Name of the Rose"}}


@dataclass
class Scene:
    """Anaya's account A with its tables and roles; Richard of account B."""

    world: World
    books: str
    vault: str
    ledger: str
    role: str
    stranger: str
    """A role of A that trusts account C."""
    richard: Person

    @property
    def role_name(self) -> str:
        """The role's name without the rest of its ARN."""
        return self.role.rpartition("/")[2]

    def tables(self, session: Credentials) -> Any:
        """A DynamoDB client of Richard's with a session."""
        return self.richard.client("dynamodb", session)

    def refusal(self) -> str:
        """What AssumeRole says when policies do not allow it: bare (facts 6.4)."""
        return not_authorized(self.richard.arn, "sts:AssumeRole", self.role)


def table_arn(account: str, table: str) -> str:
    """The ARN pattern of the chapter for a table."""
    return f"arn:aws:dynamodb:*:{account}:table/{table}"


def permissions(account: str, books: str, ledger: str) -> Document:
    """The chapter's permission policy with its errata corrected, and one statement more."""
    return policy(
        {
            "Sid": "TableActions",
            "Effect": "Allow",
            "Action": "dynamodb:*",
            "Resource": table_arn(account, books),
        },
        {
            "Sid": "ListTables",
            "Effect": "Allow",
            "Action": "dynamodb:ListTables",
            "Resource": "*",
        },
        {
            "Sid": "PerCall",
            "Effect": "Allow",
            "Action": "dynamodb:*",
            "Resource": table_arn(account, ledger),
            "Condition": MFA,
        },
    )


@pytest.fixture(scope="module")
def scene(world: World) -> Scene:
    """Steps 1 to 4 of the scenario."""
    books, vault, ledger = (
        world.a.table(name) for name in ("Books", "Vault", "Ledger")
    )
    granted = permissions(world.a.id, books, ledger)
    trust = trusts(world.b.id, Condition=MFA)
    role = world.a.role("CrossAccountRole", trust, granted)
    other = trusts(world.c.id, Condition=MFA)
    stranger = world.a.role("OtherRole", other, granted)
    may_assume = allow("sts:AssumeRole", [role, stranger])
    richard = world.b.person("Richard", may_assume, devices=3)
    return Scene(world, books, vault, ledger, role, stranger, richard)


@pytest.fixture(scope="module")
def session(scene: Scene) -> Credentials:
    """A session of the role, with MFA given to AssumeRole."""
    return scene.richard.assume(scene.role, **scene.richard.mfa())


@pytest.mark.rule("M1", "M13", "M19", "M43", "M48", "M49", "M33")
def test_assume_role_with_a_code_gives_credentials_and_without_does_not(
    scene: Scene,
) -> None:
    """M49 a, b: serial number and code give credentials; neither gives the bare 403."""
    sts = scene.richard.client("sts")
    asked = {"RoleArn": scene.role, "RoleSessionName": "Richard"}
    made = sts.assume_role(**asked, **scene.richard.mfa())
    assert made["Credentials"]["AccessKeyId"].startswith("ASIA")
    assert made["AssumedRoleUser"]["Arn"] == (
        f"arn:aws:sts::{scene.world.a.id}:assumed-role/{scene.role_name}/Richard"
    )
    answer = refused("AccessDenied", 403, sts.assume_role, **asked)
    assert message(answer) == scene.refusal()


@pytest.mark.rule("M9", "M49")
def test_assume_role_with_a_wrong_code_fails_and_the_right_one_still_works(
    scene: Scene,
) -> None:
    """M49 c: a wrong code is 403 AccessDenied with AWS's sentence; a guess uses up nothing."""
    sts = scene.richard.client("sts")
    asked = {"RoleArn": scene.role, "RoleSessionName": "Richard"}
    device = scene.richard.device()
    asked["SerialNumber"] = device.serial
    answer = refused(
        "AccessDenied", 403, sts.assume_role, **asked, TokenCode=device.wrong_code()
    )
    assert message(answer) == NOT_THE_CODE
    assert sts.assume_role(**asked, TokenCode=device.code())["Credentials"]


@pytest.mark.rule("M3", "M8", "M49")
def test_assume_role_with_somebody_elses_device_fails(scene: Scene) -> None:
    """M49 c: a serial number of another user is 403 AccessDenied, whatever the code."""
    rita = scene.world.b.person("Rita", allow("sts:AssumeRole", scene.role), devices=1)
    mfa = rita.mfa()
    sts = scene.richard.client("sts")
    asked = {"RoleArn": scene.role, "RoleSessionName": "Richard"}
    answer = refused("AccessDenied", 403, sts.assume_role, **asked, **mfa)
    assert message(answer) == NOT_THEIRS
    assert rita.assume(scene.role, **mfa).token


@pytest.mark.rule("M49")
@pytest.mark.threat("T2", "T3")
def test_a_code_that_was_used_is_refused(scene: Scene) -> None:
    """M49 d: a code works once, for whichever of the two calls came first."""
    mfa = scene.richard.mfa()
    assert scene.richard.assume(scene.role, **mfa).token
    sts = scene.richard.client("sts")
    asked = {"RoleArn": scene.role, "RoleSessionName": "Richard"}
    again = refused("AccessDenied", 403, sts.assume_role, **asked, **mfa)
    assert message(again) == NOT_THE_CODE
    other = refused("AccessDenied", 403, sts.get_session_token, **mfa)
    assert message(other) == NOT_THE_CODE


@pytest.mark.rule("M47", "M49")
def test_the_callers_own_account_must_allow_too(scene: Scene) -> None:
    """M49 e: with valid MFA but no policy in B the answer is 403; with it, credentials."""
    rita = scene.world.b.person("Rita", devices=2)
    sts = rita.client("sts")
    asked = {"RoleArn": scene.role, "RoleSessionName": "Rita"}
    answer = refused("AccessDenied", 403, sts.assume_role, **asked, **rita.mfa())
    assert message(answer) == not_authorized(rita.arn, "sts:AssumeRole", scene.role)
    rita.allow("sts:AssumeRole", scene.role)
    assert sts.assume_role(**asked, **rita.mfa())["Credentials"]


@pytest.mark.rule("M19", "M47", "M49")
def test_the_trust_policy_must_name_the_callers_account(scene: Scene) -> None:
    """M49 f: a role that trusts account C refuses B's Richard, and takes C's Carla."""
    sts = scene.richard.client("sts")
    asked = {"RoleArn": scene.stranger, "RoleSessionName": "Richard"}
    mfa = scene.richard.mfa()
    answer = refused("AccessDenied", 403, sts.assume_role, **asked, **mfa)
    expected = not_authorized(scene.richard.arn, "sts:AssumeRole", scene.stranger)
    assert message(answer) == expected
    may = allow("sts:AssumeRole", scene.stranger)
    carla = scene.world.c.person("Carla", may, devices=1)
    assert carla.assume(scene.stranger, **carla.mfa()).token


@pytest.mark.rule("M44", "M45", "M49", "M50")
def test_the_session_uses_the_table_without_further_mfa(
    scene: Scene, session: Credentials
) -> None:
    """M49 g: any DynamoDB action on Books and ListTables are allowed; nobody asks again."""
    tables = scene.tables(session)
    tables.put_item(TableName=scene.books, Item=TITLE)
    read = tables.get_item(TableName=scene.books, Key=TITLE)
    assert read["Item"] == TITLE
    assert tables.query(
        TableName=scene.books,
        KeyConditionExpression="Title = :t",
        ExpressionAttributeValues={":t": TITLE["Title"]},
    )["Items"] == [TITLE]
    assert tables.describe_table(TableName=scene.books)["Table"]
    assert scene.books in tables.list_tables()["TableNames"]
    tables.delete_item(TableName=scene.books, Key=TITLE)


@pytest.mark.rule("M44", "M49")
def test_the_session_cannot_use_another_table(
    scene: Scene, session: Credentials
) -> None:
    """M49 h: DynamoDB on another table is 400 AccessDeniedException for the session's ARN."""
    tables = scene.tables(session)
    answer = refused(
        "AccessDeniedException",
        400,
        tables.get_item,
        TableName=scene.vault,
        Key=TITLE,
    )
    account = scene.world.a.id
    assert message(answer) == not_authorized(
        f"arn:aws:sts::{account}:assumed-role/{scene.role_name}/session",
        "dynamodb:GetItem",
        f"arn:aws:dynamodb:us-east-1:{account}:table/{scene.vault}",
        "identity-based",
    )


@pytest.mark.rule("M31", "M49")
def test_a_statement_that_asks_for_mfa_per_call_is_not_satisfied(
    scene: Scene, session: Credentials
) -> None:
    """M49 i: the role session carries no MFA; the user's own MFA session would."""
    tables = scene.tables(session)
    refused(
        "AccessDeniedException",
        400,
        tables.get_item,
        TableName=scene.ledger,
        Key=TITLE,
    )
    statement = allow(
        "dynamodb:*", table_arn(scene.world.a.id, scene.ledger), Condition=MFA
    )
    amy = scene.world.a.person("Amy", statement, devices=1)
    own = amy.client("dynamodb", amy.session(mfa=True))
    assert own.get_item(TableName=scene.ledger, Key=TITLE)


@pytest.mark.rule("M49", "M33")
def test_an_mfa_session_may_assume_the_role_without_a_code(scene: Scene) -> None:
    """M49 j: the trust policy sees MFA true from the session; at most for one hour."""
    sts = scene.richard.client("sts", scene.richard.session(mfa=True))
    asked = {"RoleArn": scene.role, "RoleSessionName": "Richard"}
    assert sts.assume_role(**asked, DurationSeconds=3600)["Credentials"]
    answer = refused(
        "ValidationError", 400, sts.assume_role, **asked, DurationSeconds=3601
    )
    assert message(answer) == (
        "The requested DurationSeconds exceeds the 1 hour session limit for roles "
        "assumed by role chaining."
    )
    plain = scene.richard.client("sts", scene.richard.session(mfa=False))
    answer = refused("AccessDenied", 403, plain.assume_role, **asked)
    assert message(answer) == scene.refusal()


@pytest.mark.rule("M46")
def test_the_identifier_of_a_virtual_device_is_its_arn(scene: Scene) -> None:
    """M46: a virtual device is named by its ARN, and by nothing else."""
    device = scene.richard.device()
    start = f"arn:aws:iam::{scene.world.b.id}:mfa/"
    assert device.serial.startswith(start)
    sts = scene.richard.client("sts")
    answer = refused(
        "AccessDenied",
        403,
        sts.get_session_token,
        SerialNumber=f"x{device.serial.removeprefix(start)}" + "x" * 9,
        TokenCode=device.code_at(device.last_step + 1),
    )
    assert message(answer) == NOT_THEIRS
    given = {"SerialNumber": device.serial, "TokenCode": device.code()}
    assert sts.get_session_token(**given)["Credentials"]


@pytest.mark.rule("M50")
def test_the_printed_policy_grants_nothing(scene: Scene) -> None:
    """M50: the table of account B and the action ListTable name nothing in A; corrected they do."""
    account, other = scene.world.a.id, scene.world.b.id

    def role(table_of: str, action: str) -> str:
        granted = policy(
            {
                "Effect": "Allow",
                "Action": "dynamodb:*",
                "Resource": table_arn(table_of, scene.books),
            },
            {"Effect": "Allow", "Action": action, "Resource": "*"},
        )
        return scene.world.a.role("Printed", trusts(other), granted)

    printed = role(other, "dynamodb:ListTable")
    corrected = role(account, "dynamodb:ListTables")
    bob = scene.world.b.person("Bob", allow("sts:AssumeRole", [printed, corrected]))
    tables = bob.client("dynamodb", bob.assume(printed))
    table = {"TableName": scene.books, "Key": TITLE}
    refused("AccessDeniedException", 400, tables.get_item, **table)
    refused("AccessDeniedException", 400, tables.list_tables)
    tables = bob.client("dynamodb", bob.assume(corrected))
    assert tables.get_item(**table)
    assert tables.list_tables()["TableNames"]
