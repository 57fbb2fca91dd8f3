"""Tags of virtual MFA devices; their keys differ by case (facts 8.3)."""

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from ostiary.services.iam.mfa import get_virtual_device
from ostiary.services.iam.paging import paged
from ostiary.services.iam.tags import (
    RESOURCE_TAGS,
    merged,
    new_tags,
    tags_source,
    without,
)
from ostiary.services.operation import (
    Call,
    ChangeOperation,
    Operations,
    ReadOperation,
    Result,
)
from ostiary.store.port import Change, Reader

if TYPE_CHECKING:
    from collections.abc import Iterable


def tag_mfa_device(call: Call, change: Change) -> Result:
    """The device has the tags, too."""
    device = get_virtual_device(call, change)
    tags = merged(device.tags, new_tags(call, RESOURCE_TAGS), RESOURCE_TAGS)
    change.replace(replace(device, tags=tags))
    return {}


def untag_mfa_device(call: Call, change: Change) -> Result:
    """The device has none of the tags; unknown keys change nothing."""
    device = get_virtual_device(call, change)
    keys = cast("Iterable[str]", call.params["TagKeys"])
    change.replace(replace(device, tags=without(device.tags, keys, RESOURCE_TAGS)))
    return {}


def list_mfa_device_tags(call: Call, view: Reader) -> Result:
    """The device's tags, by key."""
    device = get_virtual_device(call, view)
    tags, rest = paged(call, "ListMFADeviceTags", tags_source(device.tags))
    return {"Tags": tags, **rest}


OPERATIONS: Operations = {
    "ListMFADeviceTags": ReadOperation(run=list_mfa_device_tags),
    "TagMFADevice": ChangeOperation(run=tag_mfa_device),
    "UntagMFADevice": ChangeOperation(run=untag_mfa_device),
}
