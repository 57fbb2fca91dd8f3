"""Accounts, people and their phones, made over the API with unmodified boto3."""

import itertools
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import boto3
import pyotp
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.e2e.server import Server

_numbers = itertools.count(1)
REGION = "us-east-1"
STEP = 30
DEVICES_PER_USER = 8
FIRST_ACCOUNT = "111122223333"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"

Document = dict[str, Any]

MFA: Document = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
"""The condition of the whole chapter (M14)."""

NOT_THEIRS = (
    "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify "
    "your MFA serial number is valid and associated with this user."
)
NOT_THE_CODE = "MultiFactorAuthentication failed with invalid MFA one time pass code. "
NOT_BOTH = (
    "MultiFactorAuthentication failed, must provide both MFA serial number and one "
    "time pass code."
)


def unique(name: str) -> str:
    """The name with a number that no other thing of this run has."""
    return f"{name}-{next(_numbers)}"


def allow(action: str | list[str], resource: str | list[str], **more: Any) -> Document:
    """A policy of one statement that allows."""
    return policy({"Effect": "Allow", "Action": action, "Resource": resource, **more})


def policy(*statements: Document) -> Document:
    """A policy of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def trusts(principal: Any, **more: Any) -> Document:
    """The chapter's trust policy, in its short forms (M18)."""
    return {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"AWS": principal},
            "Action": "sts:AssumeRole",
            **more,
        },
    }


@cache
def _session() -> boto3.session.Session:
    """One session, so that the models of the services are read once."""
    return boto3.session.Session()


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


def code_of(seed: str, step: int) -> str:
    """The code that a phone with this seed shows in a time step."""
    return pyotp.TOTP(seed).at(step * STEP)


def this_step() -> int:
    """The time step of now."""
    return int(time.time()) // STEP


def early_step(seconds: float = 1.5) -> int:
    """The time step of now, once it lasts for some seconds more.

    A code that is about to go might arrive too late.
    """
    left = STEP - time.time() % STEP
    if left < seconds:
        time.sleep(left + 0.05)
    return this_step()


@dataclass
class Device:
    """An MFA device that somebody holds; pyotp is the phone."""

    serial: str
    seed: str
    last_step: int

    @property
    def has_code(self) -> bool:
        """Whether a code that was never used would be accepted now."""
        return self.last_step <= this_step()

    def code(self) -> str:
        """A code that was never used: of the next step if this one's is used up."""
        step = max(this_step(), self.last_step + 1)
        if step > this_step() + 1:
            time.sleep((step - 1) * STEP - time.time() + 0.1)
        self.last_step = step
        return self.code_at(step)

    def code_at(self, step: int) -> str:
        """The code of a time step."""
        return code_of(self.seed, step)

    def last_code(self) -> str:
        """The code that was used last."""
        return self.code_at(self.last_step)

    def wrong_codes(self, count: int) -> list[str]:
        """Six digits each, that no step near now shows."""
        now = this_step()
        near = {self.code_at(step) for step in range(now - 3, now + 5)}
        numbers = (f"{n:06d}" for n in range(1_000_000))
        return list(itertools.islice((n for n in numbers if n not in near), count))

    def wrong_code(self) -> str:
        """Six digits that no step near now shows."""
        return self.wrong_codes(1)[0]


@dataclass
class Person:
    """An IAM user with an access key and perhaps devices."""

    world: "World"
    account: "Account"
    name: str
    id: str
    arn: str
    credentials: Credentials
    devices: list[Device] = field(default_factory=list)

    def client(
        self, service: str, credentials: Credentials | None = None, **settings: Any
    ) -> Any:
        """A boto3 client with the long-term key, or with these credentials."""
        return self.world.client(service, credentials or self.credentials, **settings)

    def allow(self, action: str | list[str], resource: Any, **more: Any) -> None:
        """One more inline policy."""
        self.account.client("iam").put_user_policy(
            UserName=self.name,
            PolicyName=unique("more"),
            PolicyDocument=json.dumps(allow(action, resource, **more)),
        )

    def device(self) -> Device:
        """One of the devices, with a code that can be used now.

        When every code is used up, root enrols one more, so that nobody waits.
        """
        ready = [one for one in self.devices if one.has_code]
        if not ready and len(self.devices) < DEVICES_PER_USER:
            ready = [self.enrol()]
            self.devices += ready
        return min(ready or self.devices, key=lambda one: one.last_step)

    def enrol(self, *, ago: int = 0) -> Device:
        """One more device, enabled by root."""
        return self.account.enrol(self.name, unique(self.name), ago=ago)

    def mfa(self) -> dict[str, str]:
        """The two MFA parameters, with a code that was not used yet."""
        device = self.device()
        return {"SerialNumber": device.serial, "TokenCode": device.code()}

    def session(self, *, mfa: bool, **more: Any) -> Credentials:
        """GetSessionToken, with or without MFA."""
        given = self.mfa() if mfa else {}
        return Credentials.of(self.client("sts").get_session_token(**given, **more))

    def assume(
        self, role_arn: str, credentials: Credentials | None = None, **more: Any
    ) -> Credentials:
        """AssumeRole with the long-term key, or with these credentials."""
        answer = self.client("sts", credentials).assume_role(
            RoleArn=role_arn, RoleSessionName="session", **more
        )
        return Credentials.of(answer)


@dataclass
class Account:
    """An account and its root key."""

    world: "World"
    id: str
    root: Credentials

    def client(self, service: str, **settings: Any) -> Any:
        """A client of the root user."""
        return self.world.client(service, self.root, **settings)

    def person(
        self,
        name: str = "somebody",
        policy: Document | None = None,
        *,
        devices: int = 0,
        admin: bool = False,
        **more: Any,
    ) -> Person:
        """A new user with an access key, an inline policy and devices."""
        iam = self.client("iam")
        name = unique(name)
        user = iam.create_user(UserName=name, **more)["User"]
        if policy is not None:
            iam.put_user_policy(
                UserName=name, PolicyName="own", PolicyDocument=json.dumps(policy)
            )
        if admin:
            iam.attach_user_policy(UserName=name, PolicyArn=ADMINISTRATOR)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        person = Person(
            self.world,
            self,
            name,
            user["UserId"],
            user["Arn"],
            Credentials(key["AccessKeyId"], key["SecretAccessKey"]),
        )
        for _ in range(devices):
            person.devices.append(person.enrol())
        return person

    def virtual_device(self, name: str) -> tuple[str, str]:
        """A virtual device that nobody has yet: its serial number and seed."""
        made = self.client("iam").create_virtual_mfa_device(VirtualMFADeviceName=name)
        device = made["VirtualMFADevice"]
        return device["SerialNumber"], device["Base32StringSeed"].decode()

    def enrol(self, user: str, device: str, *, ago: int = 0) -> Device:
        """A virtual device, made and enabled for a user by root.

        Args:
            user: the user's name.
            device: the device's name.
            ago: how many steps ago the codes were shown; with 1, the code that is
                shown now is not used up, but the next one comes too early.
        """
        serial, seed = self.virtual_device(device)
        held = Device(serial, seed, this_step())
        self.enable(user, held, ago=ago)
        return held

    def enable(self, user: str, held: Device, *, ago: int = 0) -> None:
        """Enable a device for a user with two codes, the last of this step (or some ago)."""
        step = held.last_step = early_step() - ago
        self.client("iam").enable_mfa_device(
            UserName=user,
            SerialNumber=held.serial,
            AuthenticationCode1=held.code_at(step - 1),
            AuthenticationCode2=held.code_at(step),
        )

    def role(self, name: str, trust: Document, policy: Document, **more: Any) -> str:
        """A role with an inline policy; its ARN."""
        iam = self.client("iam")
        name = unique(name)
        made = iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps(trust), **more
        )
        iam.put_role_policy(
            RoleName=name, PolicyName="own", PolicyDocument=json.dumps(policy)
        )
        return str(made["Role"]["Arn"])

    def group(self, name: str, policy: Document, *members: Person) -> str:
        """A group with an inline policy and members; its name."""
        iam = self.client("iam")
        name = unique(name)
        iam.create_group(GroupName=name)
        iam.put_group_policy(
            GroupName=name, PolicyName="own", PolicyDocument=json.dumps(policy)
        )
        for member in members:
            iam.add_user_to_group(GroupName=name, UserName=member.name)
        return name

    def table(self, name: str) -> str:
        """A DynamoDB table with the key `Title`; its name."""
        name = unique(name)
        self.client("dynamodb").create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "Title", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "Title", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        return name

    def bucket(self, policy: Callable[[str], Document] | None = None) -> str:
        """A bucket, with the policy that this gives for its name."""
        name = unique("bucket")
        s3 = self.client("s3")
        s3.create_bucket(Bucket=name)
        if policy is not None:
            s3.put_bucket_policy(Bucket=name, Policy=json.dumps(policy(name)))
        return name

    def instance(self) -> str:
        """An EC2 instance; its id."""
        made = self.client("ec2").run_instances(
            ImageId="ami-12c6146b", MinCount=1, MaxCount=1
        )
        return str(made["Instances"][0]["InstanceId"])


class World:
    """The server as its users see it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._accounts: dict[str, Account] = {}

    @property
    def a(self) -> Account:
        """The first account, which owns what others want."""
        if "A" not in self._accounts:
            root = Credentials(*self.server.credentials("default"))
            self._accounts["A"] = Account(self, FIRST_ACCOUNT, root)
        return self._accounts["A"]

    @property
    def b(self) -> Account:
        """Another account."""
        return self._named("B")

    @property
    def c(self) -> Account:
        """A third account."""
        return self._named("C")

    @property
    def d(self) -> Account:
        """A fourth account, that nobody trusts."""
        return self._named("D")

    def client(
        self, service: str, credentials: Credentials | None, **settings: Any
    ) -> Any:
        """A boto3 client that nobody modified; anonymous without credentials."""
        keys: dict[str, str | None] = {}
        if credentials is None:
            settings["signature_version"] = UNSIGNED
        else:
            keys = {
                "aws_access_key_id": credentials.key_id,
                "aws_secret_access_key": credentials.secret,
                "aws_session_token": credentials.token,
            }
        return _session().client(
            service,
            region_name=REGION,
            endpoint_url=self.server.url,
            config=Config(
                retries={"total_max_attempts": 1},
                s3={"addressing_style": "path"},
                **settings,
            ),
            **keys,
        )

    def account(self, name: str = "account") -> Account:
        """A new account, made with the command line while the server runs."""
        profile = unique(name)
        done = self.server.run("account", "create", profile, "--json")
        assert done.returncode == 0, done.stderr
        made = json.loads(done.stdout)
        root = Credentials(*self.server.credentials(profile))
        account = Account(self, made["account_id"], root)
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

    def _named(self, name: str) -> Account:
        if name not in self._accounts:
            self._accounts[name] = self.account(f"Account-{name}")
        return self._accounts[name]


def refused(code: str, status: int, call: Any, **params: Any) -> dict[str, Any]:
    """The error answer of a call that must be refused."""
    try:
        call(**params)
    except ClientError as error:
        answer: dict[str, Any] = error.response  # type: ignore[assignment]  # typed dict
        assert answer["Error"]["Code"] == code, answer
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == status, answer
        return answer
    raise AssertionError(f"{getattr(call, '__name__', call)} was allowed")


def message(answer: dict[str, Any]) -> str:
    """What a refusal says."""
    return str(answer["Error"]["Message"])


def not_authorized(who: str, action: str, resource: str, kind: str = "") -> str:
    """The sentence of facts 6.4; `kind` is the policy that did not allow."""
    said = f"User: {who} is not authorized to perform: {action} on resource: {resource}"
    if kind:
        return f"{said} because no {kind} policy allows the {action} action"
    return said
