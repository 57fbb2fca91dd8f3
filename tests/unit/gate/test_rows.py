"""A row that says something wrong does not compile, so it is never half understood."""

from typing import Any

import pytest

from ostiary.gate.actions import Unmapped, required
from ostiary.gate.condition_keys import compile_key
from ostiary.gate.needs import Asked, Unclear
from ostiary.gate.reading import compile_path, mapping, members, scalar, tag_pairs
from ostiary.gate.rows import _tools, compile_row
from ostiary.wire.catalog import Target
from ostiary.wire.service import BY_NAME, UNKNOWN
from tests.unit.gate.asking import ALICE, REGION, SNAPSHOT, s3_request

TOOLS = _tools({"prefix": "s3", "resources": {"bucket": {"by": "bucket"}}})


def asked_for(params: dict[str, Any]) -> Asked:
    """A request of Alice's with these parameters."""
    service = BY_NAME["s3"]
    target = Target(
        service=service,
        operation="GetThing",
        protocol=service.protocol,
        params=params,
        modelled=True,
        bucket="mine",
        key=None,
        upload=False,
        resource="/",
    )
    return Asked(
        target=target,
        request=s3_request("GET", "/mine"),
        caller=ALICE,
        snapshot=SNAPSHOT(),
        region=REGION,
    )


@pytest.mark.parametrize(
    "path", ["", "a..b", "a[1]", "a?[]", "a*[]", "a?*", "a b", "é"]
)
def test_what_is_no_path(path: str) -> None:
    """Paths have one grammar."""
    with pytest.raises(ValueError, match="is not a path"):
        compile_path(path)


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"from": "A", "by": "region"},
        {"from": 7},
        {"from": "A", "in": "Operation"},
        {"from": "A", "in": []},
        {"family": "other"},
    ],
)
def test_what_is_no_key(row: dict[str, Any]) -> None:
    """A key has exactly one source, and lists where it has any."""
    with pytest.raises(ValueError, match="`"):
        compile_key("a:Key", row)


@pytest.mark.parametrize(
    ("row", "error"),
    [
        ({}, ValueError),
        ({"action": "X"}, ValueError),
        ({"by": "copy_source", "bucket": "Bucket"}, ValueError),
        ({"by": "nothing"}, KeyError),
        ({"spaceship": "Name"}, KeyError),
        ({"bucket": "*"}, KeyError),
        ({"bucket": "Bucket or all"}, ValueError),
        ({"bucket": "Bucket", "when": "ACL"}, TypeError),
        (["bucket"], TypeError),
        ("Bucket", TypeError),
    ],
)
def test_what_is_no_row(row: object, error: type[Exception]) -> None:
    """A need names known types, known finders, and what stands for the absent."""
    with pytest.raises(error):
        compile_row("GetThing", row, TOOLS)


def test_a_list_is_a_list() -> None:
    """Lists come as JSON has them or below `member`, and as nothing else."""
    assert members(["a"], "A") == ("a",)
    assert members({"member": ["a"]}, "A") == ("a",)
    assert members("", "A") == ()
    for odd in ("a", {"x": []}, 7, None):
        with pytest.raises(Unclear):
            members(odd, "A")


def test_values_of_conditions_are_scalars() -> None:
    """Booleans are spelled as policies do; structures are no values."""
    assert [scalar(value) for value in (True, False, 7, "a")] == [
        "true",
        "false",
        "7",
        "a",
    ]
    for odd in ([], {}, None):
        with pytest.raises(Unclear):
            scalar(odd)


@pytest.mark.parametrize(
    "odd", [7, ["a"], [{"Value": "b"}], [{"Key": "a", "Value": 7}], {"a": 7}]
)
def test_what_are_no_tags(odd: object) -> None:
    """Tags are pairs of texts."""
    with pytest.raises(Unclear):
        tag_pairs(odd, "Tags")


@pytest.mark.threat("T150")
@pytest.mark.parametrize("odd", [[7], [{"Key": "a"}], 7])
def test_what_are_no_tag_keys(odd: object) -> None:
    """Tag keys alone are a list of texts."""
    tools = _tools(
        {
            "prefix": "s3",
            "resources": {"bucket": {"by": "bucket"}},
            "tags": {"keys": ["TagKeys"]},
        }
    )
    row = compile_row("UntagThing", {"bucket": "Bucket"}, tools)

    with pytest.raises(Unclear):
        row(asked_for({"Bucket": "mine", "TagKeys": odd}))


def test_a_structure_is_a_structure() -> None:
    """Nothing else has names below it."""
    with pytest.raises(Unclear):
        mapping("a", "A")


@pytest.mark.threat("T66")
def test_a_service_without_a_table_is_refused() -> None:
    """A service that nobody mapped has no operations here."""
    target = Target(
        service=UNKNOWN,
        operation="Decrypt",
        protocol=UNKNOWN.protocol,
        params={},
        modelled=False,
        bucket=None,
        key=None,
        upload=False,
        resource="/",
    )
    with pytest.raises(Unmapped, match="no table"):
        required(target, s3_request("POST", "/"), ALICE, SNAPSHOT(), REGION)


@pytest.mark.parametrize(
    ("params", "count"),
    [({}, 0), ({"A": "1"}, 1), ({"A": "1", "B": "2"}, 0), ({"C": "1"}, 1)],
)
def test_a_condition_decides_whether_a_need_stands(
    params: dict[str, str], count: int
) -> None:
    """`when` asks for one of several values, `unless` for none of them."""
    spec = {"bucket": "Bucket", "when": ["A", "C"], "unless": ["B"]}
    row = compile_row("GetThing", spec, TOOLS)

    assert len(row(asked_for({"Bucket": "mine", **params}))) == count


def test_a_need_that_is_made_of_nothing_is_unclear() -> None:
    """Parts that yield no part are not understood; they are never a free pass."""
    row = compile_row("BatchGetItem", {"by": "batch_get"}, TOOLS)

    with pytest.raises(Unclear, match="made of nothing"):
        row(asked_for({"RequestItems": {}}))
