"""The encoded message in EC2's refusals, through the whole gate (facts 6.5)."""

import json
from pathlib import Path
from typing import Any

import pytest

from ostiary.gate.failure_message import failure_message
from ostiary.gate.needs import Need
from ostiary.identity.failure_message import ROOM
from ostiary.policy import (
    AuthorizationRequest,
    Context,
    Kind,
    PolicySet,
    compile,  # noqa: A004 - the field's own word
    decide,
    parse,
)
from tests.unit.gate.whole import MFA, Answer, Keys, Whole, allow, run
from tests.unit.services.iam.world import root_of

INSTANCE = "i-0123456789abcdef0"
BEFORE = ". Encoded authorization failure message: "
DECODE = "sts:DecodeAuthorizationMessage"


async def stop(whole: Whole, keys: Keys, **more: object) -> Answer:
    """A refused StopInstances."""
    answer = await whole.call(
        keys, "ec2", "StopInstances", **{"InstanceId.1": INSTANCE}, **more
    )
    assert (answer.status, answer.code) == (403, "UnauthorizedOperation")
    return answer


def encoded(answer: Answer) -> str:
    """The encoded message of a refusal."""
    sentence, _, message = answer.message.partition(BEFORE)
    assert sentence.startswith("You are not authorized to perform this operation. ")
    assert message
    return message


async def decoded(whole: Whole, keys: Keys, message: str) -> Any:
    """What STS says of the message."""
    answer = await whole.good(
        keys, "sts", "DecodeAuthorizationMessage", EncodedMessage=message
    )
    text = answer.field("DecodedMessage")
    for name, sign in (("quot", '"'), ("lt", "<"), ("gt", ">"), ("amp", "&")):
        text = text.replace(f"&{name};", sign)
    return json.loads(text)


def test_a_refusal_can_be_decoded(tmp_path: Path) -> None:
    """The message says who wanted what, that nothing allowed it, and the context."""

    async def play(whole: Whole) -> None:
        sofia = await whole.user("Sofia", allow("ec2:*", Condition=MFA), allow(DECODE))
        answer = await stop(whole, sofia)
        told = await decoded(whole, sofia, encoded(answer))

        account = told["context"]["principal"]["arn"].split(":")[4]
        assert list(told) == [
            "allowed",
            "explicitDeny",
            "matchedStatements",
            "failures",
            "context",
        ]
        assert told["allowed"] is False
        assert told["explicitDeny"] is False
        assert told["matchedStatements"] == told["failures"] == {"items": []}
        context = told["context"]
        assert context["principal"]["name"] == "Sofia"
        assert context["principal"]["id"].startswith("AIDA")
        assert context["action"] == "ec2:StopInstances"
        assert context["resource"] == (
            f"arn:aws:ec2:us-east-1:{account}:instance/{INSTANCE}"
        )
        values = {
            one["key"]: [each["value"] for each in one["values"]["items"]]
            for one in context["conditions"]["items"]
        }
        assert values["aws:username"] == ["Sofia"]
        assert values["aws:SourceIp"] == ["127.0.0.1"]
        assert values["ec2:InstanceID"] == [INSTANCE]
        assert "aws:MultiFactorAuthPresent" not in values

    run(tmp_path, play)


def test_a_deny_is_named(tmp_path: Path) -> None:
    """The statement that denied is there, element by element."""

    async def play(whole: Whole) -> None:
        deny = allow(
            "ec2:Stop*",
            Effect="Deny",
            Sid="NeedsMfa",
            Condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
        )
        sofia = await whole.user("Sofia", allow("*"), deny)
        told = await decoded(whole, sofia, encoded(await stop(whole, sofia)))

        assert told["explicitDeny"] is True
        assert told["matchedStatements"]["items"] == [
            {
                "statementId": "NeedsMfa",
                "effect": "DENY",
                "principals": {"items": []},
                "principalGroups": {"items": []},
                "actions": {"items": [{"value": "ec2:Stop*"}]},
                "resources": {"items": [{"value": "*"}]},
                "conditions": {
                    "items": [
                        {
                            "key": "aws:MultiFactorAuthPresent",
                            "values": {"items": [{"value": "false"}]},
                        }
                    ]
                },
            }
        ]

    run(tmp_path, play)


def test_decoding_takes_its_permission(tmp_path: Path) -> None:
    """Who holds a message and no permission learns nothing from it."""

    async def play(whole: Whole) -> None:
        sofia = await whole.user("Sofia")
        message = encoded(await stop(whole, sofia))
        answer = await whole.bad(
            sofia, "sts", "DecodeAuthorizationMessage", EncodedMessage=message
        )
        assert (answer.status, answer.code) == (403, "AccessDenied")
        assert (await decoded(whole, whole.root, message))["allowed"] is False

    run(tmp_path, play)


@pytest.mark.threat("T124")
def test_a_message_of_another_account_is_not_valid(tmp_path: Path) -> None:
    """Another account gets the answer that nonsense gets."""

    async def play(whole: Whole) -> None:
        stranger = await whole.account("b", "222222222222")
        sofia = await whole.user("Sofia")
        message = encoded(await stop(whole, sofia))
        for keys, text in ((stranger, message), (whole.root, "nonsense")):
            answer = await whole.bad(
                keys, "sts", "DecodeAuthorizationMessage", EncodedMessage=text
            )
            assert (answer.status, answer.code, answer.message) == (
                400,
                "InvalidAuthorizationMessageException",
                "Message is not valid",
            )

    run(tmp_path, play)


def test_a_dry_run_is_refused_with_a_message_too(tmp_path: Path) -> None:
    """A dry run without permission is UnauthorizedOperation like any other."""

    async def play(whole: Whole) -> None:
        sofia = await whole.user("Sofia")
        message = encoded(await stop(whole, sofia, DryRun="true"))
        assert (await decoded(whole, whole.root, message))["context"]["action"] == (
            "ec2:StopInstances"
        )

    run(tmp_path, play)


def test_the_record_has_the_sentence_only(tmp_path: Path) -> None:
    """The audit record explains in the open; the sealed form would only fill it."""

    async def play(whole: Whole) -> None:
        sofia = await whole.user("Sofia")
        answer = await stop(whole, sofia)
        record = whole.record(answer)
        assert record["errorMessage"] == answer.message.partition(BEFORE)[0]
        assert record["decisions"][-1]["explanation"]["missing"] == ["identity"]

    run(tmp_path, play)


def test_other_services_have_no_message(tmp_path: Path) -> None:
    """Only EC2 gives encoded messages."""

    async def play(whole: Whole) -> None:
        sofia = await whole.user("Sofia")
        answer = await whole.bad(sofia, "iam", "ListUsers")
        assert "Encoded authorization" not in answer.body

    run(tmp_path, play)


@pytest.mark.threat("T136")
@pytest.mark.parametrize("size", [1, 40, 4000])
def test_a_message_always_fits(size: int) -> None:
    """Conditions are left out before statements, and both before it gets too long."""
    caller = root_of("111111111111")
    denies = [
        allow("ec2:*", Effect="Deny", Sid=f"No{number}")
        for number in range(min(size, 200))
    ]
    document = {"Version": "2012-10-17", "Statement": denies}
    policies = PolicySet(
        identity=(compile(parse(json.dumps(document), kind=Kind.IDENTITY)),)
    )
    need = Need(
        action="ec2:StopInstances",
        resource="arn:aws:ec2:us-east-1:111111111111:instance/" + "i" * 9 * size,
        resource_account=caller.account,
        context={f"aws:RequestTag/{n}": "é" * 300 for n in range(size)},
    )
    request = AuthorizationRequest(
        principal=caller.principal,
        action=need.action,
        resource=need.resource,
        context=Context(need.context),
    )
    heard = (request, policies, decide(request, policies))
    keys = {"aws:SourceIp": "::1", **need.context}
    text = failure_message(caller, need, keys, heard)

    assert len(text.encode()) <= ROOM
    told = json.loads(text)
    assert told["context"]["principal"] == {
        "id": caller.account,
        "name": "root",
        "arn": caller.arn,
    }
    assert told["explicitDeny"] is True
    assert told["matchedStatements"]["items"]
    assert bool(told["context"]["conditions"]["items"]) == (size == 1)
