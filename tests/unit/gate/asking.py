"""Asks what a request takes: boto3 writes it, the catalog reads it, we look."""

import json
from functools import cache
from typing import Any
from urllib.parse import urlencode

from botocore import xform_name

from ostiary.gate.actions import Need, required
from ostiary.identity import holdings, model
from ostiary.identity.caller import ANONYMOUS, Caller, session_arn
from ostiary.identity.session import Session, SessionKind
from ostiary.policy import Principal
from ostiary.store.snapshot import Snapshot
from ostiary.wire import catalog
from ostiary.wire.http import Request
from ostiary.wire.service import BY_NAME
from tests.differential.wire.captured import capture, client

ACCOUNT = "111122223333"
OTHER = "444455556666"
REGION = "us-east-1"
NOW = 1_780_000_000
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/Edge"

__all__ = ["ACCOUNT", "ANONYMOUS", "OTHER"]


def snapshot() -> Snapshot:
    """Two accounts: Alice and a role with paths, tags and boundaries; two buckets."""
    filled = Snapshot()
    filled.load(
        1,
        [
            model.Account(id=ACCOUNT, name="A", alias="", created=NOW),
            model.Account(id=OTHER, name="B", alias="", created=NOW),
            _user("AIDAALICE", ACCOUNT, "Alice", "/dev/"),
            _user("AIDABOB", ACCOUNT, "Bob", "/"),
            _user("AIDASELF", ACCOUNT, "self", "/"),
            _user("AIDACARL", OTHER, "Carl", "/"),
            _role("AROAJOB", ACCOUNT, "Job"),
            _role("AROAFAR", OTHER, "Far"),
            model.Group(
                id="AGPAOPS", account=ACCOUNT, name="Ops", path="/eng/", created=NOW
            ),
            holdings.InstanceProfile(
                id="AIPAWEB",
                account=ACCOUNT,
                name="Web",
                path="/app/",
                created=NOW,
                role="",
                tags=(),
            ),
            holdings.ServerCertificate(
                id="ASCASITE",
                account=ACCOUNT,
                name="site",
                path="/cdn/",
                created=NOW,
                expires=NOW,
                body="",
                chain="",
                private_key=b"",
                tags=(),
            ),
            _key("AKIABOB", ACCOUNT, "AIDABOB"),
            _key("AKIACARL", OTHER, "AIDACARL"),
            _key("AKIAROOT", ACCOUNT, ""),
            _key("AKIALOST", OTHER, "AIDAGONE"),
            _key("AKIAGONE", ACCOUNT, "AIDAGONE"),
            _owned("arn:aws:s3:::mine", ACCOUNT),
            _owned("arn:aws:s3:::theirs", OTHER),
            _owned(table("Known"), ACCOUNT, '{"partition_key": "Id"}'),
            model.Policy(
                arn=BOUNDARY,
                id="ANPAEDGE",
                account=ACCOUNT,
                name="Edge",
                path="/",
                created=NOW,
                updated=NOW,
                description="",
                default_version=1,
                next_version=2,
                tags=(("kind", "edge"),),
            ),
        ],
    )
    return filled


def _user(key: str, account: str, name: str, path: str) -> model.User:
    return model.User(
        id=key,
        account=account,
        name=name,
        path=path,
        created=NOW,
        tags=(("team", "red"),),
        boundary=BOUNDARY if name == "Alice" else "",
    )


def _role(key: str, account: str, name: str) -> model.Role:
    return model.Role(
        id=key,
        account=account,
        name=name,
        path="/svc/",
        created=NOW,
        description="",
        trust="{}",
        max_session=3600,
        tags=(("team", "blue"),),
        boundary=BOUNDARY,
    )


def _key(key: str, account: str, user: str) -> model.AccessKey:
    return model.AccessKey(
        id=key, account=account, user=user, secret=b"", status="Active", created=NOW
    )


def _owned(arn: str, account: str, state: str = "") -> model.OwnedResource:
    return model.OwnedResource(arn=arn, account=account, created=NOW, state=state)


SNAPSHOT = cache(snapshot)


def table(name: str) -> str:
    """The ARN of a table of the account."""
    return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"


def caller(arn: str, name: str = "", session: Session | None = None) -> Caller:
    """Whoever has this ARN."""
    return Caller(
        principal=Principal.from_arn(arn),
        user_id="id",
        name=name,
        principal_arn=arn,
        access_key_id="AKIA",
        session=session,
        mfa_at=None,
        tags=(),
    )


def session(kind: SessionKind, **told: Any) -> Session:
    """Temporary credentials of a kind."""
    facts: dict[str, Any] = {
        "access_key_id": "ASIA",
        "kind": kind,
        "account": ACCOUNT,
        "principal": "AIDAALICE",
        "name": "s",
        "issued_at": NOW,
        "expires_at": NOW + 3600,
        "mfa_at": None,
        "issuer": "AKIA",
        "source_identity": "",
        "tags": (),
        "transitive": (),
        "policy": None,
        "policy_arns": (),
    }
    return Session(**(facts | told))


ALICE = caller(f"arn:aws:iam::{ACCOUNT}:user/dev/Alice", "Alice")
ROOT = caller(f"arn:aws:iam::{ACCOUNT}:root")


def role_session(**told: Any) -> Caller:
    """A session of the role Job."""
    made = session(SessionKind.ROLE, **told)
    return caller(session_arn(made, "Job"), "", made)


def user_session(mfa_at: int | None) -> Caller:
    """Alice with a session of GetSessionToken."""
    made = session(SessionKind.SESSION_TOKEN, mfa_at=mfa_at)
    return caller(ALICE.arn, "Alice", made)


def federated() -> Caller:
    """A session of GetFederationToken."""
    made = session(SessionKind.FEDERATED)
    return caller(session_arn(made, ""), "", made)


_client = cache(client)


def asked(service: str, operation: str, **params: Any) -> Request:
    """The request that boto3 makes of it."""
    call = getattr(_client(service), xform_name(operation))
    return capture(lambda: call(**params))


def needs(
    service: str, operation: str, who: Caller = ALICE, **params: Any
) -> tuple[Need, ...]:
    """What a call takes."""
    return needs_of(service, asked(service, operation, **params), who)


def needs_of(
    service: str, request: Request, who: Caller = ALICE, region: str = REGION
) -> tuple[Need, ...]:
    """What a request takes."""
    addressed = BY_NAME[service]
    if service == "sqs" and b"Action=" in bytes(request.body):
        addressed = catalog.SQS_QUERY
    target = catalog.read(request, addressed)
    return required(target, request, who, SNAPSHOT(), region)


def form(version: str, action: str, path: str = "/", **pairs: str) -> Request:
    """A query request with exactly these pairs."""
    body = urlencode({"Action": action, "Version": version, **pairs})
    return Request(
        method="POST",
        path=path,
        query="",
        headers=(
            ("host", "localhost:4566"),
            ("content-type", "application/x-www-form-urlencoded"),
        ),
        body=body.encode(),
        secure=False,
        peer="127.0.0.1",
    )


def ec2_form(action: str, **pairs: str) -> Request:
    """A query request to EC2; double underscores stand for dots."""
    dotted = {name.replace("__", "."): value for name, value in pairs.items()}
    return form("2016-11-15", action, **dotted)


def items_call(operation: str, body: dict[str, Any]) -> Request:
    """A request to DynamoDB with exactly this body."""
    return Request(
        method="POST",
        path="/",
        query="",
        headers=(
            ("host", "localhost:4566"),
            ("content-type", "application/x-amz-json-1.0"),
            ("x-amz-target", f"DynamoDB_20120810.{operation}"),
        ),
        body=json.dumps(body).encode(),
        secure=False,
        peer="127.0.0.1",
    )


def s3_request(
    method: str,
    path: str,
    *headers: tuple[str, str],
    query: str = "",
    body: bytes = b"",
) -> Request:
    """A request to S3 with exactly this path, query and headers."""
    return Request(
        method=method,
        path=path,
        query=query,
        headers=(("host", "localhost:4566"), *headers),
        body=body,
        secure=False,
        peer="127.0.0.1",
    )


def pairs(found: tuple[Need, ...]) -> list[tuple[str, str]]:
    """Actions and resources, in order."""
    return [(need.action, need.resource) for need in found]
