"""Federation as clients do it: boto3 and the AWS CLI, over a provider with TLS."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric import ec

from tests.e2e.server import Server, clean_environment, free_port, ostiary, start
from tests.e2e.world import FIRST_ACCOUNT, REGION, Credentials, allow, unique
from tests.unit.services.assertions.openid import CLIENT, Provider, listening
from tests.unit.services.assertions.responses import Said, encoded, metadata, sign

AWS = Path(sys.executable).with_name("aws")


@dataclass
class Setting:
    """A server and a provider that it may reach."""

    server: Server
    idp: Provider

    def client(self, service: str, credentials: Credentials | None = None) -> Any:
        """A client with these credentials; unsigned without."""
        settings: dict[str, Any] = {}
        if credentials is None:
            settings["config"] = Config(signature_version=UNSIGNED)
        else:
            settings |= {
                "aws_access_key_id": credentials.key_id,
                "aws_secret_access_key": credentials.secret,
                "aws_session_token": credentials.token,
            }
        return boto3.client(
            service, region_name=REGION, endpoint_url=self.server.url, **settings
        )

    @property
    def root(self) -> Credentials:
        """The first account's root key."""
        return Credentials(*self.server.credentials("default"))

    def role(self, provider: str, action: str, condition: Any = None) -> str:
        """A role that trusts a provider; its ARN."""
        iam = self.client("iam", self.root)
        name = unique("federated")
        trust = {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Principal": {"Federated": provider},
                "Action": action,
                "Condition": condition or {},
            },
        }
        role = iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps(trust)
        )
        iam.put_role_policy(
            RoleName=name,
            PolicyName="own",
            PolicyDocument=json.dumps(allow("iam:ListRoles", "*")),
        )
        arn: str = role["Role"]["Arn"]
        return arn

    def web_role(self) -> str:
        """A role for the main branch of one repository."""
        provider = f"arn:aws:iam::{FIRST_ACCOUNT}:oidc-provider/{self.idp.name}"
        condition = {
            "StringEquals": {f"{self.idp.name}:aud": CLIENT},
            "StringLike": {f"{self.idp.name}:sub": "repo:acme/app:*"},
        }
        return self.role(provider, "sts:AssumeRoleWithWebIdentity", condition)


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    """A server whose operator has named the provider, and its authority."""
    folder = tmp_path_factory.mktemp("federation")
    with listening(folder / "tls") as idp:
        home = folder / "home"
        home.mkdir(mode=0o700)
        (home / "ostiary.toml").write_text(
            f'[federation]\ninternal = ["{idp.origin}"]\n'
            f'ca_file = "{folder / "tls" / "ca.pem"}"\n'
        )
        server = start(home)
        setting = Setting(server, idp)
        iam = setting.client("iam", setting.root)
        iam.create_open_id_connect_provider(Url=idp.url, ClientIDList=[CLIENT])
        iam.create_saml_provider(Name="Corporate", SAMLMetadataDocument=metadata())
        yield setting
        assert server.stop() == 0


def test_web_identity_with_boto3(setting: Setting) -> None:
    """An unsigned call opens a session; keys are rotated under it, and it goes on."""
    role = setting.web_role()
    sts = setting.client("sts")
    answer = sts.assume_role_with_web_identity(
        RoleArn=role,
        RoleSessionName="ci",
        WebIdentityToken=setting.idp.token(time.time()),
    )
    assert answer["Audience"] == CLIENT
    assert answer["Provider"] == setting.idp.issuer
    session = Credentials.of(answer)
    who = setting.client("sts", session).get_caller_identity()
    assert who["Arn"] == answer["AssumedRoleUser"]["Arn"]
    assert setting.client("iam", session).list_roles()["Roles"]
    with pytest.raises(ClientError) as caught:
        sts.assume_role_with_web_identity(
            RoleArn=role,
            RoleSessionName="ci",
            WebIdentityToken=setting.idp.token(time.time(), sub="repo:evil/app:x"),
        )
    assert caught.value.response["Error"] == {
        "Type": "Sender",
        "Code": "AccessDenied",
        "Message": "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    }
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_web_identity_with_the_aws_cli(setting: Setting, tmp_path: Path) -> None:
    """A token file and two variables are all that a CI job sets."""
    file = tmp_path / "token"
    file.write_text(setting.idp.token(time.time()))
    done = subprocess.run(
        [str(AWS), "sts", "get-caller-identity", "--output", "json"],
        env=clean_environment(
            AWS_ENDPOINT_URL=setting.server.url,
            AWS_DEFAULT_REGION=REGION,
            AWS_ROLE_ARN=setting.web_role(),
            AWS_ROLE_SESSION_NAME="job-7",
            AWS_WEB_IDENTITY_TOKEN_FILE=str(file),
        ),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["Arn"].endswith("/job-7")


def test_a_provider_s_keys_are_followed(setting: Setting) -> None:
    """After the half minute in which nobody asks again, a new key is found (60 s)."""
    role, sts = setting.web_role(), setting.client("sts")
    setting.idp.rotate("curve", ec.generate_private_key(ec.SECP256R1()))

    def refusal() -> str:
        token = setting.idp.token(time.time(), algorithm="ES256")
        try:
            sts.assume_role_with_web_identity(
                RoleArn=role, RoleSessionName="ci", WebIdentityToken=token
            )
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return ""

    until = time.time() + 60
    while (code := refusal()) and time.time() < until:
        assert code == "InvalidIdentityToken"
        time.sleep(2)
    assert code == ""


def test_saml_with_boto3(setting: Setting) -> None:
    """An unsigned call opens a session, once; what went wrong is in AWS's words."""
    provider = f"arn:aws:iam::{FIRST_ACCOUNT}:saml-provider/Corporate"
    role = setting.role(
        provider,
        "sts:AssumeRoleWithSAML",
        {"StringEquals": {"saml:aud": "https://signin.aws.amazon.com/saml"}},
    )
    said = Said(now=time.time(), role=role, provider=provider, id=unique("_id"))
    sent = sign(said.xml())
    call = {
        "RoleArn": role,
        "PrincipalArn": provider,
        "SAMLAssertion": encoded(sent),
    }
    sts = setting.client("sts")
    answer = sts.assume_role_with_saml(**call)
    assert answer["Subject"] == "alice"
    assert answer["SubjectType"] == "persistent"
    session = Credentials.of(answer)
    assert setting.client("iam", session).list_roles()["Roles"]
    with pytest.raises(ClientError) as caught:
        sts.assume_role_with_saml(**call)
    assert caught.value.response["Error"]["Code"] == "InvalidIdentityToken"
    record = setting.server.record(answer["ResponseMetadata"]["RequestId"])
    assert record["userIdentity"]["type"] == "SAMLUser"
    told = setting.server.run("why", answer["ResponseMetadata"]["RequestId"])
    assert "SAMLUser alice" in told.stdout
    assert "word of an identity provider" in told.stdout


@pytest.mark.threat("T144")
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_setting_that_is_none_stops_the_start(tmp_path: Path, workers: str) -> None:
    """Of one process and of several, with the setting's name and without a server."""
    (tmp_path / "ostiary.toml").write_text('[federation]\nintern = ["a"]\n')
    ports = ("--port", str(free_port()), "--console-port", str(free_port()))
    done = ostiary("serve", "--workers", workers, *ports, home=tmp_path)
    assert done.returncode == 2
    assert "[federation]: unknown setting `intern`" in done.stderr
