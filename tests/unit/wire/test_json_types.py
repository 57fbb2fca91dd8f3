"""Parameters of JSON services have the types of their models, all the way down."""

from typing import Any

import pytest

from ostiary.wire import json_types
from ostiary.wire.faults import Fault

ITEM = {"Title": {"S": "x"}, "Pages": {"N": "12"}, "Tags": {"L": [{"S": "a"}]}}


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("ListTables", {"Limit": 10}),
        ("ListTables", {"Limit": None}),
        ("ListTables", {}),
        ("PutItem", {"TableName": "t", "Item": ITEM}),
        ("PutItem", {"TableName": "t", "Item": {"M": {"M": {"a": {"M": {}}}}}}),
        ("DescribeEndpoints", {}),
    ],
)
def test_what_fits_passes(operation: str, params: dict[str, Any]) -> None:
    """A value of the modelled type, at any depth, is no fault; null is nothing."""
    json_types.check("dynamodb", operation, params)


@pytest.mark.parametrize(
    ("operation", "params", "told"),
    [
        ("ListTables", {"Limit": "many"}, "'Limit' is not of type Integer"),
        ("ListTables", {"Limit": True}, "'Limit' is not of type Integer"),
        ("ListTables", {"Limit": {"a": 1}}, "'Limit' is not of type Integer"),
        ("PutItem", {"TableName": 1}, "'TableName' is not of type String"),
        ("PutItem", {"Item": []}, "'Item' is not of type Map"),
        ("PutItem", {"Item": {"a": "x"}}, "'Item.a' is not of type Structure"),
        ("PutItem", {"Item": {"a": {"S": 1}}}, "'Item.a.S' is not of type String"),
        ("PutItem", {"Item": {"a": {"L": {}}}}, "'Item.a.L' is not of type List"),
        (
            "PutItem",
            {"Item": {"a": {"L": [{"S": "x"}, {"BOOL": "true"}]}}},
            "'Item.a.L[1].BOOL' is not of type Boolean",
        ),
        ("PutItem", {"Item": {"a": {"Z": 1}}}, "Unknown parameter: 'Item.a.Z'"),
    ],
)
def test_what_does_not_fit_is_named(
    operation: str, params: dict[str, Any], told: str
) -> None:
    """The first place that is wrong is named, in the service's own error."""
    with pytest.raises(Fault) as caught:
        json_types.check("dynamodb", operation, params)

    assert caught.value.code == "SerializationException"
    assert caught.value.status == 400
    assert told in caught.value.message
