"""Ours and the spec on conditions whose values are odd, every pair of them."""

from itertools import product
from typing import Any

import pytest

from ostiary.policy.face import decide_case
from tests.spec.decision import decide

ME = "arn:aws:iam::111122223333:user/team/Ana"
OPERATORS = [
    *("ArnLike", "ArnNotLike", "ArnEquals", "ForAnyValue:ArnLike", "ArnLikeIfExists"),
    *("ForAllValues:ArnNotEquals", "NumericEquals", "NumericNotEquals"),
    *("DateLessThan", "IpAddress", "NotIpAddress", "Bool", "BinaryEquals"),
    *("StringLike", "StringNotEquals", "ForAllValues:NumericLessThan"),
    *("ForAnyValue:NumericNotEquals", "Null"),
]
WANTED: list[Any] = [
    *("**", "*", "?", "arn:**", "*:*", "arn:aws:*", "arn:aws:iam::*:user/**", "***"),
    *([], ["**", "arn:aws:iam::1:user/x"], "arn:*:*:*:*:*", "*:*:*:*:*:*"),
    *("**:**:**:**:**:**", "arn:aws:iam::111122223333:user/t*", "1", "true", ""),
    *("2026-01-01T00:00:00Z", "10.0.0.0/8", "QQ=="),
]
GIVEN: list[Any] = [
    *(None, ME, "soon", "*", "arn:x", "", ":::::", "1", "10.1.1.1", "true", "QQ=="),
    *(["a", "b"], [ME, "x"], []),
]
OPEN = {"Effect": "Allow", "Action": "*", "Resource": "*"}


@pytest.mark.threat("T87")
@pytest.mark.parametrize("operator", OPERATORS)
def test_engine_agrees_with_spec_on_odd_values(operator: str) -> None:
    """No pattern, no empty list and no unreadable value is read in two ways (4.1, 4.5)."""
    refused = 0
    for effect, wanted, given in product(("Allow", "Deny"), WANTED, GIVEN):
        condition = {"Condition": {operator: {"key:x": wanted}}}
        statements = [OPEN] * (effect == "Deny")
        document = {
            "Version": "2012-10-17",
            "Statement": [*statements, {**OPEN, "Effect": effect, **condition}],
        }
        request = {
            "action": "s3:GetObject",
            "resource": "arn:aws:s3:::b/x",
            "principal": ME,
            "context": {} if given is None else {"key:x": given},
        }
        case = {"id": "x", "identity_policies": [document], "request": request}
        ours = decide_case(case)
        if "error" in ours:
            # `parse` refuses a value that its operator can never read; facts 3.7.
            refused += 1
            continue
        assert ours["decision"] == decide(case)["decision"], (effect, wanted, given)
    assert refused < len(WANTED) * len(GIVEN) * 2
