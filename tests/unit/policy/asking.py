"""Short ways to say policies and requests."""

import json
from typing import Any, TypeAlias

from ostiary.policy import (
    AuthorizationRequest,
    Compiled,
    Context,
    Kind,
    Principal,
    compile,  # noqa: A004 - the field's own word
    parse,
)

Tree: TypeAlias = dict[str, Any]
ACCOUNT = "111122223333"
USER = f"arn:aws:iam::{ACCOUNT}:user/sofia"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Ops"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/Ops/sofia"
OBJECT = "arn:aws:s3:::books/x"


def text(*statements: Tree, **top: Any) -> str:
    """The JSON of a policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **top})


def statement(effect: str = "Allow", /, **elements: Any) -> Tree:
    """A statement about everything, unless `elements` say less."""
    return {"Effect": effect, "Action": "*", "Resource": "*", **elements}


def policy(*statements: Tree, kind: Kind = Kind.IDENTITY) -> Compiled:
    """A policy of these statements, ready to decide with."""
    return compile(parse(text(*statements), kind=kind))


def asks(
    who: str | Principal = USER,
    action: str = "s3:GetObject",
    resource: str = OBJECT,
    **more: Any,
) -> AuthorizationRequest:
    """A request."""
    return AuthorizationRequest(
        principal=who if isinstance(who, Principal) else Principal.from_arn(who),
        action=action,
        resource=resource,
        resource_account=more.get("owner", ""),
        context=Context(more.get("context", {})),
    )
