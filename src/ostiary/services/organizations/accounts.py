"""New accounts: each is born a member, and the management account may enter it."""

import json
from dataclasses import replace
from typing import Final, cast

from ostiary.identity import ids
from ostiary.identity.model import AWS, Account, Attachment, Role, Tags, iam_arn
from ostiary.identity.organization import AccountCreation, Member, Organization
from ostiary.identity.organization_ids import new_id
from ostiary.services.iam import managed
from ostiary.services.operation import (
    Call,
    ChangeOperation,
    Operations,
    ReadOperation,
    Result,
)
from ostiary.services.organizations.errors import invalid, not_found
from ostiary.services.organizations.paging import listed
from ostiary.services.organizations.place import managed_organization, seen_organization
from ostiary.services.organizations.policy_types import attach_full_access
from ostiary.services.organizations.tags import read_tags
from ostiary.store.port import Change, Page, Reader

ROLE_NAME: Final = "OrganizationAccountAccessRole"
"""The role that the management account takes in a new account."""
ROLE_SESSION: Final = 3600
_RESERVED: Final = "AWSServiceRoleFor"
_ADMINISTRATOR: Final = iam_arn(AWS, "policy", "/", "AdministratorAccess")


def create(call: Call, change: Change) -> Result:
    """A new account, there when the answer leaves; no root access key is handed out.

    What goes wrong is told by the status, as by AWS.
    """
    organization = managed_organization(call, change)
    role_name = call.text("RoleName", ROLE_NAME)
    if role_name.startswith(_RESERVED):
        raise invalid(
            "INVALID_ROLE_NAME",
            f"A role name can't begin with the reserved prefix {_RESERVED}.",
        )
    tags, email = read_tags(call), call.text("Email")
    taken = change.find_by(Member, organization=organization.id, email=email)
    account = "" if taken is not None else ids.account_id(call.mint)
    if account:
        _found(call, change, account)
        _admit(call, change, organization, (account, tags))
        change.insert(_entry_role(call, account, role_name, organization.management))
        _let_administer(change, account, role_name)
    creation = AccountCreation(
        id=new_id(call.mint, "car"),
        organization=organization.id,
        name=call.text("AccountName"),
        account=account,
        failure="" if account else "EMAIL_ALREADY_EXISTS",
        created=call.now,
    )
    change.insert(creation)
    return {"CreateAccountStatus": _shown(creation)}


def _found(call: Call, change: Change, account: str) -> None:
    """The account itself; its name here must be unique, so a taken one is not given."""
    name = call.text("AccountName")
    if change.find_by(Account, name=name) is not None:
        name = account
    change.insert(Account(id=account, name=name, alias="", created=call.now))


def _admit(
    call: Call, change: Change, organization: Organization, who: tuple[str, Tags]
) -> None:
    account, tags = who
    member = Member(
        account=account,
        organization=organization.id,
        parent=organization.root,
        name=call.text("AccountName"),
        email=call.text("Email"),
        method="CREATED",
        joined=call.now,
        tags=tags,
    )
    change.insert(member)
    attach_full_access(change, organization, account)


def _entry_role(call: Call, account: str, name: str, management: str) -> Role:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{management}:root"},
        "Action": "sts:AssumeRole",
    }
    return Role(
        id=ids.unique_id(call.mint, "AROA"),
        account=account,
        name=name,
        path="/",
        created=call.now,
        description="",
        trust=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        max_session=ROLE_SESSION,
        tags=(),
        boundary="",
    )


def _let_administer(change: Change, account: str, role_name: str) -> None:
    role = change.find_by(Role, account=account, name=role_name)
    assert role is not None  # noqa: S101 - it was inserted a moment ago
    managed.keep(change, _ADMINISTRATOR)
    change.insert(Attachment(account=account, owner=role.id, policy=_ADMINISTRATOR))


def describe_status(call: Call, view: Reader) -> Result:
    """How the creation of an account went."""
    organization = seen_organization(call, view)
    found = view.find(AccountCreation, call.text("CreateAccountRequestId"))
    if found is None or found.organization != organization.id:
        raise not_found("CreateAccountStatusNotFoundException")
    return {"CreateAccountStatus": _shown(found)}


def list_statuses(call: Call, view: Reader) -> Result:
    """How the creations of accounts went, those of the states asked for."""
    organization = seen_organization(call, view)
    asked = cast("list[str]", call.params.get("States") or ["SUCCEEDED", "FAILED"])

    def fetch(page: Page) -> list[AccountCreation]:
        mine = {"organization": organization.id}
        if "SUCCEEDED" in asked and "FAILED" in asked:
            return view.list_by(AccountCreation, page, **mine)
        if "SUCCEEDED" in asked:
            made = replace(page, filled="account")
            return view.list_by(AccountCreation, made, **mine)
        if "FAILED" in asked:
            return view.list_by(AccountCreation, page, account="", **mine)
        return []

    return listed(call, "CreateAccountStatuses", fetch, _key, _shown)


def _key(creation: AccountCreation) -> str:
    return creation.id


def _state(creation: AccountCreation) -> str:
    return "SUCCEEDED" if creation.account else "FAILED"


def _shown(creation: AccountCreation) -> Result:
    return {
        "Id": creation.id,
        "AccountName": creation.name,
        "State": _state(creation),
        "RequestedTimestamp": creation.created,
        "CompletedTimestamp": creation.created,
        "AccountId": creation.account or None,
        "FailureReason": creation.failure or None,
    }


OPERATIONS: Operations = {
    "CreateAccount": ChangeOperation(run=create),
    "DescribeCreateAccountStatus": ReadOperation(run=describe_status),
    "ListCreateAccountStatus": ReadOperation(run=list_statuses),
}
