"""Laws of step 3: whatever a request says, it is mapped or refused, and nothing else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.gate.actions import Unmapped, required
from ostiary.gate.rows import SERVICES, read_table
from ostiary.policy import Context
from ostiary.wire.catalog import Target
from ostiary.wire.service import BY_NAME, SQS_QUERY
from scripts.operations import paths_of
from tests.unit.gate.asking import ALICE, REGION, SNAPSHOT, s3_request

TEXTS = st.sampled_from(
    [
        "",
        "*",
        "self",
        "i-0a",
        "ami-0a",
        "sg-0a",
        "Alice",
        "Books",
        "Known",
        "mine",
        "a/b",
        "a:b",
        "\0",
        "arn:aws:iam::111122223333:role/Job",
        "arn:aws:sns:us-east-1:111122223333:news",
        "arn:aws:dynamodb:us-east-1:111122223333:table/Books",
        "http://localhost/111122223333/jobs",
        'SELECT * FROM "Books"',
        "Id = :a",
    ]
)
NAMES = st.sampled_from(
    [
        "Key",
        "Value",
        "Item",
        "Get",
        "Put",
        "TableName",
        "ResourceType",
        "Tag",
        "Objects",
        "S",
        "N",
        "member",
        "Ebs",
        "Statement",
        "Bucket",
        "VersionId",
        "PutRequest",
        "Keys",
    ]
)
NODES = st.recursive(
    st.one_of(TEXTS, st.none(), st.booleans(), st.integers()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)
    ),
    max_leaves=12,
)


def names_of(service: str) -> dict[str, list[str]]:
    """By operation, the parameters that its row looks at, and those of its keys."""
    table: Any = read_table(service)
    shared = [
        "Tags",
        "Tag",
        "tags",
        "TagKeys",
        "TagSpecification",
        "Tagging",
        "TableName",
        "IndexName",
        "Key",
        "Item",
        "RequestItems",
        "TransactItems",
        "Statement",
        "Statements",
        "CopySource",
        "Delete",
        "VersionId",
        "KeyConditionExpression",
        "KeyConditions",
        "ExpressionAttributeValues",
        "Select",
    ]
    found = {}
    for operation, row in table["operations"].items():
        listed = row if isinstance(row, list) else [] if row == "*" else [row]
        paths = [
            path.partition(".")[0].rstrip("[]?")
            for spec in listed
            for path in paths_of(spec)
        ]
        found[operation] = sorted({*paths, *shared} - {"session"})
    return found


ALL = {service: names_of(service) for service in SERVICES}


def target(service: str, operation: str, params: dict[str, object]) -> Target:
    """A target with these parameters, whatever a catalog would say of them."""
    addressed = SQS_QUERY if service == "sqs" else BY_NAME[service]
    return Target(
        service=addressed,
        operation=operation,
        protocol=addressed.protocol,
        params=params,
        modelled=True,
        bucket="mine",
        key="k",
        upload=False,
        resource="/",
    )


@pytest.mark.threat("T66")
@given(st.data())
def test_every_request_is_mapped_or_refused(data: st.DataObject) -> None:
    """Any parameters give needs that are whole, or Unmapped; never another error."""
    service = data.draw(st.sampled_from(SERVICES))
    operation = data.draw(st.sampled_from(sorted(ALL[service])))
    params = data.draw(
        st.dictionaries(st.sampled_from(ALL[service][operation]), NODES, max_size=6)
    )
    request = s3_request("POST", "/mine/k", ("x-amz-copy-source", "mine/k"))
    try:
        found = required(
            target(service, operation, params), request, ALICE, SNAPSHOT(), REGION
        )
    except Unmapped:
        return
    assert found
    for need in found:
        assert need.resource == "*" or need.resource.startswith("arn:aws:")
        assert need.resource_account
        assert Context(need.context) is not None


@pytest.mark.threat("T65")
@given(
    st.lists(st.sampled_from([f"i-{n:x}" for n in range(40)]), min_size=1, max_size=20)
)
def test_every_id_is_decided(ids: list[str]) -> None:
    """The resources of StopInstances are the ids that it names, all and only."""
    asked = target("ec2", "StopInstances", {"InstanceId": ids})
    found = required(asked, s3_request("POST", "/"), ALICE, SNAPSHOT(), REGION)

    named = [need.resource.rpartition("/")[2] for need in found]
    assert named == list(dict.fromkeys(ids))
