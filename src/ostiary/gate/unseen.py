"""Which condition keys AWS knows of a call and this door cannot.

The tags of an instance, the class of a stored object: an upstream has them, a request
does not say them. Behind the door such a key is missing where on AWS it is not, so a
statement that tests it may decide otherwise: above all, a Deny would fall silent.
Whoever decides, lints or explains can ask here which keys those are.
"""

import json
from functools import cache
from pathlib import Path

from ostiary.policy.pattern import fold

_FILE = Path(__file__).parent.parent / "data" / "unseen_keys.json"
_NONE: frozenset[str] = frozenset()


def is_unseen(action: str, key: str) -> bool:
    """Whether AWS gives `key` to `action` and the door does not.

    Both compare without letter case. A key of a family, such as
    `aws:ResourceTag/team`, is unseen with its family.
    """
    unseen = unseen_keys(action)
    folded = fold(key)
    family, slash, _ = folded.partition("/")
    return folded in unseen or (bool(slash) and f"{family}/" in unseen)


def unseen_keys(action: str) -> frozenset[str]:
    """The folded keys that the door cannot give to `action`; families end in a slash.

    Args:
        action: `service:Name`; one that is not known has no keys.
    """
    service, _, name = fold(action).partition(":")
    return _table().get(service, {}).get(name, _NONE)


@cache
def _table() -> dict[str, dict[str, frozenset[str]]]:
    loaded = json.loads(_FILE.read_text(encoding="utf-8"))
    table = {}
    for service, told in loaded.items():
        keysets = [frozenset(keys.split()) for keys in told["keysets"]]
        table[service] = {
            fold(name): keysets[place] for name, place in told["actions"].items()
        }
    return table
