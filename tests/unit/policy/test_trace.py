"""What each statement failed on first, and which policies are heard at all."""

from ostiary.policy import Kind, PolicySet
from ostiary.policy.trace import Considered, keys_seen, trace
from tests.unit.policy.asking import ROLE, USER, Tree, asks, policy, statement


def considered(
    policies: PolicySet, who: str = USER, **more: object
) -> list[Considered]:
    """Every statement, with what it failed on."""
    return [one for one, _ in trace(asks(who, **more), policies)]


def elements(policies: PolicySet, who: str = USER, **more: object) -> list[str | None]:
    """What each statement failed on; None for those that applied."""
    return [
        one.failure and one.failure.element for one in considered(policies, who, **more)
    ]


def test_limits_come_first_and_services_have_no_scps() -> None:
    """Facts 6.1: the kinds in the order in which they are heard, policies by number."""
    one, two = policy(statement()), policy(statement("Deny", Action="ec2:*"))
    everybody = policy(statement(Principal="*"), kind=Kind.RESOURCE)
    world = PolicySet(
        rcps=((one,), (two,)),
        scps=((one, two),),
        endpoint=(one,),
        identity=(one, two),
        boundary=(one,),
        session=(one,),
        resource=everybody,
    )
    expected = [
        (Kind.RCP, 0),
        (Kind.RCP, 1),
        (Kind.SCP, 0),
        (Kind.SCP, 1),
        (Kind.ENDPOINT, 0),
        (Kind.IDENTITY, 0),
        (Kind.IDENTITY, 1),
        (Kind.BOUNDARY, 0),
        (Kind.SESSION, 0),
        (Kind.RESOURCE, 0),
    ]
    assert [(one.kind, one.policy) for one in considered(world)] == expected
    service = considered(world, "ec2.amazonaws.com")
    assert [(one.kind, one.policy) for one in service] == [
        pair for pair in expected if pair[0] is not Kind.SCP
    ]


def test_a_boundary_ends_every_exemption() -> None:
    """Facts 3.4: `NotPrincipal` with Deny hits those with a boundary, and the trace says so."""
    tree = {"Effect": "Deny", "NotPrincipal": {"AWS": [USER, "111122223333"]}}
    bucket = policy({**tree, "Action": "*", "Resource": "*"}, kind=Kind.RESOURCE)
    assert elements(PolicySet(resource=bucket)) == ["principal"]
    bounded = PolicySet(resource=bucket, boundary=(policy(statement()),))
    assert elements(bounded) == [None, None]


def test_whom_a_boundary_leaves_to_the_condition() -> None:
    """Facts 3.4: with a boundary nobody is exempt, so the condition is what failed."""
    tree = {"Effect": "Deny", "NotPrincipal": {"AWS": [USER, "111122223333"]}}
    condition = {"Bool": {"aws:MultiFactorAuthPresent": "false"}}
    bucket = policy(
        {**tree, "Action": "*", "Resource": "*", "Condition": condition},
        kind=Kind.RESOURCE,
    )
    bounded = PolicySet(resource=bucket, boundary=(policy(statement()),))
    assert elements(bounded) == [None, "condition"]


def test_what_cannot_be_told_fails_an_allow_and_not_a_deny() -> None:
    """Facts 3.5, 4.5: a `NotResource` whose variable has no value is undecided."""
    tree: Tree = {"Action": "*", "NotResource": "arn:aws:s3:::${aws:userid}/*"}
    world = PolicySet(
        identity=(policy({**tree, "Effect": "Allow"}, {**tree, "Effect": "Deny"}),)
    )
    assert elements(world) == ["resource", None]
    allow = considered(world)[0]
    assert allow.failure is not None
    assert allow.failure.found == "arn:aws:s3:::books/x"
    assert allow.failure.wanted == ("arn:aws:s3:::${aws:userid}/*",)
    assert not allow.applied
    assert considered(world)[1].applied


def test_who_was_meant() -> None:
    """Facts 3.4: the failure names each member with its type."""
    members = {"AWS": [ROLE], "Service": "ec2.amazonaws.com"}
    bucket = policy(statement(Principal=members), kind=Kind.RESOURCE)
    (one,) = considered(PolicySet(resource=bucket))
    assert one.failure is not None
    assert one.failure.found == USER
    assert one.failure.wanted == (f"AWS:{ROLE}", "Service:ec2.amazonaws.com")
    assert (one.failure.operator, one.failure.key) == ("", "")
    assert one.failure.undecided is False


def test_keys_are_seen_once_and_as_they_are_first_written() -> None:
    """Facts 4.1: keys differ by more than letter case."""
    tree = statement(
        Resource="arn:aws:s3:::${AWS:UserName}/${aws:userid, 'x'}/*",
        Condition={
            "StringEquals": {"aws:username": "a"},
            "StringLike": {"AWS:USERNAME": "${aws:PrincipalTag/x}*"},
        },
    )
    other = statement(
        Action="ec2:*", Condition={"Bool": {"aws:SecureTransport": "true"}}
    )
    world = PolicySet(identity=(policy(tree, other),))
    seen = keys_seen(asks(context={"aws:username": "sofia"}), world)
    assert [(one.key, one.value) for one in seen] == [
        ("aws:username", "sofia"),
        ("aws:userid", None),
        ("aws:principaltag/x", None),
    ]
