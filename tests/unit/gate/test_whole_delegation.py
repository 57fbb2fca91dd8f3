"""Temporary access for partners: asked for, granted, traded in, and no more than that."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ostiary.identity.delegation import DAY
from ostiary.identity.model import OwnedResource, ResourcePolicy
from ostiary.services.errors import ServiceError
from ostiary.services.iam.delegation_requests import OPEN_REQUESTS
from ostiary.services.operation import Estate, Notice
from tests.unit.gate.whole import (
    Answer,
    Keys,
    Whole,
    allow,
    document,
    run,
    trust,
)

CUSTOMER = "111122223333"
PARTNER = "222222222222"
TOPIC = f"arn:aws:sns:us-east-1:{PARTNER}:grants"
TEMPLATE = f"arn:aws:iam::{PARTNER}:policy/onboarding"
BUCKET = "arn:aws:s3:::customer-data"
NOTICE = {
    "Effect": "Allow",
    "Principal": {"Service": "iam.amazonaws.com"},
    "Action": "sns:Publish",
    "Resource": TOPIC,
}

STEPS = {
    "Accept": "AcceptDelegationRequest",
    "Associate": "AssociateDelegationRequest",
    "Get": "GetDelegationRequest",
    "Reject": "RejectDelegationRequest",
    "Send": "SendDelegationToken",
    "Update": "UpdateDelegationRequest",
}
"""What a customer does with a request."""


class Play:
    """A customer, a partner with a template and a topic, and what was published."""

    def __init__(self, whole: Whole) -> None:
        self.whole = whole
        self.sent: list[dict[str, Any]] = []
        self.workflows = 0
        self.is_down = False

    async def set_up(self) -> None:
        """The partner is one by the operator's word; its topic takes notices."""
        whole = self.whole
        self.partner = await whole.account("partner", PARTNER)
        estate = Estate(partners={PARTNER: "Example Corp"})
        local = replace(whole.gate.local, estate=estate, publish=self._publish)
        whole.gate = replace(whole.gate, local=local)
        await self.topic(NOTICE)
        await whole.good(
            self.partner,
            "iam",
            "CreatePolicy",
            PolicyName="onboarding",
            PolicyDocument=document(
                allow("iam:ListUsers"),
                allow("s3:GetBucketPolicy", "arn:aws:s3:::@{bucketName}"),
            ),
        )
        self.owner = await whole.user("Olga", allow(["iam:*", "s3:*"]))

    async def topic(self, *statements: dict[str, Any]) -> None:
        """The partner's topic has this policy."""

        def put(change: Any) -> None:
            old = change.find(ResourcePolicy, TOPIC)
            if old is not None:
                change.delete(old)
            text = document(*statements)
            change.insert(
                ResourcePolicy(arn=TOPIC, account=PARTNER, text=text, updated=1)
            )

        await self.whole.work.change(put)

    async def _publish(self, notice: Notice, now: float) -> None:
        assert now <= self.whole.now
        if self.is_down:
            raise ServiceError("ServiceFailure", "down", 500)
        assert notice.topic == TOPIC
        self.sent.append(json.loads(notice.text))

    async def ask(self, keys: Keys | None = None, **changed: Any) -> Answer:
        """The partner's request, or what was changed of it."""
        self.workflows += 1
        asked: dict[str, Any] = {
            "OwnerAccountId": CUSTOMER,
            "Description": "Sets up the integration",
            "RequestorWorkflowId": f"workflow-{self.workflows}",
            "NotificationChannel": TOPIC,
            "SessionDuration": 3600,
            "Permissions": {
                "PolicyTemplateArn": TEMPLATE,
                "Parameters": [
                    {
                        "Name": "bucketName",
                        "Values": ["customer-data"],
                        "Type": "string",
                    }
                ],
            },
        }
        asked = {name: v for name, v in (asked | changed).items() if v is not None}
        return await self.whole.call(
            keys or self.partner, "iam", "CreateDelegationRequest", **asked
        )

    async def request(self, **changed: Any) -> str:
        """A new request's id."""
        answer = await self.ask(**changed)
        assert answer.status == 200, answer.body
        return answer.field("DelegationRequestId")

    async def step(
        self, operation: str, request: str, keys: Keys | None = None, **more: Any
    ) -> Answer:
        """One step of the customer's."""
        return await self.whole.call(
            keys or self.owner,
            "iam",
            STEPS[operation],
            DelegationRequestId=request,
            **more,
        )

    async def walk(self, request: str, *operations: str) -> None:
        """These steps, each of which must be allowed."""
        for operation in operations:
            answer = await self.step(operation, request)
            assert answer.status == 200, answer.body

    async def state(self, request: str) -> str:
        """The state that the customer sees."""
        return (await self.step("Get", request)).field("State")

    async def granted(self, **changed: Any) -> str:
        """The token of a request that the customer has granted."""
        request = await self.request(**changed)
        await self.walk(request, "Associate", "Accept", "Send")
        return str(self.sent[-1]["TradeInToken"])

    async def trade(self, token: str, keys: Keys | None = None) -> Answer:
        """The partner's credentials for a token."""
        return await self.whole.call(
            keys or self.partner, "sts", "GetDelegatedAccessToken", TradeInToken=token
        )


def play(folder: Path, act: Any) -> None:
    """Run an async test body with customer and partner."""

    async def inner(whole: Whole) -> None:
        one = Play(whole)
        await one.set_up()
        await act(one)

    run(folder, inner)


def test_a_partner_gets_what_was_granted(tmp_path: Path) -> None:
    """The whole way; the session is the approver's, and does what was asked for only."""

    async def act(one: Play) -> None:
        whole = one.whole
        request = await one.request()
        assert await one.state(request) == "UNASSIGNED"
        await one.walk(request, "Associate")
        assert await one.state(request) == "ASSIGNED"
        await one.walk(request, "Accept")
        assert await one.state(request) == "ACCEPTED"
        assert one.sent == []
        await one.walk(request, "Send")
        assert await one.state(request) == "FINALIZED"
        [notice] = one.sent
        assert notice["RequestorWorkflowId"] == "workflow-1"
        made = await one.trade(notice["TradeInToken"])
        assert made.status == 200, made.body

        arn = f"arn:aws:iam::{CUSTOMER}:user/Olga"
        assert made.field("AssumedPrincipal") == arn
        told = await whole.good(made.keys, "sts", "GetCallerIdentity")
        assert told.field("Arn") == arn
        listed = await whole.good(made.keys, "iam", "ListUsers")
        assert "Olga" in listed.body
        identity = whole.record(listed)["userIdentity"]
        assert identity["type"] == "IAMUser"
        assert identity["invokedByDelegate"] == {"accountId": PARTNER}
        for operation, params in (
            ("CreateUser", {"UserName": "eve"}),
            ("ListRoles", {}),
        ):
            answer = await whole.bad(made.keys, "iam", operation, **params)
            assert answer.code == "AccessDenied"
            assert "session policy" in answer.message

    play(tmp_path, act)


def test_an_administrator_approves_what_another_took_up(tmp_path: Path) -> None:
    """The request waits with notes; who accepts lends the permissions."""

    async def act(one: Play) -> None:
        weak = await one.whole.user("Wim", allow(["iam:*Delegation*", "iam:ListUsers"]))
        request = await one.request()
        await one.step("Associate", request, weak)
        waiting = await one.step("Update", request, weak, Notes="please")
        assert waiting.status == 200
        told = await one.step("Get", request)
        assert told.field("State") == "PENDING_APPROVAL"
        assert told.field("Notes") == "please"
        assert told.field("OwnerId").endswith("user/Wim")
        await one.walk(request, "Accept", "Send")
        told = await one.step("Get", request)
        assert told.field("ApproverId").endswith("user/Olga")

    play(tmp_path, act)


def test_a_role_session_lends_its_role(tmp_path: Path) -> None:
    """The credentials are the role's, under the name of the session that accepted."""

    async def act(one: Play) -> None:
        whole = one.whole
        role = await whole.role("Admin", trust({"AWS": CUSTOMER}), allow("iam:*"))
        user = await whole.user("Alice", allow("sts:AssumeRole"))
        keys = (
            await whole.good(
                user, "sts", "AssumeRole", RoleArn=role, RoleSessionName="alice"
            )
        ).keys
        request = await one.request()
        for operation in ("Associate", "Accept", "Send"):
            answer = await one.step(operation, request, keys)
            assert answer.status == 200, answer.body
        made = await one.trade(one.sent[-1]["TradeInToken"])
        told = await whole.good(made.keys, "sts", "GetCallerIdentity")

        assert told.field("Arn").endswith(":assumed-role/Admin/alice")
        await whole.good(made.keys, "iam", "ListUsers")
        await whole.bad(made.keys, "iam", "ListRoles")

    play(tmp_path, act)


@pytest.mark.threat("T30")
def test_nothing_is_lent_that_the_approver_does_not_have(tmp_path: Path) -> None:
    """Its permissions count as they are, also when they are taken away later."""

    async def act(one: Play) -> None:
        whole = one.whole
        request = await one.request()
        await one.walk(request, "Associate", "Accept", "Send")
        made = await one.trade(one.sent[-1]["TradeInToken"])
        await whole.good(made.keys, "iam", "ListUsers")
        await whole.good(
            whole.root,
            "iam",
            "PutUserPolicy",
            UserName="Olga",
            PolicyName="own",
            PolicyDocument=document(allow("s3:*")),
        )
        answer = await whole.bad(made.keys, "iam", "ListUsers")
        assert answer.code == "AccessDenied"
        assert "identity-based policy" in answer.message

    play(tmp_path, act)


@pytest.mark.threat("T30")
def test_a_resource_policy_that_names_the_approver_lends_no_more(
    tmp_path: Path,
) -> None:
    """The session's policy binds even where a bucket's policy allows the user itself."""

    async def act(one: Play) -> None:
        whole = one.whole
        arn = f"arn:aws:iam::{CUSTOMER}:user/Olga"
        user = whole.home.snapshot.user_named(CUSTOMER, "Olga")
        assert user is not None

        def make(change: Any) -> None:
            for bucket in ("customer-data", "other"):
                where = f"arn:aws:s3:::{bucket}"
                change.insert(
                    OwnedResource(arn=where, account=CUSTOMER, created=1, state="{}")
                )
                statement = {
                    "Effect": "Allow",
                    "Principal": {"AWS": [arn, user.id]},
                    "Action": "s3:*",
                    "Resource": where,
                }
                change.insert(
                    ResourcePolicy(
                        arn=where,
                        account=CUSTOMER,
                        text=document(statement),
                        updated=1,
                    )
                )

        await whole.work.change(make)
        made = await one.trade(await one.granted())

        assert await _policy_of(whole, one.owner, "other") == 200
        assert await _policy_of(whole, made.keys, "customer-data") == 200
        assert await _policy_of(whole, made.keys, "other") == 403

    play(tmp_path, act)


async def _policy_of(whole: Whole, keys: Keys, bucket: str) -> int:
    """The status of GetBucketPolicy."""
    request = whole.signed(
        keys,
        "s3",
        b"",
        method="GET",
        path=f"/{bucket}",
        query="policy",
        headers=(
            (
                "x-amz-content-sha256",
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ),
        ),
    )
    return (await whole.send(request)).status


def test_the_session_ends_with_the_granted_time(tmp_path: Path) -> None:
    """However late and often the token is traded in; then it is worth nothing."""

    async def act(one: Play) -> None:
        whole = one.whole
        token = await one.granted()
        sent = int(whole.now)
        whole.now += 3000
        made = await one.trade(token)
        ends = made.field("Expiration")
        whole.now += 500
        again = await one.trade(token)
        assert again.field("Expiration") == ends
        whole.now = sent + 3600
        late = await one.trade(token)
        assert (late.status, late.code) == (400, "ExpiredTradeInTokenException")
        dead = await whole.bad(made.keys, "iam", "ListUsers")
        assert dead.code == "ExpiredToken"

    play(tmp_path, act)


@pytest.mark.threat("T30")
def test_a_token_is_good_for_its_partner_only(tmp_path: Path) -> None:
    """Other accounts, bent tokens and tokens of nothing are refused alike."""

    async def act(one: Play) -> None:
        whole = one.whole
        other = await whole.account("other", "333333333333")
        token = await one.granted()
        bent = token[:-1] + ("0" if token[-1] != "0" else "1")
        name, _, _ = token.partition(".")
        messages = set()
        for keys, text in (
            (other, token),
            (one.owner, token),
            (one.partner, bent),
            (one.partner, f"{name}."),
            (one.partner, name),
            (one.partner, "."),
            (one.partner, "x"),
        ):
            answer = await one.trade(text, keys)
            assert (answer.status, answer.code) == (403, "AccessDenied")
            if keys is one.partner:
                messages.add(answer.message)
        assert len(messages) == 1

    play(tmp_path, act)


@pytest.mark.threat("T30")
def test_who_is_no_partner_any_more_trades_nothing_in(tmp_path: Path) -> None:
    """The operator takes the word back, and tokens that are out are worth nothing."""

    async def act(one: Play) -> None:
        whole = one.whole
        token = await one.granted()
        local = replace(whole.gate.local, estate=Estate())
        whole.gate = replace(whole.gate, local=local)
        answer = await one.trade(token)
        assert (answer.status, answer.code) == (403, "AccessDenied")

    play(tmp_path, act)


@pytest.mark.threat("T34")
def test_the_session_ends_with_the_approver(tmp_path: Path) -> None:
    """A user who is deleted lends nothing any more."""

    async def act(one: Play) -> None:
        whole = one.whole
        made = await one.trade(await one.granted())
        await whole.good(made.keys, "iam", "ListUsers")
        root = whole.root
        key = one.owner.key_id
        for operation, more in (
            ("DeleteAccessKey", {"AccessKeyId": key}),
            ("DeleteUserPolicy", {"PolicyName": "own"}),
            ("DeleteUser", {}),
        ):
            await whole.good(root, "iam", operation, UserName="Olga", **more)
        answer = await whole.bad(made.keys, "iam", "ListUsers")
        assert answer.code == "InvalidClientTokenId"

    play(tmp_path, act)


def test_a_token_of_a_request_that_was_not_finished_is_worthless(
    tmp_path: Path,
) -> None:
    """When the notice goes out and the change fails, nothing was granted."""

    async def act(one: Play) -> None:
        request = await one.request()
        await one.walk(request, "Associate", "Accept")
        one.is_down = True
        answer = await one.step("Send", request)
        assert (answer.status, answer.code) == (500, "ServiceFailure")
        assert await one.state(request) == "ACCEPTED"
        one.is_down = False
        await one.walk(request, "Send")
        assert len(one.sent) == 1

    play(tmp_path, act)


@pytest.mark.threat("T128")
def test_the_token_is_in_no_answer_and_no_record(tmp_path: Path) -> None:
    """It goes over the partner's topic only; the database keeps its hash."""

    async def act(one: Play) -> None:
        whole = one.whole
        request = await one.request()
        await one.walk(request, "Associate", "Accept")
        answer = await one.step("Send", request)
        token = one.sent[-1]["TradeInToken"]
        secret = token.partition(".")[2]
        await one.trade(token)

        assert secret not in answer.body
        home = whole.home.settings.home
        for file in [*home.rglob("*.db*"), *home.rglob("*.jsonl")]:
            assert secret.encode() not in file.read_bytes()

    play(tmp_path, act)


# --- who may ask ---------------------------------------------------------------------


def test_only_partners_ask(tmp_path: Path) -> None:
    """Nobody is one by default, whatever policies say."""

    async def act(one: Play) -> None:
        whole = one.whole
        answer = await one.ask(whole.root)
        assert (answer.status, answer.code) == (403, "AccessDenied")
        user = await whole.user("Pia", allow("iam:List*"), root=one.partner)
        assert (await one.ask(user)).code == "AccessDenied"
        able = await whole.user(
            "Abe", allow("iam:CreateDelegationRequest"), root=one.partner
        )
        assert (await one.ask(able)).status == 200

    play(tmp_path, act)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        (
            {"NotificationChannel": f"arn:aws:sns:us-east-1:{CUSTOMER}:x"},
            "InvalidInput",
        ),
        ({"NotificationChannel": f"{TOPIC}2"}, "InvalidInput"),
        ({"NotificationChannel": "mailto:a"}, "InvalidInput"),
        ({"SessionDuration": 299}, "ValidationError"),
        ({"SessionDuration": 43201}, "ValidationError"),
        ({"Permissions": {"PolicyTemplateArn": f"{TEMPLATE}2"}}, "InvalidInput"),
        ({"Permissions": {"PolicyTemplateArn": TEMPLATE}}, "InvalidInput"),
        (
            {
                "Permissions": {
                    "PolicyTemplateArn": "arn:aws:iam::aws:policy/AdministratorAccess"
                }
            },
            "InvalidInput",
        ),
    ],
)
def test_what_is_no_request(tmp_path: Path, changed: dict[str, Any], code: str) -> None:
    """A topic that is not the partner's or takes nothing, no template, a gap in it."""

    async def act(one: Play) -> None:
        answer = await one.ask(**changed)
        assert (answer.status, answer.code) == (400, code)

    play(tmp_path, act)


@pytest.mark.parametrize(
    ("parameters", "resources"),
    [
        ([("bucketName", ["a"], "string")], ["arn:aws:s3:::a"]),
        (
            [("bucketName", ["a", "b"], "stringList")],
            ["arn:aws:s3:::a", "arn:aws:s3:::b"],
        ),
        ([("bucketName", ["a", "b"], "string")], None),
        ([("bucketName", [], "stringList")], None),
        ([("bucketName", ["a"], "string"), ("bucketName", ["b"], "string")], None),
        ([("bucketName", ["a"], "string"), ("otherName", ["b"], "string")], None),
        (
            [("bucketName", ['a"],"Action":["*'], "string")],
            ['arn:aws:s3:::a"],"Action":["*'],
        ),
        ([("bucketName", ["${aws:username"], "string")], None),
        ([("bucketName", ["x" * 1100, "y" * 1100], "stringList")], None),
    ],
)
def test_a_template_is_filled_in(
    tmp_path: Path,
    parameters: list[tuple[str, list[str], str]],
    resources: list[str] | None,
) -> None:
    """Values stand in texts and nowhere else; each parameter is used, and given once."""

    async def act(one: Play) -> None:
        given = [
            {"Name": name, "Values": values, "Type": kind}
            for name, values, kind in parameters
        ]
        answer = await one.ask(
            Permissions={"PolicyTemplateArn": TEMPLATE, "Parameters": given}
        )
        if resources is None:
            assert (answer.status, answer.code) == (400, "InvalidInput")
            return
        told = await one.step("Get", answer.field("DelegationRequestId"))
        text = told.field("PermissionPolicy")
        for name, sign in (("quot", '"'), ("apos", "'"), ("amp", "&")):
            text = text.replace(f"&{name};", sign)
        policy = json.loads(text)
        resource = policy["Statement"][1]["Resource"]
        assert ([resource] if isinstance(resource, str) else resource) == resources
        assert policy["Statement"][1]["Action"] == "s3:GetBucketPolicy"

    play(tmp_path, act)


def test_a_request_never_changes_with_its_template(tmp_path: Path) -> None:
    """What the customer sees is what the partner gets, whatever it writes later."""

    async def act(one: Play) -> None:
        whole = one.whole
        request = await one.request()
        await whole.good(
            one.partner,
            "iam",
            "CreatePolicyVersion",
            PolicyArn=TEMPLATE,
            PolicyDocument=document(allow("*")),
            SetAsDefault="true",
        )
        await one.walk(request, "Associate", "Accept", "Send")
        made = await one.trade(one.sent[-1]["TradeInToken"])
        await whole.bad(made.keys, "iam", "ListRoles")

    play(tmp_path, act)


def test_a_workflow_is_asked_for_once(tmp_path: Path) -> None:
    """The partner's own name for a request is unique among its requests."""

    async def act(one: Play) -> None:
        await one.request(RequestorWorkflowId="same-one")
        answer = await one.ask(RequestorWorkflowId="same-one")
        assert (answer.status, answer.code) == (409, "EntityAlreadyExists")

    play(tmp_path, act)


def test_a_partner_has_so_many_open_requests(tmp_path: Path) -> None:
    """LimitExceeded after the last one, until one of them has expired."""

    async def act(one: Play) -> None:
        whole = one.whole
        held = whole.home.snapshot.issuers.requests[await one.request()]

        def fill(change: Any) -> None:
            for number in range(1, OPEN_REQUESTS):
                change.insert(replace(held, id=f"r{number}", workflow=f"w{number}"))

        await whole.work.change(fill)
        refused = await one.ask()
        assert (refused.status, refused.code) == (409, "LimitExceeded")
        assert str(OPEN_REQUESTS) in refused.message
        whole.now += DAY
        assert (await one.ask()).status == 200

    play(tmp_path, act)


# --- who may answer ------------------------------------------------------------------


@pytest.mark.threat("T132")
def test_other_accounts_see_nothing(tmp_path: Path) -> None:
    """A request for an account is as unknown elsewhere as one that is not there."""

    async def act(one: Play) -> None:
        whole = one.whole
        other = await whole.account("other", "333333333333")
        admin = await whole.user("Admin", allow("iam:*"), root=other)
        request = await one.request()
        for operation in ("Get", "Associate", "Update", "Accept", "Reject", "Send"):
            answer = await one.step(operation, request, admin)
            assert (answer.status, answer.code) == (404, "NoSuchEntity"), operation
        await one.walk(request, "Associate")
        for operation in ("Get", "Accept", "Reject"):
            answer = await one.step(operation, request, admin)
            assert answer.code == "NoSuchEntity"
        listed = await whole.good(admin, "iam", "ListDelegationRequests")
        assert request not in listed.body

    play(tmp_path, act)


def test_a_request_for_nobody_is_taken_by_the_first(tmp_path: Path) -> None:
    """Any account may look and take it up; then it is that account's."""

    async def act(one: Play) -> None:
        whole = one.whole
        other = await whole.account("other", "333333333333")
        request = await one.request(OwnerAccountId=None)
        assert (await one.step("Get", request, other)).status == 200
        await one.walk(request, "Associate")
        assert (await one.step("Get", request, other)).code == "NoSuchEntity"
        assert (await one.step("Associate", request, other)).code == "NoSuchEntity"
        told = await one.step("Get", request)
        assert told.field("OwnerAccountId") == CUSTOMER

    play(tmp_path, act)


@pytest.mark.parametrize(
    "operation", ["Accept", "Associate", "Get", "Reject", "Send", "Update"]
)
def test_each_step_takes_its_action(tmp_path: Path, operation: str) -> None:
    """On the request as resource; another request's permission is not enough."""

    async def act(one: Play) -> None:
        whole = one.whole
        request = await one.request()
        name = STEPS[operation]
        here = f"arn:aws:iam::{CUSTOMER}:delegation-request/{request}"
        able = await whole.user("able", allow(f"iam:{name}", here))
        unable = await whole.user("unable", allow(f"iam:{name}", f"{here}0"))

        assert (await one.step(operation, request, able)).code != "AccessDenied"
        refused = await one.step(operation, request, unable)
        assert (refused.status, refused.code) == (403, "AccessDenied")

    play(tmp_path, act)


@pytest.mark.threat("T30")
def test_who_cannot_lend(tmp_path: Path) -> None:
    """Root is limited by too little, and what was lent cannot be lent on."""

    async def act(one: Play) -> None:
        whole = one.whole
        await whole.good(
            one.partner,
            "iam",
            "CreatePolicyVersion",
            PolicyArn=TEMPLATE,
            PolicyDocument=document(
                allow(["iam:*", "sts:*"]), allow("s3:*", "arn:aws:s3:::@{bucketName}")
            ),
            SetAsDefault="true",
        )
        first = await one.request()
        await one.walk(first, "Associate")
        refused = await one.step("Accept", first, whole.root)
        assert (refused.status, refused.code) == (403, "AccessDenied")
        await one.walk(first, "Accept", "Send")
        lent = (await one.trade(one.sent[-1]["TradeInToken"])).keys
        second = await one.request()
        assert (await one.step("Associate", second, lent)).status == 200
        refused = await one.step("Accept", second, lent)
        assert (refused.status, refused.code) == (403, "AccessDenied")
        role = {"RoleArn": f"arn:aws:iam::{CUSTOMER}:role/x", "RoleSessionName": "ab"}
        for operation, params in (
            ("GetSessionToken", {}),
            ("GetFederationToken", {"Name": "eve"}),
            ("AssumeRole", role),
        ):
            answer = await whole.bad(lent, "sts", operation, **params)
            assert (answer.status, answer.code) == (403, "AccessDenied")

    play(tmp_path, act)


def test_the_token_may_be_the_owner_s_to_send(tmp_path: Path) -> None:
    """When the partner wants the owner present, nobody else sends it."""

    async def act(one: Play) -> None:
        other = await one.whole.user("Other", allow("iam:*"))
        request = await one.request(OnlySendByOwner="true")
        await one.walk(request, "Associate", "Accept")
        refused = await one.step("Send", request, other)
        assert (refused.status, refused.code) == (403, "AccessDenied")
        await one.walk(request, "Send")

    play(tmp_path, act)


ORDER = {
    "UNASSIGNED": ([], ["Associate", "Get"]),
    "ASSIGNED": (["Associate"], ["Update", "Accept", "Reject", "Get"]),
    "PENDING_APPROVAL": (
        ["Associate", "Update"],
        ["Update", "Accept", "Reject", "Get"],
    ),
    "ACCEPTED": (["Associate", "Accept"], ["Send", "Reject", "Get"]),
    "FINALIZED": (["Associate", "Accept", "Send"], ["Get"]),
    "REJECTED": (["Associate", "Reject"], ["Get"]),
}


@pytest.mark.parametrize("state", ORDER)
@pytest.mark.parametrize(
    "operation", ["Accept", "Associate", "Get", "Reject", "Send", "Update"]
)
def test_steps_have_an_order(tmp_path: Path, state: str, operation: str) -> None:
    """Each state allows what follows it; an answer that was given stays given."""

    async def act(one: Play) -> None:
        steps, allowed = ORDER[state]
        request = await one.request()
        await one.walk(request, *steps)
        assert await one.state(request) == state
        answer = await one.step(operation, request)

        assert (answer.status == 200) is (operation in allowed), answer.body
        if operation not in allowed:
            unowned = state == "UNASSIGNED"
            assert answer.code == ("NoSuchEntity" if unowned else "InvalidInput")

    play(tmp_path, act)


@pytest.mark.parametrize(
    ("steps", "days"), [([], 1), (["Associate"], 7), (["Associate", "Accept"], 7)]
)
def test_requests_expire(tmp_path: Path, steps: list[str], days: int) -> None:
    """A day unassigned, a week in every other state; then nothing is possible."""

    async def act(one: Play) -> None:
        request = await one.request()
        await one.walk(request, *steps)
        one.whole.now += days * DAY - 1
        assert await one.state(request) != "EXPIRED"
        one.whole.now += 1
        assert await one.state(request) == "EXPIRED"
        for operation in ("Associate", "Accept", "Send", "Reject"):
            assert (await one.step(operation, request)).status in {400, 404}

    play(tmp_path, act)


def test_a_rejection_has_a_reason(tmp_path: Path) -> None:
    """It is shown as such, and no token exists."""

    async def act(one: Play) -> None:
        request = await one.request()
        await one.walk(request, "Associate", "Accept")
        answer = await one.step("Reject", request, Notes="too much")
        assert answer.status == 200
        told = await one.step("Get", request)
        assert told.field("RejectionReason") == "too much"
        assert "<Notes>" not in told.body
        assert one.sent == []

    play(tmp_path, act)


def test_lists_hold_what_was_taken_up(tmp_path: Path) -> None:
    """By owner where one is asked for, in pages, each request once."""

    async def act(one: Play) -> None:
        whole = one.whole
        other = await whole.user("Other", allow("iam:*"))
        made = []
        for number in range(3):
            whole.now += 1
            request = await one.request()
            await one.step("Associate", request, other if number == 1 else None)
            made.append(request)
        await one.request()
        found: list[str] = []
        marker: dict[str, Any] = {}
        while True:
            page = await whole.good(
                one.owner, "iam", "ListDelegationRequests", MaxItems=2, **marker
            )
            found += re.findall("<DelegationRequestId>(.*?)<", page.body)
            if page.field("isTruncated") == "false":
                break
            marker = {"Marker": page.field("Marker")}
        assert found == sorted(made)
        mine = await whole.good(
            one.owner,
            "iam",
            "ListDelegationRequests",
            OwnerId=f"arn:aws:iam::{CUSTOMER}:user/Other",
        )
        assert re.findall("<DelegationRequestId>(.*?)<", mine.body) == [made[1]]

    play(tmp_path, act)


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([allow("*")], "ALLOWED"),
        ([allow(["iam:*", "s3:Get*"])], "ALLOWED"),
        ([allow("iam:*")], "DENIED"),
        ([allow(["iam:*", "s3:*"], Condition={"Bool": {"a:b": "true"}})], "UNSURE"),
        (
            [allow("*"), {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}],
            "UNSURE",
        ),
    ],
)
def test_the_caller_sees_whether_it_could_lend(
    tmp_path: Path, statements: list[dict[str, Any]], expected: str
) -> None:
    """An estimate, when it is asked for; conditions and denies leave it open."""

    async def act(one: Play) -> None:
        keys = await one.whole.user(
            "able", allow("iam:GetDelegationRequest"), *statements
        )
        request = await one.request()
        plain = await one.step("Get", request, keys)
        told = await one.step("Get", request, keys, DelegationPermissionCheck="true")
        assert "PermissionCheck" not in plain.body
        assert told.field("PermissionCheckStatus") == "COMPLETE"
        assert told.field("PermissionCheckResult") == expected

    play(tmp_path, act)


def test_there_is_no_summary(tmp_path: Path) -> None:
    """Nothing here writes one, and the answer says so; visibility is as ever."""

    async def act(one: Play) -> None:
        whole = one.whole
        request = await one.request()
        arn = f"arn:aws:iam::{CUSTOMER}:delegation-request/{request}"
        told = await whole.good(
            one.owner, "iam", "GetHumanReadableSummary", EntityArn=arn, Locale="en"
        )
        assert told.field("SummaryState") == "NOT_SUPPORTED"
        gone = await whole.bad(
            one.owner, "iam", "GetHumanReadableSummary", EntityArn=f"{arn}0"
        )
        assert gone.code == "NoSuchEntity"
        for name, status in (
            (arn.replace(CUSTOMER, PARTNER), 403),
            ("arn:aws:iam::aws:policy/x", 400),
        ):
            bad = await whole.bad(
                one.owner, "iam", "GetHumanReadableSummary", EntityArn=name
            )
            assert bad.status == status

    play(tmp_path, act)
