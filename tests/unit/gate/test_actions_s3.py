"""What S3 calls take: the decoded key, the version, the source, every deleted object."""

from urllib.parse import quote

import pytest

from ostiary.gate.actions import Unmapped
from ostiary.wire.faults import Fault
from tests.unit.gate.asking import (
    ACCOUNT,
    ALICE,
    ANONYMOUS,
    OTHER,
    asked,
    needs,
    needs_of,
    pairs,
    s3_request,
)


@pytest.mark.threat("T47")
@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/mine/a//b", "a//b"),
        ("/mine/a/../b", "a/../b"),
        ("/mine/./a", "./a"),
        ("/mine/%2e%2e/a", "../a"),
        ("/mine/%73ecret", "secret"),
        ("/mine/secret/data/", "secret/data/"),
        ("/mine//secret", "/secret"),
        ("/mine/a%2Fb", "a/b"),
        ("/mine/a+b", "a+b"),
        ("/mine/%E3%82%AD%E3%83%BC", "キー"),
        ("/mine/*", "*"),
    ],
)
def test_the_resource_is_the_decoded_key(path: str, key: str) -> None:
    """The ARN holds the key that is forwarded: decoded once, never normalised."""
    (need,) = needs_of("s3", s3_request("GET", path))

    assert need.action == "s3:GetObject"
    assert need.resource == f"arn:aws:s3:::mine/{key}"


@pytest.mark.threat("T47")
@pytest.mark.parametrize(
    "path", ["/mine/%ff", "/mine/%c0%af", "/mine/%00", "/mine/%zz"]
)
def test_what_is_not_text_has_no_key(path: str) -> None:
    """Invalid UTF-8, NUL and broken escapes are refused before any decision."""
    with pytest.raises(Fault):
        needs_of("s3", s3_request("GET", path))


def test_a_bucket_belongs_to_whom_the_door_remembers() -> None:
    """A bucket's ARN tells no account; an unknown bucket is the caller's own."""
    accounts = {
        name: needs("s3", "ListObjectsV2", Bucket=name)[0].resource_account
        for name in ("mine", "theirs", "new-one")
    }

    assert accounts == {"mine": ACCOUNT, "theirs": OTHER, "new-one": ACCOUNT}


def test_an_anonymous_caller_owns_no_bucket() -> None:
    """An unknown bucket asked for by nobody is nobody's, so no account can allow it."""
    (known,) = needs_of("s3", s3_request("GET", "/theirs/a"), ANONYMOUS)
    (unknown,) = needs_of("s3", s3_request("GET", "/new-one/a"), ANONYMOUS)

    assert (known.resource_account, unknown.resource_account) == (OTHER, "")
    assert "s3:authType" not in known.context


@pytest.mark.parametrize(
    ("operation", "plain", "versioned"),
    [
        ("GetObject", ["GetObject"], ["GetObjectVersion"]),
        ("HeadObject", ["GetObject"], ["GetObjectVersion"]),
        ("DeleteObject", ["DeleteObject"], ["DeleteObjectVersion"]),
        ("GetObjectAcl", ["GetObjectAcl"], ["GetObjectVersionAcl"]),
        ("GetObjectTagging", ["GetObjectTagging"], ["GetObjectVersionTagging"]),
        (
            "DeleteObjectTagging",
            ["DeleteObjectTagging"],
            ["DeleteObjectVersionTagging"],
        ),
    ],
)
def test_a_version_takes_another_permission(
    operation: str, plain: list[str], versioned: list[str]
) -> None:
    """With versionId the action is the one for versions, and the version is a key."""
    without = needs("s3", operation, Bucket="mine", Key="k")
    with_it = needs("s3", operation, Bucket="mine", Key="k", VersionId="v1")

    assert [need.action for need in without] == [f"s3:{name}" for name in plain]
    assert [need.action for need in with_it] == [f"s3:{name}" for name in versioned]
    assert with_it[0].context["s3:versionid"] == "v1"
    assert "s3:versionid" not in without[0].context


def test_an_empty_version_is_refused() -> None:
    """One store takes an empty versionId for none, another for an error."""
    with pytest.raises(Unmapped, match="version"):
        needs_of("s3", s3_request("GET", "/mine/k", query="versionId="))


def test_attributes_take_the_object_as_well() -> None:
    """GetObjectAttributes needs GetObject and GetObjectAttributes."""
    found = needs(
        "s3", "GetObjectAttributes", Bucket="mine", Key="k", ObjectAttributes=["ETag"]
    )

    assert [need.action for need in found] == ["s3:GetObject", "s3:GetObjectAttributes"]


@pytest.mark.threat("T65")
@pytest.mark.parametrize(
    ("further", "actions"),
    [
        ({}, []),
        ({"ACL": "public-read"}, ["PutObjectAcl"]),
        ({"GrantRead": 'id="x"'}, ["PutObjectAcl"]),
        ({"Tagging": "team=red"}, ["PutObjectTagging"]),
        (
            {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": "2030-01-01"},
            ["PutObjectRetention"],
        ),
        ({"ObjectLockLegalHoldStatus": "ON"}, ["PutObjectLegalHold"]),
    ],
)
@pytest.mark.parametrize("operation", ["PutObject", "CreateMultipartUpload"])
def test_what_an_upload_sets_besides_takes_its_own_permission(
    operation: str, further: dict[str, str], actions: list[str]
) -> None:
    """An ACL, tags, retention or a legal hold in the headers are separate permissions."""
    found = needs("s3", operation, Bucket="mine", Key="k", **further)

    assert [need.action for need in found] == [
        "s3:PutObject",
        *[f"s3:{name}" for name in actions],
    ]
    assert {need.resource for need in found} == {"arn:aws:s3:::mine/k"}


@pytest.mark.threat("T65")
@pytest.mark.parametrize(
    ("operation", "further"),
    [("CopyObject", {}), ("UploadPartCopy", {"PartNumber": 1, "UploadId": "u"})],
)
def test_a_copy_reads_its_source(operation: str, further: dict[str, object]) -> None:
    """A copy needs GetObject on the source and PutObject on the destination."""
    source = {"Bucket": "theirs", "Key": "secret file"}
    found = needs("s3", operation, Bucket="mine", Key="k", CopySource=source, **further)

    assert pairs(found) == [
        ("s3:GetObject", "arn:aws:s3:::theirs/secret file"),
        ("s3:PutObject", "arn:aws:s3:::mine/k"),
    ]
    assert [need.resource_account for need in found] == [OTHER, ACCOUNT]
    assert found[1].context["s3:x-amz-copy-source"] == "theirs/secret file"


def test_a_copy_of_a_version_reads_that_version() -> None:
    """The source's versionId asks for GetObjectVersion."""
    source = {"Bucket": "theirs", "Key": "k", "VersionId": "v1"}
    found = needs("s3", "CopyObject", Bucket="mine", Key="k", CopySource=source)

    assert found[0].action == "s3:GetObjectVersion"
    assert found[0].context["s3:versionid"] == "v1"


@pytest.mark.threat("T65")
@pytest.mark.parametrize(
    "source",
    [
        "theirs/a#b",
        "theirs/a+b",
        "theirs/a;b",
        "theirs/a b",
        "arn:aws:s3:us-east-1:1:accesspoint/x/object/k",
        "theirs/a?x=y",
        "//theirs/a",
    ],
)
def test_a_source_that_readers_read_differently_is_refused(source: str) -> None:
    """The header goes on as it came, so it must mean one thing to everybody."""
    request = s3_request("PUT", "/mine/k", ("x-amz-copy-source", source))

    with pytest.raises((Unmapped, Fault)):
        needs_of("s3", request)


@pytest.mark.threat("T65")
def test_every_deleted_object_takes_its_own_permission() -> None:
    """DeleteObjects needs an allow for each key, and for each version its own action."""
    objects = [{"Key": "a"}, {"Key": "secret/data"}, {"Key": "a", "VersionId": "v1"}]
    found = needs("s3", "DeleteObjects", Bucket="mine", Delete={"Objects": objects})

    assert pairs(found) == [
        ("s3:DeleteObject", "arn:aws:s3:::mine/a"),
        ("s3:DeleteObject", "arn:aws:s3:::mine/secret/data"),
        ("s3:DeleteObjectVersion", "arn:aws:s3:::mine/a"),
    ]
    assert found[2].context["s3:versionid"] == "v1"


@pytest.mark.threat("T65")
@pytest.mark.parametrize(
    "key", [" secret", "secret ", "\nsecret", "secret\t", "a&#13;b"]
)
def test_a_deleted_key_with_blanks_at_its_ends_is_refused(key: str) -> None:
    """S3 keeps them, a lenient XML reader drops them: two different objects."""
    body = f"<Delete><Object><Key>{key}</Key></Object></Delete>".encode()

    with pytest.raises(Unmapped):
        needs_of("s3", s3_request("POST", "/mine", query="delete", body=body))


def test_bypassing_governance_is_a_permission() -> None:
    """The bypass header asks for BypassGovernanceRetention on every object."""
    found = needs(
        "s3",
        "DeleteObjects",
        Bucket="mine",
        Delete={"Objects": [{"Key": "a"}, {"Key": "b"}]},
        BypassGovernanceRetention=True,
    )
    single = needs(
        "s3", "DeleteObject", Bucket="mine", Key="a", BypassGovernanceRetention=True
    )

    assert [need.action for need in found].count("s3:BypassGovernanceRetention") == 2
    assert [need.action for need in single] == [
        "s3:DeleteObject",
        "s3:BypassGovernanceRetention",
    ]


@pytest.mark.threat("T150")
def test_a_listing_carries_its_prefix() -> None:
    """s3:prefix, s3:delimiter and s3:max-keys come from the signed query."""
    (need,) = needs(
        "s3",
        "ListObjectsV2",
        Bucket="mine",
        Prefix="home/Alice/",
        Delimiter="/",
        MaxKeys=10,
    )

    assert (need.action, need.resource) == ("s3:ListBucket", "arn:aws:s3:::mine")
    assert need.context["s3:prefix"] == "home/Alice/"
    assert need.context["s3:delimiter"] == "/"
    assert need.context["s3:max-keys"] == "10"


@pytest.mark.threat("T150")
def test_an_absent_prefix_is_no_key() -> None:
    """Without a prefix there is no s3:prefix; an empty one is the empty text."""
    (without,) = needs("s3", "ListObjectsV2", Bucket="mine")
    (empty,) = needs("s3", "ListObjectsV2", Bucket="mine", Prefix="")

    assert "s3:prefix" not in without.context
    assert empty.context["s3:prefix"] == ""


@pytest.mark.threat("T150")
def test_a_repeated_prefix_is_refused() -> None:
    """Two prefixes in one query are refused before anything is decided."""
    with pytest.raises(Fault):
        needs_of("s3", s3_request("GET", "/mine", query="prefix=a&prefix=b"))


def test_an_upload_carries_what_its_headers_say() -> None:
    """Encryption, storage class, tags and the acl are keys of the upload."""
    (need, *_) = needs(
        "s3",
        "PutObject",
        Bucket="mine",
        Key="k",
        ACL="private",
        Tagging="team=red&dept=a%20b",
        StorageClass="GLACIER",
        ServerSideEncryption="aws:kms",
        SSEKMSKeyId="key",
        IfNoneMatch="*",
    )

    assert need.context["s3:x-amz-acl"] == "private"
    assert need.context["s3:x-amz-storage-class"] == "GLACIER"
    assert need.context["s3:x-amz-server-side-encryption"] == "aws:kms"
    assert need.context["s3:x-amz-server-side-encryption-aws-kms-key-id"] == "key"
    assert need.context["s3:RequestObjectTag/dept"] == "a b"
    assert need.context["s3:RequestObjectTagKeys"] == ("team", "dept")
    assert need.context["s3:if-none-match"] == "*"
    assert need.context["s3:authType"] == "REST-HEADER"
    assert need.context["s3:ResourceAccount"] == ACCOUNT


def test_tags_in_a_document_are_keys_too() -> None:
    """PutObjectTagging carries the tags of its document."""
    tags = {"TagSet": [{"Key": "team", "Value": "red"}]}
    (need,) = needs("s3", "PutObjectTagging", Bucket="mine", Key="k", Tagging=tags)

    assert need.context["s3:RequestObjectTag/team"] == "red"


def test_object_tags_in_two_cases_are_refused() -> None:
    """Condition keys have no letter case: of `Team` and `team` a policy sees one."""
    request = s3_request("PUT", "/mine/k", ("x-amz-tagging", "Team=a&team=b"))

    with pytest.raises(Unmapped, match="letter case"):
        needs_of("s3", request)


def test_a_new_bucket_carries_its_region() -> None:
    """CreateBucket carries the location constraint of its document."""
    where = {"LocationConstraint": "eu-west-1"}
    (need,) = needs(
        "s3", "CreateBucket", Bucket="new-one", CreateBucketConfiguration=where
    )

    assert (need.action, need.resource) == ("s3:CreateBucket", "arn:aws:s3:::new-one")
    assert need.context["s3:locationconstraint"] == "eu-west-1"


def test_a_new_bucket_sets_nothing_for_free() -> None:
    """An ACL, ownership and object lock at creation are separate permissions."""
    found = needs(
        "s3",
        "CreateBucket",
        Bucket="new-one",
        ACL="private",
        ObjectOwnership="ObjectWriter",
        ObjectLockEnabledForBucket=True,
    )

    assert [need.action for need in found] == [
        "s3:CreateBucket",
        "s3:PutBucketAcl",
        "s3:PutBucketOwnershipControls",
        "s3:PutBucketObjectLockConfiguration",
        "s3:PutBucketVersioning",
    ]


@pytest.mark.parametrize(
    "body",
    [b"<A/>", b"<CreateBucketConfiguration><Tags/></CreateBucketConfiguration>", b"x"],
)
def test_a_document_that_is_not_understood_is_refused(body: bytes) -> None:
    """A document that CreateBucket does not publish decides nothing that we know."""
    with pytest.raises(Unmapped):
        needs_of("s3", s3_request("PUT", "/new-one", body=body))


def test_listing_buckets_has_no_resource() -> None:
    """ListBuckets is s3:ListAllMyBuckets on `*`."""
    assert pairs(needs("s3", "ListBuckets")) == [("s3:ListAllMyBuckets", "*")]


def test_a_presigned_request_says_so() -> None:
    """Without an Authorization header the signature was in the query."""
    signed = asked("s3", "GetObject", Bucket="mine", Key="k")
    (header,) = needs_of("s3", signed)
    (query,) = needs_of("s3", s3_request("GET", f"/mine/{quote('k')}"), ALICE)

    assert header.context["s3:authType"] == "REST-HEADER"
    assert query.context["s3:authType"] == "REST-QUERY-STRING"


@pytest.mark.threat("T65")
@pytest.mark.parametrize(
    "body",
    [
        b"<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>",
        b"<Tagging><Other><Tag><Key>a</Key><Value>b</Value></Tag></Other></Tagging>",
        b"<Other/>",
        b"",
    ],
)
def test_a_document_of_tags_has_one_form(body: bytes) -> None:
    """Tags in another form might be read by an upstream and not by us."""
    with pytest.raises(Unmapped):
        needs_of("s3", s3_request("PUT", "/mine/k", query="tagging", body=body))


def test_a_tagging_header_that_repeats_a_key_is_refused() -> None:
    """Of two equal keys an upstream may take either."""
    request = s3_request("PUT", "/mine/k", ("x-amz-tagging", "a=b&a=c"))

    with pytest.raises(Unmapped, match="tagging"):
        needs_of("s3", request)


def test_an_empty_version_in_a_document_is_refused() -> None:
    """One store takes an empty version for none, another for an error."""
    body = b"<Delete><Object><Key>a</Key><VersionId> </VersionId></Object></Delete>"

    with pytest.raises(Unmapped, match="version"):
        needs_of("s3", s3_request("POST", "/mine", query="delete", body=body))
