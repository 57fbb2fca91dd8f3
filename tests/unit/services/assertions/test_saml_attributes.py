"""Attributes of SAML assertions as condition keys."""

import pytest

from ostiary.services.assertions.saml_attributes import (
    _LISTS,
    _TEXTS,
    has_pair,
    known_keys,
)

EDU = "urn:oid:1.3.6.1.4.1.5923.1.1.1.1"
MAIL = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"
SID = "http://schemas.microsoft.com/ws/2008/06/identity/claims/primarygroupsid"


def test_keys_by_attribute() -> None:
    """Lists stay lists, texts are lists only when there are several (facts 5.3)."""
    assert known_keys({EDU: ("staff",), MAIL: ("a@b",), SID: ("S-1",)}) == (
        ("saml:edupersonaffiliation", ("staff",)),
        ("saml:mail", "a@b"),
        ("saml:primaryGroupSID", "S-1"),
    )
    assert known_keys({MAIL: ("a@b", "c@d")}) == (("saml:mail", ("a@b", "c@d")),)
    assert known_keys({MAIL: (), "urn:example:other": ("x",)}) == ()


def test_of_two_attributes_for_one_key_the_first_counts() -> None:
    """AWS maps one claim for each key."""
    other = "0.9.2342.19200300.100.1.3"
    assert known_keys({other: ("a@b",), MAIL: ("c@d",)}) == (("saml:mail", "a@b"),)


def test_every_attribute_has_a_key_that_aws_lists() -> None:
    """So policies written for AWS find them under the same name."""
    names = {*_LISTS.values(), *_TEXTS.values()}
    assert not names & {"aud", "doc", "iss", "namequalifier", "sub", "sub_type"}
    assert len(_LISTS) + len(_TEXTS) == 30


@pytest.mark.parametrize(
    ("value", "good"),
    [
        ("role,provider", True),
        ("provider , role", True),
        ("role", False),
        ("role,provider,role", False),
        ("role,role", False),
        ("role;provider", False),
    ],
)
def test_a_pair_is_two_names(value: str, good: bool) -> None:
    """In either order, and no third."""
    told = {"https://aws.amazon.com/SAML/Attributes/Role": ("x,y", value)}
    assert has_pair(told, "role", "provider") is good
