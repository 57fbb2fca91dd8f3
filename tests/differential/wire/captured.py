"""Requests as real clients send them: boto3 signs, and we keep what it would send."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config

from ostiary.wire.http import Request

ACCESS_KEY_ID = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
ENDPOINT = "http://localhost:4566"


class Kept(Exception):  # noqa: N818  # it carries what was kept, and is no error
    """Ends a call where it would have gone to the network."""

    def __init__(self, request: Request) -> None:
        super().__init__()
        self.request = request


def as_request(prepared: AWSPreparedRequest) -> Request:
    """Gives a prepared request as the server would hand it to the wire."""
    parts = urlsplit(prepared.url)
    headers = [("host", parts.netloc)]
    for name, value in prepared.headers.items():
        text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        if name.lower() != "host":
            headers.append((name.lower(), text.strip(" \t")))
    body = prepared.body or b""
    if hasattr(body, "read"):
        body = body.read()
    return Request(
        method=prepared.method,
        path=parts.path or "/",
        query=parts.query,
        headers=tuple(headers),
        body=body.encode() if isinstance(body, str) else bytes(body),
        secure=parts.scheme == "https",
        peer="127.0.0.1",
    )


def client(
    service: str,
    *,
    token: str | None = None,
    endpoint: str = ENDPOINT,
    version: str | None = None,
    style: str = "path",
) -> Any:
    """Gives a boto3 client whose calls end in `Kept`."""
    made = boto3.session.Session().client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=ACCESS_KEY_ID,
        aws_secret_access_key=SECRET,
        aws_session_token=token,
        config=Config(
            retries={"total_max_attempts": 1},
            s3={"addressing_style": style},
            signature_version=version,
        ),
    )

    def keep(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        raise Kept(as_request(request))

    made.meta.events.register("before-send", keep)
    return made


def capture(call: Callable[[], Any]) -> Request:
    """Gives the request that a client call would have sent."""
    try:
        call()
    except Kept as kept:
        return kept.request
    raise AssertionError("the call sent nothing")
