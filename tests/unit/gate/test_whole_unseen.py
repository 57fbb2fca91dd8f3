"""What only the upstream knows is unknown to a decision, not absent."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.gate.whole import Whole, allow, run

STOP = {"InstanceId.1": "i-0123456789abcdef0"}


@pytest.mark.threat("T66", "T80")
@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"aws:ResourceTag/env": "prod"}},
        {"StringNotEquals": {"aws:ResourceTag/env": "prod"}},
        {"StringEqualsIfExists": {"ec2:ResourceTag/env": "prod"}},
        {"Null": {"aws:ResourceTag/env": "true"}},
        {"Null": {"aws:ResourceTag/env": "false"}},
        {"ForAllValues:StringEquals": {"aws:ResourceTag/env": "prod"}},
    ],
)
@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_a_condition_on_the_unseen_never_opens(
    tmp_path: Path, effect: str, condition: dict[str, Any]
) -> None:
    """No Allow rests on an instance's tags, and a Deny on them is not silent."""

    async def play(whole: Whole) -> None:
        statement = {
            "Effect": effect,
            "Action": "ec2:StopInstances",
            "Resource": "*",
            "Condition": condition,
        }
        own = [statement]
        if effect == "Deny":
            own.append(allow("ec2:*"))
        alice = await whole.user("alice", *own)
        answer = await whole.bad(alice, "ec2", "StopInstances", **STOP)
        (verdict,) = whole.record(answer)["decisions"]

        assert (answer.status, answer.code) == (403, "UnauthorizedOperation")
        expected = "ExplicitlyDenied" if effect == "Deny" else "ImplicitlyDenied"
        assert verdict["outcome"] == expected
        assert verdict["explanation"]["keys"][0]["value"] == ["unknown"]

    run(tmp_path, play)
