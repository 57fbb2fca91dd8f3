"""What DynamoDB calls take: each table and item, and keys that never lie."""

from typing import Any

import pytest

from ostiary.gate.actions import Unmapped
from ostiary.gate.dynamodb_keys import UNKNOWN
from ostiary.wire.faults import Fault
from tests.unit.gate.asking import (
    ACCOUNT,
    OTHER,
    REGION,
    items_call,
    needs,
    needs_of,
    pairs,
    table,
)

ONE = {"Id": {"S": "1"}}
TWO = {"Id": {"S": "1"}, "At": {"N": "7"}}


@pytest.mark.rule("M49")
@pytest.mark.parametrize(
    "operation", ["DescribeTable", "DeleteTable", "DescribeTimeToLive", "Scan"]
)
def test_a_table_by_name_is_the_callers(operation: str) -> None:
    """The table's ARN has the scope's region and the caller's account."""
    (need,) = needs("dynamodb", operation, TableName="Books")

    assert (need.action, need.resource, need.resource_account) == (
        f"dynamodb:{operation}",
        table("Books"),
        ACCOUNT,
    )


def test_a_table_by_arn_is_its_accounts() -> None:
    """A table may be named by its ARN, also across accounts."""
    arn = f"arn:aws:dynamodb:{REGION}:{OTHER}:table/Books"
    (need,) = needs("dynamodb", "GetItem", TableName=arn, Key=ONE)

    assert (need.resource, need.resource_account) == (arn, OTHER)


@pytest.mark.threat("T65")
@pytest.mark.parametrize(
    "name",
    [
        "*",
        "Books/index/x",
        "a b",
        "",
        f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/Books",
        f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/Books/index/x",
        f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/*",
        ["Books"],
        None,
        7,
    ],
)
def test_what_is_no_table_is_refused(name: object) -> None:
    """Only a name, or an ARN of this region, names a table."""
    with pytest.raises((Unmapped, Fault)):
        needs_of("dynamodb", items_call("DeleteTable", {"TableName": name}))


def test_listing_tables_has_no_resource() -> None:
    """ListTables is decided on `*`, as the chapter's policy writes it (M50)."""
    assert pairs(needs("dynamodb", "ListTables")) == [("dynamodb:ListTables", "*")]


@pytest.mark.parametrize("operation", ["Query", "Scan"])
def test_an_index_is_its_own_resource(operation: str) -> None:
    """A read of an index is decided on the index, not on the table."""
    body = {
        "TableName": "Books",
        "IndexName": "byAuthor",
        "KeyConditionExpression": "a = :a",
    }
    if operation == "Scan":
        del body["KeyConditionExpression"]
    (need,) = needs_of("dynamodb", items_call(operation, body))

    assert need.resource == f"{table('Books')}/index/byAuthor"
    assert need.context["dynamodb:Select"] == "ALL_PROJECTED_ATTRIBUTES"


@pytest.mark.parametrize(
    ("operation", "name", "resource"),
    [
        ("DescribeBackup", "BackupArn", f"{table('Books')}/backup/0123-ab"),
        ("ListTagsOfResource", "ResourceArn", table("Books")),
        (
            "GetResourcePolicy",
            "ResourceArn",
            f"{table('Books')}/stream/2026-01-01T00:00:00.000",
        ),
    ],
)
def test_parts_of_a_table_are_named_by_arn(
    operation: str, name: str, resource: str
) -> None:
    """Backups and streams are below their table."""
    (need,) = needs("dynamodb", operation, **{name: resource})

    assert (need.resource, need.resource_account) == (resource, ACCOUNT)


@pytest.mark.threat("T65")
def test_a_batch_takes_every_table() -> None:
    """BatchGetItem and BatchWriteItem need an allow for each table."""
    read = {"RequestItems": {"Books": {"Keys": [ONE]}, "Secrets": {"Keys": [ONE]}}}
    write = {
        "RequestItems": {
            "Books": [{"PutRequest": {"Item": ONE}}],
            "Secrets": [{"DeleteRequest": {"Key": ONE}}],
        }
    }

    for operation, body in (("BatchGetItem", read), ("BatchWriteItem", write)):
        found = needs_of("dynamodb", items_call(operation, body))
        assert pairs(found) == [
            (f"dynamodb:{operation}", table("Books")),
            (f"dynamodb:{operation}", table("Secrets")),
        ]


@pytest.mark.threat("T65")
def test_a_transaction_takes_the_action_of_each_item() -> None:
    """Each item of a transaction is decided by its own action, on its own table."""
    items = [
        {"Put": {"TableName": "A_1", "Item": ONE}},
        {"Update": {"TableName": "A_2", "Key": ONE, "UpdateExpression": "SET x = :x"}},
        {"Delete": {"TableName": "A_3", "Key": ONE}},
        {
            "ConditionCheck": {
                "TableName": "A_4",
                "Key": ONE,
                "ConditionExpression": "x = :x",
            }
        },
    ]
    found = needs_of(
        "dynamodb", items_call("TransactWriteItems", {"TransactItems": items})
    )

    assert pairs(found) == [
        ("dynamodb:PutItem", table("A_1")),
        ("dynamodb:UpdateItem", table("A_2")),
        ("dynamodb:DeleteItem", table("A_3")),
        ("dynamodb:ConditionCheckItem", table("A_4")),
    ]
    assert all(
        need.context["dynamodb:EnclosingOperation"] == "TransactWriteItems"
        for need in found
    )


def test_a_reading_transaction_takes_get_item() -> None:
    """TransactGetItems is GetItem for each item."""
    items = [{"Get": {"TableName": "Books", "Key": ONE}}]
    (need,) = needs("dynamodb", "TransactGetItems", TransactItems=items)

    assert (need.action, need.resource) == ("dynamodb:GetItem", table("Books"))


@pytest.mark.threat("T65")
@pytest.mark.parametrize(
    ("operation", "body"),
    [
        (
            "TransactWriteItems",
            {
                "TransactItems": [
                    {
                        "Put": {"TableName": "Books", "Item": ONE},
                        "Delete": {"TableName": "Secrets", "Key": ONE},
                    }
                ]
            },
        ),
        (
            "TransactWriteItems",
            {"TransactItems": [{"Burn": {"TableName": "Books", "Key": ONE}}]},
        ),
        (
            "TransactWriteItems",
            {"TransactItems": [{"Put": {"TableName": "Books", "Item": ONE}}, {}]},
        ),
        ("TransactWriteItems", {"TransactItems": []}),
        ("TransactWriteItems", {}),
        (
            "TransactGetItems",
            {"TransactItems": [{"Put": {"TableName": "Books", "Item": ONE}}]},
        ),
        (
            "BatchWriteItem",
            {
                "RequestItems": {
                    "Books": [
                        {"PutRequest": {"Item": ONE}, "DeleteRequest": {"Key": ONE}}
                    ]
                }
            },
        ),
        ("BatchWriteItem", {"RequestItems": {}}),
        ("BatchGetItem", {"RequestItems": ["Books"]}),
        ("BatchGetItem", {"RequestItems": {"Books": {"Keys": "all"}}}),
        ("PutItem", {"TableName": "Books"}),
    ],
)
def test_a_part_that_is_not_understood_refuses_all(
    operation: str, body: dict[str, Any]
) -> None:
    """Nothing is forwarded of which only some was decided."""
    with pytest.raises((Unmapped, Fault)):
        needs_of("dynamodb", items_call(operation, body))


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (ONE, ("1",)),
        (TWO, ("1", "7", UNKNOWN)),
        ({"Id": {"B": "AAE="}}, ("AAE=",)),
        ({"Id": {"L": []}}, (UNKNOWN,)),
    ],
)
def test_leading_keys_of_a_key(key: dict[str, Any], expected: tuple[str, ...]) -> None:
    """One attribute is the partition key; of two, nobody knows which, so no value is alone."""
    (need,) = needs_of(
        "dynamodb", items_call("GetItem", {"TableName": "Books", "Key": key})
    )

    assert need.context["dynamodb:LeadingKeys"] == expected


@pytest.mark.parametrize("operation", ["GetItem", "DeleteItem", "UpdateItem"])
def test_a_known_partition_key_is_the_leading_key(operation: str) -> None:
    """Where the door was told the table's schema, LeadingKeys is exact."""
    (need,) = needs_of(
        "dynamodb", items_call(operation, {"TableName": "Known", "Key": TWO})
    )
    (put,) = needs_of(
        "dynamodb", items_call("PutItem", {"TableName": "Known", "Item": TWO})
    )

    assert need.context["dynamodb:LeadingKeys"] == ("1",)
    assert put.context["dynamodb:LeadingKeys"] == ("1",)


@pytest.mark.parametrize(
    ("table_name", "expression", "expected"),
    [
        ("Books", "Id = :a", ("mine",)),
        ("Books", "(Id = :a)", ("mine",)),
        ("Books", "#k = :a AND begins_with(At, :b)", ("mine",)),
        ("Books", "#k = :a and At BETWEEN :b AND :b", ("mine",)),
        ("Books", "#k = :a AND At = :b", ("mine", "other", UNKNOWN)),
        ("Books", "((Id = :b)) AND At = :a", (UNKNOWN, "mine", UNKNOWN)),
        ("Books", ":b = Id AND At = :a", (UNKNOWN, "mine", UNKNOWN)),
        ("Books", "Id = :b\tAND(At = :a)", (UNKNOWN,)),
        ("Books", "At >= :a", (UNKNOWN,)),
        ("Known", "Id = :a AND At = :b", ("mine",)),
        ("Known", "Id = :a AND Id = :b", ("mine", "other", UNKNOWN)),
        ("Known", "At = :a", ("mine", UNKNOWN)),
    ],
)
def test_leading_keys_of_a_query(
    table_name: str, expression: str, expected: tuple[str, ...]
) -> None:
    """A single readable equality fixes the partition key; anything else never equals a policy's value alone."""
    body = {
        "TableName": table_name,
        "KeyConditionExpression": expression,
        "ExpressionAttributeNames": {"#k": "Id"},
        "ExpressionAttributeValues": {":a": {"S": "mine"}, ":b": {"S": "other"}},
    }
    (need,) = needs_of("dynamodb", items_call("Query", body))

    assert set(need.context["dynamodb:LeadingKeys"]) == set(expected)
    if len(expected) > 1:
        assert UNKNOWN in need.context["dynamodb:LeadingKeys"]


def test_a_query_in_two_forms_is_refused() -> None:
    """KeyConditions beside KeyConditionExpression: an upstream may take either."""
    legacy = {"Id": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "mine"}]}}
    body = {"TableName": "Books", "KeyConditions": legacy}
    (need,) = needs_of("dynamodb", items_call("Query", body))

    assert need.context["dynamodb:LeadingKeys"] == ("mine",)
    with pytest.raises(Unmapped, match="two forms"):
        needs_of(
            "dynamodb",
            items_call("Query", {**body, "KeyConditionExpression": "Id = :a"}),
        )


def test_attributes_are_all_that_the_request_speaks_of() -> None:
    """Names in every expression count, through their aliases, top level only."""
    body = {
        "TableName": "Books",
        "Key": ONE,
        "ProjectionExpression": "Title, #a.Street, Tags[0]",
        "ExpressionAttributeNames": {"#a": "Address"},
        "ReturnConsumedCapacity": "TOTAL",
    }
    (need,) = needs_of("dynamodb", items_call("GetItem", body))

    assert set(need.context["dynamodb:Attributes"]) == {
        "Id",
        "Title",
        "Address",
        "Tags",
    }
    assert need.context["dynamodb:Select"] == "SPECIFIC_ATTRIBUTES"
    assert need.context["dynamodb:ReturnConsumedCapacity"] == "TOTAL"


def test_attributes_of_an_update() -> None:
    """Function names and keywords are no attributes; condition and update both count."""
    body = {
        "TableName": "Books",
        "Key": ONE,
        "UpdateExpression": "SET Price = if_not_exists(Cost, :x) REMOVE Old ADD Sold :n",
        "ConditionExpression": "attribute_exists(Title) AND NOT Locked = :t",
        "ReturnValues": "ALL_OLD",
    }
    (need,) = needs_of("dynamodb", items_call("UpdateItem", body))

    assert set(need.context["dynamodb:Attributes"]) == {
        "Id",
        "Price",
        "Cost",
        "Old",
        "Sold",
        "Title",
        "Locked",
    }
    assert need.context["dynamodb:ReturnValues"] == "ALL_OLD"


@pytest.mark.parametrize(
    ("name", "expression", "expected"),
    [
        ("ProjectionExpression", "remove, Title", {"remove", "Title"}),
        ("UpdateExpression", "SET remove = :x", {"remove"}),
        ("UpdateExpression", "REMOVE remove, a", {"REMOVE", "remove", "a"}),
        ("UpdateExpression", "REMOVE remove SET a = :x", {"REMOVE", "remove", "a"}),
        ("UpdateExpression", "remove a set b = :x", {"a", "b"}),
    ],
)
def test_an_attribute_may_be_called_like_a_clause(
    name: str, expression: str, expected: set[str]
) -> None:
    """`remove` is no reserved word, so an attribute of that name must not hide."""
    body = {"TableName": "Books", "Key": ONE, name: expression}
    operation = "GetItem" if name == "ProjectionExpression" else "UpdateItem"
    (need,) = needs_of("dynamodb", items_call(operation, body))

    assert set(need.context["dynamodb:Attributes"]) == {"Id"} | expected


def test_a_read_without_a_projection_says_that_it_takes_all() -> None:
    """Left out, Select is still there: a policy's SPECIFIC_ATTRIBUTES is not met by silence."""
    (need,) = needs("dynamodb", "GetItem", TableName="Books", Key=ONE)

    assert need.context["dynamodb:Select"] == "ALL_ATTRIBUTES"


@pytest.mark.parametrize(
    ("statement", "action", "resource"),
    [
        ("SELECT * FROM \"Books\" WHERE Id = '1'", "PartiQLSelect", table("Books")),
        ("select Title from Books", "PartiQLSelect", table("Books")),
        (
            'SELECT * FROM "Books"."byAuthor" WHERE a = ?',
            "PartiQLSelect",
            f"{table('Books')}/index/byAuthor",
        ),
        ("INSERT INTO \"Books\" VALUE {'Id': 'FROM'}", "PartiQLInsert", table("Books")),
        ("UPDATE \"Books\" SET a = 1 WHERE Id = 'x'", "PartiQLUpdate", table("Books")),
        ("DELETE FROM \"Books\" WHERE Id = 'x'", "PartiQLDelete", table("Books")),
    ],
)
def test_a_plain_statement_is_understood(
    statement: str, action: str, resource: str
) -> None:
    """A statement over one table takes the PartiQL action of its verb."""
    (need,) = needs("dynamodb", "ExecuteStatement", Statement=statement)

    assert (need.action, need.resource) == (f"dynamodb:{action}", resource)
    assert need.context["dynamodb:LeadingKeys"] == (UNKNOWN,)


@pytest.mark.threat("T65")
@pytest.mark.parametrize(
    "statement",
    [
        'SELECT * FROM "Books", "Secrets"',
        "SELECT * FROM Books JOIN Secrets ON a = b",
        'SELECT * FROM "Books" WHERE Id IN (SELECT Id FROM "Secrets")',
        'SELECT * FROM "Books"; DELETE FROM "Secrets"',
        'SELECT * FROM "Books" -- ',
        'SELECT * FROM /* "Books" */ "Secrets"',
        "SELECT 'FROM Books' FROM \"Secrets\"",
        'SELECT * FROM "Books" WHERE a = \'x',
        "SELECT * FROM `Books`",
        'EXISTS(SELECT * FROM "Books" WHERE Id = 1)',
        'DROP TABLE "Books"',
        "SELECT * FROM",
        "",
    ],
)
def test_any_other_statement_is_refused(statement: str) -> None:
    """Whatever may touch a second table, or cannot be read, takes nobody knows what."""
    with pytest.raises(Unmapped):
        needs_of("dynamodb", items_call("ExecuteStatement", {"Statement": statement}))


@pytest.mark.threat("T65")
@pytest.mark.parametrize(
    ("operation", "name"),
    [
        ("BatchExecuteStatement", "Statements"),
        ("ExecuteTransaction", "TransactStatements"),
    ],
)
def test_every_statement_counts(operation: str, name: str) -> None:
    """Each statement takes its own permission; one unreadable refuses all."""
    fine = {"Statement": 'SELECT * FROM "Books" WHERE Id = 1'}
    odd = {"Statement": "WHATEVER"}
    found = needs_of("dynamodb", items_call(operation, {name: [fine, fine]}))

    assert pairs(found) == [("dynamodb:PartiQLSelect", table("Books"))] * 2
    with pytest.raises(Unmapped):
        needs_of("dynamodb", items_call(operation, {name: [fine, odd]}))


def test_what_a_new_table_brings_takes_permissions() -> None:
    """Tags and a resource policy at creation are separate permissions."""
    found = needs(
        "dynamodb",
        "CreateTable",
        TableName="Books",
        AttributeDefinitions=[{"AttributeName": "Id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "Id", "KeyType": "HASH"}],
        Tags=[{"Key": "team", "Value": "red"}],
        ResourcePolicy="{}",
    )

    assert [need.action for need in found] == [
        "dynamodb:CreateTable",
        "dynamodb:TagResource",
        "dynamodb:PutResourcePolicy",
    ]
    assert found[0].context["aws:RequestTag/team"] == "red"


def test_replicas_are_refused() -> None:
    """A replica takes permissions in another region, which nobody decides here."""
    with pytest.raises(Unmapped):
        needs(
            "dynamodb",
            "UpdateTable",
            TableName="Books",
            ReplicaUpdates=[{"Create": {"RegionName": "eu-west-1"}}],
        )


def test_the_older_parameters_count_as_well() -> None:
    """AttributesToGet and Select, from before expressions, are read like them."""
    body = {"TableName": "Books", "Key": ONE, "AttributesToGet": ["Title"]}
    (get,) = needs_of("dynamodb", items_call("GetItem", body))
    (scan,) = needs("dynamodb", "Scan", TableName="Books", Select="COUNT")

    assert get.context["dynamodb:Attributes"] == ("Id", "Title")
    assert get.context["dynamodb:Select"] == "SPECIFIC_ATTRIBUTES"
    assert scan.context["dynamodb:Select"] == "COUNT"


def test_an_older_condition_that_is_no_equality_fixes_nothing() -> None:
    """KeyConditions other than EQ leave the leading key unknown."""
    legacy = {"At": {"ComparisonOperator": "GT", "AttributeValueList": [{"N": "1"}]}}
    body = {"TableName": "Books", "KeyConditions": legacy}
    (need,) = needs_of("dynamodb", items_call("Query", body))

    assert need.context["dynamodb:LeadingKeys"] == (UNKNOWN,)
