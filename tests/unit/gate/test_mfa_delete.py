"""MFA Delete of S3: the root user, a code each time, and nobody else (M61, M62)."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ostiary.gate.mfa_delete import STATE
from ostiary.gate.ownership import state_of
from tests.unit.gate.door_house import CODE, SERIAL, A, B, House

MFA = f"{SERIAL} {CODE}"
DENIED = (403, "AccessDenied")


def _code(caught: pytest.ExceptionInfo[ClientError]) -> tuple[int, str]:
    response = caught.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


@pytest.fixture
def user(house: House) -> Any:
    """A client of an IAM user of account A, whatever policies say."""
    nikhil = house.callers["AKIANIKHIL"]
    principal = replace(nikhil.principal, account=A, arn=f"arn:aws:iam::{A}:user/Anaya")
    house.callers["AKIAANAYA"] = replace(nikhil, principal=principal)
    return house.client_of("s3", "AKIAANAYA")


@pytest.fixture
def bucket(house: House, request: pytest.FixtureRequest) -> Iterator[str]:
    """A versioned bucket of account A with MFA Delete, for this test alone."""
    words = request.node.name.replace("_", "-").lower()
    name = "".join(c for c in words if c.isalnum() or c == "-")[:50].strip("-") + "-0"
    s3 = house.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(
        Bucket=name,
        MFA=MFA,
        VersioningConfiguration={"Status": "Enabled", "MFADelete": "Enabled"},
    )
    house.codes.clear()
    yield name
    house.peer = "127.0.0.1"


def _version(house: House, bucket: str, key: str = "k") -> str:
    made = house.client("s3").put_object(Bucket=bucket, Key=key, Body=b"x")
    return str(made["VersionId"])


@pytest.mark.rule("M61", "M62")
def test_it_is_switched_on_with_the_versioning(house: House, bucket: str) -> None:
    """The state is ours: shown by GetBucketVersioning, unknown upstream."""
    found = house.client("s3").get_bucket_versioning(Bucket=bucket)
    assert (found["Status"], found["MFADelete"]) == ("Enabled", "Enabled")
    owned = house.snapshot.owned[f"arn:aws:s3:::{bucket}"]
    assert state_of(owned)[STATE] == "Enabled"


def test_a_bucket_that_never_had_it_shows_nothing(house: House) -> None:
    """As on AWS: the element is there once it was ever set."""
    s3 = house.client("s3")
    s3.create_bucket(Bucket="plain-versions")
    assert "MFADelete" not in s3.get_bucket_versioning(Bucket="plain-versions")
    s3.put_bucket_versioning(
        Bucket="plain-versions", VersioningConfiguration={"Status": "Enabled"}
    )
    found = s3.get_bucket_versioning(Bucket="plain-versions")
    assert found["Status"] == "Enabled"
    assert "MFADelete" not in found


@pytest.mark.rule("M61", "M62")
def test_root_deletes_a_version_with_a_code(house: House, bucket: str) -> None:
    """One header with serial number, blank and code; the code is proved each time."""
    version = _version(house, bucket)
    s3 = house.client("s3")
    s3.delete_object(Bucket=bucket, Key="k", VersionId=version, MFA=MFA)
    assert house.codes == [(SERIAL, CODE)]
    assert "Versions" not in s3.list_object_versions(Bucket=bucket)


@pytest.mark.rule("M61")
def test_root_without_a_code_deletes_no_version(house: House, bucket: str) -> None:
    """Neither one by one nor in a list."""
    version = _version(house, bucket)
    s3 = house.client("s3")
    with pytest.raises(ClientError) as caught:
        s3.delete_object(Bucket=bucket, Key="k", VersionId=version)
    assert _code(caught) == DENIED
    with pytest.raises(ClientError) as caught:
        s3.delete_objects(
            Bucket=bucket,
            Delete={"Objects": [{"Key": "y"}, {"Key": "k", "VersionId": version}]},
        )
    assert _code(caught) == DENIED
    assert len(s3.list_object_versions(Bucket=bucket)["Versions"]) == 1


@pytest.mark.rule("M61")
@pytest.mark.parametrize("mfa", [None, MFA])
def test_an_iam_user_cannot_use_it(
    house: House, bucket: str, user: Any, mfa: str | None
) -> None:
    """Even one who may delete, even with root's own valid code; no code is tried."""
    version = _version(house, bucket)
    more = {} if mfa is None else {"MFA": mfa}
    calls: list[tuple[str, dict[str, Any]]] = [
        ("delete_object", {"Key": "k", "VersionId": version}),
        (
            "delete_objects",
            {"Delete": {"Objects": [{"Key": "k", "VersionId": version}]}},
        ),
        (
            "put_bucket_versioning",
            {"VersioningConfiguration": {"Status": "Suspended"}},
        ),
        (
            "put_bucket_versioning",
            {"VersioningConfiguration": {"Status": "Enabled", "MFADelete": "Disabled"}},
        ),
    ]
    for operation, arguments in calls:
        with pytest.raises(ClientError) as caught:
            getattr(user, operation)(Bucket=bucket, **arguments, **more)
        assert _code(caught) == DENIED
        assert caught.value.response["Error"]["Message"] == (
            "Mfa Authentication must be used for this request"
        )
    assert house.codes == []


@pytest.mark.rule("M61")
def test_the_root_user_of_another_account_cannot_use_it(
    house: House, bucket: str
) -> None:
    """The bucket's owner decides, not whoever is somebody's root."""
    version = _version(house, bucket)
    with pytest.raises(ClientError) as caught:
        house.client("s3", B).delete_object(
            Bucket=bucket, Key="k", VersionId=version, MFA=MFA
        )
    assert _code(caught) == DENIED
    assert house.codes == []


@pytest.mark.rule("M62")
@pytest.mark.parametrize(
    "mfa",
    [
        f"{SERIAL}  {CODE}",
        f"{SERIAL}{CODE}",
        f"{SERIAL}\t{CODE}",
        f"{SERIAL} 12345",
        f"{SERIAL} 1234567",
        f"{SERIAL} 12345a",
        CODE,
        SERIAL,
        f"{CODE} {SERIAL}",
    ],
)
def test_the_header_has_exactly_one_form(house: House, bucket: str, mfa: str) -> None:
    """Serial number, one blank, six digits; nothing else is tried as a code."""
    version = _version(house, bucket)
    with pytest.raises(ClientError) as caught:
        house.client("s3").delete_object(
            Bucket=bucket, Key="k", VersionId=version, MFA=mfa
        )
    assert _code(caught) == DENIED
    assert house.codes == []


@pytest.mark.rule("M62")
def test_a_wrong_code_deletes_nothing(house: House, bucket: str) -> None:
    """What the one ledger of codes says is what the client hears."""
    version = _version(house, bucket)
    s3 = house.client("s3")
    with pytest.raises(ClientError) as caught:
        s3.delete_object(
            Bucket=bucket, Key="k", VersionId=version, MFA=f"{SERIAL} 654321"
        )
    assert _code(caught) == DENIED
    assert house.codes == [(SERIAL, "654321")]
    assert len(s3.list_object_versions(Bucket=bucket)["Versions"]) == 1


@pytest.mark.rule("M62")
def test_a_code_never_crosses_an_open_network(house: House, bucket: str) -> None:
    """Neither TLS nor loopback: refused before the code is tried."""
    version = _version(house, bucket)
    house.peer = "203.0.113.9"
    with pytest.raises(ClientError) as caught:
        house.client("s3").delete_object(
            Bucket=bucket, Key="k", VersionId=version, MFA=MFA
        )
    assert _code(caught) == DENIED
    assert house.codes == []


@pytest.mark.rule("M61")
def test_what_is_not_for_good_needs_no_code(
    house: House, bucket: str, user: Any
) -> None:
    """A delete marker, an overwrite and reading are as without MFA Delete."""
    _version(house, bucket)
    user.put_object(Bucket=bucket, Key="k", Body=b"again")
    marker = user.delete_object(Bucket=bucket, Key="k")
    assert marker["DeleteMarker"] is True
    user.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k"}]})
    assert house.codes == []


@pytest.mark.rule("M61")
def test_versioning_itself_needs_a_code(house: House, bucket: str) -> None:
    """Suspending it, and switching MFA Delete off, which then is shown as Disabled."""
    s3 = house.client("s3")
    with pytest.raises(ClientError) as caught:
        s3.put_bucket_versioning(
            Bucket=bucket, VersioningConfiguration={"Status": "Suspended"}
        )
    assert _code(caught) == DENIED
    s3.put_bucket_versioning(
        Bucket=bucket,
        MFA=MFA,
        VersioningConfiguration={"Status": "Enabled", "MFADelete": "Disabled"},
    )
    found = s3.get_bucket_versioning(Bucket=bucket)
    assert (found["Status"], found["MFADelete"]) == ("Enabled", "Disabled")
    version = _version(house, bucket)
    s3.delete_object(Bucket=bucket, Key="k", VersionId=version)
    assert house.codes == [(SERIAL, CODE)]


@pytest.mark.rule("M61")
def test_switching_it_on_needs_a_code(house: House) -> None:
    """And without one, versioning is not touched either."""
    s3 = house.client("s3")
    s3.create_bucket(Bucket="not-yet")
    for settings in ({}, {"MFA": f"{SERIAL} 000000"}):
        with pytest.raises(ClientError) as caught:
            s3.put_bucket_versioning(
                Bucket="not-yet",
                VersioningConfiguration={"Status": "Enabled", "MFADelete": "Enabled"},
                **settings,
            )
        assert _code(caught) == DENIED
    assert "Status" not in s3.get_bucket_versioning(Bucket="not-yet")
    assert STATE not in state_of(house.snapshot.owned["arn:aws:s3:::not-yet"])


@pytest.mark.rule("M61")
def test_no_lifecycle_deletes_in_its_place(house: House, bucket: str) -> None:
    """A lifecycle could delete versions without a code."""
    rule = {
        "ID": "r",
        "Status": "Enabled",
        "Prefix": "",
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
    }
    with pytest.raises(ClientError) as caught:
        house.client("s3").put_bucket_lifecycle_configuration(
            Bucket=bucket, LifecycleConfiguration={"Rules": [rule]}
        )
    assert _code(caught) == (409, "InvalidBucketState")


def test_a_header_that_nothing_asks_for_burns_no_code(house: House) -> None:
    """Where MFA Delete is off the header is not read, and not passed on."""
    s3 = house.client("s3")
    s3.create_bucket(Bucket="off")
    house.codes.clear()
    s3.put_bucket_versioning(
        Bucket="off", MFA=MFA, VersioningConfiguration={"Status": "Enabled"}
    )
    version = _version(house, "off")
    s3.delete_object(Bucket="off", Key="k", VersionId=version, MFA=MFA)
    assert house.codes == []
