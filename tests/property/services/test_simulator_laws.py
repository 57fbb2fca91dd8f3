"""Laws of the simulator: it says what would be decided (T93)."""

import json
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ostiary.gate.decisions import Decider, Denied
from ostiary.gate.needs import Need
from ostiary.gate.trail import Trail
from ostiary.identity.caller import Caller, context
from ostiary.identity.model import Role, User
from ostiary.identity.session import Session, SessionKind
from ostiary.policy import (
    AuthorizationRequest,
    Context,
    Kind,
    Outcome,
    PolicySet,
    compile,  # noqa: A004 - the field's own word
    decide,
    parse,
)
from ostiary.store.applicable import Applicable
from ostiary.store.limits import Limits
from ostiary.store.snapshot import Snapshot
from ostiary.wire.http import Request
from tests.property.policy.cases import Tree, document, policies
from tests.unit.identity.minting import ACCOUNT, NOW
from tests.unit.services.iam.world import World, caller_of, session_of

WORDS = {
    Outcome.ALLOWED: "allowed",
    Outcome.EXPLICITLY_DENIED: "explicitDeny",
    Outcome.IMPLICITLY_DENIED: "implicitDeny",
}
KINDS = ("long-term", "session", "session-mfa", "role")
# EC2's keys that only its backend knows are undecided at the gate, and no business of
# a simulation: IAM and S3 have the same engine and no such keys in these policies.
ACTIONS = ("s3:GetObject", "s3:PutObject", "iam:ListUsers")
RESOURCES = ("arn:aws:s3:::books/x", "arn:aws:s3:::films/y", "arn:aws:s3:::*")
ROLE_ACTIONS = ("sts:AssumeRole", "sts:TagSession")
MFA_TESTS: tuple[Tree, ...] = (
    {},
    {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
    {"Null": {"aws:MultiFactorAuthAge": "true"}},
    {"StringEquals": {"aws:PrincipalTag/team": "books"}},
    {"StringLike": {"aws:username": "*o*"}},
)
# Values that the caller's credentials do not fix already.
ENTRIES = st.fixed_dictionaries(
    {},
    optional={
        "aws:TagKeys": st.sampled_from((("books",), ("books", "films"), ("x",))),
        "aws:SourceIp": st.sampled_from(("10.0.0.1", "::1")),
    },
)
NUMBERS = count()


@dataclass(frozen=True)
class Case:
    """What both are asked."""

    caller: Caller
    credentials: str
    action: str
    resource: str
    entries: dict[str, Any]

    @property
    def context(self) -> dict[str, Any]:
        """All condition keys of the request."""
        return {**context(self.caller, NOW), **self.entries}


@st.composite
def trusts(draw: st.DrawFn, *principals: str) -> list[Tree]:
    """The statements of a trust policy, with MFA and without."""
    made = []
    for _ in range(draw(st.integers(1, 3))):
        tree: Tree = {
            "Effect": draw(st.sampled_from(("Allow", "Allow", "Deny"))),
            "Principal": {"AWS": draw(st.sampled_from(principals))},
            "Action": draw(st.sampled_from((*ROLE_ACTIONS, "sts:*"))),
        }
        tests = draw(st.sampled_from(MFA_TESTS))
        made.append({**tree, "Condition": tests} if tests else tree)
    return made


def told(world: World, arn: str, case: Case) -> str:
    """What the simulator says."""
    entries = [
        {
            "ContextKeyName": key,
            "ContextKeyValues": [value] if isinstance(value, str) else list(value),
            "ContextKeyType": "string" if isinstance(value, str) else "stringList",
        }
        for key, value in {
            **case.entries,
            "ostiary:CredentialKind": case.credentials,
        }.items()
    ]
    answer = world.run(
        "SimulatePrincipalPolicy",
        PolicySourceArn=arn,
        ActionNames=[case.action],
        ResourceArns=[case.resource],
        ContextEntries=entries,
    )
    return str(answer["EvaluationResults"][0]["EvalDecision"])


def gate_says(world: World, case: Case) -> bool:
    """Whether the gate lets the request pass, by what is in the store."""
    snapshot = Snapshot()
    snapshot.load(*world.store.everything())
    request = Request(
        method="POST",
        path="/",
        query="",
        headers=(),
        body=b"",
        secure=False,
        peer="10.0.0.1",
    )
    trail = Trail(request_id="r", request=request, now=NOW, revision=1)
    need = Need(
        action=case.action,
        resource=case.resource,
        resource_account=ACCOUNT,
        context=case.entries,
    )
    decider = Decider(Applicable(snapshot), Limits(snapshot), lambda text, _: text)
    try:
        decider.decide(trail, case.caller, (need,), {})
    except Denied:
        return False
    return True


def engine_says(case: Case, texts: list[str], bound: str | None, trust: str) -> str:
    """What the engine says of the documents as they were sent."""
    is_trust = ":role/" in case.resource
    request = AuthorizationRequest(
        principal=case.caller.principal,
        action=case.action,
        resource=case.resource,
        resource_account=ACCOUNT,
        context=Context(case.context),
    )
    decision = decide(
        request,
        PolicySet(
            identity=tuple(compile(parse(text)) for text in texts),
            boundary=None
            if bound is None
            else (compile(parse(bound, kind=Kind.BOUNDARY)),),
            resource=compile(parse(trust, kind=Kind.TRUST)) if is_trust else None,
            resource_kind=Kind.TRUST if is_trust else Kind.RESOURCE,
        ),
    )
    return WORDS[decision.outcome]


def with_credentials(entity: User | Role, credentials: str) -> Caller:
    """The user or role with credentials of a kind, made now."""
    caller = caller_of(entity) if isinstance(entity, User) else session_of(entity)
    if credentials == "long-term":
        return caller
    session = Session(
        access_key_id="ASIA",
        kind=SessionKind.ROLE if credentials == "role" else SessionKind.SESSION_TOKEN,
        account=ACCOUNT,
        principal=entity.id,
        name="me",
        issued_at=NOW,
        expires_at=NOW + 900,
        mfa_at=NOW if credentials == "session-mfa" else None,
        issuer="AKIA",
        source_identity="",
        tags=(),
        transitive=(),
        policy=None,
        policy_arns=(),
    )
    return Caller(
        principal=caller.principal,
        user_id=caller.user_id,
        name=caller.name,
        principal_arn=caller.principal_arn,
        access_key_id="ASIA",
        session=session,
        mfa_at=session.mfa_at,
        tags=caller.tags,
    )


@pytest.fixture(scope="module")
def shared() -> World:
    """One installation; each example makes its own entities in it."""
    return World()


@pytest.mark.threat("T93")
@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_simulator_engine_and_gate_agree(shared: World, data: st.DataObject) -> None:
    """Same policies, same request, same verdict: simulated, decided and at the gate."""
    world, number = shared, next(NUMBERS)
    credentials = data.draw(st.sampled_from(KINDS))
    title = "Role" if credentials == "role" else "User"
    name = f"{title}{number}"
    bound = data.draw(st.none() | policies().map(document).map(json.dumps))
    arn = None
    params: dict[str, Any] = {"Tags": [{"Key": "team", "Value": "books"}]}
    if bound is not None:
        arn = world.policy(f"Bound{number}", bound)
        params["PermissionsBoundary"] = arn
    entity: User | Role = (
        world.role(name, json.dumps(document([_trusting_all()])), **params)
        if title == "Role"
        else world.user(name, **params)
    )
    own = json.dumps(document(data.draw(policies())))
    world.run(
        f"Put{title}Policy",
        PolicyName="own",
        PolicyDocument=own,
        **{f"{title}Name": name},
    )
    attached = json.dumps(document(data.draw(policies())))
    managed = world.policy(f"Managed{number}", attached)
    world.run(f"Attach{title}Policy", PolicyArn=managed, **{f"{title}Name": name})
    is_trust = data.draw(st.booleans())
    trust = json.dumps(
        document(data.draw(trusts("*", ACCOUNT, "210987654321", entity.arn)))
    )
    target = world.role(f"Target{number}", trust)
    case = Case(
        caller=with_credentials(entity, credentials),
        credentials=credentials,
        action=data.draw(st.sampled_from(ROLE_ACTIONS if is_trust else ACTIONS)),
        resource=target.arn if is_trust else data.draw(st.sampled_from(RESOURCES)),
        entries=data.draw(ENTRIES),
    )
    simulated = told(world, entity.arn, case)
    decided = engine_says(case, [own, attached], bound, trust)
    assert simulated == decided
    assert (simulated == "allowed") == gate_says(world, case)


def _trusting_all() -> Tree:
    return {
        "Effect": "Allow",
        "Principal": {"AWS": ACCOUNT},
        "Action": "sts:AssumeRole",
    }
