"""The policies of AWS by their real names, as boto3 and Terraform ask for them."""

import json

import pytest
from botocore.exceptions import ClientError
from moto.iam.aws_managed_policies import aws_managed_policies_data

from tests.e2e.world import World, unique

S3 = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
OBSCURE = "arn:aws:iam::aws:policy/service-role/AWSQuickSightListIAM"


def test_any_policy_of_aws_is_attached_and_enforced(world: World) -> None:
    """Two policies that no home has from its start; each grants what it says, at once."""
    bucket = unique("bucket")
    world.a.client("s3").create_bucket(Bucket=bucket)
    person = world.a.person()
    s3, iam = person.client("s3"), person.client("iam")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.list_objects_v2(Bucket=bucket)
    with pytest.raises(ClientError, match="AccessDenied"):
        iam.list_roles()
    for arn in (S3, OBSCURE):
        world.a.client("iam").attach_user_policy(UserName=person.name, PolicyArn=arn)
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    iam.list_roles()
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket=bucket, Key="k", Body=b"")
    with pytest.raises(ClientError, match="AccessDenied"):
        iam.create_user(UserName=unique("nobody"))


def test_all_policies_of_aws_are_listed_and_read(world: World) -> None:
    """The paginator counts what moto knows, and a document comes back as AWS wrote it."""
    source = json.loads(aws_managed_policies_data)
    iam = world.a.client("iam")
    pages = iam.get_paginator("list_policies").paginate(Scope="AWS")
    names = [one["PolicyName"] for page in pages for one in page["Policies"]]
    assert sorted(names) == sorted(source)
    policy = iam.get_policy(PolicyArn=OBSCURE)["Policy"]
    version = iam.get_policy_version(
        PolicyArn=OBSCURE, VersionId=policy["DefaultVersionId"]
    )["PolicyVersion"]
    told = source["AWSQuickSightListIAM"]
    assert version["Document"] == told["Document"]
    assert policy["CreateDate"].isoformat() == told["CreateDate"]
    assert policy["UpdateDate"].isoformat() == told["UpdateDate"]
