"""The simulator through the whole gate, beside what really happens (T93)."""

import json
import re
from pathlib import Path

import pytest

from tests.unit.gate.whole import MFA, Answer, Keys, Whole, allow, document, run, trust


def decisions(answer: Answer) -> list[str]:
    """The decisions of a simulation, in order."""
    return re.findall("<EvalDecision>(.*?)</EvalDecision>", answer.body)


async def simulated(
    whole: Whole, arn: str, credentials: str, action: str, resource: str
) -> bool:
    """Whether the simulator allows an action with credentials of a kind."""
    entry = {
        "ContextKeyName": "ostiary:CredentialKind",
        "ContextKeyValues": [credentials],
        "ContextKeyType": "string",
    }
    answer = await whole.good(
        whole.root,
        "iam",
        "SimulatePrincipalPolicy",
        PolicySourceArn=arn,
        ActionNames=[action],
        ResourceArns=[resource],
        ContextEntries=[entry],
    )
    (decision,) = decisions(answer)
    return decision == "allowed"


@pytest.mark.threat("T93")
def test_what_is_simulated_happens(tmp_path: Path) -> None:
    """Credentials of every kind: simulated calls end as real ones do."""

    async def play(whole: Whole) -> None:
        sofia = await whole.user(
            "Sofia",
            allow("iam:GetUser", Condition=MFA),
            allow("iam:ListUsers"),
            allow("sts:AssumeRole", Condition=MFA),
        )
        serial = await whole.device("Sofia")
        shown = await whole.good(whole.root, "iam", "GetUser", UserName="Sofia")
        user = shown.field("Arn")
        account = user.split(":")[4]
        role = await whole.role("Job", trust({"AWS": account}, Condition=MFA))
        session = await whole.session(sofia, serial)
        real: dict[str, Keys] = {"long-term": sofia, "session-mfa": session}
        for credentials, keys in real.items():
            for operation, resource, params in (
                ("GetUser", user, {"UserName": "Sofia"}),
                ("ListUsers", f"arn:aws:iam::{account}:user/", {}),
                ("ListRoles", f"arn:aws:iam::{account}:role/", {}),
            ):
                said = await simulated(
                    whole, user, credentials, f"iam:{operation}", resource
                )
                answer = await whole.call(keys, "iam", operation, **params)
                assert (answer.status == 200) == said
        assume = {"RoleArn": role, "RoleSessionName": "me"}
        for credentials, keys in real.items():
            said = await simulated(whole, user, credentials, "sts:AssumeRole", role)
            answer = await whole.call(keys, "sts", "AssumeRole", **assume)
            assert (answer.status == 200) == said
        whole.now += 30
        code = {"SerialNumber": serial, "TokenCode": whole.code(serial)}
        answer = await whole.call(sofia, "sts", "AssumeRole", **assume, **code)
        said = await simulated(whole, user, "long-term-code", "sts:AssumeRole", role)
        assert (answer.status == 200, said) == (True, True)

    run(tmp_path, play)


def test_simulating_takes_its_permission(tmp_path: Path) -> None:
    """The simulator tells what policies say, so not everybody may ask it."""

    async def play(whole: Whole) -> None:
        sofia = await whole.user("Sofia", allow("iam:SimulateCustomPolicy"))
        text = document(allow("s3:*"), allow("ec2:*", Effect="Deny"))
        custom = {"PolicyInputList": [text], "ActionNames": ["s3:Get", "ec2:Run"]}
        answer = await whole.good(sofia, "iam", "SimulateCustomPolicy", **custom)
        assert decisions(answer) == ["allowed", "explicitDeny"]
        shown = await whole.good(whole.root, "iam", "GetUser", UserName="Sofia")
        answer = await whole.bad(
            sofia,
            "iam",
            "SimulatePrincipalPolicy",
            PolicySourceArn=shown.field("Arn"),
            ActionNames=["s3:GetObject"],
        )
        assert (answer.status, answer.code) == (403, "AccessDenied")

    run(tmp_path, play)


@pytest.mark.threat("T136")
def test_a_large_simulation_fits_a_request(tmp_path: Path) -> None:
    """A thousand pairs at once are answered in pages over the wire."""

    async def play(whole: Whole) -> None:
        params = {
            "PolicyInputList": [json.dumps(json.loads(document(allow("s3:*"))))],
            "ActionNames": [f"s3:Get{number}" for number in range(1000)],
            "MaxItems": 1000,
        }
        answer = await whole.good(whole.root, "iam", "SimulateCustomPolicy", **params)
        assert len(decisions(answer)) == 1000

    run(tmp_path, play)
