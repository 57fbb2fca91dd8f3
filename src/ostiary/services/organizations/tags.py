"""Tags on accounts, units, policies and the root."""

from dataclasses import replace
from typing import Final, cast

from ostiary.identity.model import Tags
from ostiary.identity.organization import (
    Member,
    Organization,
    OrganizationPolicy,
    Unit,
)
from ostiary.services.operation import (
    Call,
    ChangeOperation,
    Operations,
    ReadOperation,
    Result,
)
from ostiary.services.organizations.errors import invalid, violation
from ostiary.services.organizations.paging import in_memory, listed
from ostiary.services.organizations.place import (
    get_own_policy,
    get_target,
    managed_organization,
    seen_organization,
)
from ostiary.store.port import Change, Reader

MOST: Final = 50
"""Tags on one thing."""

Tagged = Organization | Unit | Member | OrganizationPolicy


def read_tags(call: Call) -> Tags:
    """The tags that the call gives; raises InvalidInputException."""
    given = cast("list[dict[str, str]]", call.params.get("Tags") or [])
    return checked(tuple((tag["Key"], tag["Value"]) for tag in given))


def checked(tags: Tags) -> Tags:
    """The tags in order.

    Raises:
        ServiceError: InvalidInputException, ConstraintViolationException. Keys that
            differ by letter case alone are duplicates: as condition keys they are one.
    """
    if len({key.casefold() for key, _ in tags}) != len(tags):
        raise invalid(
            "DUPLICATE_TAG_KEY",
            "Tag keys must be unique among the tags attached to the same entity.",
        )
    if any(key.lower().startswith("aws:") for key, _ in tags):
        raise invalid(
            "INVALID_SYSTEM_TAGS_PARAMETER",
            "You specified a tag key that is a system tag.",
        )
    if len(tags) > MOST:
        raise violation(
            "MAX_TAG_LIMIT_EXCEEDED",
            "You have exceeded the number of tags allowed on this resource.",
        )
    return tuple(sorted(tags))


def tag(call: Call, change: Change) -> Result:
    """Add tags, and give those that are there their new values."""
    found = _tagged(call, change, managed_organization(call, change))
    new = read_tags(call)
    fresh = {key for key, _ in new}
    kept = tuple(one for one in found.tags if one[0] not in fresh)
    change.replace(replace(found, tags=checked((*kept, *new))))
    return {}


def untag(call: Call, change: Change) -> Result:
    """Remove tags; those that are not there do not matter."""
    found = _tagged(call, change, managed_organization(call, change))
    gone = cast("list[str]", call.params["TagKeys"])
    kept = tuple(one for one in found.tags if one[0] not in gone)
    if kept != found.tags:
        change.replace(replace(found, tags=kept))
    return {}


def list_tags(call: Call, view: Reader) -> Result:
    """The tags, by key."""
    found = _tagged(call, view, seen_organization(call, view))
    return listed(call, "Tags", in_memory(found.tags, _key), _key, _shown)


def _key(pair: tuple[str, str]) -> str:
    return pair[0]


def _shown(pair: tuple[str, str]) -> Result:
    return {"Key": pair[0], "Value": pair[1]}


def _tagged(call: Call, view: Reader, organization: Organization) -> Tagged:
    """What the call names; raises TargetNotFoundException."""
    name = call.text("ResourceId")
    if name.startswith("p-"):
        return get_own_policy(view, organization, name)
    return get_target(view, organization, name)


OPERATIONS: Operations = {
    "TagResource": ChangeOperation(run=tag),
    "UntagResource": ChangeOperation(run=untag),
    "ListTagsForResource": ReadOperation(run=list_tags),
}
