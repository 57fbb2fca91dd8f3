"""The query reader holds a form to the model, and words what is wrong as AWS does."""

from typing import Any

import pytest

from ostiary.wire import constraints, query
from ostiary.wire.faults import Fault
from ostiary.wire.service import IAM, STS, Service, table

ROLE = "arn:aws:iam::111122223333:role/Example"


def refusal(service: Service, operation: str, **pairs: str) -> str:
    """Gives the message of a refused form."""
    with pytest.raises(Fault) as caught:
        query.read(service, operation, pairs)
    assert caught.value.status == 400
    return caught.value.message


def test_sts_repeats_the_value() -> None:
    """STS shows the offending value in its validation message."""
    told = refusal(STS, "AssumeRole", RoleArn=ROLE, RoleSessionName="Session1:2")

    assert told == (
        "1 validation error detected: Value 'Session1:2' at 'roleSessionName' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [\w+=,.@-]*"
    )


def test_iam_does_not_repeat_the_value() -> None:
    """IAM leaves the value out, as recorded in 2026."""
    told = refusal(
        IAM,
        "CreateVirtualMFADevice",
        VirtualMFADeviceName="d",
        Path="/" + "a" * 511 + "/",
    )

    assert told == (
        "1 validation error detected: Value at 'path' failed to satisfy constraint: "
        "Member must have length less than or equal to 512"
    )


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (
            "899",
            "Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900",
        ),
        (
            "129601",
            "Value '129601' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to 129600",
        ),
    ],
)
@pytest.mark.threat("T29")
def test_ranges(value: str, told: str) -> None:
    """Numbers outside the model's range name the bound."""
    assert (
        refusal(STS, "GetSessionToken", DurationSeconds=value)
        == f"1 validation error detected: {told}"
    )


def test_a_missing_member_is_null() -> None:
    """A required member that is absent is told as null, by STS as a value."""
    assert refusal(STS, "AssumeRole", RoleSessionName="ab") == (
        "1 validation error detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null"
    )
    assert refusal(IAM, "CreateUser") == (
        "1 validation error detected: Value at 'userName' failed to satisfy constraint: Member must not be null"
    )


def test_several_faults_are_counted() -> None:
    """All broken constraints are told in one sentence, in the model's order."""
    assert refusal(STS, "AssumeRole", RoleArn="short", RoleSessionName="!") == (
        "3 validation errors detected: "
        "Value 'short' at 'roleArn' failed to satisfy constraint: Member must have length greater than or equal to 20; "
        "Value '!' at 'roleSessionName' failed to satisfy constraint: Member must have length greater than or equal to 2; "
        r"Value '!' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*"
    )


def test_elements_of_a_list_are_named_by_their_place() -> None:
    """A member of a list's structure has a path with its number."""
    pairs = {
        "UserName": "u",
        "Tags.member.1.Key": "k",
        "Tags.member.1.Value": "v" * 257,
    }

    assert "Value at 'tags.1.member.value' failed" in refusal(IAM, "TagUser", **pairs)


def test_a_list_of_texts_recites_its_constraints() -> None:
    """A bad element of a list of texts is told as AWS does, with every constraint."""
    pairs = {
        "RoleArn": ROLE,
        "RoleSessionName": "ab",
        "TransitiveTagKeys.member.1": "<",
    }

    assert refusal(STS, "AssumeRole", **pairs) == (
        "1 validation error detected: Value '[<]' at 'transitiveTagKeys' failed to satisfy constraint: "
        "Member must satisfy constraint: [Member must have length less than or equal to 128, "
        "Member must have length greater than or equal to 1, "
        r"Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+]"
    )


def test_a_list_has_a_size() -> None:
    """Fifty tags pass and fifty-one do not."""
    pairs = {
        f"Tags.member.{n}.{part}": f"k{n}"
        for n in range(1, 51)
        for part in ("Key", "Value")
    }

    assert len(query.read(IAM, "TagUser", {"UserName": "u", **pairs})["Tags"]) == 50

    pairs |= {"Tags.member.51.Key": "k", "Tags.member.51.Value": ""}
    assert refusal(IAM, "TagUser", UserName="u", **pairs) == (
        "1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50"
    )


def test_an_enumeration_lists_its_values() -> None:
    """A value outside a set is told with the set."""
    told = refusal(
        IAM, "UpdateAccessKey", UserName="u", AccessKeyId="A" * 20, Status="active"
    )

    assert told.endswith(
        "Member must satisfy enum value set: [Active, Inactive, Expired]"
    )


@pytest.mark.threat("T59")
@pytest.mark.parametrize(
    "value",
    [
        "\uff19\uff10\uff10",
        " 900",
        "9_00",
        "900.0",
        "9e2",
        "0x384",
        "9" * 5000,
        "",
        "+900",
        "९००",
        "900\n",
    ],
)
def test_numbers_in_other_clothes_are_refused(value: str) -> None:
    """Only ASCII decimal of at most ten digits is a number."""
    assert refusal(STS, "GetSessionToken", DurationSeconds=value).startswith(
        "Invalid value '"
    )


@pytest.mark.threat("T59")
def test_page_sizes_are_bounded() -> None:
    """MaxItems is 1 to 1000."""
    assert query.read(IAM, "ListUsers", {"MaxItems": "1000"}) == {"MaxItems": 1000}
    for value in ("0", "1001", "-1"):
        assert "Value at 'maxItems'" in refusal(IAM, "ListUsers", MaxItems=value)


@pytest.mark.threat("T5")
@pytest.mark.parametrize(
    "value",
    [
        " 123456",
        "123456\n",
        "+123456",
        "12_3456",
        "\uff11\uff12\uff13\uff14\uff15\uff16",
        "٣٣٣٣٣٣",
        "12345",
        "1234567",
        "",
        "\x00" * 6,
    ],
)
def test_only_six_ascii_digits_are_a_token_code(value: str) -> None:
    """Anything else is a ValidationError before anybody looks at a device."""
    assert "'tokenCode' failed to satisfy constraint" in refusal(
        STS, "GetSessionToken", TokenCode=value
    )


@pytest.mark.parametrize("value", ["TRUE", "True", "1", "yes", "", "false "])
def test_booleans_are_true_or_false(value: str) -> None:
    """Nothing but the two words is a boolean."""
    assert (
        query.read(IAM, "CreateLoginProfile", {"PasswordResetRequired": "true"})[
            "PasswordResetRequired"
        ]
        is True
    )
    assert refusal(IAM, "CreateLoginProfile", PasswordResetRequired=value).startswith(
        "Invalid value"
    )


@pytest.mark.threat("T44", "T135")
@pytest.mark.parametrize(
    "names",
    [
        ("Tags.member.3.Key", "Tags.member.3.Value"),
        ("Tags.member.0.Key", "Tags.member.0.Value"),
        ("Tags.member.02.Key", "Tags.member.02.Value"),
        ("Tags.member.1001.Key", "Tags.member.1001.Value"),
        ("Tags.member.999999999.Key", "Tags.member.999999999.Value"),
        ("Tags.member.-2.Key", "Tags.member.-2.Value"),
        ("Tags.member.x.Key", "Tags.member.x.Value"),
        ("Tags.2.Key", "Tags.2.Value"),
        ("Tags.Member.2.Key", "Tags.Member.2.Value"),
        ("Tags.entry.1.Key", "Tags.entry.1.Value"),
        ("Tags.member.1.key",),
        ("Tags.member.1.Other",),
        ("Tags.member.1.Key.x",),
        ("Tags.member.1",),
        ("Tags.member.2",),
        ("Tags",),
        ("UserName.member.1",),
        ("UserName.x",),
        ("Path.x",),
        ("Tags." + "x." * 40 + "y",),
        ("Other",),
        ("username",),
        ("path",),
        ("AWSAccessKeyId",),
    ],
)
def test_names_that_do_not_fit_are_refused(names: tuple[str, ...]) -> None:
    """Gaps, zeros, letters, other cases and unknown names spoil a right form."""
    right = {"UserName": "u", "Tags.member.1.Key": "k", "Tags.member.1.Value": "v"}
    assert query.read(IAM, "CreateUser", right)

    told = refusal(IAM, "CreateUser", **right, **dict.fromkeys(names, "v"))

    assert "parameter" in told
    assert "null" not in told


@pytest.mark.threat("T44")
def test_a_text_in_a_list_is_no_group() -> None:
    """An element of a list of texts has no members of its own."""
    pairs = {"RoleArn": ROLE, "RoleSessionName": "ab"}

    told = refusal(STS, "AssumeRole", **pairs, **{"TransitiveTagKeys.member.1.x": "a"})

    assert told == "Unknown parameter: 'TransitiveTagKeys'."


@pytest.mark.threat("T44")
def test_a_structure_is_no_text() -> None:
    """A structure cannot be given as a value, not even as an empty one."""
    told = refusal(STS, "AssumeRoot", TargetPrincipal="111122223333", TaskPolicyArn="")

    assert told == "Unknown parameter: 'TaskPolicyArn'."


def test_an_operation_without_input_takes_none() -> None:
    """Nothing may be sent where the model has nothing."""
    assert query.read(IAM, "GetAccountSummary", {}) == {}
    assert refusal(IAM, "GetAccountSummary", X="1") == "Unknown parameter: 'X'."


def test_an_empty_list_is_an_empty_value() -> None:
    """`Tags=` is how clients say a list without elements."""
    assert query.read(IAM, "CreateUser", {"UserName": "u", "Tags": ""})["Tags"] == []


def test_maps_are_read_by_their_entries() -> None:
    """A map's entries have a key and a value each, and no key twice."""
    shapes = {
        "M": {"type": "map", "key": "S", "value": "S"},
        "S": {"type": "string"},
        "I": {"type": "structure", "members": {"M": "M", "B": "B", "T": "T"}},
        "B": {"type": "blob"},
        "T": {"type": "timestamp"},
    }
    reader = query._Reader(shapes, echo=True)

    def read(node: Any) -> Any:
        return reader.structure("I", node, "", "")

    assert read({"M": {"entry": [{"key": "a", "value": "b"}]}}) == {"M": {"a": "b"}}
    assert read({"B": "AQI=", "T": "2015-08-30T12:36:00Z"}) == {
        "B": b"\x01\x02",
        "T": 1440938160,
    }
    for bad in (
        {"M": {"entry": [{"key": "a"}]}},
        {"M": {"entry": [{"key": "a", "value": "b"}, {"key": "a", "value": "c"}]}},
        {"M": {"member": [{"key": "a", "value": "b"}]}},
        {"B": "AQI"},
        {"B": "AQJ="},
        {"B": "A Q="},
        {"T": "2015-08-30"},
        {"M": "text"},
    ):
        with pytest.raises(Fault):
            read(bad)


@pytest.mark.threat("T58")
def test_patterns_are_ascii_and_whole() -> None:
    r"""`\w` is ASCII, `$` is the end, and categories are Unicode's."""
    word = constraints.matcher(r"[\w+=,.@-]+")
    tag = constraints.matcher(r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+")

    assert [
        word(text) for text in ("Alice", "\u0430lice", "ﬁ", "\u212a", "a\n", "")
    ] == [
        True,
        False,
        False,
        False,
        False,
        False,
    ]
    assert [tag(text) for text in ("é x", "日本-1", "a\n", "<", "", "\\")] == [
        True,
        True,
        False,
        False,
        False,
        False,
    ]


def test_every_pattern_of_the_models_compiles() -> None:
    """No shape has a pattern that cannot be checked."""
    for name in ("iam", "sts"):
        for shape in table(name)["shapes"].values():
            if "pattern" in shape:
                constraints.matcher(shape["pattern"])("x")


def test_astral_characters_are_within_the_widest_pattern() -> None:
    """Planes above the first are read as such, not as a letter and a zero."""
    widest = next(
        s["pattern"]
        for s in table("sts")["shapes"].values()
        if "U00010000" in s.get("pattern", "")
    )

    assert constraints.matcher(widest)("😀")
    assert not constraints.matcher(widest)("\x01")
