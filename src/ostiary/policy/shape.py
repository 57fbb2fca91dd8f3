"""JSON tree -> Document: the grammar of facts 3.1, before anything about meaning.

What AWS finds out later than the grammar (the case of `Effect`, missing actions and
resources, dates, ARNs) passes here and is `checks`'s to find, so that the first fault
reported is the one AWS reports.
"""

from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from ostiary.policy.document import (
    OLD_VERSION,
    VERSION,
    Condition,
    Document,
    Effect,
    Kind,
    PrincipalElement,
    Statement,
)
from ostiary.policy.fault import missing, syntax
from ostiary.policy.loader import Number, step
from ostiary.policy.operators import find_operator

Tree: TypeAlias = Mapping[str, object]

PRINCIPAL_KINDS: Final = frozenset({Kind.RESOURCE, Kind.TRUST, Kind.RCP, Kind.ENDPOINT})
PRINCIPAL_TYPES: Final = ("AWS", "Service", "Federated", "CanonicalUser")

_TOP: Final = frozenset({"Version", "Id", "Statement"})
PRINCIPAL_ELEMENTS: Final = ("Principal", "NotPrincipal")
_ELEMENTS: Final = frozenset(
    {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}
)
_WITH_PRINCIPALS: Final = _ELEMENTS.union(PRINCIPAL_ELEMENTS)
_EFFECTS: Final = {one.value.lower(): one for one in Effect}
_OPPOSITES: Final = tuple(
    (one, f"Not{one}") for one in ("Action", "Resource", "Principal")
)


def read_document(tree: object, kind: Kind) -> Document:
    """The document that `tree` is.

    Raises:
        PolicyError: the tree is not a policy of this kind.
    """
    if not isinstance(tree, dict):
        raise syntax("found no object, expected a policy", "", kind)
    _check_keys(tree, _TOP, "", kind)
    version = _text(tree, "Version", "", kind)
    if "Version" in tree and version not in (VERSION, OLD_VERSION):
        raise syntax(
            f"found version `{version}`, expected `{VERSION}`", "/Version", kind
        )
    if "Statement" not in tree:
        raise missing("Statement", "", kind)
    return Document(
        kind=kind,
        version=version,
        id=_text(tree, "Id", "", kind),
        statements=tuple(
            _statement(one, pointer, kind) for pointer, one in statements(tree)
        )
        or _no_statements(kind),
    )


def _no_statements(kind: Kind) -> tuple[Statement, ...]:
    raise syntax("found no statements, expected at least one", "/Statement", kind)


def statements(tree: Tree) -> Iterator[tuple[str, object]]:
    """The statements of a policy tree, each with its pointer."""
    return listed(tree.get("Statement"), "/Statement")


def listed(value: object, pointer: str) -> Iterator[tuple[str, object]]:
    """The items of a list, or one bare value, each with its pointer."""
    if isinstance(value, list):
        for place, item in enumerate(value):
            yield step(pointer, str(place)), item
    else:
        yield pointer, value


def _check_keys(tree: Tree, known: frozenset[str], pointer: str, kind: Kind) -> None:
    if tree.keys() <= known:
        return
    for key in tree:
        if key not in known:
            elements = ", ".join(f"`{one}`" for one in sorted(known))
            raise syntax(
                f"found the element `{key}`, which {kind.phrase} does not have",
                step(pointer, key),
                kind,
                f"the elements here are {elements}",
            )


def _text(tree: Tree, element: str, pointer: str, kind: Kind) -> str:
    value = tree.get(element, "")
    if not isinstance(value, str):
        raise syntax(f"`{element}` is not a string", step(pointer, element), kind)
    return value


def _texts(tree: Tree, element: str, pointer: str, kind: Kind) -> tuple[str, ...]:
    if element not in tree:
        return ()
    value = tree[element]
    if isinstance(value, str):
        return (value,)
    texts: list[str] = []
    for where, item in listed(value, step(pointer, element)):
        if not isinstance(item, str):
            raise syntax(f"a value of `{element}` is not a string", where, kind)
        texts.append(item)
    return tuple(texts)


def _statement(tree: object, pointer: str, kind: Kind) -> Statement:
    if not isinstance(tree, dict):
        raise syntax("a statement is not an object", pointer, kind)
    if not tree.keys() <= _WITH_PRINCIPALS:
        known = _WITH_PRINCIPALS if kind in PRINCIPAL_KINDS else _ELEMENTS
        # Whether there may be a principal is asked later, as on AWS.
        strange = {key: tree[key] for key in tree if key not in PRINCIPAL_ELEMENTS}
        _check_keys(strange, known, pointer, kind)
    for element, opposite in _OPPOSITES:
        if element in tree and opposite in tree:
            raise syntax(
                f"found both `{element}` and `{opposite}`, expected one of them",
                pointer,
                kind,
            )
    return Statement(
        sid=_text(tree, "Sid", pointer, kind),
        effect=_effect(tree, pointer, kind),
        principal=_principal(tree, pointer, kind),
        actions=_texts(tree, "Action", pointer, kind)
        + _texts(tree, "NotAction", pointer, kind),
        not_action="NotAction" in tree,
        resources=_texts(tree, "Resource", pointer, kind)
        + _texts(tree, "NotResource", pointer, kind),
        not_resource="NotResource" in tree,
        conditions=tuple(_conditions(tree, pointer, kind)),
    )


def _effect(tree: Tree, pointer: str, kind: Kind) -> Effect:
    if "Effect" not in tree:
        raise missing("Effect", pointer, kind)
    word = _text(tree, "Effect", pointer, kind)
    # The wrong case is found later, by the legacy checks (facts 3.1).
    effect = _EFFECTS.get(word.lower())
    if effect is not None:
        return effect
    message = f"found the effect `{word}`, expected `Allow` or `Deny`"
    raise syntax(message, step(pointer, "Effect"), kind)


def _principal(tree: Tree, pointer: str, kind: Kind) -> PrincipalElement | None:
    for element in PRINCIPAL_ELEMENTS:
        if element in tree:
            return PrincipalElement(
                negated=element == "NotPrincipal",
                members=tuple(_members(tree[element], step(pointer, element), kind)),
            )
    return None


def _members(value: object, pointer: str, kind: Kind) -> Iterator[tuple[str, str]]:
    if value == "*":
        yield "AWS", "*"
        return
    if not isinstance(value, dict) or not value:
        raise syntax(
            "found a principal that is neither `*` nor an object", pointer, kind
        )
    _check_keys(value, frozenset(PRINCIPAL_TYPES), pointer, kind)
    for name in value:
        texts = _texts(value, name, pointer, kind)
        if not texts:
            raise syntax("found no principals", step(pointer, name), kind)
        for text in texts:
            yield name, text


def _conditions(tree: Tree, pointer: str, kind: Kind) -> Iterator[Condition]:
    if "Condition" not in tree:
        return
    block = tree["Condition"]
    here = f"{pointer}/Condition"
    if not isinstance(block, dict):
        raise syntax("`Condition` is not an object", here, kind)
    for operator, tests in block.items():
        if not isinstance(tests, dict):
            where = step(here, operator)
            raise syntax("a condition operator has no object of keys", where, kind)
        # AWS takes an operator that nobody knows, as long as it tests nothing.
        if tests and find_operator(operator) is None:
            raise syntax(
                f"found the condition operator `{operator}`, which does not exist",
                step(here, operator),
                kind,
                "operators are spelt exactly, such as `BoolIfExists`",
            )
        for key, values in tests.items():
            wanted = (values,) if isinstance(values, str) else None
            yield Condition(
                operator=operator,
                key=key,
                values=wanted
                or tuple(_wanted(values, step(step(here, operator), key), kind)),
            )


def _wanted(value: object, pointer: str, kind: Kind) -> Iterator[str]:
    for where, item in listed(value, pointer):
        if isinstance(item, str):
            yield item
        elif isinstance(item, bool):
            yield "true" if item else "false"
        elif isinstance(item, Number):
            yield item.text
        else:
            message = "a condition value is not a string, a number or a boolean"
            raise syntax(message, where, kind)
