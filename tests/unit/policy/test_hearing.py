"""What is heard before a decision: silent kinds, speakers, and the price of asking."""

import pytest

from ostiary.policy import Compiled, Decision, Kind, Outcome, PolicySet, decide
from ostiary.policy.decide import BUDGET
from tests.unit.policy.asking import ACCOUNT, ROLE, SESSION, USER, Tree, asks, statement
from tests.unit.policy.asking import policy as made

KEY = "aws:TagKeys"
VALUES = 1_000
BOOK = "arn:aws:s3:::books/2026/x"


def allow() -> tuple[Compiled, ...]:
    """A policy that allows everything."""
    return (made(statement()),)


def bucket(who: str, effect: str = "Allow") -> Compiled:
    """A resource policy about one principal."""
    return made(statement(effect, Principal={"AWS": who}), kind=Kind.RESOURCE)


def kinds(decision: Decision) -> list[Kind]:
    """The kinds of the statements that determined."""
    return [one.kind for one in decision.determining]


def test_every_silent_limit_is_missing() -> None:
    """Facts 6.1: each kind that limits from outside is named once, with what else lacks."""
    world = PolicySet(identity=allow(), scps=((), ()), rcps=((),), endpoint=())
    decision = decide(asks(), world)
    assert decision.outcome is Outcome.IMPLICITLY_DENIED
    assert decision.missing == (Kind.RCP, Kind.SCP, Kind.ENDPOINT)
    bare = decide(asks(), PolicySet(scps=((),)))
    assert bare.missing == (Kind.SCP, Kind.IDENTITY)


def test_a_federated_user_needs_a_session_policy() -> None:
    """Facts 6.1: without one its session grants nothing, and neither does nobody's."""
    fay = f"arn:aws:sts::{ACCOUNT}:federated-user/fay"
    missing = decide(asks(fay), PolicySet()).missing
    assert missing == (Kind.IDENTITY, Kind.SESSION)
    assert decide(asks(fay), PolicySet(identity=allow())).missing == (Kind.SESSION,)
    assert decide(asks(fay), PolicySet(session=allow())).missing == (Kind.IDENTITY,)
    assert decide(asks(fay), PolicySet(identity=allow(), session=allow())).is_allowed


def test_all_that_lacks_of_the_nearest_way() -> None:
    """Facts 6.1, 6.2: the way that lacks the fewest kinds is the one that is told."""
    world = PolicySet(identity=(), boundary=(), session=())
    missing = decide(asks(SESSION), world).missing
    assert missing == (Kind.IDENTITY, Kind.BOUNDARY, Kind.SESSION)
    named = PolicySet(identity=(), boundary=(), session=(), resource=bucket(ROLE))
    assert decide(asks(SESSION), named).missing == (Kind.BOUNDARY, Kind.SESSION)
    across = decide(asks(owner="444455556666"), PolicySet())
    assert across.missing == (Kind.IDENTITY, Kind.RESOURCE)


def test_only_those_speak_who_were_needed() -> None:
    """Facts 6.2: a boundary that allows has no part in what a resource allows by itself."""
    world = PolicySet(boundary=allow(), resource=bucket(USER), scps=(allow(),), rcps=())
    assert kinds(decide(asks(), world)) == [Kind.SCP, Kind.RESOURCE]
    own = PolicySet(identity=allow(), boundary=allow(), resource=bucket(f"{USER}x"))
    assert kinds(decide(asks(), own)) == [Kind.IDENTITY, Kind.BOUNDARY]
    every = PolicySet(identity=allow(), boundary=allow(), resource=bucket(USER))
    assert kinds(decide(asks(), every)) == [
        Kind.IDENTITY,
        Kind.BOUNDARY,
        Kind.RESOURCE,
    ]
    delegated = PolicySet(identity=allow(), resource=bucket(ACCOUNT), session=allow())
    assert kinds(decide(asks(SESSION), delegated)) == [
        Kind.IDENTITY,
        Kind.SESSION,
        Kind.RESOURCE,
    ]


def test_many_statements_decide_as_few_do() -> None:
    """The same facts in a decision of five statements and more."""
    trees = [statement(Sid=f"S{number}") for number in range(9)]
    decision = decide(asks(), PolicySet(identity=(made(*trees),)))
    assert decision.is_allowed
    assert (decision.missing, decision.refusal) == ((), "")
    assert [one.sid for one in decision.determining] == [f"S{n}" for n in range(9)]


# --- the budget ---------------------------------------------------------------------


def weighing(weight: int, resource: str = "*") -> Tree:
    """A statement of so many characters, none of whose patterns reads on."""
    wanted = "w" * (weight - len(resource))
    return statement(
        Resource=resource, Condition={"ForAnyValue:StringEquals": {KEY: wanted}}
    )


def refusal(*policies: Compiled, many: int = VALUES) -> str:
    """Whether a request with many values is refused for what asking costs."""
    request = asks(resource=BOOK, context={KEY: ["v"] * many})
    decision = decide(request, PolicySet(identity=policies))
    assert not decision.is_allowed
    return decision.refusal


@pytest.mark.threat("T89")
def test_each_character_is_paid_for_once_per_value() -> None:
    """Threats T89: the budget is a number of comparisons, and may be used up."""
    count = BUDGET // VALUES // 100
    exact = [weighing(100) for _ in range(count)]
    assert refusal(made(*exact)) == ""
    assert refusal(made(*exact, weighing(2))) == "evaluation_budget"
    assert refusal(made(*exact, weighing(100)), many=VALUES // 2) == ""


@pytest.mark.threat("T89")
def test_what_several_keys_find_is_paid_for_together() -> None:
    """Threats T89: cheap groups before a dear one count as well."""
    groups = [
        *(weighing(100) for _ in range(4)),
        *(weighing(100, "arn:aws:s3:::books/*") for _ in range(4)),
        *(weighing(100, "arn:aws:s3:::books/2026/*") for _ in range(12)),
    ]
    elsewhere = [weighing(100, "arn:aws:s3:::films/*") for _ in range(40)]
    assert refusal(made(*groups, *elsewhere)) == ""
    dearer = weighing(102, "arn:aws:s3:::books/2026/*")
    assert refusal(made(*groups, dearer, *elsewhere)) == "evaluation_budget"


@pytest.mark.threat("T89")
def test_kinds_pay_from_one_budget() -> None:
    """Threats T89: what the identity side cost is not there for the boundary."""
    half = made(*[weighing(100) for _ in range(11)])
    request = asks(resource=BOOK, context={KEY: ["v"] * VALUES})
    both = PolicySet(identity=(half,), boundary=(half,))
    assert decide(request, PolicySet(identity=(half,))).refusal == ""
    assert decide(request, both).refusal == "evaluation_budget"


@pytest.mark.threat("T89")
def test_a_single_value_costs_each_character_once() -> None:
    """Threats T89: more than half of the budget in patterns, and one value to compare."""
    wanted = [f"{number:0100}" for number in range(1_200)]
    condition = {"StringEquals": {"aws:username": wanted}}
    large = [made(statement(Condition=condition)) for _ in range(10)]
    request = asks(context={"aws:username": "sofia"})
    decision = decide(request, PolicySet(identity=tuple(large)))
    assert (decision.is_allowed, decision.refusal) == (False, "")
