"""The decision, beyond the corpus: what determines it, its bounds, its speed."""

import sys
import time
from dataclasses import replace

import pytest

from ostiary.policy import (
    Decision,
    Determining,
    Document,
    Kind,
    Outcome,
    PolicySet,
    Principal,
    compile,  # noqa: A004 - the field's own word
    decide,
    invalid_policy,
    parse,
)
from ostiary.policy.decide import BUDGET, needs_resource_side
from tests.unit.policy.asking import (
    ACCOUNT,
    OBJECT,
    ROLE,
    SESSION,
    USER,
    asks,
    policy,
    statement,
    text,
)

EVERYBODY = {"Principal": "*"}


def mark(kind: Kind, number: int, index: int = 0, sid: str = "") -> Determining:
    """A determining statement."""
    return Determining(kind=kind, policy=number, statement=index, sid=sid)


def test_all_matching_denies_determine() -> None:
    """style.md 2.5: an explicit deny is determined by every Deny that applies."""
    policies = PolicySet(
        identity=(policy(statement()), policy(statement(), statement("Deny", Sid="D"))),
        resource=policy(statement("Deny", **EVERYBODY), kind=Kind.RESOURCE),
        scps=((policy(statement()),), (policy(statement()), policy(statement("Deny")))),
    )
    assert decide(asks(), policies) == Decision(
        outcome=Outcome.EXPLICITLY_DENIED,
        determining=(
            mark(Kind.SCP, 2),
            mark(Kind.IDENTITY, 1, 1, "D"),
            mark(Kind.RESOURCE, 0),
        ),
        missing=(),
    )


def test_an_allow_is_determined_by_all_that_had_to_allow() -> None:
    """style.md 2.5: the statements that grant and those of the kinds that limit."""
    both = PolicySet(
        identity=(policy(statement()),),
        boundary=(policy(statement(Sid="B")),),
        resource=policy(statement(**EVERYBODY), kind=Kind.RESOURCE),
        rcps=((policy(statement(**EVERYBODY), kind=Kind.RCP),),),
    )
    decision = decide(asks(), both)
    assert decision.is_allowed
    assert decision.determining == (
        mark(Kind.RCP, 0),
        mark(Kind.IDENTITY, 0),
        mark(Kind.BOUNDARY, 0, 0, "B"),
        mark(Kind.RESOURCE, 0),
    )


def test_two_open_ways_name_each_statement_once() -> None:
    """A role named by a bucket, allowed by itself, both under one boundary."""
    policies = PolicySet(
        identity=(policy(statement()),),
        boundary=(policy(statement()),),
        resource=policy(statement(Principal={"AWS": ROLE}), kind=Kind.RESOURCE),
    )
    decision = decide(asks(SESSION), policies)
    assert [one.kind for one in decision.determining] == [
        Kind.IDENTITY,
        Kind.BOUNDARY,
        Kind.RESOURCE,
    ]


def test_missing_names_the_trust_policy() -> None:
    """Facts 6.4: a role's resource policy has a name of its own."""
    decision = decide(asks(action="sts:AssumeRole", resource=ROLE), PolicySet())
    assert decision.missing == (Kind.RESOURCE,)
    trusted = PolicySet(resource_kind=Kind.TRUST)
    decision = decide(asks(action="sts:TagSession", resource=ROLE), trusted)
    assert decision.missing == (Kind.TRUST,)


def test_missing_is_the_shortest_list() -> None:
    """Facts 6.2: with the role named, only the boundary stands in the way."""
    policies = PolicySet(
        boundary=(policy(statement(Action="ec2:*")),),
        resource=policy(statement(Principal={"AWS": ROLE}), kind=Kind.RESOURCE),
    )
    assert decide(asks(SESSION), policies).missing == (Kind.BOUNDARY,)


def test_a_kms_action_without_a_key_has_no_key_policy() -> None:
    """Facts 6.2: the key policy must allow, where there is a key."""
    policies = PolicySet(identity=(policy(statement()),))
    key = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/k"
    assert decide(asks(action="kms:ListKeys", resource="*"), policies).is_allowed
    assert not decide(asks(action="kms:Decrypt", resource=key), policies).is_allowed


def test_service_control_policies_do_not_bind_services() -> None:
    """Facts 6.3: a service principal has no account whose SCPs could bind it."""
    policies = PolicySet(
        resource=policy(
            statement(Principal={"Service": "ec2.amazonaws.com"}), kind=Kind.RESOURCE
        ),
        scps=((policy(statement("Deny")),),),
    )
    assert decide(asks("ec2.amazonaws.com"), policies).is_allowed


@pytest.mark.threat("T80")
@pytest.mark.parametrize("kind", [Kind.IDENTITY, Kind.RESOURCE])
def test_a_broken_stored_policy_denies_everything(kind: Kind) -> None:
    """Threats T80: skipping old data that does not parse would drop its Denys."""
    broken = invalid_policy(kind)
    policies = PolicySet(
        identity=(policy(statement()), *([broken] if kind is Kind.IDENTITY else [])),
        resource=broken if kind is Kind.RESOURCE else None,
    )
    decision = decide(asks(), policies)
    assert decision.outcome is Outcome.EXPLICITLY_DENIED
    assert decision.determining[0].sid == "InvalidPolicy"


def test_equal_decisions_are_one_object() -> None:
    """Decisions are values; the hot path does not make them twice."""
    policies = PolicySet(identity=(policy(statement()),))
    assert decide(asks(), policies) is decide(asks(), policies)


@pytest.mark.threat("T83", "T89")
def test_the_budget() -> None:
    """Threats section 4: too much matching work is refused, never cut short."""
    wanted = [f"*{'a' * 40}{number}*b" for number in range(2_000)]
    condition = {"StringLike": {"aws:UserAgent": wanted}}
    policies = PolicySet(
        identity=(policy(statement()), policy(statement(Condition=condition)))
    )
    long = asks(context={"aws:UserAgent": "a" * (BUDGET // 1_000)})
    decision = decide(long, policies)
    assert decision.outcome is Outcome.IMPLICITLY_DENIED
    assert decision.refusal == "evaluation_budget"
    assert (decision.missing, decision.determining) == ((), ())
    assert decide(asks(context={"aws:UserAgent": "a" * 100}), policies).is_allowed


@pytest.mark.threat("T89")
def test_a_deny_found_before_the_budget_is_spent_stays_a_deny() -> None:
    """Threats T89: a refusal for cost never hides an explicit deny."""
    condition = {"ForAnyValue:StringLike": {"aws:TagKeys": ["*a*b"] * 500}}
    policies = PolicySet(
        identity=(policy(statement("Deny")), policy(statement(Condition=condition)))
    )
    many = asks(context={"aws:TagKeys": ["a" * 100] * 1_000})
    assert decide(many, policies).outcome is Outcome.EXPLICITLY_DENIED


@pytest.mark.threat("T89")
def test_everything_at_its_limit_is_quick() -> None:
    """Threats T89: policies at their quotas are decided in 10 ms."""
    full = [
        policy(
            *[
                statement(
                    Action=[f"s3:G*{number}", "s3:Get*"],
                    Resource=f"arn:aws:s3:::*{number}*/${{aws:username}}/*",
                )
                for number in range(50)
            ]
        )
        for _ in range(22)
    ]
    policies = PolicySet(
        identity=tuple(full),
        boundary=(full[0],),
        session=(full[0],),
        resource=policy(
            *[
                statement(**EVERYBODY, Resource=f"arn:aws:s3:::b{n}/*")
                for n in range(99)
            ],
            kind=Kind.RESOURCE,
        ),
    )
    request = asks(context={"aws:username": "sofia"})
    decide(request, policies)
    times = []
    for _ in range(5):
        started = time.process_time()
        assert not decide(request, policies).is_allowed
        times.append(time.process_time() - started)
    # Ten milliseconds on a machine of one's own; this one is shared, or traced.
    assert min(times) < (0.03 if sys.gettrace() is None else 1)


@pytest.mark.threat("T91")
def test_a_compiled_policy_is_shared_and_does_not_change() -> None:
    """Threats T91: what a policy remembers is only what it would say again."""
    shared = policy(*[statement(Resource=f"arn:aws:s3:::b{n}/*") for n in range(40)])
    for number in range(600):
        request = asks(action=f"s3:Do{number}", resource=f"arn:aws:s3:::b{number}/x")
        allowed = decide(request, PolicySet(identity=(shared,))).is_allowed
        assert allowed is (number < 40)
    assert len(shared.kept) <= 512


def test_many_statements_about_one_action_are_found_by_resource() -> None:
    """The index by resource finds what asking each statement finds."""
    patterns = [
        "arn:aws:s3:::books/2026/*",
        "arn:aws:s3:::books/2026",
        "arn:aws:s3:::books/20*",
        "arn:aws:s3:::b*",
        "arn:aws:*:::books/*",
        "arn:aws:s3:::books/${aws:username}",
        "arn:aws:s3:::films",
        "arn:aws:s3",
        *[f"arn:aws:s3:::x{number}/*" for number in range(20)],
    ]
    for key in (
        "books/2026/x",
        "books/2026",
        "books",
        "films",
        "films/x",
        "x3/y",
        "b:c",
    ):
        request = asks(resource=f"arn:aws:s3:::{key}", context={"aws:username": "2026"})
        together = policy(*[statement(Resource=one) for one in patterns])
        found = decide(request, PolicySet(identity=(together,))).determining
        alone = [
            number
            for number, one in enumerate(patterns)
            if decide(
                request, PolicySet(identity=(policy(statement(Resource=one)),))
            ).is_allowed
        ]
        assert [one.statement for one in found] == alone, key


def test_statements_that_no_resource_key_finds() -> None:
    """`NotResource` and `*` are asked whatever the resource."""
    trees = [statement(Resource=f"arn:aws:s3:::x{number}") for number in range(20)]
    rest = {"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::x1"}
    policies = PolicySet(identity=(policy(*trees, rest, statement()),))
    denied = decide(asks(resource="arn:aws:s3:::x2"), policies)
    assert [one.statement for one in denied.determining] == [20]
    allowed = decide(asks(resource="arn:aws:s3:::x1"), policies)
    assert [one.statement for one in allowed.determining] == [1, 21]


@pytest.mark.threat("T34")
def test_unique_ids_decide_after_a_name_is_used_again() -> None:
    """Threats T34: a bucket policy saved with AIDA... does not mean the namesake."""
    unique_id = "AIDASOFIA0000000000"
    bucket = policy(statement(Principal={"AWS": unique_id}), kind=Kind.RESOURCE)
    first = replace(Principal.from_arn(USER), unique_ids=(unique_id,))
    second = replace(first, unique_ids=("AIDAOTHER0000000000",))
    policies = PolicySet(resource=bucket)
    assert decide(asks(first), policies).is_allowed
    assert not decide(asks(second), policies).is_allowed


@pytest.mark.threat("T84")
@pytest.mark.parametrize("kind", [Kind.IDENTITY, Kind.SCP])
def test_short_arns(kind: Kind) -> None:
    """Facts 3.3: IAM fills a short ARN up with stars; elsewhere it matches nothing."""
    (tree,) = parse(text(statement(Resource="arn:aws:s3"))).statements
    document = Document(kind=kind, version="2012-10-17", id="", statements=(tree,))
    policies = PolicySet(identity=(compile(document),))
    assert decide(asks(), policies).is_allowed is (kind is Kind.IDENTITY)


@pytest.mark.parametrize(
    ("action", "resource", "needed"),
    [
        ("sts:AssumeRole", ROLE, True),
        ("sts:AssumeRole", "*", True),
        ("STS:AssumeRoleWithSAML", ROLE, True),
        ("sts:GetCallerIdentity", "*", False),
        ("kms:Decrypt", f"arn:aws:kms:us-east-1:{ACCOUNT}:key/k", True),
        ("kms:ListKeys", "*", False),
        ("s3:GetObject", OBJECT, False),
    ],
)
def test_where_the_own_account_never_suffices(
    action: str, resource: str, needed: bool
) -> None:
    """Facts 6.2: role trust policies and KMS key policies must allow, whoever asks."""
    request = asks(action=action, resource=resource)
    assert needs_resource_side(request, Kind.RESOURCE) is needed
    assert needs_resource_side(request, Kind.TRUST)
