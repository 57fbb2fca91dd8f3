"""Scenario 2: MFA for dangerous actions in one's own account (M51 to M54, M63)."""

import json
import time
from functools import partial
from typing import Any

from ostiary.demo.expired import expired_session
from ostiary.demo.people import MFA, Account, Person, allow, credentials_of, trusts
from ostiary.demo.report import ALLOWED
from ostiary.demo.stage import Stage

REFUSED = "403 UnauthorizedOperation"
GROUP = "EC2-Admins"
WINDOW = 3
"""Seconds of MFA age that the demo's time-limited policy allows."""
PROTECTED = allow(["ec2:StopInstances", "ec2:TerminateInstances"], ["*"], Condition=MFA)
"""The guide's policy for the group."""


def play(stage: Stage, home: Account) -> None:
    """Sofia may stop and terminate instances, but only with MFA."""
    stage.report.chapter("Scenario 2: MFA protection for actions in the same account")
    anaya = home.administrator("Anaya-EC2")
    iam = anaya.client("iam")
    iam.create_group(GroupName=GROUP)
    iam.put_group_policy(
        GroupName=GROUP, PolicyName="protected", PolicyDocument=json.dumps(PROTECTED)
    )
    everyday = allow(["ec2:RunInstances", "ec2:DescribeInstances"], "*")
    sofia = home.person("Sofia", devices=4, policy=everyday)
    iam.add_user_to_group(GroupName=GROUP, UserName="Sofia")
    first, second = _run_instances(anaya)
    _rows(stage, sofia, first, second)
    _role_row(stage, home, sofia, first)
    _age(stage, iam, sofia, first)
    _leave(stage, iam, sofia, second)
    _expired(stage, home, sofia, second)


def _run_instances(anaya: Person) -> list[str]:
    ec2 = anaya.client("ec2")
    image = ec2.describe_images()["Images"][0]["ImageId"]
    made = ec2.run_instances(ImageId=image, MinCount=2, MaxCount=2)
    return [instance["InstanceId"] for instance in made["Instances"]]


def _rows(stage: Stage, sofia: Person, first: str, second: str) -> None:
    step = stage.expect
    kinds = (
        ("M54a", "long-term key", None, REFUSED),
        ("M54b", "session without MFA", sofia.session(mfa=False), REFUSED),
        ("M54c", "session with MFA", sofia.session(mfa=True), ALLOWED),
    )
    for rule, kind, credentials, expected in kinds:
        ec2 = sofia.client("ec2", credentials)
        step(
            rule,
            "Sofia",
            f"{kind}: DescribeInstances, allowed without MFA",
            ALLOWED,
            ec2.describe_instances,
        )
        step(
            rule,
            "Sofia",
            f"{kind}: StopInstances",
            expected,
            partial(ec2.stop_instances, InstanceIds=[first]),
        )
        step(
            rule,
            "Sofia",
            f"{kind}: TerminateInstances",
            expected,
            partial(ec2.terminate_instances, InstanceIds=[second]),
        )


def _role_row(stage: Stage, home: Account, sofia: Person, instance: str) -> None:
    role = home.role("Ec2Role", trusts(home.id, Condition=MFA), PROTECTED)
    home.root("iam").put_user_policy(
        UserName="Sofia",
        PolicyName="assume",
        PolicyDocument=json.dumps(allow("sts:AssumeRole", role)),
    )
    session = credentials_of(sofia.assume(role, **sofia.mfa()))
    ec2 = sofia.client("ec2", session)
    stage.expect(
        "M54e",
        "Sofia",
        "role session, MFA given to AssumeRole: StopInstances",
        REFUSED,
        lambda: ec2.stop_instances(InstanceIds=[instance]),
    )


def _age(stage: Stage, iam: Any, sofia: Person, instance: str) -> None:
    """MFA that is allowed for a window of time only (M7, M16)."""
    window = {"NumericLessThan": {"aws:MultiFactorAuthAge": str(WINDOW)}}
    policy = allow("ec2:RebootInstances", "*", Condition=window)
    iam.put_group_policy(
        GroupName=GROUP, PolicyName="window", PolicyDocument=json.dumps(policy)
    )
    ec2 = sofia.client("ec2", sofia.session(mfa=True))

    def reboot() -> Any:
        return ec2.reboot_instances(InstanceIds=[instance])

    what = f"RebootInstances, allowed for {WINDOW} s after the code"
    stage.expect("M16", "Sofia", f"{what}: at once", ALLOWED, reboot)
    time.sleep(WINDOW + 0.5)
    stage.expect("M7", "Sofia", f"{what}: later", REFUSED, reboot)


def _leave(stage: Stage, iam: Any, sofia: Person, instance: str) -> None:
    ec2 = sofia.client("ec2", sofia.session(mfa=True))
    iam.remove_user_from_group(GroupName=GROUP, UserName="Sofia")
    stage.expect(
        "M54d",
        "Sofia",
        "session with MFA, just out of the group: StopInstances",
        REFUSED,
        lambda: ec2.stop_instances(InstanceIds=[instance]),
    )


def _expired(stage: Stage, home: Account, sofia: Person, instance: str) -> None:
    ec2 = sofia.client("ec2", expired_session(stage.home, home.id, "Sofia"))
    stage.expect(
        "M54f",
        "Sofia",
        "session with MFA that has ended: StopInstances",
        "400 RequestExpired",
        lambda: ec2.stop_instances(InstanceIds=[instance]),
    )
