"""Generators of policies and requests over a small alphabet, so that matches are common."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from hypothesis import strategies as st

from ostiary.policy import (
    AuthorizationRequest,
    Compiled,
    Context,
    Kind,
    PolicySet,
    Principal,
    compile,  # noqa: A004 - the field's own word
    parse,
)

Tree: TypeAlias = dict[str, Any]
World: TypeAlias = dict[str, Any]

ACCOUNTS = ("111111111111", "222222222222")
ACTIONS = ("s3:GetObject", "s3:PutObject", "ec2:StopInstances", "iam:ListUsers")
PATTERNS = (*ACTIONS, "s3:*", "s3:Get*", "*", "ec2:St?pInstances", "*:List*")
RESOURCES = (
    "*",
    "arn:aws:s3:::books/x",
    "arn:aws:s3:::films/y",
    "arn:aws:ec2:us-east-1:111111111111:instance/i-1",
)
COVERS = (
    *RESOURCES,
    "arn:aws:s3:::books/*",
    "arn:aws:s3:::${aws:username}/*",
    "arn:aws:ec2:*:*:instance/*",
    "arn:aws:s3:::*o*s/?",
)
ARNS = tuple(
    arn
    for account in ACCOUNTS
    for arn in (
        f"arn:aws:iam::{account}:root",
        f"arn:aws:iam::{account}:user/bob",
        f"arn:aws:sts::{account}:assumed-role/Ops/bob",
        f"arn:aws:sts::{account}:federated-user/fay",
    )
)
ROLES = tuple(f"arn:aws:iam::{account}:role/Ops" for account in ACCOUNTS)
MEMBERS = ("*", *ACCOUNTS, *ARNS, *ROLES)

TEXTS = ("books", "films", "true", "b*")
CONDITIONS = st.one_of(
    st.tuples(
        st.sampled_from(("Bool", "BoolIfExists", "Null")),
        st.just("aws:MultiFactorAuthPresent"),
        st.sampled_from(("true", "false", ["true", "false"])),
    ),
    st.tuples(
        st.sampled_from(
            (
                "NumericLessThan",
                "NumericGreaterThanIfExists",
                "NumericNotEquals",
                "NumericEquals",
            )
        ),
        st.just("aws:MultiFactorAuthAge"),
        st.sampled_from(("0", 3600, ["1", "3600"])),
    ),
    st.tuples(
        st.sampled_from(
            (
                "StringEquals",
                "StringNotEquals",
                "StringLike",
                "StringNotLikeIfExists",
                "StringEqualsIgnoreCase",
            )
        ),
        st.sampled_from(("aws:username", "aws:PrincipalTag/team")),
        st.sampled_from((*TEXTS, list(TEXTS), "${aws:username}", "${aws:x, 'books'}")),
    ),
    st.tuples(
        st.sampled_from(
            ("ForAllValues:StringEquals", "ForAnyValue:StringNotEquals", "StringEquals")
        ),
        st.just("aws:TagKeys"),
        st.sampled_from(("books", ["books", "films"])),
    ),
)
VALUES = {
    "aws:MultiFactorAuthPresent": st.sampled_from(("true", "false", "maybe")),
    "aws:MultiFactorAuthAge": st.sampled_from(("0", "3600", "9999", "soon")),
    "aws:username": st.sampled_from(("books", "films", "*", "${aws:x}")),
    "aws:PrincipalTag/team": st.sampled_from(TEXTS),
    "aws:TagKeys": st.sampled_from((("books",), ("books", "films"), ("x",))),
}
contexts = st.fixed_dictionaries({}, optional=VALUES)


def some(values: Sequence[str]) -> st.SearchStrategy[str | list[str]]:
    """One of the values, bare, or a list of a few."""
    return st.one_of(
        st.sampled_from(values),
        st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True),
    )


@st.composite
def statements(
    draw: st.DrawFn,
    effects: tuple[str, ...] = ("Allow", "Deny"),
    *,
    principal: bool = False,
) -> Tree:
    """A statement of a policy, as a tree."""
    tree = {"Effect": draw(st.sampled_from(effects))}
    if principal:
        negated = draw(st.integers(0, 4)) == 0
        word = "NotPrincipal" if negated else "Principal"
        tree[word] = {"AWS": draw(some(MEMBERS))}
    action = draw(st.sampled_from(("Action", "Action", "Action", "NotAction")))
    tree[action] = draw(some(PATTERNS))
    resource = draw(
        st.sampled_from(("Resource", "Resource", "Resource", "NotResource"))
    )
    tree[resource] = draw(some(COVERS))
    tests = {}
    for operator, key, wanted in draw(st.lists(CONDITIONS, max_size=2)):
        tests.setdefault(operator, {})[key] = wanted
    if tests:
        tree["Condition"] = tests
    return tree


def document(trees: Iterable[Tree]) -> Tree:
    """The policy that statements make; a list, even of none, since none allows none."""
    return {"Version": "2012-10-17", "Statement": list(trees) or [NOTHING]}


NOTHING = {"Effect": "Allow", "Action": "none:None", "Resource": "*"}


def compiled(trees: Iterable[Tree], kind: Kind = Kind.IDENTITY) -> Compiled:
    """The policy that statements make, ready to decide with."""
    trees = list(trees)
    if not trees and kind in (Kind.RESOURCE, Kind.RCP, Kind.ENDPOINT):
        trees = [{**NOTHING, "Principal": "*"}]
    return compile(parse(json.dumps(document(trees)), kind=kind))


def policies(*, principal: bool = False) -> st.SearchStrategy[list[Tree]]:
    """The statements of a policy."""
    return st.lists(statements(principal=principal), max_size=3)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Every kind of policy, as trees by kind; kinds that are absent are left out."""
    world = {
        "identity": draw(st.lists(policies(), max_size=2)),
        "resource": draw(st.none() | policies(principal=True)),
    }
    for kind in ("boundary", "session"):
        world[kind] = draw(st.none() | st.lists(policies(), min_size=1, max_size=2))
    world["scps"] = draw(
        st.lists(st.lists(policies(), min_size=1, max_size=2), max_size=1)
    )
    return world


def policy_set(world: World) -> PolicySet:
    """The world, compiled."""

    def group(name: str, kind: Kind) -> tuple[Compiled, ...] | None:
        trees = world.get(name)
        return None if trees is None else tuple(compiled(one, kind) for one in trees)

    resource = world.get("resource")
    return PolicySet(
        identity=group("identity", Kind.IDENTITY) or (),
        resource=None if resource is None else compiled(resource, Kind.RESOURCE),
        boundary=group("boundary", Kind.BOUNDARY),
        session=group("session", Kind.SESSION),
        scps=tuple(
            tuple(compiled(one, Kind.SCP) for one in level) for level in world["scps"]
        ),
    )


@st.composite
def requests(draw: st.DrawFn) -> AuthorizationRequest:
    """A request by somebody of two accounts, or by nobody."""
    return AuthorizationRequest(
        principal=Principal.from_arn(draw(st.sampled_from((*ARNS, "anonymous")))),
        action=draw(st.sampled_from(ACTIONS)),
        resource=draw(st.sampled_from(RESOURCES)),
        resource_account=draw(st.sampled_from(ACCOUNTS)),
        context=Context(draw(contexts)),
    )
