"""Tags of one policy whose keys differ in letter case alone, which AWS allows."""

from pathlib import Path

import pytest

from ostiary.gate.telling import tell
from tests.unit.gate.whole import Whole, allow, document, run

ACCOUNT = "111122223333"
POLICY = f"arn:aws:iam::{ACCOUNT}:policy/p"


async def _with_both(whole: Whole) -> None:
    """A policy that has `team` = a beside `Team` = b."""
    text = document(allow("s3:GetObject"))
    tag = {"Key": "team", "Value": "a"}
    root = whole.root
    await whole.good(
        root, "iam", "CreatePolicy", PolicyName="p", PolicyDocument=text, Tags=[tag]
    )
    more = [{"Key": "Team", "Value": "b"}]
    await whole.good(root, "iam", "TagPolicy", PolicyArn=POLICY, Tags=more)


@pytest.mark.threat("T150")
def test_such_a_policy_can_still_be_read_and_deleted(tmp_path: Path) -> None:
    """Whoever may tag cannot lock others out: what tests no tag is decided as ever."""

    async def play(whole: Whole) -> None:
        await _with_both(whole)
        alice = await whole.user("alice", allow("iam:*"))
        await whole.good(alice, "iam", "GetPolicy", PolicyArn=POLICY)
        await whole.good(alice, "iam", "UntagPolicy", PolicyArn=POLICY, TagKeys=["x"])
        await whole.good(whole.root, "iam", "DeletePolicy", PolicyArn=POLICY)

    run(tmp_path, play)


@pytest.mark.threat("T87", "T150")
@pytest.mark.parametrize("key", ["aws:ResourceTag/team", "aws:ResourceTag/TEAM"])
@pytest.mark.parametrize("value", ["a", "b", "c"])
def test_what_tests_such_a_tag_is_undecided(
    tmp_path: Path, key: str, value: str
) -> None:
    """No Allow rests on either value, and every Deny that asks for one applies."""
    condition = {"StringEquals": {key: value}}

    async def play(whole: Whole) -> None:
        await _with_both(whole)
        alice = await whole.user("alice", allow("iam:GetPolicy", Condition=condition))
        denial = {**allow("iam:GetPolicy", Condition=condition), "Effect": "Deny"}
        bob = await whole.user("bob", allow("iam:*"), denial)
        refused = await whole.bad(alice, "iam", "GetPolicy", PolicyArn=POLICY)
        assert "no identity-based policy allows" in refused.message
        assert f"key {key} is unclear" in tell(whole.record(refused))
        denied = await whole.bad(bob, "iam", "GetPolicy", PolicyArn=POLICY)
        assert "explicit deny" in denied.message

    run(tmp_path, play)
