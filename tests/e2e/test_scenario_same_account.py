"""Scenario 2 of the chapter: MFA for actions in one's own account (M51 to M54, M63)."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from tests.e2e.sealed import session_token
from tests.e2e.world import (
    MFA,
    Credentials,
    Person,
    World,
    allow,
    message,
    not_authorized,
    policy,
    refused,
    trusts,
)

PROTECTED = allow(["ec2:StopInstances", "ec2:TerminateInstances"], ["*"], Condition=MFA)
"""The chapter's policy for the group."""
EVERYDAY = allow("ec2:DescribeInstances", "*")
DENIED = "UnauthorizedOperation"


@dataclass
class Scene:
    """Sofia of group EC2-Admins, who may describe instances anyway."""

    world: World
    sofia: Person
    group: str
    instance: str

    def ec2(self, credentials: Credentials | None = None) -> Any:
        """An EC2 client of Sofia's."""
        return self.sofia.client("ec2", credentials)

    def refused(self, credentials: Credentials | None = None) -> str:
        """Stop and terminate are refused; what the first says."""
        ec2, ids = self.ec2(credentials), [self.instance]
        refused(DENIED, 403, ec2.terminate_instances, InstanceIds=ids)
        return message(refused(DENIED, 403, ec2.stop_instances, InstanceIds=ids))

    def allowed(self, credentials: Credentials) -> None:
        """Stop and terminate are allowed."""
        ec2 = self.ec2(credentials)
        ec2.stop_instances(InstanceIds=[self.instance])
        victim = self.world.a.instance()
        gone = ec2.terminate_instances(InstanceIds=[victim])
        assert gone["TerminatingInstances"][0]["InstanceId"] == victim


@pytest.fixture
def scene(world: World) -> Scene:
    """The steps of M51."""
    sofia = world.a.person("Sofia", EVERYDAY, devices=1)
    group = world.a.group("EC2-Admins", PROTECTED, sofia)
    return Scene(world, sofia, group, world.a.instance())


@pytest.mark.rule("M11", "M20", "M40", "M51", "M54")
def test_long_term_keys_cannot_stop_or_terminate(scene: Scene) -> None:
    """M54 a: without the key in the context `Bool` is false; other actions are allowed."""
    said = scene.refused()
    assert said.startswith("You are not authorized to perform this operation. ")
    account = scene.world.a.id
    expected = not_authorized(
        scene.sofia.arn,
        "ec2:StopInstances",
        f"arn:aws:ec2:us-east-1:{account}:instance/{scene.instance}",
        "identity-based",
    )
    sentence, _, encoded = said.partition(". Encoded authorization failure message: ")
    assert sentence.endswith(expected)
    assert "MultiFactor" not in sentence
    sts = scene.world.a.client("sts")
    decoded = sts.decode_authorization_message(EncodedMessage=encoded)
    why = json.loads(decoded["DecodedMessage"])
    assert (why["allowed"], why["explicitDeny"]) == (False, False)
    assert why["context"]["principal"]["arn"] == scene.sofia.arn
    assert why["context"]["action"] == "ec2:StopInstances"
    assert scene.ec2().describe_instances()["ResponseMetadata"]


@pytest.mark.rule("M27", "M54")
def test_a_session_without_mfa_cannot_stop_or_terminate(scene: Scene) -> None:
    """M54 b: the key is `false` there; other actions are allowed."""
    session = scene.sofia.session(mfa=False)
    scene.refused(session)
    assert scene.ec2(session).describe_instances()["ResponseMetadata"]


@pytest.mark.rule("M1", "M11", "M22", "M51", "M53", "M54")
def test_a_session_with_mfa_stops_and_terminates(scene: Scene) -> None:
    """M54 c: GetSessionToken with device and code gives what the group's policy asks."""
    session = scene.sofia.session(mfa=True)
    scene.allowed(session)
    assert scene.ec2(session).describe_instances()["ResponseMetadata"]


@pytest.mark.rule("M52", "M54")
def test_leaving_the_group_takes_effect_on_the_next_request(scene: Scene) -> None:
    """M54 d: policies are read per call, so the live session loses the right at once."""
    session = scene.sofia.session(mfa=True)
    scene.allowed(session)
    membership = {"GroupName": scene.group, "UserName": scene.sofia.name}
    iam = scene.world.a.client("iam")
    iam.remove_user_from_group(**membership)
    scene.refused(session)
    iam.add_user_to_group(**membership)
    scene.allowed(session)


@pytest.mark.rule("M52")
def test_a_policy_change_takes_effect_on_the_next_request(scene: Scene) -> None:
    """M52, API half: no new session is needed for a changed policy to count."""
    session = scene.sofia.session(mfa=True)
    scene.allowed(session)
    iam = scene.world.a.client("iam")
    place = {"GroupName": scene.group, "PolicyName": "own"}
    iam.put_group_policy(**place, PolicyDocument=json.dumps(EVERYDAY))
    scene.refused(session)
    iam.put_group_policy(**place, PolicyDocument=json.dumps(PROTECTED))
    scene.allowed(session)


@pytest.mark.rule("M31", "M54")
def test_a_role_session_cannot_stop_or_terminate(scene: Scene) -> None:
    """M54 e: MFA given to AssumeRole opens the role and nothing per call."""
    statements = [PROTECTED["Statement"][0], EVERYDAY["Statement"][0]]
    trust = trusts(scene.world.a.id, Condition=MFA)
    role = scene.world.a.role("Ec2Role", trust, policy(*statements))
    scene.sofia.allow("sts:AssumeRole", role)
    session = scene.sofia.assume(role, **scene.sofia.mfa())
    scene.refused(session)
    assert scene.ec2(session).describe_instances()["ResponseMetadata"]


@pytest.mark.rule("M54")
@pytest.mark.threat("T29")
def test_an_expired_session_is_expired_and_not_denied(scene: Scene) -> None:
    """M54 f: a session that ended says RequestExpired, for allowed actions too."""
    ended = session_token(scene.world.server, scene.sofia, mfa=True, seconds=-1)
    ids = [scene.instance]
    ec2 = scene.ec2(ended)
    answer = refused("RequestExpired", 400, ec2.stop_instances, InstanceIds=ids)
    assert message(answer) == "Request has expired."
    refused("RequestExpired", 400, ec2.describe_instances)
    live = session_token(scene.world.server, scene.sofia, mfa=True, seconds=900)
    scene.allowed(live)


@pytest.mark.rule("M10", "M63")
def test_plain_and_protected_statements_live_side_by_side(world: World) -> None:
    """M63: run, describe and stop are plain permissions; terminating takes MFA."""
    plain = ["ec2:RunInstances", "ec2:DescribeInstances", "ec2:StopInstances"]
    both = policy(
        {"Effect": "Allow", "Action": plain, "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": "ec2:TerminateInstances",
            "Resource": "*",
            "Condition": MFA,
        },
    )
    user = world.a.person("Opening", both, devices=1)
    ec2 = user.client("ec2")
    made = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)
    ids = [made["Instances"][0]["InstanceId"]]
    assert ec2.describe_instances(InstanceIds=ids)["Reservations"]
    assert ec2.stop_instances(InstanceIds=ids)["StoppingInstances"]
    refused(DENIED, 403, ec2.terminate_instances, InstanceIds=ids)
    with_mfa = user.client("ec2", user.session(mfa=True))
    assert with_mfa.terminate_instances(InstanceIds=ids)["TerminatingInstances"]
