"""Writes src/ostiary/data/aws_managed_policies.bin from the policies that moto ships.

moto is read here and in tests only; the server reads the file, a policy at a time.
Run it after moto's pin moves: `.venv/bin/python scripts/managed_policies.py`.
`--check` writes nothing and fails when the file is out of step.

The file: a line with the length of the index, the index, then one document after the
other. Each is compressed by itself, so that one can be read without the others.
"""

import json
import re
import sys
import zlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data

DATA = Path(__file__).parent.parent / "src/ostiary/data"
FILE = DATA / "aws_managed_policies.bin"

# Ids that homes have had from the first release on, and what AWS says of the policies:
# moto tells neither. All other ids come from the ARN.
TOLD = {
    "AdministratorAccess": (
        "ANPAJZYOOZDUNFCUGFFQV",
        "Provides full access to AWS services and resources.",
    ),
    "PowerUserAccess": (
        "ANPATP2LFJ2HVVMQQBPSV",
        "Provides full access to AWS services and resources, but does not allow management of Users and groups.",  # noqa: E501 - AWS's sentence
    ),
    "ReadOnlyAccess": (
        "ANPAQP6NCFU6JORR7LGDB",
        "Provides read-only access to AWS services and resources.",
    ),
    "IAMFullAccess": (
        "ANPARM3U5MSRHL4QUTBM4",
        "Provides full access to IAM via the AWS Management Console.",
    ),
    "IAMReadOnlyAccess": (
        "ANPALPL7YMVGHZMFFWDWH",
        "Provides read only access to IAM via the AWS Management Console.",
    ),
    "IAMUserChangePassword": (
        "ANPA4CVBTM25245NNT4IQ",
        "Provides the ability for an IAM user to change their own password.",
    ),
    "AmazonEC2FullAccess": (
        "ANPACFD3Q4JKSXEQWAQV3",
        "Provides full access to Amazon EC2 via the AWS Management Console.",
    ),
    "AmazonS3FullAccess": (
        "ANPAHW4EGLDZUVL5RSWXJ",
        "Provides full access to all buckets via the AWS Management Console.",
    ),
    "AmazonS3ReadOnlyAccess": (
        "ANPAE2KYI4RILZMVVX7XJ",
        "Provides read only access to all buckets via the AWS Management Console.",
    ),
    "AmazonDynamoDBFullAccess": (
        "ANPALWA6RLFKQIA5YG67R",
        "Provides full access to Amazon DynamoDB via the AWS Management Console.",
    ),
    "AmazonSQSFullAccess": (
        "ANPASEMR34WLOPTHLU254",
        "Provides full access to Amazon SQS via the AWS Management Console.",
    ),
    "AmazonSNSFullAccess": (
        "ANPAAXYKNUP7GXFW7CRVI",
        "Provides full access to Amazon SNS via the AWS Management Console.",
    ),
}
# AWS writes elements in this order; moto has sorted them.
ORDER = (
    "Version",
    "Id",
    "Statement",
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
)


def _ordered(element: dict[str, Any]) -> dict[str, Any]:
    return {name: element[name] for name in sorted(element, key=ORDER.index)}


def document(policy: dict[str, Any]) -> str:
    """Gives the text of a policy's default version."""
    tree = _ordered(policy["Document"])
    statements = tree["Statement"]
    if isinstance(statements, list):
        tree["Statement"] = [_ordered(one) for one in statements]
    else:
        tree["Statement"] = _ordered(statements)
    return json.dumps(tree, indent=4)


def _seconds(time: str) -> int:
    return int(datetime.fromisoformat(time).timestamp())


def _number(version: str) -> int:
    match = re.fullmatch(r"v([1-9][0-9]*)", version, re.ASCII)
    assert match is not None, version  # noqa: S101 - the source has changed
    return int(match[1])


def _founded() -> set[str]:
    """Gives the policies that every home has from its start, with documents of ours."""
    rows = json.loads((DATA / "managed_policies.json").read_text(encoding="utf-8"))
    return {row["Path"] + row["Name"] for row in rows}


def policies() -> Iterator[tuple[list[Any], str]]:
    """Gives each policy's row of the index but for the length, and its document."""
    founded = _founded()
    source: dict[str, dict[str, Any]] = json.loads(aws_managed_policies_data)
    for name in sorted(source, key=lambda name: (name.lower(), name)):
        policy = source[name]
        if policy["Path"] + name in founded:
            continue
        row = [
            name,
            policy["Path"],
            _number(policy["DefaultVersionId"]),
            _seconds(policy["CreateDate"]),
            _seconds(policy["UpdateDate"]),
            *TOLD.get(name, ("", "")),
        ]
        yield row, document(policy)


def made() -> bytes:
    """Gives the file."""
    rows, packed = [], []
    for row, text in policies():
        packed.append(zlib.compress(text.encode(), 9))
        rows.append([*row, len(packed[-1])])
    index = zlib.compress(json.dumps(rows, separators=(",", ":")).encode(), 9)
    return b"%d\n" % len(index) + index + b"".join(packed)


def opened(file: bytes) -> list[tuple[list[Any], str]]:
    """Gives what a file tells; builds of zlib may write the same in other bytes."""
    line, _, rest = file.partition(b"\n")
    rows = json.loads(zlib.decompress(rest[: int(line)]))
    found, start = [], int(line)
    for *row, length in rows:
        text = zlib.decompress(rest[start : start + length]).decode()
        found.append((row, text))
        start += length
    assert start == len(rest)  # noqa: S101 - nothing stands behind the last
    return found


def is_in_step() -> bool:
    """Tells whether the file says what moto says."""
    return FILE.exists() and opened(FILE.read_bytes()) == list(policies())


def main() -> int:
    """Writes the file, or with `--check` says whether it is out of step."""
    if "--check" not in sys.argv[1:]:
        file = made()
        FILE.write_bytes(file)
        print(f"{len(opened(file)):,} policies, {len(file):,} bytes")
        return 0
    if is_in_step():
        return 0
    print("out of step with moto: `aws_managed_policies.bin`")
    return 1


if __name__ == "__main__":
    sys.exit(main())
