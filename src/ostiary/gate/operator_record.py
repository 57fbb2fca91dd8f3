"""Audit records of what the local operator does without a request.

Whoever can open the home folder may do all; the record says who it was, by the name
that the operating system has for the process.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ostiary.gate.audit import encode, field
from ostiary.identity.caller import timestamp

OPERATOR: Final = "LocalOperator"
_OK: Final = 200
_OF_ORGANIZATIONS: Final = frozenset({"CreateAccount", "ReopenAccount"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What an operator did."""

    operator: str
    """The operating system's name for the user."""
    command: str
    """For example `ostiary import`."""
    account: str
    operation: str
    """The operation that would have done the same over the API, if there is one."""
    arn: str
    parameters: Mapping[str, str]
    why: str


def operator_record(deed: Deed, *, request_id: str, now: float, revision: int) -> str:
    """The record as JSON, in the shape that records of requests have."""
    service = "organizations" if deed.operation in _OF_ORGANIZATIONS else "iam"
    record = {
        "eventVersion": "1.10",
        "eventTime": timestamp(int(now)),
        "eventSource": f"{service}.amazonaws.com",
        "eventName": deed.operation,
        "awsRegion": "us-east-1",
        "sourceIPAddress": "local",
        "userAgent": deed.command,
        "userIdentity": {
            "type": OPERATOR,
            "accountId": deed.account,
            "userName": field(deed.operator),
        },
        "requestID": request_id,
        "revision": revision,
        "status": _OK,
        "requestParameters": {
            name: field(value) for name, value in deed.parameters.items()
        },
        "resources": [{"ARN": field(deed.arn), "accountId": deed.account}],
        "why": field(deed.why),
    }
    return encode(record)
