"""What a file may look like, and what is told of one that is wrong."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from ostiary.services.imports.checks import read_accounts
from tests.unit.services.imports.estate import (
    ACCOUNT,
    ALLOW,
    OTHER,
    SECONDS,
    allow,
    attached,
    faults_of,
    group,
    managed,
    page,
    role,
    trust,
    user,
)

ONE = json.dumps(page(user("Alice", "A")))
TWO = json.dumps(page(user("Bob", "B")))
FOREIGN = json.dumps(page(user("Carol", "C", account=OTHER)))


@pytest.mark.parametrize(
    "text",
    [
        f"{ONE}\n{TWO}\n{FOREIGN}\n",
        f"{ONE}{FOREIGN}{TWO}",
        f"[{ONE},{TWO},{FOREIGN}]",
        f'{{"{ACCOUNT}":[{ONE},{TWO}],"{OTHER}":{FOREIGN}}}',
        f'\ufeff{{"{ACCOUNT}":{ONE}}}\n{{"{OTHER}":{FOREIGN}}} {TWO}',
    ],
)
def test_pages_of_many_accounts_stand_in_one_file(text: str) -> None:
    """Documents, lists and objects by account id: pages of an account go together."""
    found = {
        one.id: [owner.name for owner in one.owners] for one in read_accounts(text)
    }
    assert found == {ACCOUNT: ["Alice", "Bob"], OTHER: ["Carol"]}


def test_the_account_of_a_page_without_entities_is_named_beside_it() -> None:
    """An account that has nothing but policies of AWS has no ARN of its own."""
    empty = page(managed("Aws", account="aws"))
    (account,) = read_accounts(json.dumps({ACCOUNT: empty}))
    assert (account.id, len(account.policies)) == (ACCOUNT, 1)
    assert faults_of(empty) == [("(the whole)", "found no ARN of an account")]


def test_dates_and_documents_are_read() -> None:
    """A date is seconds; a document is a text that says the same."""
    (account,) = read_accounts(
        json.dumps(page(role(RolePolicyList=[inline("own", ALLOW)])))
    )
    (found,) = account.owners
    assert found.created == SECONDS
    assert json.loads(found.inline["own"]) == ALLOW
    assert json.loads(found.trust) == trust(ACCOUNT)


def inline(name: str, document: Any) -> dict[str, Any]:
    """An inline policy of a file."""
    return {"PolicyName": name, "PolicyDocument": document}


TEXT = '{\n  "Version": "2012-10-17",\n  "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::a%20+b/\u00e9*"}}'


@pytest.mark.threat("T94")
@pytest.mark.parametrize("given", [TEXT, quote(TEXT, safe=""), quote(TEXT)])
def test_text_is_kept_as_it_is(given: str) -> None:
    """Encoded or not: every character stays, `%20` and `+` in a plain text, too."""
    file = page(user(UserPolicyList=[inline("own", given)]))
    (account,) = read_accounts(json.dumps(file))
    assert account.owners[0].inline["own"] == TEXT


@pytest.mark.threat("T94")
def test_an_object_is_written_without_a_change_of_meaning() -> None:
    """Numbers keep their spelling, members their order, letters are not escaped."""
    document = (
        '{"Version":"2012-10-17","Statement":[{"Resource":"arn:aws:s3:::\u00e9*","Effect":"Allow",'
        '"Action":"s3:*","Condition":{"NumericLessThan":{"aws:MultiFactorAuthAge":'
        '[12345678901234567890,1.50]},"Bool":{"aws:SecureTransport":true}}}]}'
    )
    file = json.dumps(page(user(UserPolicyList=[inline("own", "HERE")])))
    (account,) = read_accounts(file.replace('"HERE"', document))
    assert account.owners[0].inline["own"] == document


def test_names_and_paths_may_stand_in_the_arn_only() -> None:
    """Emulators leave some out; the ARN tells them all the same."""
    alice = user("Alice", Path="/a/b/")
    shared = managed("Shared")
    for one in (alice, shared):
        del one["Path"]
    del alice["UserName"], shared["PolicyName"]
    file = {"UserDetailList": [alice], "Policies": [shared]}
    (account,) = read_accounts(json.dumps(file))
    assert [(one.path, one.name) for one in account.owners] == [("/a/b/", "Alice")]
    assert [(one.path, one.name) for one in account.policies] == [("/", "Shared")]


@pytest.mark.threat("T77")
def test_a_key_that_stands_twice_is_refused() -> None:
    """Two readers could read it in two ways; the place is told."""
    file = json.dumps(page(user(UserPolicyList=[inline("own", {"Version": "x"})])))
    twice = file.replace('{"Version": "x"}', '{"Version": "x", "Version": "y"}')
    ((place, message),) = faults_of(twice)
    assert place == "/UserDetailList/0/UserPolicyList/0/PolicyDocument"
    assert message.startswith("found the key `Version` twice in one object")


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("", "(the whole)", "found nothing"),
        ("nonsense", "(the whole)", "found no JSON at line 1, column 1"),
        (f"{ONE} nonsense", "document 2 (the whole)", "found no JSON at line 1"),
        ("[1]", "/0", "found no object"),
        ('{"Users": []}', "(the whole)", "found none of `UserDetailList`"),
        ('{"111122223333": {"x": 1}}', "/111122223333", "found none of"),
        ("[" * 5000, "(the whole)", "found nesting deeper than"),
    ],
)
def test_what_is_no_file_of_that_kind(text: str, place: str, message: str) -> None:
    """The fault says what the command prints, and where it looked."""
    ((found, told),) = faults_of(text)
    assert found == place
    assert told.startswith(message)
    assert told.endswith("what `aws iam get-account-authorization-details` prints")


ALICE = f"arn:aws:iam::{ACCOUNT}:user/Alice"


@pytest.mark.parametrize(
    ("change", "place", "message"),
    [
        ({"UserName": "Al ice"}, "UserName", "found `Al ice`, expected 1 to 64 of"),
        ({"UserName": 7}, "UserName", "found `7`, expected 1 to 64 of letters"),
        ({"UserName": "\u00e9"}, "UserName", "found `\u00e9`, expected 1 to 64"),
        ({"Path": "dev"}, "Path", "found `dev`, expected a path that begins"),
        ({"Path": "/dev/"}, "Arn", f"found `{ALICE}`, expected `arn:aws:iam::{ACCOUNT}:user/dev/Alice`"),
        ({"Arn": "arn:aws-cn:iam::1:user/Alice"}, "Arn", "found `arn:aws-cn:iam::1:user/Alice`, expected an ARN of IAM in the partition `aws`"),
        ({"CreateDate": "yesterday"}, "CreateDate", "found `yesterday`, expected a time"),
        ({"CreateDate": 10**18}, "CreateDate", "found `1000000000000000000`, expected a time"),
        ({"CreateDate": 10**19}, "CreateDate", "found `10000000000000000000`, expected a time"),
        ({"CreateDate": "2020-01-01T00:00:00"}, "CreateDate", "found `2020-01-01T00:00:00`, expected a time"),
        ({"Tags": [{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]}, "Tags", "found the tag key `a` twice"),
        ({"Tags": [{"Key": "a\n", "Value": ""}]}, "Tags/0", "found an object, expected `Key`"),
        ({"Tags": {}}, "Tags", "found an object, expected a list"),
        ({"Tags": ["a"]}, "Tags/0", "found `a`, expected an object"),
        ({"GroupList": [7]}, "GroupList/0", "found `7`, expected 1 to 128"),
        ({"UserPolicyList": [inline("x", 1)]}, "UserPolicyList/0/PolicyDocument", "found `1`, expected a policy document"),
        ({"UserPolicyList": [inline("x", allow("s3"))]}, "UserPolicyList/0/PolicyDocument/Statement/0/Action", "found the action `s3`"),
        ({"UserPolicyList": [inline("x", ALLOW), inline("x", ALLOW)]}, "UserPolicyList/1/PolicyName", "found the inline policy `x` twice"),
        ({"UserPolicyList": [inline("x", allow("s3:" + "a" * 2100))]}, "UserPolicyList", "found 21"),
        ({"AttachedManagedPolicies": attached("arn:aws:s3:::x")}, "AttachedManagedPolicies/0/PolicyArn", "found `arn:aws:s3:::x`, expected the ARN of a managed policy"),
        ({"AttachedManagedPolicies": attached(*["arn:aws:iam::aws:policy/A"] * 2)}, "AttachedManagedPolicies/1/PolicyArn", "found the policy `arn:aws:iam::aws:policy/A` twice"),
        ({"AttachedManagedPolicies": attached(*(f"arn:aws:iam::aws:policy/A{n}" for n in range(21)))}, "AttachedManagedPolicies", "found 21 policies, expected at most 20"),
        ({"GroupList": [f"g{n}" for n in range(11)]}, "GroupList", "found 11 groups, expected at most 10"),
        ({"PermissionsBoundary": {"PermissionsBoundaryArn": "x"}}, "PermissionsBoundary/PermissionsBoundaryArn", "found `x`, expected the ARN of a managed policy"),
        ({"PermissionsBoundary": "x"}, "PermissionsBoundary", "found `x`, expected an object"),
    ],
)  # fmt: skip
def test_a_fault_of_a_user_has_its_place(
    change: dict[str, Any], place: str, message: str
) -> None:
    """One fault each, at the member, found before expected."""
    file = page({**user(), **change})
    ((found, told),) = faults_of(file)
    assert found == f"/UserDetailList/0/{place}"
    assert told.startswith(message)


@pytest.mark.parametrize(
    ("entity", "place", "message"),
    [
        (role(AssumeRolePolicyDocument=ALLOW), "RoleDetailList/0/AssumeRolePolicyDocument/Statement/0", "found"),
        (role(MaxSessionDuration=10), "RoleDetailList/0/MaxSessionDuration", "found `10`, expected a whole number from 3600 to 43200"),
        (managed(DefaultVersionId="v9"), "Policies/0/DefaultVersionId", "found `v9`, expected one of the versions"),
        (managed(DefaultVersionId="9"), "Policies/0/DefaultVersionId", "found `9`, expected `v` and a number"),
        (managed("Six", *[ALLOW] * 6), "Policies/0/PolicyVersionList", "found 6 versions, expected at most 5"),
        (managed("Long", allow("s3:" + "a" * 6144)), "Policies/0/PolicyVersionList/0/Document", "found 62"),
        (group(Arn=f"arn:aws:iam::{ACCOUNT}:user/Devs"), "GroupDetailList/0/Arn", f"found `arn:aws:iam::{ACCOUNT}:user/Devs`, expected"),
    ],
)  # fmt: skip
def test_a_fault_of_other_entities_has_its_place(
    entity: dict[str, Any], place: str, message: str
) -> None:
    """Trust policies, limits, versions and quotas are checked, too."""
    ((found, told),) = faults_of(page(entity))
    assert found == f"/{place}"
    assert told.startswith(message)


@pytest.mark.threat("T97")
@pytest.mark.parametrize(
    "principal", [{"AWS": ACCOUNT}, "*", {"Service": "x.amazonaws.com", "AWS": "*"}]
)
def test_a_service_linked_role_is_a_service_s(principal: Any) -> None:
    """No organization's policy binds one, so no file gives it to anybody else."""
    document = trust()
    document["Statement"][0]["Principal"] = principal
    linked = {"Path": "/aws-service-role/x.amazonaws.com/"}
    file = page(role(AssumeRolePolicyDocument=document, **linked))
    ((place, message),) = faults_of(file)
    assert place == "/RoleDetailList/0/AssumeRolePolicyDocument"
    assert message.startswith("found a service-linked role that others than services")
    assert read_accounts(json.dumps(page(role(AssumeRolePolicyDocument=document))))

    document["Statement"][0]["Principal"] = {"Service": "x.amazonaws.com"}
    file = page(role(AssumeRolePolicyDocument=document, **linked))
    assert read_accounts(json.dumps(file))


def test_all_faults_are_told_at_once() -> None:
    """Nobody has to import five times to learn of five faults."""
    file = page(
        {**user("Alice"), "Path": "x"},
        {**user("Bob", "B"), "CreateDate": "x"},
        role(MaxSessionDuration=1),
    )
    assert [place for place, _ in faults_of(file)] == [
        "/UserDetailList/0/Path",
        "/UserDetailList/1/CreateDate",
        "/RoleDetailList/0/MaxSessionDuration",
    ]


def test_names_and_ids_stand_once() -> None:
    """Names are the same whatever their letters' case; one policy name per account."""
    file = page(user("Alice", "A"), user("ALICE", "B"), role("X", "C"), role("Y", "C"))
    assert faults_of(file) == [
        (
            "/UserDetailList/1",
            "found the user `ALICE` twice, first at /UserDetailList/0",
        ),
        (
            "/RoleDetailList/1",
            f"found the id `AROA{'C' * 17}` twice, first at /RoleDetailList/0",
        ),
    ]
    read_accounts(json.dumps(page(managed("Same"), managed("Same", account="aws"))))


def test_one_document_is_of_one_account() -> None:
    """A page that mixes accounts is nobody's."""
    file = page(user("Alice"), user("Carol", "C", account=OTHER))
    assert faults_of(file) == [
        (
            "/UserDetailList/1/Arn",
            f"found the account `{OTHER}`, expected `{ACCOUNT}` as before",
        )
    ]


@pytest.mark.parametrize("more", [{"IsTruncated": True}, {"NextToken": "x"}])
def test_a_file_that_is_cut_off_is_refused(more: dict[str, Any]) -> None:
    """What is missing would look like what is gone; a page behind it is the rest."""
    (name,) = more
    cut = page(user("Alice")) | more
    assert faults_of(cut) == [
        (f"/{name}", f"found `{name}` on the last page, expected the rest")
    ]
    read_accounts(json.dumps(cut) + json.dumps(page(user("Bob", "B"))))
