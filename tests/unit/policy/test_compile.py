"""Compiled policies: who is found by action, what is remembered, what asking costs."""

import pytest

from ostiary.policy import Kind, PolicySet, attach, decide, invalid_policy
from ostiary.policy.attached import alone, rough_price, together
from ostiary.policy.compile import Compiled
from tests.unit.policy.asking import OBJECT, asks, policy, statement

ACTIONS = (
    "s3:GetObject",
    "s3:Get*",
    "S3:getObject",
    "s3:*Object",
    "*:GetObject",
    "ec2:*",
    "s3:PutObject",
    "*",
)


def found(compiled: Compiled, action: str) -> list[int]:
    """The statements that allow an action."""
    decision = decide(asks(action=action), PolicySet(identity=(compiled,)))
    return [one.statement for one in decision.determining]


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("s3:GetObject", [0, 1, 2, 3, 4, 7, 8]),
        ("S3:GETOBJECT", [0, 1, 2, 3, 4, 7, 8]),
        ("s3:GetBucketAcl", [1, 7, 8]),
        ("s3:PutObject", [3, 6, 7, 8]),
        ("ec2:StopInstances", [5, 7]),
        ("sqs:GetObject", [4, 7, 8]),
        ("s3:Get:Object", [1, 3, 7, 8]),
        ("s3", [7, 8]),
    ],
)
def test_statements_are_found_by_action(action: str, expected: list[int]) -> None:
    """Facts 3.2: names without letter case, `*` and `?` anywhere; with and without index."""
    trees = [statement(Action=one) for one in ACTIONS]
    negated = {"Effect": "Allow", "NotAction": "ec2:*", "Resource": "*"}
    assert found(policy(*trees, negated), action) == expected
    for place, tree in enumerate([*trees, negated]):
        assert found(policy(tree), action) == ([0] if place in expected else [])


def test_the_answers_kept_are_bounded() -> None:
    """Threats T91: at most 512 per policy; per principal as many as statements, or 32."""
    few, many = policy(statement()), policy(*[statement() for _ in range(40)])
    small, large = (attach(Kind.IDENTITY, (one,)) for one in (few, many))
    for number in range(1_100):
        action = f"s3:do{number}"
        few.candidates(action)
        small.rows(action)
        large.rows(action)
        assert len(few.kept) == number % 512 + 1
        assert len(small.kept) == number % 32 + 1
        assert len(large.kept) == number % 40 + 1


def test_an_answer_is_kept() -> None:
    """Asked again, a principal's policies and a lone policy have their index already."""
    compiled = policy(statement())
    attached = attach(Kind.IDENTITY, (compiled,))
    assert attached.rows("s3:getobject") is attached.rows("s3:getobject")
    assert compiled.candidates("s3:getobject") is compiled.candidates("s3:getobject")
    assert together(Kind.IDENTITY, attached) is attached
    assert alone(Kind.RESOURCE, compiled) is alone(Kind.RESOURCE, compiled)
    assert alone(Kind.TRUST, compiled) is not alone(Kind.RESOURCE, compiled)


@pytest.mark.threat("T89")
def test_the_rough_price_of_a_statement() -> None:
    """Threats T89: its characters, and 256 for each pattern that may read on."""

    def price(**elements: object) -> int:
        (compiled,) = policy(statement(**elements)).statements
        return rough_price(compiled)

    assert price(Resource=OBJECT) == len(OBJECT)
    assert price(Resource="arn:aws:s3:::a*b") == 16 + 256
    conditions = {"StringLike": {"a:b": ["x*", "*yz"]}, "Bool": {"a:c": "true"}}
    assert price(Condition=conditions) == 1 + 2 + (3 + 256) + 4


@pytest.mark.threat("T89")
def test_only_what_the_resource_meets_is_paid_for() -> None:
    """Threats T89: many dear statements are found by resource, and the rest costs nothing."""
    condition = {"StringNotLike": {"a:b": [f"*{'a' * 40}{n}*b" for n in range(99)]}}
    dear = policy(
        *[
            statement(Resource=f"arn:aws:s3:::shelf-{number}/*", Condition=condition)
            for number in range(30)
        ]
    )
    request = asks(resource="arn:aws:s3:::shelf-7/x", context={"a:b": "a" * 2_000})
    decision = decide(request, PolicySet(identity=(dear,)))
    assert decision.refusal == ""
    assert [one.statement for one in decision.determining] == [7]


@pytest.mark.threat("T80")
@pytest.mark.parametrize("kind", [Kind.IDENTITY, Kind.TRUST, Kind.SCP])
def test_a_broken_text_denies_everything(kind: Kind) -> None:
    """Facts 6.1: an error never allows; what stands for the text keeps its kind."""
    broken = invalid_policy(kind)
    assert broken.kind is kind
    document = broken.document
    assert (document.version, document.id, document.has_variables) == ("", "", False)
    (only,) = broken.statements
    assert only.deny
    assert only.source.not_action is False
    assert only.source.not_resource is False
    world = PolicySet(identity=(policy(statement()), broken))
    (one,) = decide(asks(), world).determining
    assert (one.policy, one.statement, one.sid) == (1, 0, "InvalidPolicy")
