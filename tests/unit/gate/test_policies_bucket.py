"""Bucket policies belong to the door (decision 0001)."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ostiary.gate.bucket_policies import is_public
from ostiary.gate.forward import Passage
from ostiary.gate.policy_book import check
from ostiary.identity.model import User
from ostiary.wire.http import Request
from ostiary.wire.service import S3
from tests.unit.gate.door_house import A, B, C, House

NIKHIL = f"arn:aws:iam::{C}:user/Nikhil"


def _policy(bucket: str = "papers", **changes: Any) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": [A, NIKHIL]},
        "Action": ["s3:PutObject", "s3:DeleteObject"],
        "Resource": f"arn:aws:s3:::{bucket}/*",
        "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
        **changes,
    }
    shown = {key: value for key, value in statement.items() if value is not None}
    return json.dumps({"Version": "2012-10-17", "Statement": [shown]}, indent=1)


def _error(caught: pytest.ExceptionInfo[ClientError]) -> tuple[int, str, str]:
    response = caught.value.response
    error = response["Error"]
    return (
        response["ResponseMetadata"]["HTTPStatusCode"],
        error["Code"],
        error["Message"],
    )


@pytest.fixture(scope="module", autouse=True)
def bucket(house: House) -> str:
    """A bucket of account A."""
    house.client("s3").create_bucket(Bucket="papers")
    return "papers"


@pytest.mark.rule("M55")
def test_a_policy_is_read_back_as_it_was_sent(house: House) -> None:
    """White space and the order of keys included (T94); account ids stay account ids."""
    s3 = house.client("s3")
    s3.put_bucket_policy(Bucket="papers", Policy=_policy())
    assert s3.get_bucket_policy(Bucket="papers")["Policy"] == _policy()


@pytest.mark.threat("T34")
def test_users_are_kept_by_their_unique_ids(house: House) -> None:
    """What decisions read names the entity; what is shown names it by its ARN."""
    house.client("s3").put_bucket_policy(Bucket="papers", Policy=_policy())
    stored = house.snapshot.resource_policies["arn:aws:s3:::papers"]
    assert "AIDA" + "N" * 17 in stored.text
    assert NIKHIL not in stored.text
    assert stored.account == A


@pytest.mark.threat("T34")
def test_a_deleted_user_shows_as_its_unique_id(house: House) -> None:
    """Whoever gets the name later is somebody else."""
    unique = "AIDA" + "Z" * 17
    user = User(
        id=unique,
        account=B,
        name="Gone",
        path="/",
        created=1,
        tags=(),
        boundary="",
    )
    house.run(house.work.change(lambda change: change.insert(user)))
    s3 = house.client("s3")
    policy = _policy(Principal={"AWS": user.arn})
    s3.put_bucket_policy(Bucket="papers", Policy=policy)
    house.run(house.work.change(lambda change: change.delete(user)))
    shown = json.loads(s3.get_bucket_policy(Bucket="papers")["Policy"])
    assert shown["Statement"][0]["Principal"] == {"AWS": unique}


def test_the_upstream_never_hears_of_it(house: House) -> None:
    """The sandbox has no bucket policy: there is no second copy to disagree."""
    s3 = house.client("s3")
    s3.put_bucket_policy(Bucket="papers", Policy=_policy())

    request = Request(
        method="GET",
        path="/papers",
        query="policy",
        headers=(),
        body=b"",
        secure=False,
        peer="",
    )
    passage = Passage(
        request=request,
        service=S3,
        account=A,
        region="us-east-1",
        bucket="papers",
        key="",
        signed=None,
        now=0,
    )
    answer = house.run(house.forwarder.forward(passage))
    assert answer.status == 404
    assert isinstance(answer.body, bytes)
    assert b"NoSuchBucketPolicy" in answer.body


def test_a_policy_can_be_deleted_twice(house: House) -> None:
    """Then there is none: 404 in S3's words."""
    s3 = house.client("s3")
    s3.put_bucket_policy(Bucket="papers", Policy=_policy())
    s3.delete_bucket_policy(Bucket="papers")
    s3.delete_bucket_policy(Bucket="papers")
    with pytest.raises(ClientError) as caught:
        s3.get_bucket_policy(Bucket="papers")
    assert _error(caught) == (
        404,
        "NoSuchBucketPolicy",
        "The bucket policy does not exist",
    )
    assert caught.value.response["Error"]["BucketName"] == "papers"


@pytest.mark.parametrize(
    "operation",
    [
        "get_bucket_policy",
        "put_bucket_policy",
        "delete_bucket_policy",
        "get_bucket_policy_status",
    ],
)
def test_a_bucket_that_is_not_there(house: House, operation: str) -> None:
    """NoSuchBucket, and nothing is stored for a later bucket of that name."""
    more = {"Policy": _policy("absent")} if operation == "put_bucket_policy" else {}
    with pytest.raises(ClientError) as caught:
        getattr(house.client("s3"), operation)(Bucket="absent", **more)
    assert _error(caught)[:2] == (404, "NoSuchBucket")
    assert "arn:aws:s3:::absent" not in house.snapshot.resource_policies


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Policies must be valid JSON and the first byte must be '{'"),
        ("[]", "Policies must be valid JSON and the first byte must be '{'"),
        ("{", "Policies must be valid JSON and the first byte must be '{'"),
        (_policy(Resource="arn:aws:s3:::other/*"), "Policy has invalid resource"),
        (_policy(Resource="arn:aws:s3:::papers2/*"), "Policy has invalid resource"),
        (_policy(Resource="arn:aws:s3:::*"), "Policy has invalid resource"),
        (_policy(Resource="*"), "Policy has invalid resource"),
        (
            _policy(Resource=["arn:aws:s3:::papers", "arn:aws:s3:::x"]),
            "Policy has invalid resource",
        ),
        (_policy(Action="sqs:SendMessage"), "Policy has invalid action"),
        (_policy(Resource=None), "Missing required field Resource"),
        (_policy(Principal=None), "Missing required field Principal"),
        (
            _policy(Principal={"AWS": f"arn:aws:iam::{C}:user/Nobody"}),
            "Invalid principal in policy",
        ),
        (
            _policy(Principal={"AWS": f"arn:aws:iam::{C}:group/G"}),
            "Invalid principal in policy",
        ),
        (
            _policy(Sid="x" * 21_000),
            "Policy exceeds the maximum allowed document size.",
        ),
    ],
)
def test_policies_that_are_refused(house: House, text: str, message: str) -> None:
    """MalformedPolicy 400 in S3's words, and the old policy stays."""
    s3 = house.client("s3")
    s3.put_bucket_policy(Bucket="papers", Policy=_policy())
    with pytest.raises(ClientError) as caught:
        s3.put_bucket_policy(Bucket="papers", Policy=text)
    assert _error(caught) == (400, "MalformedPolicy", message)
    assert s3.get_bucket_policy(Bucket="papers")["Policy"] == _policy()


@pytest.mark.parametrize(
    "resource",
    ["arn:aws:s3:::papers", "arn:aws:s3:::papers/a?c*", "arn:aws:s3:::papers*"],
)
def test_resources_in_the_bucket(house: House, resource: str) -> None:
    """The bucket itself, its objects, and patterns of them."""
    s3 = house.client("s3")
    s3.put_bucket_policy(Bucket="papers", Policy=_policy(Resource=resource))


def test_the_status_of_a_policy(house: House) -> None:
    """IsPublic, as the console shows it."""
    s3 = house.client("s3")
    s3.put_bucket_policy(Bucket="papers", Policy=_policy())
    status = s3.get_bucket_policy_status(Bucket="papers")["PolicyStatus"]
    assert status == {"IsPublic": False}
    s3.put_bucket_policy(Bucket="papers", Policy=_policy(Principal="*"))
    status = s3.get_bucket_policy_status(Bucket="papers")["PolicyStatus"]
    assert status == {"IsPublic": True}


@pytest.mark.parametrize(
    ("changes", "public"),
    [
        ({"Principal": "*", "Condition": {}}, True),
        ({"Principal": {"AWS": ["*"]}, "Condition": {}}, True),
        ({"Principal": {"AWS": A}, "Condition": {}}, False),
        ({"Principal": "*", "Effect": "Deny"}, False),
        ({"Principal": None, "NotPrincipal": {"AWS": A}}, True),
        (
            {
                "Principal": "*",
                "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
            },
            False,
        ),
        (
            {
                "Principal": "*",
                "Condition": {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}},
            },
            True,
        ),
        (
            {
                "Principal": "*",
                "Condition": {"StringLike": {"aws:PrincipalArn": "arn:*"}},
            },
            True,
        ),
        (
            {
                "Principal": "*",
                "Condition": {"StringNotEquals": {"aws:PrincipalAccount": A}},
            },
            True,
        ),
        (
            {
                "Principal": "*",
                "Condition": {"StringEqualsIfExists": {"aws:PrincipalAccount": A}},
            },
            True,
        ),
        (
            {
                "Principal": "*",
                "Condition": {"StringEquals": {"aws:PrincipalAccount": A}},
            },
            False,
        ),
    ],
)
def test_what_is_public(changes: dict[str, Any], public: bool) -> None:
    """Everybody, without a fixed condition on who or where."""
    assert is_public(check(_policy(**changes))) is public
