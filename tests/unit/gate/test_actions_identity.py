"""What IAM and STS calls take: whose user is meant, and which of several permissions."""

import pytest

from ostiary.gate.actions import Unmapped
from ostiary.gate.iam_resources import key_owner
from ostiary.gate.needs import Asked
from ostiary.identity.caller import Caller
from tests.unit.gate.asking import (
    ACCOUNT,
    ALICE,
    BOUNDARY,
    OTHER,
    ROOT,
    SNAPSHOT,
    form,
    needs,
    needs_of,
    pairs,
    role_session,
    user_session,
)

IAM = f"arn:aws:iam::{ACCOUNT}"
CODES = {"AuthenticationCode1": "123456", "AuthenticationCode2": "234567"}
SERIAL = f"{IAM}:mfa/Alice"
SELF_CALLS = [
    ("GetUser", {}),
    ("ListAccessKeys", {}),
    ("CreateAccessKey", {}),
    ("ListMFADevices", {}),
    ("DeactivateMFADevice", {"SerialNumber": SERIAL}),
    ("UpdateAccessKey", {"AccessKeyId": "A" * 20, "Status": "Inactive"}),
    ("DeleteAccessKey", {"AccessKeyId": "A" * 20}),
]


@pytest.mark.threat("T95")
@pytest.mark.parametrize(("operation", "params"), SELF_CALLS)
def test_another_user_name_is_another_resource(
    operation: str, params: dict[str, str]
) -> None:
    """A self-service call that names somebody else is decided on that user's ARN."""
    (own,) = needs("iam", operation, ALICE, **params)
    (other,) = needs("iam", operation, ALICE, UserName="Bob", **params)

    assert own.resource == f"{IAM}:user/dev/Alice"
    assert other.resource == f"{IAM}:user/Bob"


@pytest.mark.threat("T95")
@pytest.mark.parametrize(("operation", "params"), SELF_CALLS)
def test_a_role_session_has_no_user_of_its_own(
    operation: str, params: dict[str, str]
) -> None:
    """Omitted from a role session, the name means no user: all users must be allowed."""
    (need,) = needs("iam", operation, role_session(), **params)

    assert need.resource == f"{IAM}:user/*"


@pytest.mark.threat("T95")
def test_root_is_its_own_target() -> None:
    """CreateAccessKey by root without a name is about root itself."""
    (need,) = needs("iam", "CreateAccessKey", ROOT)

    assert need.resource == f"{IAM}:root"


@pytest.mark.threat("T95")
def test_a_user_called_self_is_nobody_else() -> None:
    """No text of a client means the caller: a user named `self` is that user."""
    (need,) = needs("iam", "CreateAccessKey", ALICE, UserName="self")

    assert need.resource == f"{IAM}:user/self"


def test_names_of_users_have_no_letter_case() -> None:
    """`alice` is Alice, with her path, tags and boundary."""
    (need,) = needs(
        "iam", "PutUserPolicy", UserName="alice", PolicyName="p", PolicyDocument="{}"
    )

    assert need.resource == f"{IAM}:user/dev/Alice"
    assert need.context["aws:ResourceTag/team"] == "red"
    assert need.context["iam:ResourceTag/team"] == "red"
    assert need.context["iam:PermissionsBoundary"] == BOUNDARY


def test_an_unknown_user_still_makes_a_resource() -> None:
    """Whoever is not allowed cannot find out whether a user exists."""
    (need,) = needs("iam", "GetUser", UserName="Nobody")

    assert need.resource == f"{IAM}:user/Nobody"


@pytest.mark.parametrize(
    ("operation", "params", "resource"),
    [
        (
            "EnableMFADevice",
            {"UserName": "Alice", "SerialNumber": SERIAL, **CODES},
            "user/dev/Alice",
        ),
        (
            "ResyncMFADevice",
            {"UserName": "Alice", "SerialNumber": SERIAL, **CODES},
            "user/dev/Alice",
        ),
        ("DeactivateMFADevice", {"SerialNumber": SERIAL}, "user/dev/Alice"),
        ("ListMFADevices", {}, "user/dev/Alice"),
        ("CreateVirtualMFADevice", {"VirtualMFADeviceName": "Diego"}, "mfa/Diego"),
        (
            "CreateVirtualMFADevice",
            {"VirtualMFADeviceName": "Diego", "Path": "/dev/"},
            "mfa/dev/Diego",
        ),
        ("DeleteVirtualMFADevice", {"SerialNumber": SERIAL}, "mfa/Alice"),
        (
            "DeleteVirtualMFADevice",
            {"SerialNumber": "GAHT12345678"},
            "mfa/GAHT12345678",
        ),
        ("ListMFADeviceTags", {"SerialNumber": SERIAL}, "mfa/Alice"),
    ],
)
def test_mfa_calls_are_about_users_or_devices(
    operation: str, params: dict[str, str], resource: str
) -> None:
    """Enable, deactivate, resync and list name the user; create, delete and tag the device (facts 8.6)."""
    (need,) = needs("iam", operation, **params)

    assert pairs((need,)) == [(f"iam:{operation}", f"{IAM}:{resource}")]


def test_listing_virtual_devices_has_no_resource() -> None:
    """ListVirtualMFADevices is decided on `*` (facts 8.6)."""
    assert pairs(needs("iam", "ListVirtualMFADevices")) == [
        ("iam:ListVirtualMFADevices", "*")
    ]


def test_a_device_of_another_account_belongs_there() -> None:
    """A serial number is an ARN, and its account owns it."""
    serial = f"arn:aws:iam::{OTHER}:mfa/x"
    (need,) = needs("iam", "DeleteVirtualMFADevice", SerialNumber=serial)

    assert (need.resource, need.resource_account) == (serial, OTHER)


@pytest.mark.parametrize("serial", ["arn:aws:s3:::a-bucket", "arn:aws:iam::x:mfa/y"])
def test_an_arn_of_something_else_is_no_device(serial: str) -> None:
    """A serial that is an ARN of another kind is refused."""
    with pytest.raises(Unmapped):
        needs("iam", "DeleteVirtualMFADevice", SerialNumber=serial)


@pytest.mark.parametrize(
    ("operation", "params", "expected"),
    [
        ("CreateUser", {"UserName": "New"}, [("CreateUser", "user/New")]),
        (
            "CreateUser",
            {"UserName": "New", "Path": "/a/b/"},
            [("CreateUser", "user/a/b/New")],
        ),
        (
            "CreateRole",
            {"RoleName": "New", "AssumeRolePolicyDocument": "{}"},
            [("CreateRole", "role/New")],
        ),
        (
            "CreatePolicy",
            {"PolicyName": "New", "PolicyDocument": "{}"},
            [("CreatePolicy", "policy/New")],
        ),
        ("GetRole", {"RoleName": "job"}, [("GetRole", "role/svc/Job")]),
        ("GetGroup", {"GroupName": "Ops"}, [("GetGroup", "group/eng/Ops")]),
        (
            "AddUserToGroup",
            {"GroupName": "ops", "UserName": "Bob"},
            [("AddUserToGroup", "group/eng/Ops")],
        ),
        (
            "UpdateUser",
            {"UserName": "Alice", "NewUserName": "Z"},
            [("UpdateUser", "user/dev/Alice"), ("UpdateUser", "user/dev/Z")],
        ),
        (
            "UpdateUser",
            {"UserName": "Alice", "NewPath": "/x/"},
            [("UpdateUser", "user/dev/Alice"), ("UpdateUser", "user/x/Alice")],
        ),
        (
            "UpdateGroup",
            {"GroupName": "Ops", "NewGroupName": "Z"},
            [("UpdateGroup", "group/eng/Ops"), ("UpdateGroup", "group/eng/Z")],
        ),
        ("UpdateUser", {"UserName": "Alice"}, [("UpdateUser", "user/dev/Alice")]),
        (
            "ChangePassword",
            {"OldPassword": "a", "NewPassword": "b"},
            [("ChangePassword", "user/dev/Alice")],
        ),
        (
            "ListServiceSpecificCredentials",
            {"AllUsers": True},
            [("ListServiceSpecificCredentials", "user/*")],
        ),
        (
            "AddRoleToInstanceProfile",
            {"InstanceProfileName": "p", "RoleName": "Job"},
            [
                ("AddRoleToInstanceProfile", "instance-profile/p"),
                ("PassRole", "role/svc/Job"),
            ],
        ),
        (
            "GetInstanceProfile",
            {"InstanceProfileName": "wEB"},
            [("GetInstanceProfile", "instance-profile/app/Web")],
        ),
        (
            "DeleteServerCertificate",
            {"ServerCertificateName": "site"},
            [("DeleteServerCertificate", "server-certificate/cdn/site")],
        ),
        (
            "UpdateServerCertificate",
            {
                "ServerCertificateName": "site",
                "NewServerCertificateName": "other",
            },
            [
                ("UpdateServerCertificate", "server-certificate/cdn/site"),
                ("UpdateServerCertificate", "server-certificate/cdn/other"),
            ],
        ),
        (
            "UpdateServerCertificate",
            {"ServerCertificateName": "site", "NewPath": "/x/"},
            [
                ("UpdateServerCertificate", "server-certificate/cdn/site"),
                ("UpdateServerCertificate", "server-certificate/x/site"),
            ],
        ),
        (
            "CreateOpenIDConnectProvider",
            {"Url": "https://idp.example.com/x"},
            [("CreateOpenIDConnectProvider", "oidc-provider/idp.example.com/x")],
        ),
        (
            "CreateServiceLinkedRole",
            {"AWSServiceName": "a.amazonaws.com"},
            [("CreateServiceLinkedRole", "role/aws-service-role/a.amazonaws.com/*")],
        ),
        (
            "GetServiceLinkedRoleDeletionStatus",
            {"DeletionTaskId": "task/aws-service-role/a.amazonaws.com/R/12-34"},
            [
                (
                    "GetServiceLinkedRoleDeletionStatus",
                    "role/aws-service-role/a.amazonaws.com/R",
                )
            ],
        ),
        (
            "SimulatePrincipalPolicy",
            {
                "PolicySourceArn": f"{IAM}:user/dev/Alice",
                "ActionNames": ["s3:GetObject"],
            },
            [("SimulatePrincipalPolicy", "user/dev/Alice")],
        ),
        (
            "GetAccessKeyLastUsed",
            {"AccessKeyId": "AKIABOB" + "B" * 9},
            [("GetAccessKeyLastUsed", "user/*")],
        ),
    ],
)
def test_iam_names_become_arns(
    operation: str, params: dict[str, object], expected: list[tuple[str, str]]
) -> None:
    """Paths come from the request for what is new, from the snapshot for what is there."""
    found = needs("iam", operation, **params)

    assert pairs(found) == [
        (f"iam:{action}", f"{IAM}:{resource}") for action, resource in expected
    ]
    assert {need.resource_account for need in found} == {ACCOUNT}


@pytest.mark.parametrize(
    ("key", "resource", "account"),
    [
        ("AKIABOB", f"{IAM}:user/Bob", ACCOUNT),
        ("AKIACARL", f"{IAM}:user/*", ACCOUNT),
        ("AKIANOBODYS", f"{IAM}:user/*", ACCOUNT),
        ("AKIAROOT", f"{IAM}:root", ACCOUNT),
    ],
)
def test_an_access_key_leads_to_its_user(key: str, resource: str, account: str) -> None:
    """GetAccessKeyLastUsed is about the key's owner; another account's is nobody's."""
    asked = Asked(
        target=None, request=None, caller=ALICE, snapshot=SNAPSHOT(), region="us-east-1"
    )  # type: ignore[arg-type]
    found = key_owner(asked, key)

    assert (found.arn, found.account) == (resource, account)


def test_policies_of_aws_belong_to_everybody() -> None:
    """GetPolicy of an AWS-managed policy is a call inside the caller's account."""
    arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    (need,) = needs("iam", "GetPolicy", PolicyArn=arn)

    assert (need.resource, need.resource_account) == (arn, ACCOUNT)


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:iam::12:policy/abcdefgh",
        f"{IAM}:user/dev/Alice",
        "arn:aws:s3:::policy/aaaaaa",
    ],
)
def test_what_is_no_policy_arn_is_refused(arn: str) -> None:
    """A PolicyArn that does not name a policy decides nothing."""
    with pytest.raises(Unmapped):
        needs("iam", "GetPolicy", PolicyArn=arn)


def test_attaching_says_which_policy() -> None:
    """iam:PolicyARN is the policy that is attached; the group is the resource."""
    (need,) = needs("iam", "AttachGroupPolicy", GroupName="Ops", PolicyArn=BOUNDARY)

    assert need.resource == f"{IAM}:group/eng/Ops"
    assert need.context["iam:PolicyARN"] == BOUNDARY


def test_a_boundary_is_the_requests_or_the_entitys() -> None:
    """iam:PermissionsBoundary: what CreateUser sets, what the user of PutUserPolicy has."""
    (created,) = needs(
        "iam", "CreateUser", UserName="New", PermissionsBoundary=BOUNDARY
    )
    (bare,) = needs("iam", "CreateUser", UserName="New")
    (bob,) = needs("iam", "DeleteUserPolicy", UserName="Bob", PolicyName="p")
    (read,) = needs("iam", "GetUser", UserName="Alice")

    assert created.context["iam:PermissionsBoundary"] == BOUNDARY
    assert "iam:PermissionsBoundary" not in bare.context
    assert "iam:PermissionsBoundary" not in bob.context
    assert "iam:PermissionsBoundary" not in read.context


def test_tags_at_creation_take_the_tagging_action() -> None:
    """CreateUser with tags needs TagUser, and both see the tags."""
    found = needs(
        "iam", "CreateUser", UserName="New", Tags=[{"Key": "team", "Value": "red"}]
    )

    assert [need.action for need in found] == ["iam:CreateUser", "iam:TagUser"]
    assert all(need.context["aws:RequestTag/team"] == "red" for need in found)
    assert all(need.context["aws:TagKeys"] == ("team",) for need in found)


@pytest.mark.threat("T150")
def test_tag_keys_that_differ_in_case_are_refused() -> None:
    """Of `Team` and `team` a policy would see one and IAM might take the other."""
    tags = [{"Key": "Team", "Value": "a"}, {"Key": "team", "Value": "b"}]

    with pytest.raises(Unmapped, match="letter case"):
        needs("iam", "TagUser", UserName="Alice", Tags=tags)


def test_untagging_says_which_keys() -> None:
    """UntagUser carries aws:TagKeys and no values."""
    (need,) = needs("iam", "UntagUser", UserName="Alice", TagKeys=["team", "dept"])

    assert need.context["aws:TagKeys"] == ("team", "dept")
    assert not any(key.startswith("aws:RequestTag") for key in need.context)


@pytest.mark.rule("M26")
@pytest.mark.parametrize("who", [ALICE, ROOT])
def test_get_session_token_takes_no_permission(who: Caller) -> None:
    """Policies can neither allow nor deny GetSessionToken and GetCallerIdentity."""
    assert needs("sts", "GetSessionToken", who) == ()
    assert needs("sts", "GetCallerIdentity", who) == ()


@pytest.mark.rule("M47")
def test_assuming_a_role_is_about_the_role() -> None:
    """sts:AssumeRole on the role's ARN, owned by the role's account."""
    arn = f"arn:aws:iam::{OTHER}:role/svc/Far"
    (need,) = needs(
        "sts", "AssumeRole", RoleArn=arn, RoleSessionName="work", ExternalId="ext"
    )

    assert (need.action, need.resource, need.resource_account) == (
        "sts:AssumeRole",
        arn,
        OTHER,
    )
    assert need.context["sts:ExternalId"] == "ext"
    assert need.context["sts:RoleSessionName"] == "work"
    assert need.context["iam:ResourceTag/team"] == "blue"
    assert "sts:SourceIdentity" not in need.context


def test_a_role_in_another_spelling_lends_no_tags() -> None:
    """Names in AssumeRole keep their letter case: another spelling is another role."""
    arn = f"arn:aws:iam::{OTHER}:role/svc/far"
    (need,) = needs("sts", "AssumeRole", RoleArn=arn, RoleSessionName="work")

    assert need.resource == arn
    assert "iam:ResourceTag/team" not in need.context


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:aws:iam::{OTHER}:user/dev/Someone",
        f"arn:aws:iam::{OTHER[:5]}:role/somebody",
        "not-an-arn-but-long-enough",
    ],
)
def test_what_is_no_role_cannot_be_assumed(arn: str) -> None:
    """A RoleArn that names no role decides nothing."""
    with pytest.raises(Unmapped):
        needs("sts", "AssumeRole", RoleArn=arn, RoleSessionName="work")


ROLE = {"RoleArn": f"arn:aws:iam::{OTHER}:role/svc/Far", "RoleSessionName": "work"}


def test_session_tags_take_tag_session() -> None:
    """Tags or transitive keys in AssumeRole need sts:TagSession on the same role."""
    tags = [{"Key": "team", "Value": "red"}]
    found = needs("sts", "AssumeRole", **ROLE, Tags=tags, TransitiveTagKeys=["team"])

    assert [need.action for need in found] == ["sts:AssumeRole", "sts:TagSession"]
    assert all(need.context["aws:RequestTag/team"] == "red" for need in found)
    assert all(need.context["sts:TransitiveTagKeys"] == ("team",) for need in found)


def test_a_source_identity_takes_its_own_action() -> None:
    """SourceIdentity in AssumeRole needs sts:SetSourceIdentity."""
    found = needs("sts", "AssumeRole", **ROLE, SourceIdentity="anaya")

    assert [need.action for need in found] == [
        "sts:AssumeRole",
        "sts:SetSourceIdentity",
    ]
    assert found[0].context["sts:SourceIdentity"] == "anaya"


def test_what_flows_down_a_chain_takes_permissions_too() -> None:
    """Transitive tags and a source identity of the caller's session are set again."""
    chained = role_session(source_identity="anaya", transitive=("team",))
    found = needs("sts", "AssumeRole", chained, **ROLE)

    assert [need.action for need in found] == [
        "sts:AssumeRole",
        "sts:TagSession",
        "sts:SetSourceIdentity",
    ]
    assert found[0].context["sts:SourceIdentity"] == "anaya"


def test_a_plain_session_chains_with_one_permission() -> None:
    """A session without tags and source identity takes sts:AssumeRole only."""
    assert [
        need.action for need in needs("sts", "AssumeRole", user_session(1), **ROLE)
    ] == ["sts:AssumeRole"]


def test_federation_is_about_the_federated_user() -> None:
    """GetFederationToken is decided on the federated user's ARN (facts 7.2)."""
    found = needs(
        "sts", "GetFederationToken", Name="Bob", Tags=[{"Key": "a", "Value": "b"}]
    )

    arn = f"arn:aws:sts::{ACCOUNT}:federated-user/Bob"
    assert pairs(found) == [("sts:GetFederationToken", arn), ("sts:TagSession", arn)]


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("DecodeAuthorizationMessage", {"EncodedMessage": "x"}),
        ("GetAccessKeyInfo", {"AccessKeyId": "A" * 20}),
    ],
)
def test_further_sts_calls_have_no_resource(
    operation: str, params: dict[str, str]
) -> None:
    """They need a permission of their name on `*`."""
    assert pairs(needs("sts", operation, **params)) == [(f"sts:{operation}", "*")]


@pytest.mark.parametrize("target", [OTHER, f"arn:aws:iam::{OTHER}:root"])
def test_assume_root_is_about_the_root_user(target: str) -> None:
    """AssumeRoot names the member account by id or by ARN."""
    task = {"arn": "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy"}
    (need,) = needs("sts", "AssumeRoot", TargetPrincipal=target, TaskPolicyArn=task)

    assert (need.resource, need.resource_account) == (
        f"arn:aws:iam::{OTHER}:root",
        OTHER,
    )
    assert need.context["sts:TaskPolicyArn"] == task["arn"]


@pytest.mark.threat("T66")
def test_an_operation_without_an_action_is_refused() -> None:
    """AcquireRole is in the model, and AWS publishes no action of that name."""
    with pytest.raises(Unmapped, match="no action") as told:
        needs_of(
            "iam",
            form(
                "2010-05-08",
                "AcquireRole",
                TemplateArn="arn:aws:iam::aws:role-template/a/b:1",
            ),
        )

    assert (told.value.service, told.value.operation) == ("iam", "AcquireRole")
