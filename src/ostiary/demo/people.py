"""Accounts, users and the devices in their pockets."""

import json
import time
from dataclasses import dataclass, field
from typing import Any, Protocol

from ostiary.identity import totp
from ostiary.server.system import now

Document = dict[str, Any]
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client signs with."""

    key_id: str
    secret: str = field(repr=False)
    token: str | None = field(repr=False)


def credentials_of(answer: Any) -> Credentials:
    """The credentials in the answer of an STS call."""
    given = answer["Credentials"]
    return Credentials(
        given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]
    )


class Clients(Protocol):
    """Who makes clients: the stage."""

    def client(self, service: str, credentials: Credentials | None) -> Any:
        """A client with these credentials; anonymous without."""
        ...

    def profile(self, name: str) -> Credentials:
        """A root key from the credentials file."""
        ...


@dataclass(slots=True)
class Device:
    """A virtual MFA device: it shows a code every 30 seconds."""

    serial: str
    seed: bytes = field(repr=False)
    last_step: int = 0

    def code(self) -> str:
        """A code that was not used yet, waiting for one if it must.

        The code of the coming step is accepted already (one step of grace).
        """
        step = max(totp.step_at(now()), self.last_step + 1)
        wait = (step - 1) * totp.STEP - now()
        if wait > 0:
            time.sleep(wait + 0.05)
        self.last_step = step
        return totp.token_code(self.seed, step)

    def last_code(self) -> str:
        """The code that was used last."""
        return totp.token_code(self.seed, self.last_step)

    def wrong_code(self) -> str:
        """Six digits that the device does not show around now."""
        here = totp.step_at(now())
        near = {totp.token_code(self.seed, here + n) for n in range(-3, 4)}
        return next(f"{n:06}" for n in range(10) if f"{n:06}" not in near)


@dataclass(slots=True)
class Person:
    """An IAM user with an access key, and devices in the pocket."""

    account: "Account"
    name: str
    credentials: Credentials
    devices: list[Device] = field(default_factory=list)

    def client(self, service: str, credentials: Credentials | None = None) -> Any:
        """A client with the long-term key, or with other credentials."""
        return self.account.stage.client(service, credentials or self.credentials)

    def mfa(self) -> Document:
        """The two MFA parameters, with a code that was not used yet.

        The device that was used longest ago is taken, so that nobody waits.
        """
        device = min(self.devices, key=lambda one: one.last_step)
        return {"SerialNumber": device.serial, "TokenCode": device.code()}

    def session(self, *, mfa: bool) -> Credentials:
        """GetSessionToken with or without MFA."""
        given = self.mfa() if mfa else {}
        return credentials_of(self.client("sts").get_session_token(**given))

    def assume(self, role: str, **given: Any) -> Any:
        """AssumeRole with the long-term key."""
        return self.client("sts").assume_role(
            RoleArn=role, RoleSessionName=self.name, **given
        )


@dataclass(slots=True)
class Account:
    """An account, as its administrator sees it."""

    stage: Clients
    id: str
    profile: str

    def root(self, service: str) -> Any:
        """A client of the root user."""
        return self.stage.client(service, self.stage.profile(self.profile))

    def person(
        self, name: str, *, devices: int = 0, policy: Document | None = None
    ) -> Person:
        """A new user."""
        iam = self.root("iam")
        iam.create_user(UserName=name)
        if policy is not None:
            iam.put_user_policy(
                UserName=name, PolicyName="own", PolicyDocument=json.dumps(policy)
            )
        key = iam.create_access_key(UserName=name)["AccessKey"]
        made = Credentials(key["AccessKeyId"], key["SecretAccessKey"], None)
        person = Person(self, name, made)
        for number in range(1, devices + 1):
            person.devices.append(self._enrol(name, f"{name}-{number}"))
        return person

    def administrator(self, name: str) -> Person:
        """A new user who may do everything in the account."""
        person = self.person(name)
        self.root("iam").attach_user_policy(UserName=name, PolicyArn=ADMINISTRATOR)
        return person

    def role(self, name: str, trust: Document, policy: Document) -> str:
        """A new role; its ARN."""
        iam = self.root("iam")
        made = iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps(trust)
        )
        iam.put_role_policy(
            RoleName=name, PolicyName="own", PolicyDocument=json.dumps(policy)
        )
        return str(made["Role"]["Arn"])

    def _enrol(self, user: str, name: str) -> Device:
        """A device, made and enabled with two consecutive codes."""
        iam = self.root("iam")
        made = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)
        seed = totp.decode_seed(made["VirtualMFADevice"]["Base32StringSeed"].decode())
        step = totp.step_at(now())
        serial = made["VirtualMFADevice"]["SerialNumber"]
        iam.enable_mfa_device(
            UserName=user,
            SerialNumber=serial,
            AuthenticationCode1=totp.token_code(seed, step - 1),
            AuthenticationCode2=totp.token_code(seed, step),
        )
        return Device(serial, seed, step)


def allow(action: str | list[str], resource: str | list[str], **more: Any) -> Document:
    """A policy of one statement that allows."""
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, **more}
    return {"Version": "2012-10-17", "Statement": [statement]}


MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
"""The condition of the whole chapter."""


def trusts(account: str, **more: Any) -> Document:
    """The guide's trust policy, in its short forms (M18)."""
    return {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"AWS": account},
            "Action": "sts:AssumeRole",
            **more,
        },
    }
