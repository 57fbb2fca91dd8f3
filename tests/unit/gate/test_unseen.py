"""Keys that AWS has and the door has not: whoever tests them must hear of it."""

import pytest

from ostiary.gate.unseen import is_unseen, unseen_keys


@pytest.mark.parametrize(
    ("action", "key", "unseen"),
    [
        ("ec2:TerminateInstances", "aws:ResourceTag/env", True),
        ("EC2:terminateinstances", "AWS:resourcetag/Env", True),
        ("ec2:TerminateInstances", "ec2:InstanceType", True),
        ("ec2:RunInstances", "ec2:InstanceType", False),
        ("ec2:DescribeInstances", "aws:ResourceTag/env", False),
        ("ec2:TerminateInstances", "aws:MultiFactorAuthPresent", False),
        ("ec2:TerminateInstances", "aws:SourceIp", False),
        ("s3:GetObject", "s3:ExistingObjectTag/class", True),
        ("s3:GetObject", "s3:authType", False),
        ("iam:DeleteUser", "aws:ResourceTag/team", False),
        ("iam:DeleteVirtualMFADevice", "aws:ResourceTag/team", True),
        ("iam:CreateUser", "aws:RequestTag/team", False),
        ("dynamodb:GetItem", "dynamodb:LeadingKeys", False),
        ("dynamodb:Query", "aws:ResourceTag/team", True),
        ("kms:Decrypt", "kms:ViaService", False),
    ],
)
def test_which_keys_are_unseen(action: str, key: str, unseen: bool) -> None:
    """A key is unseen where AWS gives it to the action and the door cannot."""
    assert is_unseen(action, key) == unseen


def test_an_unknown_action_hides_nothing() -> None:
    """Actions of services without a table have no unseen keys: they are refused anyhow."""
    assert unseen_keys("kms:Decrypt") == frozenset()
    assert unseen_keys("nonsense") == frozenset()
