"""Which AWS services there are, and how each of them speaks."""

import json
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent.parent / "data" / "models"


class Protocol(StrEnum):
    """The shape of a service's requests, answers and faults."""

    QUERY = "query"
    EC2 = "ec2"
    JSON = "json"
    REST_JSON = "rest-json"
    REST_XML = "rest-xml"
    CBOR = "smithy-rpc-v2-cbor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service as a request addresses it.

    Attributes:
        name: Its signing name, which is also its action prefix: `iam`, `s3`.
        protocol: How this request speaks to it.
        modelled: Whether its requests are read here; nothing else can be allowed.
        version: The API version that its requests name; "" where they name none.
        xmlns: The namespace of its XML; "" for none.
        target: What stands before the dot in X-Amz-Target; "" for none.
        json_version: `1.0` or `1.1` in the JSON protocol.
    """

    name: str
    protocol: Protocol
    modelled: bool
    version: str = ""
    xmlns: str = ""
    target: str = ""
    json_version: str = ""


def _query(name: str, version: str, xmlns: str) -> Service:
    protocol = Protocol.EC2 if name == "ec2" else Protocol.QUERY
    return Service(
        name=name, protocol=protocol, modelled=True, version=version, xmlns=xmlns
    )


IAM = _query("iam", "2010-05-08", "https://iam.amazonaws.com/doc/2010-05-08/")
STS = _query("sts", "2011-06-15", "https://sts.amazonaws.com/doc/2011-06-15/")
SNS = _query("sns", "2010-03-31", "http://sns.amazonaws.com/doc/2010-03-31/")
SQS_QUERY = _query("sqs", "2012-11-05", "http://queue.amazonaws.com/doc/2012-11-05/")
EC2 = _query("ec2", "2016-11-15", "http://ec2.amazonaws.com/doc/2016-11-15")
SQS = Service(
    name="sqs",
    protocol=Protocol.JSON,
    modelled=True,
    target="AmazonSQS",
    json_version="1.0",
)
DYNAMODB = Service(
    name="dynamodb",
    protocol=Protocol.JSON,
    modelled=True,
    target="DynamoDB_20120810",
    json_version="1.0",
)
ORGANIZATIONS = Service(
    name="organizations",
    protocol=Protocol.JSON,
    modelled=True,
    target="AWSOrganizationsV20161128",
    json_version="1.1",
)
S3 = Service(name="s3", protocol=Protocol.REST_XML, modelled=True)
# Where nothing tells the service, S3's way of saying no is what most clients show.
UNKNOWN = Service(name="unknown", protocol=Protocol.REST_XML, modelled=False)
UNKNOWN_JSON = Service(
    name="unknown", protocol=Protocol.JSON, modelled=False, json_version="1.1"
)

BY_NAME = {s.name: s for s in (IAM, STS, SNS, EC2, SQS, DYNAMODB, ORGANIZATIONS, S3)}
BY_VERSION = {s.version: s for s in (IAM, STS, SNS, SQS_QUERY, EC2)}
BY_TARGET = {s.target: s for s in (SQS, DYNAMODB, ORGANIZATIONS)}


@cache
def table(name: str) -> dict[str, Any]:
    """Gives a generated table of `data/models`, read once."""
    text = (_FOLDER / f"{name}.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def find_others(name: str) -> tuple[Service, ...]:
    """Gives how a service that is not modelled here speaks.

    Several of AWS's APIs may share a signing name; an unknown name gives none.
    """
    return tuple(
        Service(
            name=name,
            protocol=Protocol(row["protocol"]),
            modelled=False,
            version=row.get("version", ""),
            xmlns=row.get("xmlns", ""),
            target=row.get("target", ""),
            json_version=row.get("json", ""),
        )
        for row in table("services").get(name, ())
    )


@cache
def _targets() -> dict[str, str]:
    return {
        row["target"]: name
        for name, rows in table("services").items()
        for row in rows
        if "target" in row
    }


def find_by_target(target: str) -> Service | None:
    """Gives the service that an X-Amz-Target prefix names."""
    if target in BY_TARGET:
        return BY_TARGET[target]
    name = _targets().get(target)
    if name is None:
        return None
    return next(s for s in find_others(name) if s.target == target)
