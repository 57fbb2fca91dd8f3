"""Tags of users, roles, managed policies and all else (facts 10.2, 10.8).

Keys of users and roles are the same whatever their letters' case, since they are
condition keys later; keys of all else are not.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import cast

from ostiary.identity.holdings import (
    InstanceProfile,
    OIDCProvider,
    SAMLProvider,
    ServerCertificate,
)
from ostiary.identity.model import Policy, Role, Tags, User
from ostiary.services.errors import limit_exceeded
from ostiary.services.iam import managed, quotas
from ostiary.services.iam.owners import ROLE, USER, get_owner
from ostiary.services.iam.paging import Source, in_memory, paged
from ostiary.services.iam.tag_rules import (
    PRINCIPAL_TAGS,
    RESOURCE_TAGS,
    TagRules,
    read_tags,
)
from ostiary.services.operation import (
    Call,
    ChangeOperation,
    Operations,
    ReadOperation,
    Result,
)
from ostiary.store.port import Change, Reader

__all__ = ["OPERATIONS", "PRINCIPAL_TAGS", "RESOURCE_TAGS", "TagRules"]

_MARKER_CHARACTERS = 50
"""So many characters of a key fit a marker, whatever they are."""


def new_tags(call: Call, rules: TagRules) -> Tags:
    """The tags that the call gives a new entity, sorted.

    Raises:
        ServiceError: InvalidInput for a key given twice, or one of AWS's own.
    """
    return read_tags(call.params, rules)


def merged(old: Tags, new: Tags, rules: TagRules) -> Tags:
    """Old and new tags; a new one takes the place of an old one with the same key.

    Raises:
        ServiceError: LimitExceeded beyond 50 tags.
    """
    replaced = {rules.same(key) for key, _ in new}
    kept = tuple(pair for pair in old if rules.same(pair[0]) not in replaced)
    if len(kept) + len(new) > quotas.TAGS:
        raise limit_exceeded("The number of tags has reached the maximum limit.")
    return tuple(sorted(kept + new))


def without(old: Tags, keys: Iterable[str], rules: TagRules) -> Tags:
    """The tags whose key is not among these."""
    gone = {rules.same(key) for key in keys}
    return tuple(pair for pair in old if rules.same(pair[0]) not in gone)


def shown(tags: Tags) -> list[dict[str, str]]:
    """Tags as answers carry them."""
    return [{"Key": key, "Value": value} for key, value in tags]


def tags_source(tags: Tags) -> Source[dict[str, str]]:
    """The tags as a list to page through."""
    # A key may have 512 bytes, more than a marker holds: long ones go on by their
    # beginning and their number among those that begin so.
    seen: Counter[str] = Counter()
    cursors: dict[str, str] = {}
    for key, _ in tags:
        start = key[:_MARKER_CHARACTERS]
        seen[start] += 1
        cursors[key] = f"{start}\0{seen[start]:02d}"
    return in_memory(shown(tags), lambda tag: cursors[tag["Key"]])


Tagged = (
    User
    | Role
    | Policy
    | InstanceProfile
    | OIDCProvider
    | SAMLProvider
    | ServerCertificate
)
Find = Callable[[Call, Reader], Tagged]


def _tag(find: Find, rules: TagRules) -> ChangeOperation:
    def run(call: Call, change: Change) -> Result:
        entity = find(call, change)
        tags = merged(entity.tags, new_tags(call, rules), rules)
        change.replace(replace(entity, tags=tags))
        return {}

    return ChangeOperation(run=run)


def _untag(find: Find, rules: TagRules) -> ChangeOperation:
    def run(call: Call, change: Change) -> Result:
        entity = find(call, change)
        keys = cast("Iterable[str]", call.params["TagKeys"])
        change.replace(replace(entity, tags=without(entity.tags, keys, rules)))
        return {}

    return ChangeOperation(run=run)


def _list(operation: str, find: Find) -> ReadOperation:
    def run(call: Call, view: Reader) -> Result:
        tags, rest = paged(call, operation, tags_source(find(call, view).tags))
        return {"Tags": tags, **rest}

    return ReadOperation(run=run)


def operations_on(title: str, find: Find) -> Operations:
    """The three operations on the tags of what is no principal.

    Args:
        title: how it is called in the names of operations, `InstanceProfile`.
        find: the entity that the call names; raises NoSuchEntity.
    """
    return {
        f"Tag{title}": _tag(find, RESOURCE_TAGS),
        f"Untag{title}": _untag(find, RESOURCE_TAGS),
        f"List{title}Tags": _list(f"List{title}Tags", find),
    }


def _user(call: Call, view: Reader) -> User:
    return get_owner(USER, call, view)


def _role(call: Call, view: Reader) -> Role:
    return get_owner(ROLE, call, view)


def _own_policy(call: Call, view: Reader) -> Policy:
    return managed.get_own(call, view, "update policies")


OPERATIONS: Operations = {
    "TagUser": _tag(_user, PRINCIPAL_TAGS),
    "UntagUser": _untag(_user, PRINCIPAL_TAGS),
    "ListUserTags": _list("ListUserTags", _user),
    "TagRole": _tag(_role, PRINCIPAL_TAGS),
    "UntagRole": _untag(_role, PRINCIPAL_TAGS),
    "ListRoleTags": _list("ListRoleTags", _role),
    "TagPolicy": _tag(_own_policy, RESOURCE_TAGS),
    "UntagPolicy": _untag(_own_policy, RESOURCE_TAGS),
    "ListPolicyTags": _list("ListPolicyTags", managed.get_visible),
}
