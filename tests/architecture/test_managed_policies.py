"""The policies of AWS that we ship are those that moto ships, one for one."""

import json
from pathlib import Path

from moto.iam.aws_managed_policies import aws_managed_policies_data

from scripts import managed_policies

ROOT = Path(__file__).parents[2]


def test_the_file_is_in_step() -> None:
    """It is what scripts/managed_policies.py writes from the pinned moto."""
    assert managed_policies.is_in_step()


def test_no_policy_is_left_out() -> None:
    """Each is in the file or, of the tasks of root, in every home from its start."""
    founded = json.loads((ROOT / "src/ostiary/data/managed_policies.json").read_text())
    names = {row["Name"] for row in founded}
    shipped = {row[0] for row, _ in managed_policies.policies()}
    assert not names & shipped
    assert names | shipped == set(json.loads(aws_managed_policies_data))


def test_documents_say_what_moto_says() -> None:
    """Only the order of elements is another."""
    source = json.loads(aws_managed_policies_data)
    for row, text in managed_policies.opened(managed_policies.FILE.read_bytes()):
        assert json.loads(text) == source[row[0]]["Document"]
