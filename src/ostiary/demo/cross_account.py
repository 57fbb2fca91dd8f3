"""Scenario 1: MFA for a role in another account (M43 to M50)."""

from typing import Any

from ostiary.demo.people import (
    MFA,
    Account,
    Credentials,
    Document,
    Person,
    allow,
    credentials_of,
    trusts,
)
from ostiary.demo.report import ALLOWED
from ostiary.demo.stage import Stage

REFUSED = "403 AccessDenied"
NO_TABLE = "400 AccessDeniedException"


def play(stage: Stage, home: Account, away: Account, other: Account) -> None:
    """Anaya owns table Books in A; Richard of account B assumes her role with MFA."""
    stage.report.chapter("Scenario 1: MFA protection for cross-account delegation")
    anaya = home.administrator("Anaya")
    for table in ("Books", "Vault", "Ledger"):
        _make_table(anaya, table)
    role = home.role(
        "CrossAccountRole", trusts(away.id, Condition=MFA), _permissions(home.id)
    )
    stranger = home.role(
        "OtherRole", trusts(other.id, Condition=MFA), _permissions(home.id)
    )
    may_assume = allow(["sts:AssumeRole"], [role, stranger])
    richard = away.person("Richard", devices=3, policy=may_assume)
    rita = away.person("Rita", devices=1)
    session = _assume(stage, richard, rita, role)
    _other_sides(stage, richard, rita, role, stranger)
    _use_tables(stage, richard, session)
    _chain(stage, richard, role)
    _errata(stage, home, away)


def _permissions(account: str) -> Document:
    """The guide's permission policy, with its errata corrected (M50)."""
    table = f"arn:aws:dynamodb:*:{account}:table"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "TableActions",
                "Effect": "Allow",
                "Action": "dynamodb:*",
                "Resource": f"{table}/Books",
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
                "Resource": f"{table}/Ledger",
                "Condition": MFA,
            },
        ],
    }


def _make_table(owner: Person, name: str) -> None:
    owner.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "Title", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "Title", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def _assume(stage: Stage, richard: Person, rita: Person, role: str) -> Credentials:
    step = stage.expect
    valid = richard.mfa()
    answer = step(
        "M49a",
        "Richard",
        "AssumeRole with his device and its code",
        ALLOWED,
        lambda: richard.assume(role, **valid),
    )
    step(
        "M49b",
        "Richard",
        "AssumeRole without MFA, long-term key",
        REFUSED,
        lambda: richard.assume(role),
    )
    device = richard.devices[-1]
    step(
        "M49c",
        "Richard",
        "AssumeRole with a wrong code",
        REFUSED,
        lambda: richard.assume(
            role, SerialNumber=device.serial, TokenCode=device.wrong_code()
        ),
    )
    step(
        "M49c",
        "Richard",
        "AssumeRole with somebody else's device",
        REFUSED,
        lambda: richard.assume(role, **rita.mfa()),
    )
    step(
        "M49d",
        "Richard",
        "AssumeRole with the same code again",
        REFUSED,
        lambda: richard.assume(role, **valid),
    )
    step(
        "T3",
        "Richard",
        "GetSessionToken with that used code",
        REFUSED,
        lambda: richard.client("sts").get_session_token(**valid),
    )
    return credentials_of(answer)


def _other_sides(
    stage: Stage, richard: Person, rita: Person, role: str, stranger: str
) -> None:
    """Both sides must allow: the caller's own policy, and the role's trust."""
    step = stage.expect
    step(
        "M49e",
        "Rita",
        "AssumeRole with MFA, but no policy of her own allows it",
        REFUSED,
        lambda: rita.assume(role, **rita.mfa()),
    )
    step(
        "M49f",
        "Richard",
        "AssumeRole with MFA; the role trusts another account",
        REFUSED,
        lambda: richard.assume(stranger, **richard.mfa()),
    )


def _use_tables(stage: Stage, richard: Person, session: Credentials) -> None:
    step, tables = stage.expect, richard.client("dynamodb", session)
    title = {"Title": {"S": "The Name of the Rose"}}
    step(
        "M49g",
        "Richard",
        "role session: PutItem into Books",
        ALLOWED,
        lambda: tables.put_item(TableName="Books", Item=title),
    )
    step(
        "M49g",
        "Richard",
        "role session: GetItem from Books",
        ALLOWED,
        lambda: tables.get_item(TableName="Books", Key=title),
    )
    step(
        "M49g",
        "Richard",
        "role session: ListTables",
        ALLOWED,
        tables.list_tables,
    )
    step(
        "M49h",
        "Richard",
        "role session: GetItem from table Vault",
        NO_TABLE,
        lambda: tables.get_item(TableName="Vault", Key=title),
    )
    step(
        "M49i",
        "Richard",
        "role session: a statement that asks for MFA per call",
        NO_TABLE,
        lambda: tables.get_item(TableName="Ledger", Key=title),
    )


def _chain(stage: Stage, richard: Person, role: str) -> None:
    session = richard.session(mfa=True)
    sts = richard.client("sts", session)

    def assume(**more: Any) -> Any:
        return sts.assume_role(RoleArn=role, RoleSessionName="Richard", **more)

    stage.expect(
        "M49j",
        "Richard",
        "GetSessionToken with MFA, then AssumeRole without a code",
        ALLOWED,
        assume,
    )
    stage.expect(
        "M49j",
        "Richard",
        "the same for more than an hour",
        "400 ValidationError",
        lambda: assume(DurationSeconds=3601),
    )
    plain = richard.client("sts", richard.session(mfa=False))
    stage.expect(
        "M33",
        "Richard",
        "GetSessionToken without MFA, then AssumeRole",
        REFUSED,
        lambda: plain.assume_role(RoleArn=role, RoleSessionName="Richard"),
    )


def _errata(stage: Stage, home: Account, away: Account) -> None:
    """The guide's policy as printed: it names account B's table, and no real action."""
    printed = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "TableActions",
                "Effect": "Allow",
                "Action": "dynamodb:*",
                "Resource": f"arn:aws:dynamodb:*:{away.id}:table/Books",
            },
            {
                "Sid": "ListTable",
                "Effect": "Allow",
                "Action": "dynamodb:ListTable",
                "Resource": "*",
            },
        ],
    }
    role = home.role("PrintedRole", trusts(away.id), printed)
    bob = away.person("Bob", policy=allow("sts:AssumeRole", role))
    tables = bob.client("dynamodb", credentials_of(bob.assume(role)))
    stage.expect(
        "M50",
        "Bob",
        "the printed policy: GetItem from Books of account A",
        NO_TABLE,
        lambda: tables.get_item(TableName="Books", Key={"Title": {"S": "x"}}),
    )
    stage.expect(
        "M50",
        "Bob",
        "the printed policy: ListTables (it says ListTable)",
        NO_TABLE,
        tables.list_tables,
    )
