"""Laws of the decision, proved by generation."""

import json
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.policy import (
    AuthorizationRequest,
    Context,
    Kind,
    Outcome,
    decide,
    parse,
)
from ostiary.policy.explain import explain
from tests.property.policy import haste
from tests.property.policy.cases import (
    Tree,
    World,
    compiled,
    document,
    policy_set,
    requests,
    statements,
    worlds,
)

laws = haste.laws(60)
DENY_ALL = {"Effect": "Deny", "Action": "*", "Resource": "*"}
ALLOW_ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def outcome(request: AuthorizationRequest, world: World) -> Outcome:
    """The answer in a world."""
    return decide(request, policy_set(world)).outcome


def without_allows(trees: list[Tree]) -> list[Tree]:
    """The statements that deny."""
    return [tree for tree in trees if tree["Effect"] != "Allow"]


@pytest.mark.threat("T88")
@laws
@given(requests(), worlds(), st.sampled_from(("identity", "boundary", "session")))
def test_explicit_deny_always_wins(
    request_: AuthorizationRequest, world: World, kind: str
) -> None:
    """Facts 6.1 step 3: a Deny that applies, in any kind, is final."""
    world = {**world, kind: [*(world[kind] or []), [DENY_ALL]]}
    assert outcome(request_, world) is Outcome.EXPLICITLY_DENIED


@pytest.mark.threat("T37", "T88")
@laws
@given(requests(), worlds())
def test_default_is_deny(request_: AuthorizationRequest, world: World) -> None:
    """Facts 6.1, threats T37: with no Allow statement at all, nothing is allowed."""
    bare = {
        **world,
        "identity": [without_allows(one) for one in world["identity"]],
        "resource": None
        if world["resource"] is None
        else without_allows(world["resource"]),
    }
    is_root = request_.principal.arn.endswith(":root")
    if not (is_root and request_.principal.account == request_.resource_account):
        assert outcome(request_, bare) is not Outcome.ALLOWED


@pytest.mark.threat("T88")
@laws
@given(requests(), worlds(), st.randoms())
def test_order_and_duplicates_do_not_matter(
    request_: AuthorizationRequest, world: World, random: Random
) -> None:
    """Threats T88: shuffling and repeating statements and policies changes nothing."""
    shuffled = dict(world)
    shuffled["identity"] = [[*one, *one] for one in world["identity"]] * 2
    random.shuffle(shuffled["identity"])
    for one in shuffled["identity"]:
        random.shuffle(one)
    if world["resource"]:
        shuffled["resource"] = world["resource"][::-1] * 2
    before, after = (decide(request_, policy_set(one)) for one in (world, shuffled))
    assert (before.outcome, before.missing) == (after.outcome, after.missing)


@pytest.mark.threat("T88")
@laws
@given(requests(), worlds(), statements(("Allow",)))
def test_adding_an_allow_statement_never_removes_an_allow(
    request_: AuthorizationRequest, world: World, extra: Tree
) -> None:
    """Threats T88: more permission never takes permission away."""
    more = {**world, "identity": [*world["identity"], [extra]]}
    if outcome(request_, world) is Outcome.ALLOWED:
        assert outcome(request_, more) is Outcome.ALLOWED
    if outcome(request_, world) is Outcome.EXPLICITLY_DENIED:
        assert outcome(request_, more) is Outcome.EXPLICITLY_DENIED


@pytest.mark.threat("T88")
@laws
@given(requests(), worlds(), statements(("Deny",)))
def test_adding_a_deny_never_creates_an_allow(
    request_: AuthorizationRequest, world: World, extra: Tree
) -> None:
    """Threats T88: less permission never gives permission."""
    for kind in ("identity", "session", "boundary"):
        if world[kind] is not None:
            less = {**world, kind: [*world[kind], [extra]]}
            if outcome(request_, less) is Outcome.ALLOWED:
                assert outcome(request_, world) is Outcome.ALLOWED


@pytest.mark.threat("T88")
@laws
@given(requests(), worlds(), statements(("Allow",)))
def test_a_boundary_never_grants(
    request_: AuthorizationRequest, world: World, extra: Tree
) -> None:
    """Facts 6.1: what a boundary allows is not allowed by that."""
    bounded = {**world, "boundary": [[extra], [ALLOW_ALL]]}
    if outcome(request_, bounded) is Outcome.ALLOWED:
        assert outcome(request_, {**world, "boundary": None}) is Outcome.ALLOWED


@pytest.mark.threat("T36", "T88")
@laws
@given(requests(), worlds(), statements(("Allow",)))
def test_a_session_policy_never_grants(
    request_: AuthorizationRequest, world: World, extra: Tree
) -> None:
    """Facts 6.1: a session policy only narrows."""
    narrowed = {**world, "session": [[extra], [ALLOW_ALL]]}
    is_federated = ":federated-user/" in request_.principal.arn
    # A federated user without a session policy has one that grants nothing.
    if outcome(request_, narrowed) is Outcome.ALLOWED and not is_federated:
        assert outcome(request_, {**world, "session": None}) is Outcome.ALLOWED


@pytest.mark.threat("T88", "T92")
@laws
@given(requests(), worlds())
def test_cross_account_needs_both_sides(
    request_: AuthorizationRequest, world: World
) -> None:
    """Facts 6.3: one side alone never opens the door of another account."""
    principal = request_.principal
    if principal.account in ("", request_.resource_account):
        return
    assert outcome(request_, {**world, "resource": None}) is not Outcome.ALLOWED
    if not principal.arn.endswith(":root"):
        assert outcome(request_, {**world, "identity": []}) is not Outcome.ALLOWED


@laws
@given(requests(), worlds())
def test_explain_and_decide_never_disagree(
    request_: AuthorizationRequest, world: World
) -> None:
    """style.md 2.5: the trace, over all statements, tells the same story."""
    policies = policy_set(world)
    decision = decide(request_, policies)
    told = explain(request_, policies, decision)
    applied = {
        (one.kind, one.policy, one.statement)
        for one in told.trace
        if one.applied and one.effect == "Deny"
    }
    assert bool(applied) is (decision.outcome is Outcome.EXPLICITLY_DENIED)
    determining = {
        (one.kind, one.policy, one.statement) for one in decision.determining
    }
    if applied:
        assert determining == applied
    allowing = {
        (one.kind, one.policy, one.statement)
        for one in told.trace
        if one.applied and one.effect == "Allow"
    }
    if decision.is_allowed:
        assert determining <= allowing
    for kind in decision.missing:
        # Every level of an SCP must allow, so one that does is not enough.
        assert kind is Kind.SCP or not any(one[0] is kind for one in allowing)
    assert told.to_dict()["decision"] == decision.outcome.value


@laws
@given(requests(), worlds())
def test_the_change_that_explain_promises_allows(
    request_: AuthorizationRequest, world: World
) -> None:
    """The counterfactual is true: with that context the answer is Allowed."""
    policies = policy_set(world)
    change = explain(request_, policies, decide(request_, policies)).change
    if change is not None:
        values = dict(request_.context)
        for key, value in change.settings:
            values.pop(key.lower(), None)
            if value is not None:
                values[key.lower()] = value
        changed = replace(request_, context=Context(values))
        assert decide(changed, policies).is_allowed


@laws
@given(requests(), worlds())
def test_the_index_finds_what_a_scan_finds(
    request_: AuthorizationRequest, world: World
) -> None:
    """Candidates of a policy are exactly the statements whose action element matches."""
    action = request_.normal_action
    for trees in [*world["identity"], *(world["boundary"] or [])]:
        policy = compiled(trees)
        scanned = [one for one in policy.statements if one.action(action)]
        assert list(policy.candidates(action).statements) == scanned
        assert policy.candidates(action) is policy.candidates(action)


@laws
@given(st.lists(statements(), min_size=1, max_size=3))
def test_parse_print_parse_is_identity(trees: list[Tree]) -> None:
    """A printed document parses to an equal one, and prints the same again."""
    first = parse(json.dumps(document(trees)))
    second = parse(first.to_json())
    assert second == first
    assert second.to_json() == first.to_json()
