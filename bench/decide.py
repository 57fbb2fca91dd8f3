"""How long a decision takes: the chapter's policies, then many statements attached.

    .venv/bin/python -m bench.decide

Every answer is checked before anything is timed. A figure is the median and the 99th
percentile over batches, in microseconds of processor time per decision: a decision
waits for nothing, so what other programs do meanwhile is not its cost.
"""

import json
import statistics
import time
from collections.abc import Callable
from typing import Any, TypeAlias

from ostiary.policy import (
    AuthorizationRequest,
    Compiled,
    Context,
    Kind,
    Outcome,
    PolicySet,
    Principal,
    compile,  # noqa: A004 - the field's own word
    decide,
    parse,
)

Tree: TypeAlias = dict[str, Any]
Case: TypeAlias = tuple[str, AuthorizationRequest, PolicySet, Outcome]

BATCH = 200
BATCHES = 150
MANAGED_POLICY = 6_144
OWN, OTHER = "111111111111", "222222222222"
PRESENT = "aws:MultiFactorAuthPresent"
MFA = {"Bool": {PRESENT: "true"}}
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


def policy(*statements: Tree, kind: Kind = Kind.IDENTITY) -> Compiled:
    """A compiled policy of these statements."""
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    return compile(parse(text, kind=kind))


def request(
    who: str, action: str, resource: str, context: dict[str, str], owner: str = ""
) -> AuthorizationRequest:
    """A request as the gateway makes it."""
    return AuthorizationRequest(
        principal=Principal.from_arn(who),
        action=action,
        resource=resource,
        resource_account=owner,
        context=Context(context),
    )


def chapter() -> list[Case]:
    """The three scenarios of the chapter, allowed and refused."""
    role = f"arn:aws:iam::{OWN}:role/CrossAccountRole"
    instance = f"arn:aws:ec2:us-east-1:{OWN}:instance/i-0abc"
    sofia = f"arn:aws:iam::{OWN}:user/Sofia"
    richard = f"arn:aws:iam::{OTHER}:user/Richard"
    stop = PolicySet(
        identity=(
            policy(
                {
                    "Effect": "Allow",
                    "Action": ["ec2:StopInstances", "ec2:TerminateInstances"],
                    "Resource": ["*"],
                    "Condition": MFA,
                }
            ),
        )
    )
    assume = PolicySet(
        identity=(
            policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role}),
        ),
        resource=policy(
            {
                "Effect": "Allow",
                "Principal": {"AWS": OTHER},
                "Action": "sts:AssumeRole",
                "Condition": MFA,
            },
            kind=Kind.TRUST,
        ),
        resource_kind=Kind.TRUST,
    )
    bucket = PolicySet(
        identity=(
            policy({"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}),
        ),
        resource=policy(
            {
                "Effect": "Allow",
                "Principal": {"AWS": [OWN, OTHER]},
                "Action": ["s3:PutObject", "s3:DeleteObject"],
                "Resource": "arn:aws:s3:::ANAYA-BUCKET/*",
                "Condition": MFA,
            },
            kind=Kind.RESOURCE,
        ),
    )
    put = ("s3:PutObject", "arn:aws:s3:::ANAYA-BUCKET/report")
    yes, no = Outcome.ALLOWED, Outcome.IMPLICITLY_DENIED
    ask = request
    return [
        (
            "same account, MFA",
            ask(sofia, "ec2:StopInstances", instance, WITH_MFA),
            stop,
            yes,
        ),
        (
            "same account, no MFA",
            ask(sofia, "ec2:StopInstances", instance, USUAL),
            stop,
            no,
        ),
        (
            "assume role, MFA",
            ask(richard, "sts:AssumeRole", role, WITH_MFA),
            assume,
            yes,
        ),
        (
            "assume role, no MFA",
            ask(richard, "sts:AssumeRole", role, USUAL),
            assume,
            no,
        ),
        ("bucket policy, MFA", ask(richard, *put, WITH_MFA, OWN), bucket, yes),
        ("bucket policy, no MFA", ask(richard, *put, USUAL, OWN), bucket, no),
    ]


def attached(count: int, per_policy: int) -> list[Case]:
    """`count` statements attached besides the one that allows."""
    sofia = f"arn:aws:iam::{OWN}:user/Sofia"
    key = "arn:aws:s3:::shelf-7/book.txt"
    others: list[Tree] = [
        {
            "Effect": "Deny" if number % 50 == 0 else "Allow",
            "Action": [
                f"svc{number % 97}:Do{number}",
                f"svc{number % 97}:List{number}*",
            ],
            "Resource": f"arn:aws:svc{number % 97}:::thing-{number}/*",
            "Condition": MFA,
        }
        for number in range(count)
    ]
    shelves: list[Tree] = [
        {
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::shelf-{number}/*",
        }
        for number in range(count)
    ]
    mine: Tree = {
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::shelf-7/*",
        "Condition": MFA,
    }
    ask = request(sofia, "s3:GetObject", key, WITH_MFA)
    cases: list[Case] = []
    for name, trees in (("other actions", [*others, mine]), ("one action", shelves)):
        groups = [
            trees[start : start + per_policy]
            for start in range(0, len(trees), per_policy)
        ]
        policies = PolicySet(identity=tuple(policy(*group) for group in groups))
        title = f"{count:,} statements of {name}, {len(groups)} policies"
        cases.append((title, ask, policies, Outcome.ALLOWED))
    return cases


def measure(work: Callable[[], object]) -> tuple[float, float]:
    """The median and the 99th percentile of one call, in microseconds."""
    times: list[float] = []
    for _ in range(BATCHES):
        started = time.process_time()
        for _ in range(BATCH):
            work()
        times.append((time.process_time() - started) / BATCH * 1e6)
    return statistics.median(times), statistics.quantiles(times, n=100)[98]


def managed_policy() -> str:
    """A policy as large as a managed one may be."""
    statements: list[Tree] = []
    text = ""
    while len(text) < MANAGED_POLICY:
        number = len(statements)
        statements.append(
            {
                "Sid": f"S{number}",
                "Effect": "Allow",
                "Action": [f"s3:Get{number}*", f"s3:Put{number}"],
                "Resource": [f"arn:aws:s3:::b{number}/*", f"arn:aws:s3:::b{number}"],
                "Condition": {**MFA, "StringLike": {"aws:username": "S*a"}},
            }
        )
        text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    return text


def run() -> dict[str, dict[str, float]]:
    """Check every answer, time it, and print the table.

    Returns:
        microseconds by case: `median` and `p99`.
    """
    cases = chapter()
    for count, per_policy in ((1_000, 50), (1_000, 1_000), (10_000, 10_000)):
        cases += attached(count, per_policy)
    results: dict[str, dict[str, float]] = {}

    def report(name: str, work: Callable[[], object]) -> None:
        median, p99 = measure(work)
        results[name] = {"median": round(median, 3), "p99": round(p99, 3)}
        print(f"{name:56} {median:10.2f} {p99:10.2f}")

    print(f"{'microseconds':56} {'median':>10} {'p99':>10}")
    for name, ask, policies, outcome in cases:
        assert decide(ask, policies).outcome is outcome, name
        report(name, lambda ask=ask, policies=policies: decide(ask, policies))  # type: ignore[misc] # bound now
    text = managed_policy()
    document = parse(text, strict=True)
    global BATCH, BATCHES
    BATCH, BATCHES = 1, 100
    report(f"parse a policy of {len(text):,} characters", lambda: parse(text))
    report("compile it", lambda: compile(document))
    report("a context of 13 keys", lambda: Context(WITH_MFA))
    return results


if __name__ == "__main__":
    run()
