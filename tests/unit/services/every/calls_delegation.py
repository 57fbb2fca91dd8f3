"""As `calls`, for temporary access of partners and for sessions that do less.

The account of the stage is the customer, and the other one the partner; where the
partner calls, it is the other way round.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ostiary.identity.model import ResourcePolicy
from ostiary.services.operation import Notice
from tests.unit.gate.whole import Keys, allow, document
from tests.unit.services.every.calls import Call, call, step
from tests.unit.services.every.stage import Act, Params, Stage, Step, allowing, texts

TOPIC = "arn:aws:sns:us-east-1:{}:grants"
BY_ID = {"DelegationRequestId": "{DelegationRequestId}"}
NOTES = {"Notes": "please"}


class Post:
    """Publishes to the partners' topics: their stages are told what the notices say."""

    def __init__(self) -> None:
        self.stages: dict[str, Stage] = {}

    async def __call__(self, notice: Notice, _now: float) -> None:
        """The notice has come."""
        self.stages[notice.topic].told.update(texts(json.loads(notice.text)))


def partner(place: str) -> Act:
    """The operator names the account a partner, and its topic takes notices."""

    async def act(stage: Stage) -> None:
        account = stage.told[place]
        topic = TOPIC.format(account)
        gate = stage.whole.gate
        post = gate.local.publish
        if not isinstance(post, Post):
            post = Post()
        post.stages[topic] = stage
        partners = {**gate.local.estate.partners, account: "Example Corp"}
        estate = replace(gate.local.estate, partners=partners)
        local = replace(gate.local, estate=estate, publish=post)
        stage.whole.gate = replace(gate, local=local)
        await stage.whole.work.change(lambda change: _open(change, topic, account))

    return act


def _open(change: Any, topic: str, account: str) -> None:
    """IAM may publish to the topic."""
    statement = {
        **allow("sns:Publish", topic),
        "Principal": {"Service": "iam.amazonaws.com"},
    }
    text = document(statement)
    change.insert(ResourcePolicy(arn=topic, account=account, text=text, updated=1))


def asked(partner_at: str, **more: Any) -> Params:
    """What a partner asks for; the place of its account is named."""
    return {
        "Description": "Sets up the integration",
        "Permissions": {
            "PolicyTemplateArn": f"arn:aws:iam::{{{partner_at}}}:policy/template"
        },
        "RequestorWorkflowId": "workflow-1",
        "NotificationChannel": TOPIC.format(f"{{{partner_at}}}"),
        "SessionDuration": 3600,
        **more,
    }


async def accepted(stage: Stage) -> None:
    """An administrator of the account accepts the request, which root cannot."""
    await _accepted(stage, stage.root)


async def accepted_there(stage: Stage) -> None:
    """The same in the other account."""
    assert stage.other is not None
    await _accepted(stage, stage.other)


async def _accepted(stage: Stage, root: Keys) -> None:
    admin = await stage.whole.user("admin", allow("*"), root=root)
    answer = await stage.call(admin, "AcceptDelegationRequest", BY_ID)
    assert answer.status == 200, answer.body


async def by_session(stage: Stage) -> None:
    """The caller has a session of its own instead of its access key."""
    stage.caller = await stage.whole.session(stage.caller)


TEMPLATE = allowing("iam:ListUsers")
_FOR_CUSTOMER = asked("other", OwnerAccountId="{account}")
_AGAIN = {**_FOR_CUSTOMER, "RequestorWorkflowId": "workflow-2"}
REQUEST: tuple[Step, ...] = (
    step("other CreatePolicy", PolicyName="template", PolicyDocument=TEMPLATE),
    partner("other"),
    step("other CreateDelegationRequest", **_FOR_CUSTOMER),
)
"""A partner asks the account."""
ASSOCIATED = step("AssociateDelegationRequest", **BY_ID)
REJECTED = step("RejectDelegationRequest", **BY_ID)
TAKEN_UP = (*REQUEST, ASSOCIATED)
"""The account has taken up what a partner asks."""


def prepared(template: str = TEMPLATE) -> tuple[Step, ...]:
    """The account is a partner with this template."""
    return (
        step("CreatePolicy", PolicyName="template", PolicyDocument=template),
        partner("account"),
    )


def granted(template: str = TEMPLATE) -> tuple[Step, ...]:
    """The other account has granted what the account asked for."""
    return (
        *prepared(template),
        step("CreateDelegationRequest", **asked("account")),
        step("other AssociateDelegationRequest", **BY_ID),
        accepted_there,
        step("other SendDelegationToken", **BY_ID),
    )


IAM: Mapping[str, Call] = {
    "AcceptDelegationRequest": call(*TAKEN_UP, **BY_ID),
    "AssociateDelegationRequest": call(*REQUEST, **BY_ID),
    "CreateDelegationRequest": call(*prepared(), **asked("account")),
    "GetDelegationRequest": call(*REQUEST, **BY_ID, DelegationPermissionCheck=True),
    "GetHumanReadableSummary": call(
        *REQUEST,
        EntityArn="arn:aws:iam::{account}:delegation-request/{DelegationRequestId}",
    ),
    "ListDelegationRequests": call(
        *TAKEN_UP, step("other CreateDelegationRequest", **_AGAIN), ASSOCIATED
    ),
    "RejectDelegationRequest": call(*TAKEN_UP, **BY_ID, **NOTES),
    "SendDelegationToken": call(*TAKEN_UP, accepted, **BY_ID),
    "SetSecurityTokenServicePreferences": call(GlobalEndpointTokenVersion="v2Token"),
    "UpdateDelegationRequest": call(*TAKEN_UP, **BY_ID, **NOTES),
}
STS: Mapping[str, Call] = {
    "GetDelegatedAccessToken": call(*granted(), TradeInToken="{TradeInToken}"),
    "GetScopedCredentials": call(by_session, Policy=allowing("iam:ListUsers")),
}
