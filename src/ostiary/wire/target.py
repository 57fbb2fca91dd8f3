"""What a request asks for: the value that `catalog.read` gives."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ostiary.wire.service import Protocol, Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a request asks for, read once.

    Attributes:
        service: Of whom.
        operation: What, in the service's spelling; "" when nothing names it.
        protocol: In which protocol, which is also that of the answer.
        params: The operation's input. Of IAM and STS by the model's types; of other
            query services as nested text; of JSON as loaded; of S3 by member names,
            with Bucket and Key.
        modelled: Whether the operation is in the service's model. One that is not
            must be refused, since nobody has read its parameters.
        bucket: S3's bucket, decoded once.
        key: S3's key, decoded once.
        upload: Whether the body is the bytes of an object, so that its payload may
            be unsigned on a private connection.
        resource: The path as faults repeat it.
    """

    service: Service
    operation: str
    protocol: Protocol
    params: Mapping[str, Any] = field(repr=False)
    modelled: bool
    bucket: str | None
    key: str | None
    upload: bool
    resource: str
