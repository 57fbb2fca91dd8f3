"""Accounts, people and their phones, made over the API with unmodified boto3."""

import itertools
import json
import time
from dataclasses import dataclass, field
from typing import Any

import boto3
import pyotp
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.e2e.server import Server

_numbers = itertools.count(1)
REGION = "us-east-1"
STEP = 30


@dataclass
class Credentials:
    """What a client signs with."""

    key_id: str
    secret: str
    token: str | None = None

    @classmethod
    def of(cls, answer: dict[str, Any]) -> "Credentials":
        """From the `Credentials` member of an STS answer."""
        one = answer["Credentials"]
        return cls(one["AccessKeyId"], one["SecretAccessKey"], one["SessionToken"])


@dataclass
class Device:
    """An MFA device that somebody holds; pyotp is the phone."""

    serial: str
    seed: str
    last_step: int

    def code(self) -> str:
        """A code that was never used: of the next step if this one's is used up."""
        now = int(time.time())
        step = max(now // STEP, self.last_step + 1)
        if step > now // STEP + 1:
            time.sleep((step - 1) * STEP - time.time() + 0.1)
        self.last_step = step
        return self.code_at(step)

    def code_at(self, step: int) -> str:
        """The code of a time step."""
        return pyotp.TOTP(self.seed).at(step * STEP)

    def wrong_code(self) -> str:
        """Six digits that no step near now shows."""
        now = int(time.time()) // STEP
        near = {self.code_at(step) for step in range(now - 3, now + 4)}
        return next(f"{n:06d}" for n in range(1_000_000) if f"{n:06d}" not in near)


@dataclass
class Person:
    """An IAM user with an access key and perhaps devices."""

    world: "World"
    account: "Account"
    name: str
    arn: str
    credentials: Credentials
    devices: list[Device] = field(default_factory=list)

    def client(self, service: str, credentials: Credentials | None = None) -> Any:
        """A boto3 client with the long-term key, or with these credentials."""
        return self.world.client(service, credentials or self.credentials)

    def mfa(self) -> tuple[str, str]:
        """Serial number and unused code of one of the devices."""
        device = min(self.devices, key=lambda one: one.last_step)
        return device.serial, device.code()

    def session(self, *, mfa: bool, **more: Any) -> Credentials:
        """GetSessionToken, with or without MFA."""
        if mfa:
            more["SerialNumber"], more["TokenCode"] = self.mfa()
        return Credentials.of(self.client("sts").get_session_token(**more))

    def assume(self, role_arn: str, **more: Any) -> Credentials:
        """AssumeRole with the long-term key."""
        answer = self.client("sts").assume_role(
            RoleArn=role_arn, RoleSessionName=self.name, **more
        )
        return Credentials.of(answer)


@dataclass
class Account:
    """An account and its root key."""

    world: "World"
    id: str
    root: Credentials

    def client(self, service: str) -> Any:
        """A client of the root user."""
        return self.world.client(service, self.root)

    def person(
        self,
        name: str,
        policy: dict[str, Any] | None = None,
        *,
        devices: int = 0,
        admin: bool = False,
    ) -> Person:
        """A new user with an access key, an inline policy and devices."""
        iam = self.client("iam")
        user = iam.create_user(UserName=name)["User"]
        if policy is not None:
            iam.put_user_policy(
                UserName=name, PolicyName="own", PolicyDocument=json.dumps(policy)
            )
        if admin:
            iam.attach_user_policy(
                UserName=name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
            )
        key = iam.create_access_key(UserName=name)["AccessKey"]
        person = Person(
            self.world,
            self,
            name,
            user["Arn"],
            Credentials(key["AccessKeyId"], key["SecretAccessKey"]),
        )
        for number in range(devices):
            person.devices.append(self.enrol(name, f"{name}-{number}"))
        return person

    def enrol(self, user: str, device: str) -> Device:
        """A virtual device, made and enabled for a user by root."""
        iam = self.client("iam")
        made = iam.create_virtual_mfa_device(VirtualMFADeviceName=device)
        made = made["VirtualMFADevice"]
        seed = made["Base32StringSeed"].decode()
        step = int(time.time()) // STEP
        held = Device(made["SerialNumber"], seed, step)
        iam.enable_mfa_device(
            UserName=user,
            SerialNumber=held.serial,
            AuthenticationCode1=held.code_at(step - 1),
            AuthenticationCode2=held.code_at(step),
        )
        return held

    def role(self, name: str, trust: dict[str, Any], policy: dict[str, Any]) -> str:
        """A role with an inline policy; its ARN."""
        iam = self.client("iam")
        made = iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps(trust)
        )
        iam.put_role_policy(
            RoleName=name, PolicyName="own", PolicyDocument=json.dumps(policy)
        )
        return str(made["Role"]["Arn"])


class World:
    """The server as its users see it."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def client(self, service: str, credentials: Credentials) -> Any:
        """A boto3 client that nobody modified."""
        return boto3.session.Session().client(
            service,
            region_name=REGION,
            endpoint_url=self.server.url,
            aws_access_key_id=credentials.key_id,
            aws_secret_access_key=credentials.secret,
            aws_session_token=credentials.token,
            config=Config(
                retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}
            ),
        )

    def account(self, name: str = "account") -> Account:
        """A new account, made with the command line while the server runs."""
        unique = f"{name}-{next(_numbers)}"
        done = self.server.run("account", "create", unique, "--json")
        assert done.returncode == 0, done.stderr
        made = json.loads(done.stdout)
        key_id, secret = self.server.credentials(unique)
        account = Account(self, made["account_id"], Credentials(key_id, secret))
        self.await_account(account)
        return account

    def await_account(self, account: Account) -> None:
        """Another process made it: the server knows within a second (P5)."""
        deadline = time.monotonic() + 2
        while True:
            try:
                account.client("sts").get_caller_identity()
            except ClientError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            else:
                return


def refused(code: str, status: int, call: Any, **params: Any) -> dict[str, Any]:
    """The error answer of a call that must be refused."""
    try:
        call(**params)
    except ClientError as error:
        answer: dict[str, Any] = error.response  # type: ignore[assignment]  # typed dict
        assert answer["Error"]["Code"] == code, answer
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == status, answer
        return answer
    raise AssertionError(f"{call.__name__} was allowed")
