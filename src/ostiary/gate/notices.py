"""Notices of our own: what IAM publishes to a topic that somebody has named.

The topic's policy has allowed it; who publishes is the service, not the caller.
"""

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from ostiary.gate.forward import Passage
from ostiary.services.errors import ServiceError
from ostiary.services.operation import Notice
from ostiary.wire.faults import Fault
from ostiary.wire.http import Request
from ostiary.wire.service import BY_NAME

if TYPE_CHECKING:
    from ostiary.gate.forward import Forwarder

_OK = 200


async def publish(forwarder: "Forwarder", notice: Notice, now: float) -> None:
    """Returns when the upstream has taken the notice.

    Raises:
        ServiceError: ServiceFailure; nothing was published.
    """
    _, _, _, region, account, _ = notice.topic.split(":", 5)
    remote = forwarder.upstreams.find("sns")
    if remote is not None and (remote.owner, remote.region) != (account, region):
        raise _failed(notice)
    fields = {
        "Action": "Publish",
        "Version": "2010-03-31",
        "TopicArn": notice.topic,
        "Message": notice.text,
    }
    passage = Passage(
        request=Request(
            method="POST",
            path="/",
            query="",
            headers=(
                ("host", "localhost"),
                ("content-type", "application/x-www-form-urlencoded"),
            ),
            body=urlencode(fields).encode(),
            secure=False,
            peer="",
        ),
        service=BY_NAME["sns"],
        account=account,
        region=region,
        bucket="",
        key="",
        signed=None,
        now=now,
    )
    try:
        answer = await forwarder.forward(passage)
    except Fault as error:
        raise _failed(notice) from error
    if answer.status != _OK:
        raise _failed(notice)


def _failed(notice: Notice) -> ServiceError:
    return ServiceError(
        "ServiceFailure", f"The notice to {notice.topic} could not be published.", 500
    )
