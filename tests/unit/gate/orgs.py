"""An organization in a whole gate: calls in JSON, accounts, and their people."""

import json
from dataclasses import dataclass, field, replace
from typing import Any

from ostiary.wire import sigv4
from ostiary.wire.http import Request
from ostiary.wire.sigv4 import Signer
from tests.unit.gate.whole import Answer, Keys, Whole, allow

SCP = "SERVICE_CONTROL_POLICY"
RCP = "RESOURCE_CONTROL_POLICY"


@dataclass(frozen=True)
class Told:
    """An answer of AWS Organizations, read."""

    answer: Answer
    json: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        text = self.answer.body
        object.__setattr__(self, "json", json.loads(text) if text else {})

    @property
    def error(self) -> tuple[str, str, str]:
        """Code, message and reason of a refusal."""
        return (
            self.json["__type"].rpartition("#")[2],
            self.json.get("Message", self.json.get("message", "")),
            self.json.get("Reason", ""),
        )

    @property
    def code(self) -> str:
        """The code of a refusal, and its reason."""
        code, _, reason = self.error
        return f"{code} {reason}".strip()


@dataclass
class Orgs:
    """A gate whose first account manages an organization."""

    whole: Whole
    root: str = ""
    """The id of the root."""

    @property
    def manager(self) -> Keys:
        """The root key of the management account."""
        return self.whole.root

    async def call(self, keys: Keys, operation: str, **params: Any) -> Told:
        """One call of AWS Organizations, signed now."""
        request = Request(
            method="POST",
            path="/",
            query="",
            headers=(
                ("host", "127.0.0.1:4566"),
                ("content-type", "application/x-amz-json-1.1"),
                ("x-amz-target", f"AWSOrganizationsV20161128.{operation}"),
            ),
            body=json.dumps(params).encode(),
            secure=False,
            peer="127.0.0.1",
        )
        signer = Signer(
            access_key_id=keys.key_id,
            secret=keys.secret,
            session_token=keys.token,
            region="us-east-1",
            service="organizations",
        )
        signed = replace(request, headers=sigv4.sign(request, signer, self.whole.now))
        return Told(await self.whole.send(signed))

    async def good(self, operation: str, **params: Any) -> dict[str, Any]:
        """A call by the management account's root user that must be allowed."""
        told = await self.call(self.manager, operation, **params)
        assert told.answer.status == 200, told.answer.body
        return told.json

    async def bad(self, operation: str, **params: Any) -> str:
        """A call by the management account's root user that must be refused: why."""
        told = await self.call(self.manager, operation, **params)
        assert told.answer.status == 400, told.answer.body
        return told.code

    async def account(self, name: str) -> str:
        """A new member account; its id."""
        made = await self.good(
            "CreateAccount", Email=f"{name}@corp.example", AccountName=name
        )
        status = made["CreateAccountStatus"]
        assert status["State"] == "SUCCEEDED"
        return str(status["AccountId"])

    async def admin(self, account: str) -> Keys:
        """An administrator's session in a member account, by way of its role."""
        name = f"boss{account}"
        role = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
        boss = await self.whole.user(name, allow("sts:AssumeRole"))
        return (
            await self.whole.good(
                boss, "sts", "AssumeRole", RoleArn=role, RoleSessionName="boss"
            )
        ).keys

    async def policy(
        self, kind: str, name: str, *statements: dict[str, Any], target: str = ""
    ) -> str:
        """A new policy, attached to the target if one is given; its id."""
        made = await self.good(
            "CreatePolicy",
            Type=kind,
            Name=name,
            Description="",
            Content=json.dumps(
                {"Version": "2012-10-17", "Statement": list(statements)}
            ),
        )
        policy_id = str(made["Policy"]["PolicySummary"]["Id"])
        if target:
            await self.good("AttachPolicy", PolicyId=policy_id, TargetId=target)
        return policy_id

    async def unit(self, name: str, parent: str = "") -> str:
        """A new unit, under the root if no parent is given; its id."""
        made = await self.good(
            "CreateOrganizationalUnit", ParentId=parent or self.root, Name=name
        )
        return str(made["OrganizationalUnit"]["Id"])

    async def move(self, account: str, source: str, goal: str) -> None:
        """The account goes from one parent to another."""
        await self.good(
            "MoveAccount",
            AccountId=account,
            SourceParentId=source,
            DestinationParentId=goal,
        )


async def founded(whole: Whole, *types: str) -> Orgs:
    """A new organization with these types of policies enabled."""
    orgs = Orgs(whole)
    await orgs.good("CreateOrganization")
    [root] = (await orgs.good("ListRoots"))["Roots"]
    orgs.root = root["Id"]
    for one in types:
        await orgs.good("EnablePolicyType", RootId=orgs.root, PolicyType=one)
    return orgs


def deny(action: Any, **more: Any) -> dict[str, Any]:
    """A statement that denies on all resources."""
    return {"Effect": "Deny", "Action": action, "Resource": "*", **more}
