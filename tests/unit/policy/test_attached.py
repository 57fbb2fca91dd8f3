"""The policies of a principal together: one index, and still the same answers."""

import json
from dataclasses import replace

import pytest

from ostiary.policy import (
    Compiled,
    Kind,
    Outcome,
    PolicySet,
    attach,
    compile,  # noqa: A004 - the field's own word
    decide,
    parse,
)
from ostiary.policy.attached import rough_price
from ostiary.policy.hearing import BUDGET
from tests.unit.policy.asking import asks, policy, statement


def shelves(policies: int, each: int) -> tuple[Compiled, ...]:
    """Policies whose statements all speak about one action, a shelf each."""
    return tuple(
        policy(
            *[
                statement(Resource=f"arn:aws:s3:::shelf-{first + n}/*", Sid=f"S{n}")
                for n in range(each)
            ]
        )
        for first in range(0, policies * each, each)
    )


def places(policies: PolicySet, resource: str) -> list[tuple[int, int, str]]:
    """Policy, statement and `Sid` of what determined an Allow."""
    decision = decide(asks(resource=resource), policies)
    return [(one.policy, one.statement, one.sid) for one in decision.determining]


@pytest.mark.parametrize("many", [2, 20])
def test_the_numbers_are_those_of_the_policy_and_its_statement(many: int) -> None:
    """style.md 2.5: merged or not, a statement keeps policy, place and `Sid`."""
    plain = shelves(many, 4)
    for policies in (plain, attach(Kind.IDENTITY, plain)):
        world = PolicySet(identity=policies)
        for number in range(many * 4):
            found = places(world, f"arn:aws:s3:::shelf-{number}/x")
            assert found == [(number // 4, number % 4, f"S{number % 4}")]
        assert places(world, f"arn:aws:s3:::shelf-{many * 4}/x") == []


def test_a_statement_that_several_keys_find_counts_once_and_in_order() -> None:
    """One statement with two patterns for the resource is one determining statement."""
    twice = ["arn:aws:s3:::books/2026/*", "arn:aws:s3:::books/*"]
    policies = (
        policy(statement(Resource="arn:aws:s3:::books/*")),
        policy(statement(Resource=twice), statement()),
        *shelves(3, 4),
    )
    found = places(PolicySet(identity=policies), "arn:aws:s3:::books/2026/x")
    assert found == [(0, 0, ""), (1, 0, ""), (1, 1, "")]
    denies = tuple(
        policy(*[statement("Deny", Resource=one) for one in (twice, "*", twice[1])])
        for _ in range(4)
    )
    denied = decide(
        asks(resource="arn:aws:s3:::books/2026/x"),
        PolicySet(identity=(*policies, *denies)),
    )
    assert denied.outcome is Outcome.EXPLICITLY_DENIED
    numbers = [(one.policy, one.statement) for one in denied.determining]
    assert numbers == [(p, s) for p in range(5, 9) for s in range(3)]


@pytest.mark.parametrize(("many", "indexed"), [(1, False), (8, False), (9, True)])
def test_few_statements_are_asked_as_a_whole_and_many_are_looked_up(
    many: int, *, indexed: bool
) -> None:
    """Few have the price of all of them; the price of many depends on the resource."""
    (shelf,) = shelves(1, many)
    found = attach(Kind.IDENTITY, (shelf,)).rows("s3:getobject")
    price = sum(map(rough_price, shelf.statements))
    assert len(found.rows) == many
    assert (found.by_resource is not None) is indexed
    assert (found.cost == price) is not indexed
    assert found.cost <= BUDGET or indexed


def test_levels_go_on_counting() -> None:
    """A policy of the second level has the number after the first level's."""
    level = shelves(1, 2)
    world = PolicySet(
        identity=(policy(statement()),), scps=(level, (policy(statement("Deny")),))
    )
    denied = decide(asks(resource="arn:aws:s3:::shelf-0/x"), world).determining
    assert [(one.kind, one.policy) for one in denied] == [(Kind.SCP, 1)]
    again = PolicySet(
        identity=(policy(statement()),), scps=(level, attach(Kind.SCP, level))
    )
    allowed = decide(asks(resource="arn:aws:s3:::shelf-0/x"), again).determining
    assert [(one.kind, one.policy) for one in allowed[:2]] == [
        (Kind.SCP, 0),
        (Kind.SCP, 1),
    ]


def test_policies_attached_as_another_kind_are_heard_as_the_kind_asked() -> None:
    """The place in the policy set says what a policy is, not who attached it."""
    same = (policy(statement()),)
    world = PolicySet(identity=same, boundary=attach(Kind.IDENTITY, same))
    kinds = [one.kind for one in decide(asks(), world).determining]
    assert kinds == [Kind.IDENTITY, Kind.BOUNDARY]
    twofold = (*same, *same)
    session = PolicySet(identity=same, session=attach(Kind.IDENTITY, twofold))
    kinds = [one.kind for one in decide(asks(), session).determining]
    assert kinds == [Kind.IDENTITY, Kind.SESSION, Kind.SESSION]


@pytest.mark.threat("T91")
def test_what_a_principal_keeps_is_bounded() -> None:
    """Threats T91: ten thousand different actions do not fill the memory."""
    attached = attach(Kind.IDENTITY, shelves(2, 3))
    for number in range(10_000):
        decide(asks(action=f"s3:Do{number}"), PolicySet(identity=attached))
        assert len(attached.kept) <= 32
    assert all(len(one.kept) <= 512 for one in attached)


@pytest.mark.threat("T89")
def test_the_budget_is_one_for_all_policies_together() -> None:
    """Threats T89: work spread over many policies is the same work."""
    condition = {
        "StringLike": {"aws:UserAgent": [f"*{'a' * 40}{n}*b" for n in range(99)]}
    }
    dear = tuple(policy(statement(Condition=condition)) for _ in range(20))
    request = asks(context={"aws:UserAgent": "a" * (BUDGET // 1_000)})
    assert not decide(request, PolicySet(identity=dear[:5])).refusal
    for policies in (dear, attach(Kind.IDENTITY, dear)):
        decision = decide(request, PolicySet(identity=policies))
        assert decision.refusal == "evaluation_budget"
        assert decision.outcome is Outcome.IMPLICITLY_DENIED


@pytest.mark.threat("T89")
def test_a_deny_that_was_affordable_is_final_whatever_follows() -> None:
    """Threats T89: a Deny before the budget is spent stays a Deny, merged too."""
    condition = {"ForAnyValue:StringLike": {"aws:TagKeys": ["*a*b"] * 500}}
    policies = (
        policy(statement("Deny", Sid="No")),
        *(policy(statement(Condition=condition)) for _ in range(20)),
    )
    many = asks(context={"aws:TagKeys": ["a" * 100] * 1_000})
    decision = decide(many, PolicySet(identity=attach(Kind.IDENTITY, policies)))
    assert decision.outcome is Outcome.EXPLICITLY_DENIED
    assert [one.sid for one in decision.determining] == ["No"]


def test_compiling_binds_nothing_that_nobody_asks_about() -> None:
    """A principal's first decision does not pay for statements of other actions."""
    trees = [statement(Action=f"s3:Do{number}") for number in range(200)]
    together = policy(*trees)
    decide(asks(action="s3:Do7"), PolicySet(identity=(together,)))
    bound = [one.index for one in together._bound if one is not None]
    assert bound == [7]
    assert [one.index for one in together.statements] == list(range(200))


def test_a_repeated_action_is_one_candidate() -> None:
    """An action that a statement says twice, or says and covers, is said once."""
    trees = [statement(Action=["s3:Get*", "s3:GetObject", "S3:GETOBJECT", "s3:*"])] * 6
    allowed = decide(asks(), PolicySet(identity=(policy(*trees),)))
    assert [one.statement for one in allowed.determining] == list(range(6))


@pytest.mark.parametrize("word", ["true", "TRUE", "false", "False", "", "yes", None])
@pytest.mark.parametrize("operator", ["Bool", "BoolIfExists"])
def test_known_answers_are_the_long_ones(operator: str, word: str | None) -> None:
    """What a test knows beforehand is what asking would say."""
    tree = statement(Condition={operator: {"aws:MultiFactorAuthPresent": "true"}})
    context = {} if word is None else {"aws:MultiFactorAuthPresent": word}
    decision = decide(asks(context=context), PolicySet(identity=(policy(tree),)))
    absent = operator == "BoolIfExists" and word is None
    assert decision.is_allowed is (absent or (word or "").lower() == "true")


@pytest.mark.parametrize("wanted", [["a"], ["a", "b"], list("abcdefghijk")])
@pytest.mark.parametrize("value", ["a", "k", "z", ("a",), None])
def test_known_texts(wanted: list[str], value: str | tuple[str, ...] | None) -> None:
    """Texts that are wanted, others, several values, none."""
    context = {} if value is None else {"aws:username": value}
    for operator, found in (("StringEquals", True), ("StringNotEquals", False)):
        tree = statement(Condition={operator: {"aws:username": wanted}})
        decision = decide(asks(context=context), PolicySet(identity=(policy(tree),)))
        hit = isinstance(value, str) and value in wanted
        one = value is None or isinstance(value, str)
        assert decision.is_allowed is (hit if found else one and not hit)


@pytest.mark.parametrize(
    ("members", "who", "form"),
    [
        ({"AWS": "111122223333"}, "account", True),
        ({"AWS": "111122223333"}, "idp", False),
        ({"AWS": "111122223333", "Service": "ec2.amazonaws.com"}, "service", True),
        ({"AWS": "*"}, "idp", True),
    ],
)
def test_accounts_alone_and_beside_others(
    members: dict[str, str], who: str, *, form: bool
) -> None:
    """An account means its principals, and not its identity providers."""
    names = {
        "account": "arn:aws:iam::111122223333:user/sofia",
        "idp": "arn:aws:iam::111122223333:saml-provider/x",
        "service": "ec2.amazonaws.com",
    }
    tree = statement(Principal=members)
    text = json.dumps({"Version": "2012-10-17", "Statement": [tree]})
    bucket = compile(parse(text, kind=Kind.RESOURCE))
    request = replace(asks(names[who]), resource_account="111122223333")
    allowed = decide(
        request,
        PolicySet(identity=(policy(statement()),), resource=bucket),
    ).is_allowed
    assert allowed is form
