"""JSON of the services that are carried out here: constraints in, shapes out."""

import json
from typing import Any

import pytest

from ostiary.wire import answer, json_model
from ostiary.wire.faults import Fault, render
from ostiary.wire.service import ORGANIZATIONS


@pytest.mark.parametrize(
    ("operation", "params", "reason"),
    [
        ("DescribePolicy", {"PolicyId": "x"}, "INVALID_PATTERN"),
        ("DescribePolicy", {"PolicyId": None}, "INPUT_REQUIRED"),
        ("CreateOrganization", {"FeatureSet": "all"}, "INVALID_ENUM"),
        ("ListAccounts", {"MaxResults": 21}, "MAX_VALUE_EXCEEDED"),
        ("ListAccounts", {"MaxResults": 0}, "MIN_VALUE_EXCEEDED"),
        (
            "CreateAccount",
            {"Email": "a@b.c" + "d" * 60, "AccountName": "x"},
            "MAX_LENGTH_EXCEEDED",
        ),
        (
            "CreateAccount",
            {"Email": "a@b.c", "AccountName": "x"},
            "MIN_LENGTH_EXCEEDED",
        ),
        (
            "TagResource",
            {"ResourceId": "123456789012", "Tags": [{"Key": "!", "Value": ""}]},
            "INVALID_PATTERN",
        ),
        (
            "UntagResource",
            {"ResourceId": "123456789012", "TagKeys": [None]},
            "INVALID_LIST_MEMBER",
        ),
    ],
)
def test_a_broken_constraint_has_its_reason(
    operation: str, params: dict[str, Any], reason: str
) -> None:
    """Each kind of constraint is InvalidInputException with AWS's own reason."""
    with pytest.raises(Fault) as caught:
        json_model.read(ORGANIZATIONS, operation, params)

    assert caught.value.code == "InvalidInputException"
    assert caught.value.extra == {"Reason": reason}


def test_what_was_not_sent_is_left_out() -> None:
    """A null says nothing, and an operation without input has no parameters."""
    read = json_model.read(ORGANIZATIONS, "ListAccounts", {"NextToken": None})

    assert read == {}
    assert json_model.read(ORGANIZATIONS, "DescribeOrganization", {"x": 1}) == {}


def test_a_refusal_carries_its_reason() -> None:
    """The body has AWS's `Message` and `Reason`; status 400 with the modelled code."""
    fault = Fault("InvalidInputException", "told", 400, {"Reason": "INVALID_ENUM"})
    response = render(fault, ORGANIZATIONS, "id")

    assert isinstance(response.body, bytes)
    assert json.loads(response.body) == {
        "__type": "InvalidInputException",
        "Message": "told",
        "Reason": "INVALID_ENUM",
    }


def test_an_answer_has_the_members_of_its_shape() -> None:
    """None is left out, times are numbers, and an empty answer has no body."""
    result = {"Parents": [{"Id": "r-abcd", "Type": None}]}
    response = answer.write(ORGANIZATIONS, "ListParents", result, "id")
    empty = answer.write(ORGANIZATIONS, "DeleteOrganization", {}, "id")

    assert response.body == b'{"Parents":[{"Id":"r-abcd"}]}'
    assert dict(response.headers)["content-type"] == "application/x-amz-json-1.1"
    assert empty.body == b""


@pytest.mark.parametrize(
    ("operation", "result"),
    [
        ("ListParents", {"Parent": []}),
        ("ListParents", {"Parents": [{"Name": "x"}]}),
        ("DeleteOrganization", {"Id": "x"}),
    ],
)
def test_a_result_that_the_model_does_not_know_is_a_bug(
    operation: str, result: dict[str, Any]
) -> None:
    """Nothing leaves that clients could not read."""
    with pytest.raises(ValueError, match="has no"):
        answer.write(ORGANIZATIONS, operation, result, "id")
