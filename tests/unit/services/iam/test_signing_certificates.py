"""Signing certificates of users."""

from typing import Any

import pytest

from ostiary.identity.model import User
from tests.unit.identity.minting import NOW
from tests.unit.services.iam.pems import made
from tests.unit.services.iam.world import World, caller_of

UNKNOWN = "NONEXISTENTCERTID12345678901"


@pytest.fixture
def alice(world: World) -> User:
    """A user without a certificate."""
    return world.user("Alice")


def upload(world: World, name: str = "one", **params: Any) -> Any:
    """A new certificate as it is shown."""
    return world.call(
        "UploadSigningCertificate",
        **{"UserName": "Alice", "CertificateBody": made(name).pem} | params,
    )["Certificate"]


def test_a_certificate_comes_back_as_it_was_sent(world: World, alice: User) -> None:
    """Active at first."""
    shown = upload(world)
    assert len(shown["CertificateId"]) == 32
    assert shown == {
        "UserName": "Alice",
        "CertificateId": shown["CertificateId"],
        "CertificateBody": made("one").pem,
        "Status": "Active",
        "UploadDate": NOW,
    }
    assert world.call("ListSigningCertificates", caller_of(alice)) == {
        "Certificates": [shown],
        "IsTruncated": False,
    }


def test_a_certificate_is_switched_off_and_deleted(world: World, alice: User) -> None:
    """By the user itself, too."""
    mine = {"CertificateId": upload(world)["CertificateId"]}
    me = caller_of(alice)
    world.call("UpdateSigningCertificate", me, **mine, Status="Inactive")
    [shown] = world.call("ListSigningCertificates", me)["Certificates"]
    assert shown["Status"] == "Inactive"
    code, message = world.refused(
        "UpdateSigningCertificate", me, **mine, Status="Expired"
    )
    assert code == "ValidationError"
    assert message.endswith("[Active, Inactive]")
    world.call("DeleteSigningCertificate", me, **mine)
    assert world.call("ListSigningCertificates", me)["Certificates"] == []


@pytest.mark.threat("T101")
def test_a_user_has_two_and_nobody_else_the_same(world: World, alice: User) -> None:
    """The same one is refused in the whole account, before the quota is asked."""
    upload(world)
    upload(world, "two")
    assert world.refused(
        "UploadSigningCertificate", UserName="Alice", CertificateBody=made("three").pem
    ) == ("LimitExceeded", "Cannot exceed quota for CertificatesPerUser: 2")
    world.user("Bob")
    code, _ = world.refused(
        "UploadSigningCertificate", UserName="Bob", CertificateBody=made("one").pem
    )
    assert code == "DuplicateCertificate"


def test_what_is_no_certificate(world: World, alice: User) -> None:
    """The message repeats the text (facts 10.8)."""
    assert world.refused(
        "UploadSigningCertificate", UserName="Alice", CertificateBody="invalid-body"
    ) == ("MalformedCertificate", "Certificate invalid-body is malformed.")


@pytest.mark.threat("T107")
def test_a_private_key_in_its_place_is_not_repeated(world: World, alice: User) -> None:
    """The refusal goes into the audit log."""
    key = made("one").key_pem()
    assert world.refused(
        "UploadSigningCertificate", UserName="Alice", CertificateBody=key
    ) == ("MalformedCertificate", "Certificate (a private key) is malformed.")


def test_only_the_users_own_are_found(world: World, alice: User) -> None:
    """Another user's is as unknown as none (facts 10.4)."""
    upload(world)
    world.user("Bob")
    theirs = upload(world, "bobs", UserName="Bob")["CertificateId"]
    for number in (UNKNOWN, theirs):
        expected = (
            "NoSuchEntity",
            f"The Certificate with id {number} cannot be found.",
        )
        named = {"UserName": "Alice", "CertificateId": number}
        assert world.refused("DeleteSigningCertificate", **named) == expected
        assert (
            world.refused("UpdateSigningCertificate", **named, Status="Active")
            == expected
        )
    for operation, params in (
        ("UploadSigningCertificate", {"CertificateBody": "x"}),
        ("ListSigningCertificates", {}),
    ):
        assert world.refused(operation, UserName="Nobody", **params) == (
            "NoSuchEntity",
            "The user with name Nobody cannot be found.",
        )


@pytest.mark.threat("T102")
def test_certificates_are_listed_in_pages(world: World, alice: User) -> None:
    """One after the other, oldest first."""
    first = upload(world)["CertificateId"]
    world.now += 1
    second = upload(world, "two")["CertificateId"]
    pages = world.pages(
        "ListSigningCertificates", "Certificates", UserName="Alice", MaxItems=1
    )
    assert [one["CertificateId"] for [one] in pages] == [first, second]
