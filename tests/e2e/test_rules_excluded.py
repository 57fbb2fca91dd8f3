"""Who cannot use MFA-protected API access (M34 to M40), and a caveat (M42)."""

import json
from typing import Any

import pyotp
import pytest

from tests.e2e.wire import call, send
from tests.e2e.world import (
    MFA,
    NOT_THEIRS,
    Credentials,
    Device,
    World,
    allow,
    message,
    policy,
    refused,
    this_step,
    trusts,
    unique,
)

LIST = ("dynamodb:ListTables", "*")
NO_TABLES = ("AccessDeniedException", 400)
ROOT = "Roles may not be assumed by root accounts."


def guarded_bucket(world: World, account: str) -> str:
    """A bucket of account A that is open to another account, with MFA."""
    return world.a.bucket(
        lambda name: allow(
            "s3:PutObject",
            f"arn:aws:s3:::{name}/*",
            Principal={"AWS": account},
            Condition=MFA,
        )
    )


def open_bucket(world: World, account: str) -> str:
    """A bucket of account A that is open to another account."""
    return world.a.bucket(
        lambda name: allow(
            "s3:PutObject", f"arn:aws:s3:::{name}/*", Principal={"AWS": account}
        )
    )


def put(client: Any, bucket: str) -> dict[str, Any]:
    """What PutObject takes."""
    return client.put_object(Bucket=bucket, Key="k", Body=b"x")


@pytest.mark.rule("M35", "M40")
@pytest.mark.threat("T23")
def test_root_cannot_reach_what_asks_for_mfa(world: World) -> None:
    """M35: root's keys, and sessions of root even with root's own device, carry no MFA."""
    root = world.account("Rooted")
    guarded, unguarded = guarded_bucket(world, root.id), open_bucket(world, root.id)
    seed = pyotp.random_base32()
    done = world.server.run(
        "mfa", "register", "--root", "--seed", seed, "--account-id", root.id
    )
    assert done.returncode == 0, done.stderr
    serial = f"arn:aws:iam::{root.id}:mfa/root-account-mfa-device"
    assert serial in done.stdout
    device = Device(serial, seed, 0)
    sts = root.client("sts")
    given = {"SerialNumber": serial, "TokenCode": device.code()}
    answer = refused("AccessDenied", 403, sts.get_session_token, **given)
    assert message(answer) == NOT_THEIRS
    session = Credentials.of(sts.get_session_token())
    for credentials in (root.root, session):
        s3 = world.client("s3", credentials)
        refused("AccessDenied", 403, put, client=s3, bucket=guarded)
        assert put(s3, unguarded)
    role = root.role("Any", trusts(root.id), allow(*LIST))
    asked = {"RoleArn": role, "RoleSessionName": "x1"}
    for credentials in (root.root, session):
        assume = world.client("sts", credentials).assume_role
        answer = refused("AccessDenied", 403, assume, **asked)
        assert message(answer) == ROOT
    user = root.person("Any", allow("sts:AssumeRole", role))
    assert user.assume(role).token


@pytest.mark.rule("M34", "M40")
def test_long_term_keys_of_a_user_cannot_reach_what_asks_for_mfa(world: World) -> None:
    """M34, M40: only temporary credentials carry MFA; a second long-term key does not help."""
    user = world.a.person("Longterm", allow(*LIST, Condition=MFA), devices=1)
    key = world.a.client("iam").create_access_key(UserName=user.name)["AccessKey"]
    second = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    for credentials in (user.credentials, second):
        refused(*NO_TABLES, user.client("dynamodb", credentials).list_tables)
    session = user.session(mfa=True)
    assert "TableNames" in user.client("dynamodb", session).list_tables()


@pytest.mark.rule("M36", "M39")
@pytest.mark.threat("T23")
def test_federated_users_have_no_device_and_no_mfa(world: World) -> None:
    """M36, M39: GetFederationToken takes no code, its user gets no device, its session no MFA."""
    everything = allow("*", "*")
    user = world.a.person("Broker", everything, devices=1)
    sts = user.client("sts")
    made = sts.get_federation_token(Name="fed", Policy=json.dumps(everything))
    session = Credentials.of(made)
    mine = user.client("dynamodb", session)
    assert "TableNames" in mine.list_tables()
    # The same rights, if MFA-authenticated: never.
    iam = world.a.client("iam")
    place = {"UserName": user.name, "PolicyName": "own"}
    protected = policy(
        allow("sts:*", "*")["Statement"][0],
        allow(*LIST, Condition=MFA)["Statement"][0],
    )
    iam.put_user_policy(**place, PolicyDocument=json.dumps(protected))
    refused(*NO_TABLES, mine.list_tables)
    own = user.client("dynamodb", user.session(mfa=True))
    assert "TableNames" in own.list_tables()
    # A federated user is no IAM user that a device could be enabled for.
    serial, seed = world.a.virtual_device(unique("fed"))
    device = Device(serial, seed, this_step())
    codes = {
        "SerialNumber": serial,
        "AuthenticationCode1": device.code_at(this_step() - 1),
        "AuthenticationCode2": device.code_at(this_step()),
    }
    answer = refused(
        "NoSuchEntity", 404, iam.enable_mfa_device, UserName="fed", **codes
    )
    assert message(answer) == "The user with name fed cannot be found."
    world.a.enable(user.name, device)
    draft = call("sts", "GetFederationToken", Name="fed", TokenCode=device.code())
    told = send(world.server, draft, user.credentials)
    assert (told.status, told.error("sts")[0]) == (400, "ValidationError")
    assert sts.get_federation_token(Name="fed")["Credentials"]


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        pytest.param(
            "AssumeRoleWithWebIdentity",
            {"RoleSessionName": "x1", "WebIdentityToken": "e30.e30.e30"},
            id="M37",
            marks=pytest.mark.rule("M37"),
        ),
        pytest.param(
            "AssumeRoleWithSAML",
            {
                "PrincipalArn": "arn:aws:iam::111122223333:saml-provider/idp",
                "SAMLAssertion": "PHNhbWw+",
            },
            id="M38",
            marks=pytest.mark.rule("M38"),
        ),
    ],
)
@pytest.mark.threat("T23")
def test_calls_for_identity_providers_take_no_mfa(
    world: World, operation: str, params: dict[str, str]
) -> None:
    """M37, M38: they have no MFA parameters, signed or not, and a code proves nothing."""
    role = world.a.role("Idp", trusts(world.a.id), allow(*LIST))
    user = world.a.person("Idp", allow("sts:AssumeRole", role), devices=1)
    mfa = user.mfa()
    bare = call("sts", operation, RoleArn=role, **params)
    coded = call("sts", operation, RoleArn=role, **params, **mfa)
    for credentials in (None, user.credentials):
        answer = send(world.server, coded, credentials)
        code, said = answer.error("sts")
        assert (answer.status, code) == (400, "ValidationError")
        assert "SerialNumber" in said
        answer = send(world.server, bare, credentials)
        assert (answer.status, answer.error("sts")[0]) == (400, "InvalidIdentityToken")
    # Nothing of that used the code up.
    assert user.assume(role, **mfa).token


@pytest.mark.rule("M42")
def test_whoever_can_make_a_device_can_make_the_claim(world: World) -> None:
    """M42: the trusting account inherits what the trusted one lets its users do."""
    role = world.a.role("Trusting", trusts(world.b.id, Condition=MFA), allow(*LIST))
    mallory = world.b.person("Mallory", allow("sts:AssumeRole", role))
    iam = mallory.client("iam")
    name = unique("own")
    refused(
        "AccessDenied", 403, iam.create_virtual_mfa_device, VirtualMFADeviceName=name
    )
    asked = {"RoleArn": role, "RoleSessionName": "x1"}
    refused("AccessDenied", 403, mallory.client("sts").assume_role, **asked)
    mallory.allow(["iam:CreateVirtualMFADevice", "iam:EnableMFADevice"], "*")
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)
    made = made["VirtualMFADevice"]
    seed = made["Base32StringSeed"].decode()
    device = Device(made["SerialNumber"], seed, this_step())
    iam.enable_mfa_device(
        UserName=mallory.name,
        SerialNumber=device.serial,
        AuthenticationCode1=device.code_at(device.last_step - 1),
        AuthenticationCode2=device.last_code(),
    )
    mfa = {"SerialNumber": device.serial, "TokenCode": device.code()}
    session = mallory.assume(role, **mfa)
    assert "TableNames" in mallory.client("dynamodb", session).list_tables()


@pytest.mark.rule("M46", "M3")
def test_a_hardware_device_is_named_by_its_serial_number(world: World) -> None:
    """M46: the operator makes it known, an administrator enables it, its number names it."""
    user = world.a.person("Hardware", allow(*LIST, Condition=MFA))
    serial, seed = unique("GAHT12345"), pyotp.random_base32()
    device = Device(serial, seed, this_step())
    codes = {
        "UserName": user.name,
        "SerialNumber": serial,
        "AuthenticationCode1": device.code_at(device.last_step - 1),
        "AuthenticationCode2": device.last_code(),
    }
    iam = world.a.client("iam")
    refused("NoSuchEntity", 404, iam.enable_mfa_device, **codes)
    done = world.server.run("mfa", "register", serial, "--seed", seed)
    assert done.returncode == 0, done.stderr
    assert seed not in done.stdout
    world.a.enable(user.name, device)
    user.devices.append(device)
    listed = iam.list_mfa_devices(UserName=user.name)["MFADevices"]
    assert [one["SerialNumber"] for one in listed] == [serial]
    session = user.session(mfa=True)
    assert "TableNames" in user.client("dynamodb", session).list_tables()
