"""OpenID Connect providers."""

from typing import Any

import pytest

from tests.unit.identity.minting import ACCOUNT, NOW
from tests.unit.services.iam.world import OTHER_ACCOUNT, World, root_of

URL = "https://idp.example.com/realm"
ARN = f"arn:aws:iam::{ACCOUNT}:oidc-provider/idp.example.com/realm"
NAMED = {"OpenIDConnectProviderArn": ARN}
ABSENT = ("NoSuchEntity", f"OpenIDConnect Provider not found for arn {ARN}")
B, C = "b" * 40, "c" * 40


def got(world: World) -> Any:
    """The provider as it is shown."""
    return world.call("GetOpenIDConnectProvider", **NAMED)


def test_a_provider_is_its_url(world: World) -> None:
    """The ARN and later answers have it without the scheme."""
    assert world.call(
        "CreateOpenIDConnectProvider",
        Url=URL,
        ClientIDList=["one", "one"],
        ThumbprintList=[B],
    ) == {"OpenIDConnectProviderArn": ARN}
    assert got(world) == {
        "Url": "idp.example.com/realm",
        "ClientIDList": ["one"],
        "ThumbprintList": [B],
        "CreateDate": NOW,
        "Tags": [],
    }
    assert world.call("ListOpenIDConnectProviders") == {
        "OpenIDConnectProviderList": [{"Arn": ARN}]
    }
    assert world.refused("CreateOpenIDConnectProvider", Url=URL) == (
        "EntityAlreadyExists",
        f"Provider with url {URL} already exists.",
    )


def test_tags_are_in_the_first_answer_if_sent(world: World) -> None:
    """And in every later one."""
    tags = [{"Key": "k", "Value": "v"}]
    assert world.call("CreateOpenIDConnectProvider", Url=URL, Tags=tags) == {
        "OpenIDConnectProviderArn": ARN,
        "Tags": tags,
    }
    world.call("TagOpenIDConnectProvider", **NAMED, Tags=[{"Key": "K", "Value": ""}])
    world.call("UntagOpenIDConnectProvider", **NAMED, TagKeys=["k"])
    assert got(world)["Tags"] == [{"Key": "K", "Value": ""}]
    assert world.call("ListOpenIDConnectProviderTags", **NAMED)["Tags"] == [
        {"Key": "K", "Value": ""}
    ]


@pytest.mark.parametrize(
    "url",
    [
        "http://idp.example.com",
        "idp.example.com",
        "https://",
        "https://idp.example.com?x=1",
        "https://idp.example.com#x",
        "https://user@idp.example.com",
        "https://idp..example.com",
        "https://idp.example.com/ä",
        "https://idp.example.com\n",
    ],
)
def test_what_is_no_url_of_a_provider(world: World, url: str) -> None:
    """Https, a host, perhaps a path, and nothing else (facts 10.8)."""
    assert world.refused("CreateOpenIDConnectProvider", modelled=False, Url=url) == (
        "ValidationError",
        "Invalid Open ID Connect Provider URL",
    )


def test_clients_come_and_go(world: World) -> None:
    """Twice is once, both ways; a hundred are the most (facts 10.7)."""
    world.call("CreateOpenIDConnectProvider", Url=URL)
    for client in ("a", "b", "a"):
        world.call("AddClientIDToOpenIDConnectProvider", **NAMED, ClientID=client)
    assert got(world)["ClientIDList"] == ["a", "b"]
    for _ in range(2):
        world.call("RemoveClientIDFromOpenIDConnectProvider", **NAMED, ClientID="a")
    assert got(world)["ClientIDList"] == ["b"]
    full = (
        "LimitExceeded",
        "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100",
    )
    many = [f"c{n}" for n in range(101)]
    assert (
        world.refused(
            "CreateOpenIDConnectProvider", Url="https://x.example", ClientIDList=many
        )
        == full
    )
    for client in many[:99]:
        world.call("AddClientIDToOpenIDConnectProvider", **NAMED, ClientID=client)
    assert (
        world.refused("AddClientIDToOpenIDConnectProvider", **NAMED, ClientID="more")
        == full
    )


def test_thumbprints_are_replaced_as_a_whole(world: World) -> None:
    """Five are the most (facts 10.8)."""
    world.call("CreateOpenIDConnectProvider", Url=URL, ThumbprintList=[B])
    operation = "UpdateOpenIDConnectProviderThumbprint"
    world.call(operation, **NAMED, ThumbprintList=[C, B])
    assert got(world)["ThumbprintList"] == [C, B]
    assert world.refused(operation, **NAMED, ThumbprintList=[B] * 6) == (
        "InvalidInput",
        "Thumbprint list must contain fewer than 5 entries.",
    )


def test_what_we_cannot_keep_is_refused(world: World) -> None:
    """Rather than taken and forgotten."""
    assert world.refused(
        "CreateOpenIDConnectProvider", Url=URL, IdentityCenterInstanceArn="arn:x"
    ) == ("InvalidInput", "IdentityCenterInstanceArn is not supported.")


def test_what_is_not_there(world: World) -> None:
    """Deletion has words of its own (facts 10.4); strangers see nothing."""
    deleted = ("NoSuchEntity", f"OpenId connect Provider {ARN} cannot be found.")
    others: list[tuple[str, dict[str, Any]]] = [
        ("GetOpenIDConnectProvider", {}),
        ("AddClientIDToOpenIDConnectProvider", {"ClientID": "a"}),
        ("RemoveClientIDFromOpenIDConnectProvider", {"ClientID": "a"}),
        ("UpdateOpenIDConnectProviderThumbprint", {"ThumbprintList": [B]}),
        ("TagOpenIDConnectProvider", {"Tags": [{"Key": "k", "Value": "v"}]}),
        ("UntagOpenIDConnectProvider", {"TagKeys": ["k"]}),
        ("ListOpenIDConnectProviderTags", {}),
    ]
    for operation, params in others:
        assert world.refused(operation, **NAMED, **params) == ABSENT
    assert world.refused("DeleteOpenIDConnectProvider", **NAMED) == deleted
    world.call("CreateOpenIDConnectProvider", Url=URL)
    stranger = root_of(OTHER_ACCOUNT)
    for operation, params in others:
        assert world.refused(operation, stranger, **NAMED, **params) == ABSENT
    assert world.refused("DeleteOpenIDConnectProvider", stranger, **NAMED) == deleted
    assert world.call("DeleteOpenIDConnectProvider", **NAMED) == {}
    assert world.call("ListOpenIDConnectProviders") == {"OpenIDConnectProviderList": []}


@pytest.mark.threat("T101")
def test_an_account_has_a_hundred_providers(world: World) -> None:
    """And not one more (facts 10.2)."""
    for n in range(100):
        world.call("CreateOpenIDConnectProvider", Url=f"https://p{n}.example")
    assert world.refused("CreateOpenIDConnectProvider", Url=URL) == (
        "LimitExceeded",
        "Cannot exceed quota for OpenIdConnectProvidersPerAccount: 100",
    )
