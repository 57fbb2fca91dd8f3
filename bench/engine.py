"""The workload of the engine's benchmark, as IAM policies in plain Python.

Every engine gets these rows, ours as they are and each peer in its own language.
"""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Tree: TypeAlias = dict[str, Any]
Policy: TypeAlias = tuple[Tree, ...]

OWN, OTHER = "111111111111", "222222222222"
PRESENT = "aws:MultiFactorAuthPresent"
MFA = {"Bool": {PRESENT: "true"}}
MANAGED_POLICY = 6_144
PRINCIPALS = 10_000
# What a gateway puts into every request, beside the MFA keys.
USUAL = {
    "aws:CurrentTime": "2026-11-24T12:00:00Z",
    "aws:EpochTime": "1795521600",
    "aws:PrincipalAccount": OWN,
    "aws:PrincipalArn": f"arn:aws:iam::{OWN}:user/Sofia",
    "aws:PrincipalType": "User",
    "aws:RequestedRegion": "us-east-1",
    "aws:SecureTransport": "true",
    "aws:SourceIp": "203.0.113.7",
    "aws:UserAgent": "Boto3/1.40",
    "aws:userid": "AIDAEXAMPLEEXAMPLE123",
    "aws:username": "Sofia",
}
WITH_MFA = {**USUAL, PRESENT: "true", "aws:MultiFactorAuthAge": "300"}
SOFIA = f"arn:aws:iam::{OWN}:user/Sofia"
RICHARD = f"arn:aws:iam::{OTHER}:user/Richard"


@dataclass(frozen=True, kw_only=True)
class Case:
    """A request, the policies that apply to it, and the right answer."""

    who: str
    action: str
    resource: str
    context: dict[str, str]
    identity: tuple[Policy, ...]
    on_resource: Policy | None = None
    trust: bool = False
    owner: str = ""
    allowed: bool = True

    @property
    def crosses_accounts(self) -> bool:
        """True when both sides have to allow."""
        return bool(self.owner) and self.owner not in self.who


@dataclass(frozen=True, kw_only=True)
class Row:
    """Cases that are timed together; `most` is the target, in microseconds."""

    name: str
    most: float
    cases: Sequence[Case] = field(repr=False)


def text_of(policy: Policy) -> str:
    """The policy as JSON text."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(policy)})


def allow(action: object, resource: object = None, **more: object) -> Tree:
    """A statement that allows."""
    tree: Tree = {"Effect": "Allow", "Action": action}
    if resource is not None:
        tree["Resource"] = resource
    return {**tree, **more}


def rows() -> Iterator[Row]:
    """Every row, in the order of the table."""
    yield from chapter()
    for count in (10, 100, 1_000, 10_000):
        yield from attached(count)
    yield principals()


def chapter() -> Iterator[Row]:
    """The three scenarios of the chapter, allowed and refused."""
    role = f"arn:aws:iam::{OWN}:role/CrossAccountRole"
    actions = ["ec2:StopInstances", "ec2:TerminateInstances"]
    stop = {
        "who": SOFIA,
        "action": "ec2:StopInstances",
        "resource": f"arn:aws:ec2:us-east-1:{OWN}:instance/i-0abc",
        "identity": ((allow(actions, ["*"], Condition=MFA),),),
    }
    trusted = allow("sts:AssumeRole", Principal={"AWS": OTHER}, Condition=MFA)
    assume = {
        "who": RICHARD,
        "action": "sts:AssumeRole",
        "resource": role,
        "owner": OWN,
        "identity": ((allow("sts:AssumeRole", role),),),
        "on_resource": (trusted,),
        "trust": True,
    }
    shared = allow(
        ["s3:PutObject", "s3:DeleteObject"],
        "arn:aws:s3:::ANAYA-BUCKET/*",
        Principal={"AWS": [OWN, OTHER]},
        Condition=MFA,
    )
    bucket = {
        "who": RICHARD,
        "action": "s3:PutObject",
        "resource": "arn:aws:s3:::ANAYA-BUCKET/report",
        "owner": OWN,
        "identity": ((allow("s3:PutObject", "*"),),),
        "on_resource": (shared,),
    }
    scenarios = (
        ("same account", stop),
        ("assume role", assume),
        ("bucket policy", bucket),
    )
    for name, fields in scenarios:
        for word, context in (("MFA", WITH_MFA), ("no MFA", USUAL)):
            case = Case(**fields, context=context, allowed=context is WITH_MFA)
            yield Row(name=f"{name}, {word}", most=2.0, cases=(case,))


def attached(count: int) -> Iterator[Row]:
    """`count` statements attached: of other actions, or of the very action asked."""
    others = [
        {
            **allow(
                [f"svc{n % 97}:Do{n}", f"svc{n % 97}:List{n}*"],
                f"arn:aws:svc{n % 97}:::thing-{n}/*",
                Condition=MFA,
            ),
            "Effect": "Deny" if n % 50 == 0 else "Allow",
        }
        for n in range(count - 1)
    ]
    mine = allow("s3:GetObject", "arn:aws:s3:::shelf-7/*", Condition=MFA)
    shelves = [
        allow("s3:GetObject", f"arn:aws:s3:::shelf-{n}/*", Condition=MFA)
        for n in range(count)
    ]
    for name, trees in (("other actions", [*others, mine]), ("one action", shelves)):
        case = Case(
            who=SOFIA,
            action="s3:GetObject",
            resource="arn:aws:s3:::shelf-7/book.txt",
            context=WITH_MFA,
            identity=tuple(
                tuple(trees[start : start + 50]) for start in range(0, count, 50)
            ),
        )
        yield Row(name=f"{count:,} statements, {name}", most=12.0, cases=(case,))


def principals(count: int = PRINCIPALS) -> Row:
    """Principals with five policies each: four of 200 shared ones, one of their own.

    Half of the requests are about what the principal alone has, half about what a
    shared policy gives; a tenth come without MFA and are refused.
    """
    chance = random.Random(4)
    shared = [
        (
            allow(f"team{n}:Read", f"arn:aws:team{n}:::desk/*"),
            allow([f"team{n}:Write", f"team{n}:Share*"], "*", Condition=MFA),
            {**allow(f"team{n}:Burn", "*"), "Effect": "Deny"},
        )
        for n in range(200)
    ]
    cases = []
    for number in range(count):
        teams = chance.sample(range(200), 4)
        home = f"arn:aws:s3:::homes/u{number}/"
        own = (allow(["s3:GetObject", "s3:PutObject"], f"{home}*", Condition=MFA),)
        at_home = chance.random() < 0.5
        safe = chance.random() < 0.9
        action = "s3:GetObject" if at_home else f"team{teams[0]}:Write"
        case = Case(
            who=f"arn:aws:iam::{OWN}:user/u{number}",
            action=action,
            resource=f"{home}x" if at_home else f"arn:aws:team{teams[0]}:::desk/1",
            context=WITH_MFA if safe else USUAL,
            identity=(*(shared[team] for team in teams), own),
            allowed=safe,
        )
        cases.append(case)
    return Row(name=f"{count:,} principals, 5 policies each", most=6.0, cases=cases)


def managed_policy() -> str:
    """A policy as large as a managed one may be."""
    statements: list[Tree] = []
    text = ""
    while len(text) < MANAGED_POLICY:
        n = len(statements)
        statements.append(
            allow(
                [f"s3:Get{n}*", f"s3:Put{n}"],
                [f"arn:aws:s3:::b{n}/*", f"arn:aws:s3:::b{n}"],
                Sid=f"S{n}",
                Condition={**MFA, "StringLike": {"aws:username": "S*a"}},
            )
        )
        text = text_of(tuple(statements))
    return text
