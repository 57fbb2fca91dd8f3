"""What holds in the database after whatever happened (T17, T99, T101, T109).

Each query finds what must not be there, so a sound database answers all of them with
nothing. They are plain SQL over the tables, sharing no code with `src`, and read a
file that a server has left behind as well as a store that is in use.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from tests.conformance.organization_invariants import ORGANIZATIONS

Run = Callable[[str], Iterable[Sequence[object]]]
"""Runs one query; its rows."""

OWNERS = """(SELECT id, account FROM iam_user UNION ALL SELECT id, account FROM iam_group
             UNION ALL SELECT id, account FROM iam_role)"""

NOT_ORPHANED = {
    "a device's user is there, in the device's account; root is the account": """
        SELECT d.serial FROM mfa_device d LEFT JOIN iam_user u ON u.id = d."user"
        WHERE d."user" <> '' AND d."user" <> d.account
          AND (u.id IS NULL OR u.account <> d.account)""",
    "a device is enabled exactly while it is somebody's": """
        SELECT serial FROM mfa_device WHERE ("user" = '') <> (enabled = 0)""",
    "tries are those at a device that is there, or at a user's password": """
        SELECT device FROM mfa_try
        WHERE device NOT IN (SELECT id FROM mfa_device)
          AND device NOT IN (SELECT 'password ' || "user" FROM login_profile)""",
    "an attached policy is there, and its account's own or AWS's": """
        SELECT a.owner, a.policy FROM attachment a
        LEFT JOIN policy p ON p.arn = a.policy
        WHERE p.arn IS NULL OR p.account NOT IN (a.account, 'aws')""",
    "a policy hangs on a user, group or role of the attachment's account": f"""
        SELECT a.owner, a.policy FROM attachment a
        LEFT JOIN {OWNERS} o ON o.id = a.owner
        WHERE o.id IS NULL OR o.account <> a.account""",  # noqa: S608 - our own text
    "an inline policy is in a user, group or role": f"""
        SELECT i.owner, i.name FROM inline_policy i
        LEFT JOIN {OWNERS} o ON o.id = i.owner WHERE o.id IS NULL""",  # noqa: S608 - our own text
    "a boundary is a policy that is there, its account's own or AWS's": """
        SELECT o.id FROM (SELECT id, account, boundary FROM iam_user UNION ALL
                          SELECT id, account, boundary FROM iam_role) o
        LEFT JOIN policy p ON p.arn = o.boundary
        WHERE o.boundary <> ''
          AND (p.arn IS NULL OR p.account NOT IN (o.account, 'aws'))""",
    "members and their groups are there, in one account": """
        SELECT m."user", m."group" FROM membership m
        LEFT JOIN iam_user u ON u.id = m."user"
        LEFT JOIN iam_group g ON g.id = m."group"
        WHERE u.id IS NULL OR g.id IS NULL OR u.account <> g.account""",
    "an access key's user is there, in the key's account; root has no user": """
        SELECT k.id FROM access_key k LEFT JOIN iam_user u ON u.id = k."user"
        WHERE k."user" <> '' AND (u.id IS NULL OR u.account <> k.account)""",
    "a password's user is there": """
        SELECT l."user" FROM login_profile l
        LEFT JOIN iam_user u ON u.id = l."user" WHERE u.id IS NULL""",
    "the role in an instance profile is there, in the profile's account": """
        SELECT i.id FROM instance_profile i LEFT JOIN iam_role r ON r.id = i.role
        WHERE i.role <> '' AND (r.id IS NULL OR r.account <> i.account)""",
    "a policy has its default version": """
        SELECT p.arn FROM policy p LEFT JOIN policy_version v
          ON v.policy = p.arn AND v.number = p.default_version
        WHERE v.policy IS NULL""",
    "a version is one of a policy that is there, and its number was given out": """
        SELECT v.policy, v.number FROM policy_version v
        LEFT JOIN policy p ON p.arn = v.policy
        WHERE p.arn IS NULL OR v.number >= p.next_version OR v.number < 1""",
    **{
        f"the user of a row in {table} is there, in the row's account": f"""
        SELECT r.id FROM {table} r LEFT JOIN iam_user u ON u.id = r."user"
        WHERE u.id IS NULL OR u.account <> r.account"""  # noqa: S608 - names from below
        for table in ("signing_certificate", "ssh_public_key", "service_credential")
    },
    **{
        f"the account of a row in {table} is there": f"""
        SELECT r.account FROM {table} r LEFT JOIN account a ON a.id = r.account
        WHERE a.id IS NULL AND r.account <> 'aws'"""  # noqa: S608 - names from below
        for table in (
            *("iam_user", "iam_group", "iam_role", "policy", "attachment"),
            *("access_key", "mfa_device", "instance_profile", "oidc_provider"),
            *("saml_provider", "server_certificate", "password_policy"),
        )
    },
}
"""No row hangs on nothing."""

QUOTAS = {
    **{
        f"at most {most} rows of {table} to one {by}": f"""
        SELECT {by}, COUNT(*) FROM {table} GROUP BY {by} HAVING COUNT(*) > {most}"""  # noqa: S608 - names from below
        for table, by, most in (
            ("access_key", 'account, "user"', 2),
            ("attachment", "owner", 10),
            ("membership", '"user"', 10),
            ("policy_version", "policy", 5),
            ("signing_certificate", '"user"', 2),
            ("ssh_public_key", '"user"', 5),
            ("service_credential", '"user", service', 2),
            ("iam_user", "account", 5000),
            ("iam_group", "account", 300),
            ("iam_role", "account", 1000),
            ("instance_profile", "account", 1000),
            ("server_certificate", "account", 20),
            ("saml_provider", "account", 100),
            ("oidc_provider", "account", 100),
        )
    },
    "at most 8 MFA devices to one user": """
        SELECT account, "user", COUNT(*) FROM mfa_device WHERE "user" <> ''
        GROUP BY account, "user" HAVING COUNT(*) > 8""",
    "at most 1500 managed policies to one account": """
        SELECT account, COUNT(*) FROM policy WHERE account <> 'aws'
        GROUP BY account HAVING COUNT(*) > 1500""",
}
"""Facts 10.2."""

NAMES = {
    f"names in {table} are unique without regard to case": f"""
        SELECT account, LOWER(name), COUNT(*) FROM {table}
        GROUP BY account, LOWER(name) HAVING COUNT(*) > 1"""  # noqa: S608 - names from below
    for table in ("iam_user", "iam_group", "iam_role", "policy", "instance_profile")
}
"""Facts 10.1."""

CHANGES = {
    "there is one counter of revisions, and no change is ahead of it": """
        SELECT current FROM revision
        WHERE current < (SELECT COALESCE(MAX(revision), 0) FROM "change")
        UNION ALL SELECT COUNT(*) FROM revision HAVING COUNT(*) <> 1""",
}

ALL = {**NOT_ORPHANED, **QUOTAS, **NAMES, **CHANGES, **ORGANIZATIONS}
"""What each query says of a sound database, and the query that finds exceptions."""


def broken(run: Run) -> list[str]:
    """The invariants that do not hold, each with the rows that break it."""
    found = (
        (title, [tuple(row) for row in run(query)]) for title, query in ALL.items()
    )
    return [f"not so: {title}: {rows[:5]}" for title, rows in found if rows]


def broken_in(file: Path) -> list[str]:
    """As `broken`, for a SQLite file; its own checks of pages and references, too."""
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        told = broken(connection.execute)
        told += [
            f"SQLite says: {row}"
            for pragma in ("integrity_check", "foreign_key_check")
            for row in connection.execute(f"PRAGMA {pragma}")
            if row != ("ok",)
        ]
        return told
    finally:
        connection.close()
