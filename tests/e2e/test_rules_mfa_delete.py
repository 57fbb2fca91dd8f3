"""S3's MFA Delete: another feature, for root only (M61, M62)."""

from typing import Any

import pyotp
import pytest

from tests.e2e.world import Account, Device, World, early_step, refused, unique

DENIED = ("AccessDenied", 403)


class Root:
    """The root user of an account of its own, with a pocket full of devices."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.account: Account = world.account("Versions")
        self.s3 = self.account.client("s3")
        self.bucket = self.account.bucket()
        self._devices: list[Device] = []

    def mfa(self) -> dict[str, str]:
        """The `x-amz-mfa` header: serial number, one blank, a code never used."""
        ready = [one for one in self._devices if one.has_code]
        if not ready:
            ready = [self.register()]
            self._devices += ready
        return {"MFA": f"{ready[0].serial} {ready[0].code()}"}

    def version(self) -> dict[str, str]:
        """A new version of an object, named."""
        made = self.s3.put_object(Bucket=self.bucket, Key="k", Body=b"x")
        return {"Bucket": self.bucket, "Key": "k", "VersionId": made["VersionId"]}

    def versioning(self, status: str = "Enabled", delete: str = "Enabled") -> Any:
        """What PutBucketVersioning takes."""
        told = {"Status": status, "MFADelete": delete}
        return {"Bucket": self.bucket, "VersioningConfiguration": told}

    def register(self) -> Device:
        """One more device of root; none of its codes was ever used."""
        serial, seed = unique("GAHT00000"), pyotp.random_base32()
        done = self.world.server.run(
            "mfa",
            "register",
            serial,
            "--root",
            "--seed",
            seed,
            "--account-id",
            self.account.id,
        )
        assert done.returncode == 0, done.stderr
        return Device(serial, seed, 0)


@pytest.fixture(scope="module")
def root(world: World) -> Root:
    """Root of an account, whose bucket has MFA Delete."""
    made = Root(world)
    refused(*DENIED, made.s3.put_bucket_versioning, **made.versioning())
    made.s3.put_bucket_versioning(**made.versioning(), **made.mfa())
    return made


@pytest.mark.rule("M61", "M62")
def test_mfa_delete_is_switched_on_with_the_versioning_state(root: Root) -> None:
    """M61, M62: PutBucketVersioning with the header; the state is read back."""
    told = root.s3.get_bucket_versioning(Bucket=root.bucket)
    assert (told["Status"], told["MFADelete"]) == ("Enabled", "Enabled")
    # Once on, the state changes only with a code.
    suspended = root.versioning("Suspended")
    refused(*DENIED, root.s3.put_bucket_versioning, **suspended)


@pytest.mark.rule("M61", "M62")
@pytest.mark.threat("T2")
def test_deleting_a_version_takes_roots_code_each_time(root: Root) -> None:
    """M62: the header on a versioned DeleteObject; one code deletes once."""
    first, second = root.version(), root.version()
    refused(*DENIED, root.s3.delete_object, **first)
    mfa = root.mfa()
    assert root.s3.delete_object(**first, **mfa)
    refused(*DENIED, root.s3.delete_object, **second, **mfa)
    assert root.s3.delete_object(**second, **root.mfa())
    # Without a version only a marker is written, so nobody is asked.
    root.version()
    assert root.s3.delete_object(Bucket=root.bucket, Key="k")["DeleteMarker"]


@pytest.mark.threat("T4")
def test_an_older_code_is_dead_after_a_newer_one(root: Root) -> None:
    """T4: after step n the code of n-1, never used and still in the window, is refused."""
    versions = [root.version() for _ in range(3)]
    device = root.register()
    now = early_step(5)

    def delete(version: dict[str, str], step: int) -> None:
        code = device.code_at(step)
        root.s3.delete_object(**version, MFA=f"{device.serial} {code}")

    delete(versions[0], now - 1)
    delete(versions[1], now + 1)
    for step in (now, now - 1, now + 1):
        refused(*DENIED, delete, version=versions[2], step=step)
    assert root.s3.delete_object(**versions[2], **root.mfa())


@pytest.mark.rule("M62")
def test_the_header_has_exactly_one_blank(root: Root) -> None:
    """M62: `serial code`, with one blank; any other spelling is refused."""
    version = root.version()
    serial, code = root.mfa()["MFA"].split()
    for spelled in (f"{serial}  {code}", f"{code} {serial}", f"{serial}{code}", code):
        refused(*DENIED, root.s3.delete_object, **version, MFA=spelled)
    assert root.s3.delete_object(**version, MFA=f"{serial} {code}")


@pytest.mark.rule("M61")
def test_an_iam_user_cannot_use_it_even_with_mfa(root: Root) -> None:
    """M61: an administrator with an MFA session may delete elsewhere, and not here."""
    admin = root.account.person("Admin", admin=True, devices=2)
    s3 = admin.client("s3", admin.session(mfa=True))
    version = root.version()
    mine = admin.mfa()
    for spelled in (
        {"MFA": f"{mine['SerialNumber']} {mine['TokenCode']}"},
        root.mfa(),
        {},
    ):
        refused(*DENIED, s3.delete_object, **version, **spelled)
    other = root.account.bucket()
    s3.put_bucket_versioning(
        Bucket=other, VersioningConfiguration={"Status": "Enabled"}
    )
    made = s3.put_object(Bucket=other, Key="k", Body=b"x")
    place = {"Bucket": other, "Key": "k", "VersionId": made["VersionId"]}
    assert s3.delete_object(**place)
    told = root.s3.get_bucket_versioning(Bucket=other)
    assert "MFADelete" not in told
    assert told["Status"] == "Enabled"
