"""A whole gate in this process, whose clock is an argument.

Requests are signed as clients sign them, and go in where the server hands them in.
Nothing is replaced but the socket: store, vault, engine and audit log are real.
"""

import asyncio
import base64
import json
import re
from configparser import RawConfigParser
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import pyotp

from ostiary.config import read_settings
from ostiary.gate import audit
from ostiary.gate.audit import AuditLog
from ostiary.gate.forward import Forwarder
from ostiary.gate.sandbox import Sandbox
from ostiary.gate.upstreams import SANDBOX_ONLY
from ostiary.gate.work import Work
from ostiary.identity.secret import Secret
from ostiary.server.follow import Follower
from ostiary.server.home import Home, create_account, open_home
from ostiary.server.run import build_gate
from ostiary.wire import sigv4
from ostiary.wire.http import Request, Response
from ostiary.wire.sigv4 import Signer
from tests.conformance import invariants

START = 1_795_000_000
"""The clock's first reading, on a whole TOTP step's boundary plus ten seconds."""
STEP = 30
REGION = "us-east-1"
VERSIONS = {"iam": "2010-05-08", "sts": "2011-06-15", "ec2": "2016-11-15"}


@dataclass(frozen=True)
class Keys:
    """Credentials that sign."""

    key_id: str
    secret: str
    token: str | None = None


@dataclass(frozen=True)
class Answer:
    """A response, read."""

    status: int
    headers: dict[str, str]
    body: str

    @property
    def code(self) -> str:
        """The error code, of XML or JSON; empty for an answer that is no error."""
        found = re.search(r"<Code>(.*?)</Code>", self.body)
        if found:
            return found[1]
        if self.status >= 400 and self.body.startswith("{"):
            return str(json.loads(self.body)["__type"]).rpartition("#")[2]
        return ""

    @property
    def message(self) -> str:
        """The error message."""
        found = re.search(r"<Message>(.*?)</Message>", self.body, re.DOTALL)
        if found:
            return found[1].replace("&apos;", "'").replace("&quot;", '"')
        return str(json.loads(self.body).get("message", ""))

    @property
    def request_id(self) -> str:
        """The request id."""
        return self.headers.get("x-amzn-requestid") or self.headers["x-amz-request-id"]

    def field(self, name: str) -> str:
        """The text of the first XML element of this name."""
        found = re.search(f"<{name}>(.*?)</{name}>", self.body, re.DOTALL)
        assert found is not None, self.body
        return found[1]

    @property
    def keys(self) -> Keys:
        """The credentials in an answer of STS."""
        return Keys(
            self.field("AccessKeyId"),
            self.field("SecretAccessKey"),
            self.field("SessionToken"),
        )


@dataclass
class Whole:
    """The gate, the clock, and what was made through it."""

    folder: Path
    now: float = START
    home: Home = field(init=False)
    seeds: dict[str, str] = field(default_factory=dict)

    async def __aenter__(self) -> Self:
        self.home = open_home(read_settings({}, self.folder / "home"))
        self.work = Work(self.home.store)
        self.follower = Follower(self.home.store, self.home.snapshot, self.work)
        self.audit = AuditLog(self.home.settings.audit_folder, "api")
        self.forwarder = Forwarder(Sandbox(Secret("unused")), SANDBOX_ONLY)
        self.gate = build_gate(self.home, self.work, self.audit, self.forwarder)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.work.close()
        self.audit.close()
        database = self.folder / "home/ostiary.db"
        if kind is None and database.is_file():
            # Whatever a test has done, what it leaves behind is sound (T17, T99, T101).
            assert invariants.broken_in(database) == []

    @property
    def root(self) -> Keys:
        """The root key of the first account."""
        return self.profile("default")

    def profile(self, name: str) -> Keys:
        """The root key of an account."""
        profiles = RawConfigParser(default_section="")
        profiles.read(self.home.settings.credentials_file)
        keys = profiles[name]
        return Keys(keys["aws_access_key_id"], keys["aws_secret_access_key"])

    async def account(self, name: str, account_id: str) -> Keys:
        """A new account; its root key."""
        await self.work.change(
            lambda change: create_account(self.home, change, name, account_id)
        )
        return self.profile(name)

    async def send(self, request: Request) -> Answer:
        """The gate's answer to a request as it is."""
        return await read(await self.gate.handle(request, self.now))

    async def call(
        self, keys: Keys | None, service: str, action: str, **params: object
    ) -> Answer:
        """One call of a query service, signed now."""
        fields = {"Action": action, "Version": VERSIONS[service], **params}
        return await self.send(self.signed(keys, service, form(fields)))

    def signed(
        self, keys: Keys | None, service: str, body: bytes, **more: Any
    ) -> Request:
        """A POST of a form, signed now; unsigned without keys."""
        request = Request(
            method=more.pop("method", "POST"),
            path=more.pop("path", "/"),
            query=more.pop("query", ""),
            headers=(
                ("host", "127.0.0.1:4566"),
                ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
                *more.pop("headers", ()),
            ),
            body=body,
            secure=False,
            peer="127.0.0.1",
        )
        if keys is None:
            return request
        signer = Signer(
            access_key_id=keys.key_id,
            secret=keys.secret,
            session_token=keys.token,
            region=more.pop("region", REGION),
            service=service,
        )
        return replace(request, headers=sigv4.sign(request, signer, self.now))

    async def user(
        self, name: str, *statements: dict[str, Any], root: Keys | None = None
    ) -> Keys:
        """A new user with an access key and these statements."""
        by = root or self.root
        await self.good(by, "iam", "CreateUser", UserName=name)
        if statements:
            await self.good(
                by,
                "iam",
                "PutUserPolicy",
                UserName=name,
                PolicyName="own",
                PolicyDocument=document(*statements),
            )
        made = await self.good(by, "iam", "CreateAccessKey", UserName=name)
        return Keys(made.field("AccessKeyId"), made.field("SecretAccessKey"))

    async def role(
        self, name: str, trust: str, *statements: dict[str, Any], **more: object
    ) -> str:
        """A new role; its ARN."""
        made = await self.good(
            self.root,
            "iam",
            "CreateRole",
            RoleName=name,
            AssumeRolePolicyDocument=trust,
            **more,
        )
        if statements:
            await self.good(
                self.root,
                "iam",
                "PutRolePolicy",
                RoleName=name,
                PolicyName="own",
                PolicyDocument=document(*statements),
            )
        return made.field("Arn")

    async def device(self, user: str, root: Keys | None = None) -> str:
        """A new device of the user, one step behind now; its serial number."""
        by = root or self.root
        made = await self.good(
            by,
            "iam",
            "CreateVirtualMFADevice",
            VirtualMFADeviceName=f"{user}-{len(self.seeds)}",
        )
        serial = made.field("SerialNumber")

        self.seeds[serial] = base64.b64decode(made.field("Base32StringSeed")).decode()
        await self.good(
            by,
            "iam",
            "EnableMFADevice",
            UserName=user,
            SerialNumber=serial,
            AuthenticationCode1=self.code(serial, -2),
            AuthenticationCode2=self.code(serial, -1),
        )
        return serial

    def code(self, serial: str, steps: int = 0) -> str:
        """What the device shows so many steps from now."""
        return pyotp.TOTP(self.seeds[serial]).at(int(self.now) + steps * STEP)

    async def session(self, keys: Keys, serial: str = "", **more: object) -> Keys:
        """GetSessionToken, with MFA when a serial number is given."""
        if serial:
            more |= {"SerialNumber": serial, "TokenCode": self.code(serial)}
        return (await self.good(keys, "sts", "GetSessionToken", **more)).keys

    async def good(
        self, keys: Keys, service: str, action: str, **params: object
    ) -> Answer:
        """A call that must be allowed."""
        answer = await self.call(keys, service, action, **params)
        assert answer.status == 200, answer.body
        return answer

    async def bad(
        self, keys: Keys | None, service: str, action: str, **params: object
    ) -> Answer:
        """A call that must be refused."""
        answer = await self.call(keys, service, action, **params)
        assert answer.status >= 400, answer.body
        return answer

    def record(self, answer: Answer) -> dict[str, Any]:
        """The audit record of an answer."""
        folder = self.home.settings.audit_folder
        found: dict[str, Any] | None = audit.find(folder, answer.request_id)
        assert found is not None
        return found


async def read(response: Response) -> Answer:
    """The response with its body as text."""
    body = response.body
    if not isinstance(body, bytes):
        body = b"".join([piece async for piece in body])
    headers = {name.lower(): value for name, value in response.headers}
    return Answer(response.status, headers, body.decode())


def form(fields: dict[str, object]) -> bytes:
    """A form body; lists become `Name.member.N`, dictionaries `Name.Key`."""
    pairs: list[tuple[str, str]] = []

    def add(name: str, value: object) -> None:
        if isinstance(value, list):
            for number, one in enumerate(value, 1):
                add(f"{name}.member.{number}", one)
        elif isinstance(value, dict):
            for key, one in value.items():
                add(f"{name}.{key}", one)
        else:
            pairs.append((name, str(value)))

    for name, value in fields.items():
        add(name, value)
    return "&".join(
        f"{quote(name, safe='')}={quote(value, safe='-_.~')}" for name, value in pairs
    ).encode()


def document(*statements: dict[str, Any]) -> str:
    """A policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    """A statement that allows."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def trust(principal: Any, **more: Any) -> str:
    """A trust policy."""
    statement = {
        "Effect": "Allow",
        "Principal": principal,
        "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
        **more,
    }
    return document(statement)


MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def run(folder: Path, play: Any) -> None:
    """Run an async test body with a whole gate."""

    async def inner() -> None:
        async with Whole(folder) as whole:
            await play(whole)

    asyncio.run(inner())
