"""Server certificates and their private keys."""

import re
from pathlib import Path
from typing import Any

import pytest

from ostiary.identity.holdings import ServerCertificate
from tests.unit.identity.minting import ACCOUNT, NOW
from tests.unit.services.estate import estate
from tests.unit.services.iam.pems import EXPIRES, made
from tests.unit.services.iam.world import OTHER_ACCOUNT, World, root_of

ABSENT = (
    "NoSuchEntity",
    "The Server Certificate with name site cannot be found.",
)
NAMED = {"ServerCertificateName": "site"}


def pair(name: str = "site") -> dict[str, Any]:
    """A certificate and its key as they are sent."""
    return {"CertificateBody": made(name).pem, "PrivateKey": made(name).key_pem()}


def upload(world: World, name: str = "site", **params: Any) -> Any:
    """The metadata of a new certificate."""
    result = world.call(
        "UploadServerCertificate", **{"ServerCertificateName": name, **pair()} | params
    )
    return result["ServerCertificateMetadata"]


def test_a_certificate_comes_back_without_its_key(world: World) -> None:
    """The chain is there if it was sent, tags always (facts 10.9)."""
    shown = upload(world, Path="/web/")
    assert re.fullmatch("ASCA[A-Z2-7]{17}", shown["ServerCertificateId"])
    assert shown == {
        "Path": "/web/",
        "ServerCertificateName": "site",
        "ServerCertificateId": shown["ServerCertificateId"],
        "Arn": f"arn:aws:iam::{ACCOUNT}:server-certificate/web/site",
        "UploadDate": NOW,
        "Expiration": EXPIRES,
    }
    assert world.call("GetServerCertificate", ServerCertificateName="SITE") == {
        "ServerCertificate": {
            "ServerCertificateMetadata": shown,
            "CertificateBody": made("site").pem,
            "Tags": [],
        }
    }
    assert world.call("ListServerCertificates") == {
        "ServerCertificateMetadataList": [shown],
        "IsTruncated": False,
    }


@pytest.mark.threat("T107", "T123")
def test_the_key_is_kept_sealed_in_its_own_row(tmp_path: Path) -> None:
    """No answer and no file holds it."""
    house = estate(tmp_path)
    upload(house)
    key = made("site").key_pem()
    kept = house.get(ServerCertificate, "site")
    opened = house.vault.unseal(
        kept.private_key, purpose="server-certificate", row=kept.id, account=ACCOUNT
    )
    assert opened.decode() == key
    on_disk = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"-----BEGIN CERTIFICATE-----" in on_disk
    assert b"PRIVATE KEY" not in on_disk
    shown = house.call("GetServerCertificate", **NAMED)
    assert "PRIVATE KEY" not in repr(shown)


def test_a_chain_is_in_order(world: World) -> None:
    """Each certificate has signed the one before it."""
    chain = made("middle", "top").pem + made("top").pem
    leaf = made("leaf", "middle")
    sent = {"CertificateBody": leaf.pem, "PrivateKey": leaf.key_pem()}
    made("middle", "top")
    signer = made("issued", "top")
    good = {"CertificateBody": signer.pem, "PrivateKey": signer.key_pem()}
    upload(world, **good, CertificateChain=made("top").pem)
    shown = world.call("GetServerCertificate", **NAMED)["ServerCertificate"]
    assert shown["CertificateChain"] == made("top").pem
    code, message = world.refused(
        "UploadServerCertificate",
        ServerCertificateName="other",
        **sent,
        CertificateChain=chain,
    )
    assert code == "MalformedCertificate"
    assert message.startswith("Unable to validate certificate chain.")
    assert message.endswith("is: 0")
    code, message = world.refused(
        "UploadServerCertificate",
        ServerCertificateName="other",
        **good,
        CertificateChain="none",
    )
    assert code == "MalformedCertificate"


@pytest.mark.parametrize(
    ("sent", "code", "message"),
    [
        (
            {"CertificateBody": "none"},
            "MalformedCertificate",
            "Unable to parse certificate. Please ensure the certificate is in PEM format.",
        ),
        (
            {"CertificateBody": made("site").pem * 2},
            "MalformedCertificate",
            "Unable to parse certificate. Please ensure the certificate is in PEM format.",
        ),
        (
            {"PrivateKey": "none"},
            "MalformedCertificate",
            "Unable to parse key; please ensure the key is in PEM format.",
        ),
        (
            {"PrivateKey": made("site").key_pem(b"secret")},
            "MalformedCertificate",
            "Unable to parse key; the body is encrypted.",
        ),
        (
            {"PrivateKey": made("other").key_pem()},
            "KeyPairMismatch",
            "The public key certificate and the private key do not match.",
        ),
    ],
)
def test_what_is_no_pair(
    world: World, sent: dict[str, str], code: str, message: str
) -> None:
    """The certificate is looked at first, then the key, then both together."""
    params = {**NAMED, **pair()} | sent
    assert world.refused("UploadServerCertificate", **params) == (code, message)


def test_a_certificate_is_renamed_and_moved(world: World) -> None:
    """Its id stays, and its key opens still; a name in use is refused."""
    first = upload(world)
    upload(world, "taken")
    assert world.refused(
        "UpdateServerCertificate", **NAMED, NewServerCertificateName="TAKEN"
    ) == (
        "EntityAlreadyExists",
        "The Server Certificate with name TAKEN already exists.",
    )
    world.call(
        "UpdateServerCertificate",
        **NAMED,
        NewServerCertificateName="Site",
        NewPath="/x/",
    )
    moved = world.get(ServerCertificate, "Site")
    assert (moved.id, moved.arn) == (
        first["ServerCertificateId"],
        f"arn:aws:iam::{ACCOUNT}:server-certificate/x/Site",
    )
    assert world.vault.unseal(
        moved.private_key, purpose="server-certificate", row=moved.id, account=ACCOUNT
    )


def test_a_name_is_taken_once(world: World) -> None:
    """In one account (facts 10.5)."""
    upload(world)
    assert world.refused("UploadServerCertificate", **NAMED, **pair()) == (
        "EntityAlreadyExists",
        "The Server Certificate with name site already exists.",
    )
    world.call("UploadServerCertificate", root_of(OTHER_ACCOUNT), **NAMED, **pair())


@pytest.mark.threat("T102")
def test_certificates_are_listed_by_name_and_path(world: World) -> None:
    """Page by page."""
    for name, path in (("c", "/x/"), ("A", "/x/"), ("b", "/")):
        upload(world, name, Path=path)
    member = "ServerCertificateMetadataList"
    pages = world.pages("ListServerCertificates", member, MaxItems=1)
    assert [one["ServerCertificateName"] for [one] in pages] == ["A", "b", "c"]
    [under] = world.pages("ListServerCertificates", member, PathPrefix="/x/")
    assert [one["ServerCertificateName"] for one in under] == ["A", "c"]


def test_tags_of_a_certificate(world: World) -> None:
    """The first answer has them if they were sent."""
    tags = [{"Key": "k", "Value": "v"}]
    result = world.call("UploadServerCertificate", **NAMED, **pair(), Tags=tags)
    assert result["Tags"] == tags
    world.call("TagServerCertificate", **NAMED, Tags=[{"Key": "K", "Value": "w"}])
    world.call("UntagServerCertificate", **NAMED, TagKeys=["k"])
    assert world.call("ListServerCertificateTags", **NAMED) == {
        "Tags": [{"Key": "K", "Value": "w"}],
        "IsTruncated": False,
    }


def test_what_is_not_there(world: World) -> None:
    """A deleted certificate is gone, and strangers see nothing."""
    upload(world)
    stranger = root_of(OTHER_ACCOUNT)
    operations = ("GetServerCertificate", "UpdateServerCertificate")
    for operation in (*operations, "DeleteServerCertificate"):
        assert world.refused(operation, stranger, **NAMED) == ABSENT
    assert world.call("DeleteServerCertificate", **NAMED) == {}
    for operation in (*operations, "DeleteServerCertificate"):
        assert world.refused(operation, **NAMED) == ABSENT


@pytest.mark.threat("T101")
def test_an_account_has_twenty_certificates(world: World) -> None:
    """And not one more (facts 10.2)."""
    for n in range(20):
        upload(world, f"c{n}")
    assert world.refused("UploadServerCertificate", **NAMED, **pair()) == (
        "LimitExceeded",
        "Cannot exceed quota for ServerCertificatesPerAccount: 20",
    )
