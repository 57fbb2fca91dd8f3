"""A partner's policy template with its parameters filled in.

A template is a managed policy of the partner's account whose texts may hold
`@{name}`. A parameter is put into texts of the parsed document, so no value can change
what the document is made of; the account sees the whole before it answers.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import prod
from typing import Final, cast

from ostiary.identity.model import Policy, PolicyVersion
from ostiary.policy import Kind, PolicyError, parse
from ostiary.services.errors import ServiceError, invalid_input
from ostiary.services.operation import Call
from ostiary.store.port import Reader

LONGEST: Final = 2048
"""Characters of a policy that a session can carry (facts 3.6)."""
_MOST_TEXTS: Final = 64
"""Texts that one text may become; a template that wants more is a mistake."""
_HOLE: Final = re.compile(r"@\{([!-z|~]{1,256})\}", re.ASCII)

Values = Mapping[str, tuple[str, ...]]


def rendered(call: Call, view: Reader) -> str:
    """The policy that the call asks for; raises InvalidInput."""
    permissions = cast("Mapping[str, object]", call.params["Permissions"])
    arn = str(permissions.get("PolicyTemplateArn", ""))
    text = _template(call, view, arn)
    values = _values(permissions.get("Parameters", ()))
    used: set[str] = set()
    tree = _filled(json.loads(text), values, used)
    left = sorted(set(values) - used)
    if left:
        raise invalid_input(f"Policy template has no parameter {left[0]}.")
    policy = json.dumps(tree, separators=(",", ":"))
    if len(policy) > LONGEST:
        raise invalid_input(
            f"The policy of the request exceeds the maximum size of {LONGEST}."
        )
    try:
        parse(policy, kind=Kind.SESSION)
    except PolicyError as error:
        raise invalid_input(f"Policy template: {error.aws_message}") from error
    return policy


def restrictions(policy: str) -> list[str]:
    """The permissions boundaries that the policy asks of roles that it may create."""
    found: dict[str, None] = {}
    for statement in parse(policy, kind=Kind.SESSION).statements:
        for test in statement.conditions:
            if test.key.lower() == "iam:permissionsboundary":
                found.update(dict.fromkeys(test.values))
    return list(found)


def _template(call: Call, view: Reader, arn: str) -> str:
    policy = view.find(Policy, arn)
    if policy is None or policy.account != call.caller.account:
        raise invalid_input(f"Policy template {arn} cannot be found.")
    version = view.find_by(
        PolicyVersion, policy=policy.arn, number=policy.default_version
    )
    assert version is not None  # noqa: S101 - the default version is never deleted
    return version.text


def _values(given: object) -> Values:
    values: dict[str, tuple[str, ...]] = {}
    for one in cast("Sequence[Mapping[str, object]]", given):
        name = str(one.get("Name", ""))
        texts = tuple(cast("Sequence[str]", one.get("Values", ())))
        if name in values:
            raise invalid_input(f"Parameter {name} is given twice.")
        if not texts or (one.get("Type", "string") == "string" and len(texts) > 1):
            raise invalid_input(f"Parameter {name} must have one value.")
        values[name] = texts
    return values


def _filled(node: object, values: Values, used: set[str]) -> object:
    """The node with each text filled in; names of members stay as they are."""
    match node:
        case str():
            texts = _texts(node, values, used)
            return texts[0] if len(texts) == 1 else texts
        case list():
            return [
                text
                for one in node
                for text in (
                    _texts(one, values, used)
                    if isinstance(one, str)
                    else [_filled(one, values, used)]
                )
            ]
        case dict():
            return {name: _filled(one, values, used) for name, one in node.items()}
        case _:
            return node


def _texts(text: str, values: Values, used: set[str]) -> list[str]:
    """What a text becomes: one text, or one for each value of a list."""
    pieces = _HOLE.split(text)
    names = pieces[1::2]
    used.update(names)
    given = [_value(name, values) for name in names]
    # Counted before a single one is made: ten holes can ask for millions (P8).
    if prod(map(len, given)) > _MOST_TEXTS:
        raise invalid_input("Policy template: too many values in one text.")
    return ["".join(_joined(pieces[::2], chosen)) for chosen in product(*given)]


def _value(name: str, values: Values) -> tuple[str, ...]:
    found = values.get(name)
    if found is None:
        raise _missing(name)
    return found


def _missing(name: str) -> ServiceError:
    return invalid_input(f"Policy template needs the parameter {name}.")


def _joined(literals: Sequence[str], chosen: tuple[str, ...]) -> Iterator[str]:
    for literal, value in zip(literals, (*chosen, ""), strict=True):
        yield literal
        yield value
