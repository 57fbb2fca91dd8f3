"""SAML providers and their metadata."""

import base64
from typing import Any

import pytest

from tests.unit.identity.minting import ACCOUNT, NOW
from tests.unit.services.iam.pems import EXPIRES, made
from tests.unit.services.iam.world import OTHER_ACCOUNT, World, root_of

ARN = f"arn:aws:iam::{ACCOUNT}:saml-provider/Okta"
NAMED = {"SAMLProviderArn": ARN}
ABSENT = ("NoSuchEntity", f"Manifest not found for arn {ARN}")
MALFORMED = ("InvalidInput", "Could not parse metadata")
NAMESPACES = 'xmlns="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#"'


def metadata(
    *, root: str = "EntityDescriptor", attributes: str = 'entityID="idp"', **parts: str
) -> str:
    """A metadata document, long enough for the model."""
    certificate = base64.encodebytes(made("idp").der).decode()
    key = f"<ds:X509Certificate>{parts.get('certificate', certificate)}</ds:X509Certificate>"
    body = parts.get(
        "body",
        f"<IDPSSODescriptor><KeyDescriptor>{key}</KeyDescriptor></IDPSSODescriptor>",
    )
    text = f"{parts.get('before', '')}<{root} {NAMESPACES} {attributes}>{body}</{root}>"
    return text + f"<!--{'x' * 1000}-->"


def create(world: World, document: str, **params: Any) -> Any:
    """A new provider's answer."""
    return world.call(
        "CreateSAMLProvider", Name="Okta", SAMLMetadataDocument=document, **params
    )


def test_a_provider_keeps_its_metadata(world: World) -> None:
    """As it was sent; it is valid as long as its certificate."""
    assert create(world, metadata()) == {"SAMLProviderArn": ARN}
    got = world.call("GetSAMLProvider", **NAMED)
    assert len(got["SAMLProviderUUID"]) == 32
    assert got == {
        "SAMLProviderUUID": got["SAMLProviderUUID"],
        "SAMLMetadataDocument": metadata(),
        "CreateDate": NOW,
        "ValidUntil": EXPIRES,
        "Tags": [],
        "AssertionEncryptionMode": "Allowed",
        "PrivateKeyList": [],
    }
    assert world.call("ListSAMLProviders") == {
        "SAMLProviderList": [{"Arn": ARN, "ValidUntil": EXPIRES, "CreateDate": NOW}]
    }
    assert world.refused(
        "CreateSAMLProvider", Name="Okta", SAMLMetadataDocument=metadata()
    ) == ("EntityAlreadyExists", "SAMLProvider with name Okta already exists.")


def test_metadata_may_end_before_its_certificate(world: World) -> None:
    """`validUntil` counts when it comes first."""
    ends = 'entityID="idp" validUntil="2026-02-03T04:05:06.7Z"'
    create(world, metadata(attributes=ends))
    got = world.call("GetSAMLProvider", **NAMED)
    assert got["ValidUntil"] == 1_770_091_506


def test_metadata_is_replaced(world: World) -> None:
    """The provider stays the same one; without a new document nothing changes."""
    create(world, metadata())
    before = world.call("GetSAMLProvider", **NAMED)
    assert world.call("UpdateSAMLProvider", **NAMED) == NAMED
    assert world.call("GetSAMLProvider", **NAMED) == before
    other = metadata(attributes='entityID="other"')
    world.call("UpdateSAMLProvider", **NAMED, SAMLMetadataDocument=other)
    after = world.call("GetSAMLProvider", **NAMED)
    assert after == before | {"SAMLMetadataDocument": other}
    assert (
        world.refused("UpdateSAMLProvider", **NAMED, SAMLMetadataDocument="x" * 1000)
        == MALFORMED
    )


@pytest.mark.threat("T57")
@pytest.mark.parametrize(
    "document",
    [
        "x" * 1000,
        metadata(before='<!DOCTYPE x [<!ENTITY a "b">]>'),
        metadata(before='<!DOCTYPE x SYSTEM "file:///etc/passwd">'),
        metadata(before="<?go now?>"),
        metadata(body="&a;"),
        metadata(body="<a>" * 20 + "</a>" * 20),
        metadata(body="<a/>" * 20_000),
        metadata(root="EntitiesDescriptor"),
        metadata(attributes=""),
        metadata(attributes='entityID="idp" validUntil="tomorrow"'),
        metadata(attributes='entityID="idp" validUntil="2026-99-03T04:05:06Z"'),
        metadata(body="<SPSSODescriptor/>"),
        metadata(body="<IDPSSODescriptor/>"),
        metadata(certificate="AAAA"),
        metadata(certificate="%"),
        metadata(
            body=f"<IDPSSODescriptor>{'<ds:X509Certificate/>' * 101}</IDPSSODescriptor>"
        ),
        metadata() + "\ud800",
    ],
    ids=lambda text: text[:40],
)
def test_what_is_no_metadata(world: World, document: str) -> None:
    """Declarations, depth, size and half of what it takes are all one refusal."""
    assert (
        world.refused("CreateSAMLProvider", Name="Okta", SAMLMetadataDocument=document)
        == MALFORMED
    )


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"AddPrivateKey": "k"}, "AddPrivateKey is not supported."),
        (
            {"AssertionEncryptionMode": "Required"},
            "AssertionEncryptionMode Required needs a private key.",
        ),
    ],
)
def test_what_we_cannot_keep_is_refused(
    world: World, params: dict[str, Any], message: str
) -> None:
    """Rather than taken and forgotten; the mode that is shown may be sent."""
    refusal = world.refused(
        "CreateSAMLProvider", Name="Okta", SAMLMetadataDocument=metadata(), **params
    )
    assert refusal == ("InvalidInput", message)
    create(world, metadata(), AssertionEncryptionMode="Allowed")


def test_tags_of_a_provider(world: World) -> None:
    """The first answer has them if they were sent."""
    tags = [{"Key": "k", "Value": "v"}]
    assert create(world, metadata(), Tags=tags)["Tags"] == tags
    world.call("TagSAMLProvider", **NAMED, Tags=[{"Key": "K", "Value": "w"}])
    world.call("UntagSAMLProvider", **NAMED, TagKeys=["k"])
    listed = world.call("ListSAMLProviderTags", **NAMED)
    assert listed == {"Tags": [{"Key": "K", "Value": "w"}], "IsTruncated": False}


def test_what_is_not_there(world: World) -> None:
    """Strangers see nothing; a provider of the same name later is another."""
    operations: list[tuple[str, dict[str, Any]]] = [
        ("GetSAMLProvider", {}),
        ("UpdateSAMLProvider", {}),
        ("DeleteSAMLProvider", {}),
        ("TagSAMLProvider", {"Tags": [{"Key": "k", "Value": "v"}]}),
        ("UntagSAMLProvider", {"TagKeys": ["k"]}),
        ("ListSAMLProviderTags", {}),
    ]
    for operation, params in operations:
        assert world.refused(operation, **NAMED, **params) == ABSENT
    create(world, metadata())
    first = world.call("GetSAMLProvider", **NAMED)["SAMLProviderUUID"]
    stranger = root_of(OTHER_ACCOUNT)
    for operation, params in operations:
        assert world.refused(operation, stranger, **NAMED, **params) == ABSENT
    assert world.call("DeleteSAMLProvider", **NAMED) == {}
    create(world, metadata())
    assert world.call("GetSAMLProvider", **NAMED)["SAMLProviderUUID"] != first


@pytest.mark.threat("T101")
def test_an_account_has_a_hundred_providers(world: World) -> None:
    """And not one more (facts 10.2)."""
    for n in range(100):
        world.call("CreateSAMLProvider", Name=f"p{n}", SAMLMetadataDocument=metadata())
    assert world.refused(
        "CreateSAMLProvider", Name="more", SAMLMetadataDocument=metadata()
    ) == ("LimitExceeded", "Cannot exceed quota for SAMLProvidersPerAccount: 100")
