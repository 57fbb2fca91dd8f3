"""S3's operations, buckets and keys are told apart exactly."""

from typing import Any

import pytest

from ostiary.wire import catalog, s3
from ostiary.wire.faults import Fault
from ostiary.wire.http import Request, SpoolWriter
from ostiary.wire.service import S3, table
from tests.unit.wire.made import request


def read(method: str, path: str, query: str = "", **told: Any) -> catalog.Target:
    """Gives the target of an S3 request."""
    return catalog.read(request(method, path, query=query, **told), S3)


def refused(method: str, path: str, query: str = "", **told: Any) -> tuple[str, int]:
    """Gives code and status of a refusal."""
    with pytest.raises(Fault) as caught:
        read(method, path, query, **told)
    return caught.value.code, caught.value.status


COPY = [("x-amz-copy-source", "/src/a%2Fb%20c")]


@pytest.mark.threat("T66")
@pytest.mark.parametrize(
    ("method", "path", "query", "headers", "operation"),
    [
        ("GET", "/", "", [], "ListBuckets"),
        ("GET", "/buck", "", [], "ListObjects"),
        ("GET", "/buck/", "", [], "ListObjects"),
        ("GET", "/buck", "prefix=a&delimiter=%2F", [], "ListObjects"),
        ("GET", "/buck", "list-type=2&prefix=a", [], "ListObjectsV2"),
        ("GET", "/buck", "versions", [], "ListObjectVersions"),
        ("GET", "/buck", "versioning=", [], "GetBucketVersioning"),
        ("PUT", "/buck", "versioning", [], "PutBucketVersioning"),
        ("GET", "/buck", "policy", [], "GetBucketPolicy"),
        ("PUT", "/buck", "policy", [], "PutBucketPolicy"),
        ("DELETE", "/buck", "policy", [], "DeleteBucketPolicy"),
        ("GET", "/buck", "policyStatus", [], "GetBucketPolicyStatus"),
        ("GET", "/buck", "location", [], "GetBucketLocation"),
        ("GET", "/buck", "uploads", [], "ListMultipartUploads"),
        ("GET", "/buck", "analytics", [], "ListBucketAnalyticsConfigurations"),
        ("GET", "/buck", "analytics&id=1", [], "GetBucketAnalyticsConfiguration"),
        ("GET", "/buck", "lifecycle", [], "GetBucketLifecycleConfiguration"),
        ("HEAD", "/buck", "", [], "HeadBucket"),
        ("PUT", "/buck", "", [], "CreateBucket"),
        ("DELETE", "/buck", "", [], "DeleteBucket"),
        ("GET", "/buck/k", "", [], "GetObject"),
        ("GET", "/buck/k", "x-id=GetObject", [], "GetObject"),
        ("GET", "/buck/k", "versionId=v&partNumber=1", [], "GetObject"),
        ("GET", "/buck/k", "x-amz-checksum-mode=ENABLED", [], "GetObject"),
        (
            "PUT",
            "/buck/k",
            "x-amz-checksum-crc32=A%3D&x-amz-sdk-checksum-algorithm=CRC32&x-id=PutObject",
            [],
            "PutObject",
        ),
        ("GET", "/buck/k", "response-content-type=a%2Fb", [], "GetObject"),
        ("GET", "/buck/k", "acl&versionId=v", [], "GetObjectAcl"),
        ("GET", "/buck/k", "tagging", [], "GetObjectTagging"),
        ("GET", "/buck/k", "uploadId=u", [], "ListParts"),
        ("HEAD", "/buck/k", "", [], "HeadObject"),
        ("PUT", "/buck/k", "", [], "PutObject"),
        ("PUT", "/buck/k", "", COPY, "CopyObject"),
        ("PUT", "/buck/k", "uploadId=u&partNumber=1", [], "UploadPart"),
        ("PUT", "/buck/k", "uploadId=u&partNumber=1", COPY, "UploadPartCopy"),
        ("PUT", "/buck/k", "acl", [], "PutObjectAcl"),
        ("POST", "/buck/k", "uploads", [], "CreateMultipartUpload"),
        ("POST", "/buck/k", "uploadId=u", [], "CompleteMultipartUpload"),
        ("POST", "/buck/k", "select&select-type=2", [], "SelectObjectContent"),
        ("DELETE", "/buck/k", "", [], "DeleteObject"),
        ("DELETE", "/buck/k", "uploadId=u", [], "AbortMultipartUpload"),
    ],
)
def test_operations(
    method: str, path: str, query: str, headers: list[tuple[str, str]], operation: str
) -> None:
    """Method, path, subresource and headers name one operation."""
    target = read(method, path, query, headers=headers)

    assert target.operation == operation
    assert target.upload == (operation in {"PutObject", "UploadPart"})


@pytest.mark.threat("T66")
@pytest.mark.parametrize(
    ("method", "path", "query", "headers", "code"),
    [
        ("GET", "/buck", "acl&policy", [], "NotImplemented"),
        ("GET", "/buck", "policy=1", [], "NotImplemented"),
        ("GET", "/buck", "Policy", [], "NotImplemented"),
        ("GET", "/buck", "list-type=1", [], "NotImplemented"),
        ("GET", "/buck", "unheard-of", [], "NotImplemented"),
        ("PUT", "/buck/k", "x-amz-acl=public-read", [], "NotImplemented"),
        ("PUT", "/buck/k", "x-amz-copy-source=%2Fsrc%2Fk", [], "NotImplemented"),
        ("GET", "/buck/k", "x-id=PutObject", [], "NotImplemented"),
        ("PUT", "/buck/k", "uploadId=u", [], "NotImplemented"),
        ("PUT", "/buck/k", "policy", [], "NotImplemented"),
        ("GET", "/buck/k", "", COPY, "NotImplemented"),
        ("PUT", "/buck", "", COPY, "NotImplemented"),
        ("GET", "/buck/k", "", [("x-amz-unheard-of", "1")], "NotImplemented"),
        ("POST", "/buck", "", [], "NotImplemented"),
        ("GET", "/buck", "session", [], "NotImplemented"),
        ("PATCH", "/buck/k", "", [], "MethodNotAllowed"),
        ("OPTIONS", "/buck/k", "", [], "MethodNotAllowed"),
        ("POST", "/", "", [], "MethodNotAllowed"),
        ("GET", "/buck", "prefix=a&prefix=b", [], "InvalidArgument"),
        ("GET", "/buck", "prefix=a&p%72efix=b", [], "InvalidArgument"),
        ("GET", "/buck", "prefix=%ff", [], "InvalidArgument"),
        ("PUT", "/buck/k", "", [("x-amz-copy-source", "/src")], "InvalidArgument"),
        (
            "PUT",
            "/buck/k",
            "",
            [("x-amz-copy-source", "/src/k?acl")],
            "InvalidArgument",
        ),
        (
            "PUT",
            "/buck/k",
            "",
            [("x-amz-copy-source", "/src/k?versionId=")],
            "InvalidArgument",
        ),
        (
            "PUT",
            "/buck/k",
            "",
            [("x-amz-copy-source", "arn:aws:s3:us-east-1:1:accesspoint/a/object/k")],
            "InvalidArgument",
        ),
        ("PUT", "/buck/k", "", [("x-amz-copy-source", "/src/%ff")], "InvalidURI"),
    ],
)
def test_what_fits_no_single_operation_is_refused(
    method: str, path: str, query: str, headers: list[tuple[str, str]], code: str
) -> None:
    """Two subresources, unknown parameters, and headers of another operation are refused."""
    assert refused(method, path, query, headers=headers)[0] == code


@pytest.mark.threat("T47")
@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/buck/a//b", "a//b"),
        ("/buck/a/../b", "a/../b"),
        ("/buck/./a", "./a"),
        ("/buck/%2e%2e/a", "../a"),
        ("/buck/a/", "a/"),
        ("/buck//", "/"),
        ("/buck//a", "/a"),
        ("/buck/%73ecret", "secret"),
        ("/buck/%2573ecret", "%73ecret"),
        ("/buck/a%2Fb", "a/b"),
        ("/buck/a+b", "a+b"),
        ("/buck/a%20b", "a b"),
        ("/buck/a\\b", "a\\b"),
        ("/buck/%E6%97%A5", "日"),
        ("/buck/" + "é".encode().decode("latin-1"), "é"),
        ("/buck/" + "a" * 1024, "a" * 1024),
    ],
)
def test_keys_are_decoded_once_and_never_normalised(path: str, key: str) -> None:
    """The key is what one decoding of the path gives, dots and slashes included."""
    target = read("GET", path)

    assert (target.bucket, target.key) == ("buck", key)
    assert target.params["Key"] == key


@pytest.mark.threat("T47")
@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/buck/%ff", "InvalidURI"),
        ("/buck/%c0%af", "InvalidURI"),
        ("/buck/%ed%a0%80", "InvalidURI"),
        ("/buck/%00", "InvalidURI"),
        ("/buck/%zz", "InvalidURI"),
        ("/buck/%2", "InvalidURI"),
        ("buck/k", "InvalidURI"),
        ("http://h/buck/k", "InvalidURI"),
        ("", "InvalidURI"),
        ("/buck/" + "a" * 1025, "KeyTooLongError"),
        ("//buck/k", "InvalidBucketName"),
        ("/buck%2Fk", "InvalidBucketName"),
        ("/b*/k", "InvalidBucketName"),
        ("/ab/k", "InvalidBucketName"),
        ("/../k", "InvalidBucketName"),
        ("/.../k", "InvalidBucketName"),
        ("/buck:et/k", "InvalidBucketName"),
        ("/%C3%A9%C3%A9%C3%A9/k", "InvalidBucketName"),
    ],
)
def test_paths_that_name_nothing_are_refused(path: str, code: str) -> None:
    """Bytes that are not UTF-8, overlong forms, NULs and impossible buckets are 400."""
    assert refused("GET", path) == (code, 400)


@pytest.mark.parametrize(
    ("host", "path", "bucket", "key"),
    [
        ("buck.localhost:4566", "/k", "buck", "k"),
        ("buck.localhost", "/", "buck", None),
        ("BUCK.LocalHost", "/k", "buck", "k"),
        ("buck.s3.localhost:4566", "/buck/k", "buck", "buck/k"),
        ("a.b.s3.us-east-1.localhost", "/k", "a.b", "k"),
        ("my.s3.backup.localhost", "/k", "my.s3.backup", "k"),
        ("s3.localhost", "/buck/k", "buck", "k"),
        ("localhost", "/buck/k", "buck", "k"),
        ("127.0.0.1:4566", "/buck/k", "buck", "k"),
        ("[::1]:4566", "/buck/k", "buck", "k"),
        ("buck.elsewhere", "/other/k", "other", "k"),
    ],
)
def test_hosts_may_name_the_bucket(
    host: str, path: str, bucket: str, key: str | None
) -> None:
    """Under a configured host, the label is the bucket and the whole path the key."""
    plain = request("GET", path)
    arrived = Request(
        method="GET",
        path=path,
        query="",
        headers=(("host", host),),
        body=b"",
        secure=plain.secure,
        peer=plain.peer,
    )

    target = catalog.read(arrived, S3)

    assert (target.bucket, target.key) == (bucket, key)


def test_a_copy_names_its_source_decoded_once() -> None:
    """The object that a copy reads comes out as bucket, key and version."""
    target = read(
        "PUT",
        "/buck/k",
        headers=[("x-amz-copy-source", "src/a%2Fb%20c%2B?versionId=v%3D")],
    )

    assert target.params["CopySource"] == {
        "Bucket": "src",
        "Key": "a/b c+",
        "VersionId": "v=",
    }


def test_parameters_come_from_query_and_headers() -> None:
    """Query parameters, headers and metadata come out under their member names."""
    headers = [
        ("x-amz-acl", "private"),
        ("x-amz-meta-a", "1"),
        ("content-type", "a/b"),
        ("x-amz-tagging", "a=b"),
    ]

    target = read("PUT", "/buck/k", headers=headers)

    assert target.params == {
        "ACL": "private",
        "Metadata": {"a": "1"},
        "ContentType": "a/b",
        "Tagging": "a=b",
        "Bucket": "buck",
        "Key": "k",
    }


@pytest.mark.threat("T66")
def test_two_operations_that_fit_equally_well_are_refused() -> None:
    """A table with a tie names no operation."""
    one, two = (
        s3.Operation(
            name=name,
            literal={},
            query={},
            header={},
            prefix={},
            required=frozenset(),
            upload=False,
        )
        for name in ("One", "Two")
    )

    assert s3._most_particular([one]) is one
    with pytest.raises(Fault):
        s3._most_particular([one, two])


XMLNS = b'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


@pytest.mark.threat("T57", "T65")
def test_a_multi_delete_names_every_object() -> None:
    """Each key of DeleteObjects comes out, in memory or spooled."""
    body = (
        b"<Delete "
        + XMLNS
        + b"><Object><Key>a&amp;b</Key></Object><Object><Key> c </Key><VersionId>v</VersionId></Object><Quiet>true</Quiet></Delete>"
    )
    expected = {
        "Objects": [{"Key": "a&b"}, {"Key": " c ", "VersionId": "v"}],
        "Quiet": True,
    }
    writer = SpoolWriter()
    writer.write(body)

    assert read("POST", "/buck", "delete", body=body).params["Delete"] == expected
    with writer.finish() as spool:
        assert read("POST", "/buck", "delete", body=spool).params["Delete"] == expected


@pytest.mark.threat("T57", "T65")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<Delete/>",
        b"<Delete><Object/></Delete>",
        b"<Delete><Object><Key></Key></Object></Delete>",
        b"<Delete><Object><Key>a</Key><Key>b</Key></Object></Delete>",
        b"<Delete><Object><Key>a<B/></Key></Object></Delete>",
        b"<Delete><Object><Key>a</Key><Other/></Object></Delete>",
        b"<Delete><Objects><Key>a</Key></Objects></Delete>",
        b"<Delete><Object><Key>a</Key></Object><Quiet>true</Quiet><Quiet>false</Quiet></Delete>",
        b"<Deletes><Object><Key>a</Key></Object></Deletes>",
        b'<Delete xmlns="urn:other"><Object><Key>a</Key></Object></Delete>',
        b"<Delete>text<Object><Key>a</Key></Object></Delete>",
        b"<Delete><Object><Key>a</Key></Object></Delete><Delete/>",
        b"<Delete><Object><Key>a</Key></Object>",
        b"<!DOCTYPE Delete><Delete><Object><Key>a</Key></Object></Delete>",
        b'<!DOCTYPE d [<!ENTITY e "a">]><Delete><Object><Key>&e;</Key></Object></Delete>',
        b'<!DOCTYPE d SYSTEM "file:///etc/passwd"><Delete><Object><Key>a</Key></Object></Delete>',
        b"<?pi x?><Delete><Object><Key>a</Key></Object></Delete>",
        b'<?xml version="1.0" encoding="UTF-16"?><Delete><Object><Key>\xff</Key></Object></Delete>',
        "<Delete><Object><Key>a</Key></Object></Delete>".encode("utf-16"),
        b"<Delete>" + b"<Object><Key>a</Key></Object>" * 1001 + b"</Delete>",
        b"<Delete>" + b"<a>" * 1_000_00 + b"</Delete>",
        b"<Delete>"
        + b" " * (2 * 1024 * 1024)
        + b"<Object><Key>a</Key></Object></Delete>",
    ],
    ids=range(23),
)
def test_any_other_multi_delete_is_malformed(body: bytes) -> None:
    """Doctypes, entities, depth, size, strangers and repeats are 400 MalformedXML."""
    assert refused("POST", "/buck", "delete", body=body) == ("MalformedXML", 400)


@pytest.mark.threat("T66")
def test_every_operation_of_the_table_can_be_named() -> None:
    """A request made from each row of the table is read as that row's operation."""
    for name, row in table("s3")["operations"].items():
        path = {"service": "/", "bucket": "/buck", "object": "/buck/k"}[row["level"]]
        wire = {
            member: spelled
            for spelled, member in {
                **row.get("query", {}),
                **row.get("header", {}),
            }.items()
        }
        needed = [wire[member] for member in row.get("required", ())]
        query = [f"{n}={v}" for n, v in row.get("literal", {}).items()]
        query += [f"{n}=1" for n in needed if n in row.get("query", {})]
        headers = [(n, "/src/k") for n in needed if n in row.get("header", {})]
        body = (
            b"<Delete><Object><Key>a</Key></Object></Delete>"
            if name == "DeleteObjects"
            else b""
        )

        target = read(row["method"], path, "&".join(query), headers=headers, body=body)

        assert target.operation == name
