"""When the tags of one call are no set of tags (facts 10.8).

It is asked before anything is decided: the same key with two values would be two
values of one condition key, and no policy could be read with that.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, cast

from ostiary.identity.model import Tags
from ostiary.policy.pattern import fold
from ostiary.services.errors import invalid_input


@dataclass(frozen=True, slots=True, kw_only=True)
class TagRules:
    """When two tag keys are the same."""

    same: Callable[[str], str]
    """What equal keys have in common."""
    duplicate: str
    """The message for a key that is given twice."""


PRINCIPAL_TAGS: Final = TagRules(
    same=fold,
    duplicate=(
        "Duplicate tag keys found. Please note that Tag keys are case insensitive."
    ),
)
RESOURCE_TAGS: Final = TagRules(same=str, duplicate="Duplicate tag keys found.")
_OF_PRINCIPALS: Final = frozenset({"CreateRole", "CreateUser", "TagRole", "TagUser"})


def read_tags(params: Mapping[str, object], rules: TagRules) -> Tags:
    """The tags of a call, sorted.

    Raises:
        ServiceError: InvalidInput for a key given twice, or one of AWS's own.
    """
    given = cast("Iterable[Mapping[str, str]]", params.get("Tags", ()))
    pairs = tuple(sorted((tag["Key"], tag["Value"]) for tag in given))
    if any(fold(key).startswith("aws:") for key, _ in pairs):
        raise invalid_input("Tag keys that start with aws: are reserved.")
    if any(n > 1 for n in Counter(rules.same(key) for key, _ in pairs).values()):
        raise invalid_input(rules.duplicate)
    return pairs


def check_tags(operation: str, params: Mapping[str, object]) -> None:
    """Nothing, when the call's tags can be a set; raises as `read_tags`."""
    read_tags(params, PRINCIPAL_TAGS if operation in _OF_PRINCIPALS else RESOURCE_TAGS)
