"""A policy template filled in says what the template says, whatever the values are."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ostiary.services.errors import ServiceError
from ostiary.services.iam.delegation_template import rendered
from ostiary.services.operation import Call
from tests.unit.services.iam.world import World

DENY = {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}
ALLOW = {
    "Effect": "Allow",
    "Action": ["s3:GetObject", "s3:PutObject"],
    "Resource": ["arn:aws:s3:::fixed", "arn:aws:s3:::@{bucketName}/*"],
    "Condition": {"StringEquals": {"aws:username": "@{bucketName}"}},
}
WORLD = World()
TEMPLATE = WORLD.policy(
    "template", json.dumps({"Version": "2012-10-17", "Statement": [DENY, ALLOW]})
)
PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1)


def filled(values: list[str]) -> Any:
    """The policy; None when the values make no policy."""
    given_values = {"Name": "bucketName", "Values": values, "Type": "stringList"}
    call = Call(
        caller=WORLD.caller,
        params={
            "Permissions": {
                "PolicyTemplateArn": TEMPLATE,
                "Parameters": [given_values],
            }
        },
        now=WORLD.now,
        mint=WORLD.mint,
        vault=WORLD.vault,
    )
    with WORLD.store.read() as view:
        try:
            return json.loads(rendered(call, view))
        except ServiceError:
            return None


@given(st.lists(PRINTABLE, min_size=1, max_size=5))
def test_values_change_texts_and_nothing_else(values: list[str]) -> None:
    """Effects, actions, keys and the texts without a parameter are the template's."""
    made = filled(values)
    if made is None:
        return
    deny, allow = made["Statement"]
    resources, condition = allow.pop("Resource"), allow.pop("Condition")

    assert deny == DENY
    assert allow == {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"]}
    assert resources == [
        "arn:aws:s3:::fixed",
        *(f"arn:aws:s3:::{value}/*" for value in values),
    ]
    expected = values[0] if len(values) == 1 else values
    assert condition == {"StringEquals": {"aws:username": expected}}


@given(
    st.lists(st.from_regex(r"[a-z0-9-]{3,20}", fullmatch=True), min_size=1, max_size=5)
)
def test_names_of_buckets_always_make_a_policy(values: list[str]) -> None:
    """Nothing that a template is meant for is refused."""
    assert filled(values) is not None
