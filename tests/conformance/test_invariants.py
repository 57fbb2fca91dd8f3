"""The invariants of the database find what they say, and nothing in a sound one."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from ostiary.identity.model import Entity, Policy, User
from ostiary.store.engine import open_engine, prepare_schema
from ostiary.store.sql import SqlStore
from tests.conformance import invariants
from tests.conformance.samples import SAMPLES

HERE, THERE = "123456789012", "210987654321"
USER = "AIDA123456789012Alice"
WHO = {"account": HERE, "user": "AIDAGONE"}
BREAKING: tuple[tuple[str, str, dict[str, object]], ...] = (
    ("a device's user is there", "mfa_device", {**WHO, "serial": "s", "enabled": 1}),
    ("a device is enabled exactly", "mfa_device", {"account": HERE, "enabled": 1}),
    ("tries are those", "mfa_try", {"device": "gone"}),
    ("an attached policy is there", "attachment", {"account": HERE, "owner": USER}),
    ("a policy hangs on", "attachment", {"account": HERE, "owner": "AIDAGONE"}),
    ("an inline policy is in", "inline_policy", {"owner": "AIDAGONE"}),
    ("a boundary is a policy", "iam_role", {"account": HERE, "boundary": "arn:gone"}),
    ("members and their groups", "membership", {"user": USER, "group": "AGPAGONE"}),
    ("an access key's user", "access_key", {**WHO, "account": THERE, "user": USER}),
    ("a password's user", "login_profile", {"user": "AIDAGONE"}),
    ("the role in an instance profile", "instance_profile", {"role": "AROAGONE"}),
    ("a policy has its default version", "policy", {"account": HERE}),
    ("a version is one of a policy", "policy_version", {"policy": "arn:gone"}),
    *(
        (f"the user of a row in {table}", table, {**WHO, "service": "git"})
        for table in ("signing_certificate", "ssh_public_key", "service_credential")
    ),
    *(
        (f"the account of a row in {table} is", table, {"account": THERE})
        for table in (
            *("iam_user", "iam_group", "iam_role", "policy", "attachment"),
            *("access_key", "mfa_device", "instance_profile", "oidc_provider"),
            *("saml_provider", "server_certificate", "password_policy"),
        )
    ),
    ("no change is ahead", "change", {"revision": 10**6}),
    ("an organization's manager", "organization", {"management": HERE}),
    ("organization_unit stands in", "organization_unit", {"parent": "ou-gone"}),
    ("organization_member stands in", "organization_member", {"parent": "ou-gone"}),
    ("no unit stands in itself", "organization_unit", {"id": "ou-i", "parent": "ou-i"}),
    ("a member is an account", "organization_member", {"account": THERE}),
    *(
        (f"the organization of a row in {table}", table, {"organization": "o-gone"})
        for table in (
            *("organization_policy", "organization_policy_target"),
            *("trusted_service", "delegation"),
        )
    ),
    ("a handshake's parent", "handshake", {"parent": "h-gone"}),
    (
        "all features are enabled",
        "handshake",
        {"id": "h-2", "organization": "o-1", "parent": "h-2", "state": "OPEN"},
    ),
    ("an attached control policy", "organization_policy_target", {"policy": "p-x"}),
    ("a control policy hangs on", "organization_policy_target", {"target": "ou-x"}),
    ("a delegated administrator", "delegation", {"account": THERE}),
)
GIT = {"user": USER, "service": "git"}
CROWDS = (
    ("at most 2 rows of access_key", "access_key", {"account": HERE, "user": USER}, 3),
    ("at most 10 rows of attachment", "attachment", {"owner": USER}, 11),
    ("at most 10 rows of membership", "membership", {"user": USER}, 11),
    ("at most 5 rows of policy_version", "policy_version", {"policy": "p"}, 6),
    ("at most 2 rows of signing_cert", "signing_certificate", {"user": USER}, 3),
    ("at most 5 rows of ssh_public_key", "ssh_public_key", {"user": USER}, 6),
    ("at most 2 rows of service_cred", "service_credential", GIT, 3),
    ("at most 5000 rows of iam_user", "iam_user", {"account": HERE}, 5001),
    ("at most 300 rows of iam_group", "iam_group", {"account": HERE}, 301),
    ("at most 1000 rows of iam_role", "iam_role", {"account": HERE}, 1001),
    ("at most 1000 rows of instance_p", "instance_profile", {"account": HERE}, 1001),
    ("at most 20 rows of server_cert", "server_certificate", {"account": HERE}, 21),
    ("at most 100 rows of saml_provider", "saml_provider", {"account": HERE}, 101),
    ("at most 100 rows of oidc_provider", "oidc_provider", {"account": HERE}, 101),
    ("at most 8 MFA devices", "mfa_device", {"account": HERE, "user": USER}, 9),
    ("at most 1500 managed policies", "policy", {"account": HERE}, 1501),
    *(
        (f"names in {table} are unique", table, {"account": HERE, "name": "Same"}, 2)
        for table in ("iam_user", "iam_group", "iam_role", "policy", "instance_profile")
    ),
)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with one entity of every kind, each with what it refers to."""
    file = tmp_path_factory.mktemp("sound") / "store.db"
    engine = open_engine(f"sqlite:///{file}")
    prepare_schema(engine)
    with SqlStore(engine).change() as change:
        for sample in SAMPLES:
            if change.find(type(sample.entity), sample.entity.key) is None:
                change.insert(coherent(sample.entity))
    engine.dispose()
    return file


@pytest.fixture
def broken(sound: Path) -> sqlite3.Connection:
    """A copy in memory, whose own constraints are off."""
    copy = sqlite3.connect(":memory:", isolation_level=None)
    with sqlite3.connect(sound) as original:
        names = original.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' "
            "AND name NOT LIKE 'sqlite_%'"
        )
        for (name,) in names.fetchall():
            rows = original.execute(f'SELECT * FROM "{name}"').fetchall()  # noqa: S608 - our own tables
            info = original.execute(f'PRAGMA table_info("{name}")').fetchall()
            columns = ", ".join(f'"{column[1]}" {column[2]}' for column in info)
            copy.execute(f'CREATE TABLE "{name}" ({columns})')
            marks = ", ".join("?" * len(info))
            copy.executemany(f'INSERT INTO "{name}" VALUES ({marks})', rows)  # noqa: S608 - our own tables
    return copy


def coherent(entity: Entity) -> Entity:
    """The sample with references to other samples only."""
    if isinstance(entity, User):
        return replace(entity, boundary="")
    if isinstance(entity, Policy):
        return replace(entity, default_version=12, next_version=13)
    return entity


def add(copy: sqlite3.Connection, table: str, row: dict[str, object], n: int) -> None:
    """A row with these values; all others are its number, or 0."""
    filled: list[object] = []
    for _, name, kind, *_ in copy.execute(f'PRAGMA table_info("{table}")').fetchall():
        is_text = kind.upper() in ("TEXT", "BLOB") or kind.upper().startswith("VARCHAR")
        own = "" if name in ("user", "boundary", "role", "parent") else f"x{n}"
        filled.append(row.get(name, own if is_text else 0))
    marks = ", ".join("?" * len(filled))
    copy.execute(f'INSERT INTO "{table}" VALUES ({marks})', filled)  # noqa: S608 - our own tables


def test_a_sound_database_breaks_none(sound: Path) -> None:
    """Every kind of entity, each with what it refers to, is as it should be."""
    assert invariants.broken_in(sound) == []


@pytest.mark.threat("T17", "T99", "T109")
@pytest.mark.parametrize(("title", "table", "row"), BREAKING)
def test_an_orphan_is_found(
    title: str, table: str, row: dict[str, object], broken: sqlite3.Connection
) -> None:
    """A row that hangs on nothing breaks the invariant that names it."""
    assert not any(title in one for one in invariants.broken(broken.execute))
    add(broken, table, row, 1)
    assert any(title in one for one in invariants.broken(broken.execute))


@pytest.mark.threat("T101")
@pytest.mark.parametrize(("title", "table", "row", "rows"), CROWDS)
def test_one_too_many_is_found(
    title: str,
    table: str,
    row: dict[str, object],
    rows: int,
    broken: sqlite3.Connection,
) -> None:
    """A quota holds at its limit, and is broken by one more."""
    broken.execute(f'DELETE FROM "{table}"')  # noqa: S608 - our own tables
    for number in range(rows - 1):
        add(broken, table, row, number)
    assert not any(title in one for one in invariants.broken(broken.execute))
    add(broken, table, row, rows)
    assert any(title in one for one in invariants.broken(broken.execute))


def test_each_invariant_is_shown_to_be_one() -> None:
    """No query is there that no test can make fail."""
    shown = {title for title, *_ in (*BREAKING, *CROWDS)}
    assert [one for one in invariants.ALL if not any(t in one for t in shown)] == []
