"""Inline policies of users, groups and roles."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import pytest

from tests.unit.identity.minting import ACCOUNT
from tests.unit.services.iam.trusts import trusting
from tests.unit.services.iam.world import ALLOW_ALL, World


@dataclass(frozen=True)
class Owner:
    """A user, group or role called `One`, by the words of its operations."""

    world: World
    title: str
    size: int

    def call(self, verb: str, what: str = "Policy", **params: object) -> dict[str, Any]:
        """What the operation for this kind of owner answers."""
        return self.world.call(
            f"{verb}{self.title}{what}", **{f"{self.title}Name": "One", **params}
        )

    def refused(
        self, verb: str, what: str = "Policy", **params: object
    ) -> tuple[str, str]:
        """How the operation for this kind of owner is refused."""
        return self.world.refused(
            f"{verb}{self.title}{what}", **{f"{self.title}Name": "One", **params}
        )


@pytest.fixture(
    params=[("User", 2048), ("Group", 5120), ("Role", 10240)],
    ids=lambda param: param[0],
)
def owner(world: World, request: pytest.FixtureRequest) -> Owner:
    """One of each kind, in turn."""
    title, size = request.param
    more = {"AssumeRolePolicyDocument": trusting(ACCOUNT)} if title == "Role" else {}
    world.call(f"Create{title}", **{f"{title}Name": "One"}, **more)
    return Owner(world, title, size)


@pytest.mark.threat("T94")
def test_an_inline_policy_is_read_back_as_it_was_sent(owner: Owner) -> None:
    """The text comes back percent-encoded and otherwise unchanged."""
    text = ALLOW_ALL.replace(",", " ,\r\n\t")
    assert owner.call("Put", PolicyName="p", PolicyDocument=text) == {}
    shown = owner.call("Get", PolicyName="p")
    assert unquote(str(shown.pop("PolicyDocument"))) == text
    assert shown == {f"{owner.title}Name": "One", "PolicyName": "p"}


def test_putting_again_replaces(owner: Owner) -> None:
    """A name holds one policy; putting it again is no error."""
    owner.call("Put", PolicyName="p", PolicyDocument=ALLOW_ALL)
    new = ALLOW_ALL.replace("Allow", "Deny")
    owner.call("Put", PolicyName="p", PolicyDocument=new)
    assert unquote(str(owner.call("Get", PolicyName="p")["PolicyDocument"])) == new
    assert owner.call("List", "Policies")["PolicyNames"] == ["p"]


def test_the_older_language_is_taken(owner: Owner) -> None:
    """Version may be 2008-10-17 or missing in an inline policy (facts 3.1)."""
    owner.call("Put", PolicyName="p", PolicyDocument=ALLOW_ALL.replace("2012", "2008"))
    owner.call(
        "Put",
        PolicyName="q",
        PolicyDocument=ALLOW_ALL.replace('"Version":"2012-10-17",', ""),
    )


def test_an_inline_policy_must_be_one(owner: Owner) -> None:
    """Grammar is checked; a principal has no place here."""
    refusal = owner.refused("Put", PolicyName="p", PolicyDocument="[]")
    assert refusal == ("MalformedPolicyDocument", "Syntax errors in policy.")
    assert (
        owner.refused("Put", PolicyName="p", PolicyDocument=trusting(ACCOUNT))[0]
        == "MalformedPolicyDocument"
    )


def test_all_inline_policies_share_a_size(owner: Owner) -> None:
    """The sum counts, without white space and without the policy that is replaced (facts 3.6)."""
    empty = ALLOW_ALL.replace('"Statement"', '"Id":"","Statement"')

    def of_size(size: int) -> str:
        return empty.replace('"Id":""', f'"Id":"{"x" * (size - len(empty))}"')

    owner.call(
        "Put",
        PolicyName="p",
        PolicyDocument=of_size(owner.size - 200).replace(",", "  ,"),
    )
    owner.call("Put", PolicyName="q", PolicyDocument=of_size(200))
    owner.call("Put", PolicyName="p", PolicyDocument=of_size(owner.size - 200))
    word = owner.title.lower()
    for name in ("q", "p"):
        size = {"q": 201, "p": owner.size - 199}[name]
        assert owner.refused("Put", PolicyName=name, PolicyDocument=of_size(size)) == (
            "LimitExceeded",
            f"Maximum policy size of {owner.size} bytes exceeded for {word} One",
        )


def test_an_unknown_inline_policy_cannot_be_found(owner: Owner) -> None:
    """The message says whose policy it would be; names differ by case here (facts 10.4)."""
    owner.call("Put", PolicyName="P", PolicyDocument=ALLOW_ALL)
    for verb in ("Get", "Delete"):
        assert owner.refused(verb, PolicyName="p") == (
            "NoSuchEntity",
            f"The {owner.title.lower()} policy with name p cannot be found.",
        )


def test_an_unknown_owner_cannot_be_found(owner: Owner) -> None:
    """Every operation needs the owner."""
    who = {f"{owner.title}Name": "none"}
    message = f"The {owner.title.lower()} with name none cannot be found."
    for verb, what, more in (
        ("Put", "Policy", {"PolicyName": "p", "PolicyDocument": ALLOW_ALL}),
        ("Get", "Policy", {"PolicyName": "p"}),
        ("Delete", "Policy", {"PolicyName": "p"}),
        ("List", "Policies", {}),
    ):
        assert owner.refused(verb, what, **who, **more) == ("NoSuchEntity", message)


def test_a_deleted_inline_policy_is_gone(owner: Owner) -> None:
    """Delete answers with nothing."""
    owner.call("Put", PolicyName="p", PolicyDocument=ALLOW_ALL)
    assert owner.call("Delete", PolicyName="p") == {}
    assert owner.call("List", "Policies") == {"PolicyNames": [], "IsTruncated": False}


@pytest.mark.threat("T102")
def test_names_of_inline_policies_come_in_pages(owner: Owner) -> None:
    """Sorted by name, and only those of this owner."""
    owner.world.call("CreateUser", UserName="Two")
    owner.world.call(
        "PutUserPolicy", UserName="Two", PolicyName="x", PolicyDocument=ALLOW_ALL
    )
    for name in ("c", "a", "B", "d", "e"):
        owner.call("Put", PolicyName=name, PolicyDocument=ALLOW_ALL)
    pages = owner.world.pages(
        f"List{owner.title}Policies", "PolicyNames", **{f"{owner.title}Name": "One"}, MaxItems=2
    )  # fmt: skip
    assert list(pages) == [["B", "a"], ["c", "d"], ["e"]]
