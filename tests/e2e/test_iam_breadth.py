"""The everyday operations of IAM, through the door, with unmodified boto3."""

import csv
import io
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.e2e.world import Document, Person, World, policy, trusts, unique
from tests.unit.services.iam.pems import made, rsa_key
from tests.unit.services.iam.test_saml_providers import metadata

EVERYTHING = {"Effect": "Allow", "Action": "iam:*", "Resource": "*"}


def administrator(world: World, *more: Document) -> Person:
    """Somebody who may do everything in IAM but what is denied."""
    return world.a.person("Admin", policy(EVERYTHING, *more))


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    """The code of a refusal."""
    return str(error.value.response["Error"]["Code"])


def test_a_role_goes_onto_an_instance(world: World) -> None:
    """Profiles hold roles, page by page; the waiter finds them."""
    iam = administrator(world).client("iam")
    name, role = unique("Web"), unique("App")
    iam.create_role(
        RoleName=role, AssumeRolePolicyDocument=json.dumps(trusts(world.a.id))
    )
    iam.create_instance_profile(
        InstanceProfileName=name, Path="/app/", Tags=[{"Key": "k", "Value": "v"}]
    )
    iam.get_waiter("instance_profile_exists").wait(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role)
    got = iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
    assert [one["RoleName"] for one in got["Roles"]] == [role]
    assert got["Roles"][0]["AssumeRolePolicyDocument"]["Version"] == "2012-10-17"
    pages = iam.get_paginator("list_instance_profiles").paginate(PathPrefix="/app/")
    assert name in [
        one["InstanceProfileName"] for page in pages for one in page["InstanceProfiles"]
    ]
    with pytest.raises(ClientError) as refusal:
        iam.delete_role(RoleName=role)
    assert code_of(refusal) == "DeleteConflict"
    iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=role)
    iam.delete_instance_profile(InstanceProfileName=name)


def test_a_deny_on_a_path_is_kept(world: World) -> None:
    """The door knows the path of a profile whose name alone is sent."""
    denied = {
        "Effect": "Deny",
        "Action": ["iam:DeleteInstanceProfile", "iam:*ServerCertificate"],
        "Resource": [
            "arn:aws:iam::*:instance-profile/guarded/*",
            "arn:aws:iam::*:server-certificate/guarded/*",
        ],
    }
    iam = administrator(world, denied).client("iam")
    name = unique("Kept")
    iam.create_instance_profile(InstanceProfileName=name, Path="/guarded/")
    with pytest.raises(ClientError) as refusal:
        iam.delete_instance_profile(InstanceProfileName=name)
    assert code_of(refusal) == "AccessDenied"
    assert f"instance-profile/guarded/{name}" in str(refusal.value)
    pair = {
        "CertificateBody": made("site").pem,
        "PrivateKey": made("site").key_pem(),
    }
    iam.upload_server_certificate(ServerCertificateName=name, **pair)
    with pytest.raises(ClientError) as refusal:
        iam.update_server_certificate(ServerCertificateName=name, NewPath="/guarded/")
    assert code_of(refusal) == "AccessDenied"
    iam.update_server_certificate(ServerCertificateName=name, NewPath="/free/")
    got = iam.get_server_certificate(ServerCertificateName=name)["ServerCertificate"]
    assert got["CertificateBody"] == made("site").pem
    assert got["ServerCertificateMetadata"]["Path"] == "/free/"
    iam.delete_server_certificate(ServerCertificateName=name)


def test_providers_come_and_go(world: World) -> None:
    """Lists of texts and long documents pass the wire."""
    iam = administrator(world).client("iam")
    host = f"{unique('idp')}.example"
    arn = iam.create_open_id_connect_provider(
        Url=f"https://{host}", ClientIDList=["a", "b"], ThumbprintList=["c" * 40]
    )["OpenIDConnectProviderArn"]
    got = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert (got["Url"], got["ClientIDList"]) == (host, ["a", "b"])
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    document = metadata() + "<!--" + "x" * 200_000 + "-->"
    arn = iam.create_saml_provider(Name=unique("S"), SAMLMetadataDocument=document)[
        "SAMLProviderArn"
    ]
    assert (
        iam.get_saml_provider(SAMLProviderArn=arn)["SAMLMetadataDocument"] == document
    )
    iam.delete_saml_provider(SAMLProviderArn=arn)


def test_a_user_has_keys_of_all_sorts(world: World) -> None:
    """And is not deleted with them."""
    person = administrator(world)
    iam, mine = person.client("iam"), {"UserName": person.name}
    body = rsa_key().public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    key = iam.upload_ssh_public_key(**mine, SSHPublicKeyBody=body.decode())[
        "SSHPublicKey"
    ]
    assert iam.list_ssh_public_keys()["SSHPublicKeys"][0]["UserName"] == person.name
    pem: Any = iam.get_ssh_public_key(
        **mine, SSHPublicKeyId=key["SSHPublicKeyId"], Encoding="PEM"
    )["SSHPublicKey"]
    assert pem["SSHPublicKeyBody"].startswith("-----BEGIN PUBLIC KEY-----\n")
    name = unique("signer")
    iam.upload_signing_certificate(**mine, CertificateBody=made(name).pem)
    [shown] = iam.list_signing_certificates()["Certificates"]
    assert shown["CertificateBody"] == made(name).pem
    made_one = iam.create_service_specific_credential(
        **mine, ServiceName="codecommit.amazonaws.com"
    )["ServiceSpecificCredential"]
    reset = iam.reset_service_specific_credential(
        ServiceSpecificCredentialId=made_one["ServiceSpecificCredentialId"]
    )["ServiceSpecificCredential"]
    assert reset["ServicePassword"] != made_one["ServicePassword"]


def test_passwords_conform_to_the_accounts_policy(world: World) -> None:
    """One that is refused is not in the refusal."""
    account = world.account("Passwords")
    iam = account.client("iam")
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_account_password_policy()
    iam.update_account_password_policy(MinimumPasswordLength=12, RequireSymbols=True)
    person = account.person("Somebody")
    with pytest.raises(iam.exceptions.PasswordPolicyViolationException) as refusal:
        iam.create_login_profile(UserName=person.name, Password="abcABC123456")
    assert "abcABC" not in str(refusal.value)
    iam.create_login_profile(UserName=person.name, Password="abcABC123456!")
    iam.delete_account_password_policy()


def test_the_account_is_reported(world: World) -> None:
    """As CSV, as counts, and as everything that says who may do what."""
    person = administrator(world)
    iam = person.client("iam")
    iam.generate_credential_report()
    report = iam.get_credential_report()
    lines = list(csv.DictReader(io.StringIO(report["Content"].decode())))
    assert lines[0]["user"] == "<root_account>"
    pages = iam.get_paginator("get_account_authorization_details").paginate(
        Filter=["User", "AWSManagedPolicy"], PaginationConfig={"PageSize": 2}
    )
    users = [one for page in pages for one in page["UserDetailList"]]
    [mine] = [one for one in users if one["UserName"] == person.name]
    document = mine["UserPolicyList"][0]["PolicyDocument"]
    assert document["Statement"] == [EVERYTHING]
    assert iam.get_account_summary()["SummaryMap"]["InstanceProfiles"] >= 0


def test_a_service_linked_role_is_the_services(world: World) -> None:
    """It is deleted by its own operation only."""
    iam = administrator(world).client("iam")
    role = iam.create_service_linked_role(AWSServiceName="spot.amazonaws.com")["Role"]
    with pytest.raises(iam.exceptions.UnmodifiableEntityException):
        iam.delete_role(RoleName=role["RoleName"])
    task = iam.delete_service_linked_role(RoleName=role["RoleName"])["DeletionTaskId"]
    status = iam.get_service_linked_role_deletion_status(DeletionTaskId=task)
    assert status["Status"] == "SUCCEEDED"
