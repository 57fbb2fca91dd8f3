"""DynamoDB's condition keys about items: which keys, which attributes, how much.

`dynamodb:LeadingKeys` needs the name of a table's partition key, which the table
knows and a request may not tell. Where it cannot be told, the values that it may be
are given together with `UNKNOWN`, which equals nothing that a policy lists: then
`ForAllValues` never holds by accident, and a Deny on one of the values still does.
"""

import json
import re
from collections.abc import Iterator, Mapping

from ostiary.gate.needs import Asked, Resource, Unclear, Value
from ostiary.gate.reading import mapping, members, scalar

UNKNOWN = "\0"
"""A leading key that nobody can name."""

Node = Mapping[str, object]

_EXPRESSIONS = (
    "ConditionExpression",
    "FilterExpression",
    "KeyConditionExpression",
    "ProjectionExpression",
    "SearchConditionExpression",
    "UpdateExpression",
)
_BY_ATTRIBUTE = (
    "AttributeUpdates",
    "Expected",
    "KeyConditions",
    "QueryFilter",
    "ScanFilter",
)
_WORDS = re.compile(
    r"(?<![\w:#.\]])(#?[A-Za-z_][A-Za-z0-9_-]*)(?![\w#-])(?!\s*\()", re.ASCII
)
# Words that DynamoDB reserves, so no attribute has one for a bare name.
_RESERVED = frozenset({"AND", "BETWEEN", "IN", "NOT", "OR"})
# Words that begin a clause of an update; an attribute may be called so as well.
_CLAUSES = frozenset({"ADD", "DELETE", "REMOVE", "SET"})
_CLAUSE = re.compile(r"\s+[#A-Za-z_]", re.ASCII)
_EQUALS = re.compile(
    r"\(?\s*(#?[A-Za-z0-9_.-]+)\s*=\s*(:[A-Za-z0-9_]+)\s*\)?", re.ASCII
)
_AND = re.compile(r"\s+AND\s+", re.ASCII | re.IGNORECASE)
_HIDDEN_EQUALS = re.compile(r"(?<![<>])=")


def item_context(node: Node, item: Node) -> dict[str, Value]:
    """The top-level attributes that one sub-operation speaks of, and its options."""
    aliases = node.get("ExpressionAttributeNames")
    names = {} if aliases is None else mapping(aliases, "ExpressionAttributeNames")
    attributes = dict.fromkeys((*item, *mapping(node.get("Key", {}), "Key")))
    for name in members(node.get("AttributesToGet", ()), "AttributesToGet"):
        attributes[scalar(name)] = None
    for name in _BY_ATTRIBUTE:
        attributes.update(dict.fromkeys(mapping(node.get(name, {}), name)))
    for name in _EXPRESSIONS:
        if name in node:
            attributes.update(dict.fromkeys(_mentioned(scalar(node[name]), names)))
    context: dict[str, Value] = {}
    if attributes:
        context["dynamodb:Attributes"] = tuple(attributes)
    for name in ("ReturnConsumedCapacity", "ReturnValues"):
        if name in node:
            context[f"dynamodb:{name}"] = scalar(node[name])
    return context


def read_context(node: Node, index: str) -> dict[str, Value]:
    """How much of the items a read gives back.

    Without the option a read gives all, and says so: a policy that asks for
    SPECIFIC_ATTRIBUTES, if it exists, must not be met by leaving it out.
    """
    if "Select" in node:
        return {"dynamodb:Select": scalar(node["Select"])}
    if "ProjectionExpression" in node or "AttributesToGet" in node:
        return {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"}
    every = "ALL_PROJECTED_ATTRIBUTES" if index else "ALL_ATTRIBUTES"
    return {"dynamodb:Select": every}


def leading_keys(
    asked: Asked, table: Resource, item: Node, name: str
) -> tuple[str, ...]:
    """The partition key's value in a key or an item."""
    known = _partition_key(asked, table)
    if known:
        return (_value(item.get(known)),)
    if name == "Key" and len(item) == 1:
        return (_value(next(iter(item.values()))),)
    return (*dict.fromkeys(map(_value, item.values())), UNKNOWN)


def query_keys(asked: Asked, place: Resource, node: Node) -> tuple[str, ...]:
    """The partition key's value in a Query: the one that an equality fixes."""
    found = list(_equalities(node))
    values = dict.fromkeys(value for _, value in found)
    known = _partition_key(asked, place)
    if known and [name for name, _ in found].count(known) == 1:
        return (dict(found)[known],)
    if not known and len(found) == 1:
        return tuple(values)
    return (*values, UNKNOWN)


def _partition_key(asked: Asked, table: Resource) -> str:
    """The name of the table's partition key, if the door was told; else empty."""
    owned = asked.snapshot.owned.get(table.arn)
    if owned is None or not owned.state:
        return ""
    state = json.loads(owned.state)
    name = state.get("partition_key") if isinstance(state, dict) else None
    return name if isinstance(name, str) else ""


def _equalities(node: Node) -> Iterator[tuple[str, str]]:
    """Attribute and value of each equality in a Query's key condition.

    Raises:
        Unclear: the condition stands in both forms, so an upstream may take either.
    """
    expression = node.get("KeyConditionExpression")
    if expression is None:
        legacy = mapping(node.get("KeyConditions", {}), "KeyConditions")
        yield from _legacy_equalities(legacy)
        return
    if "KeyConditions" in node:
        raise Unclear("a key condition stands in two forms")
    values = mapping(node.get("ExpressionAttributeValues", {}), "values")
    aliases = mapping(node.get("ExpressionAttributeNames", {}), "names")
    for piece in _AND.split(scalar(expression)):
        found = _EQUALS.fullmatch(piece.strip())
        if found is not None:
            name = str(aliases.get(found[1], found[1]))
            yield name, _value(values.get(found[2]))
        elif _HIDDEN_EQUALS.search(piece):
            # An equality in a form that is not read here may be the one that counts.
            yield UNKNOWN, UNKNOWN


def _legacy_equalities(conditions: Node) -> Iterator[tuple[str, str]]:
    for name, condition in conditions.items():
        told = mapping(condition, "KeyConditions")
        values = members(told.get("AttributeValueList", ()), "AttributeValueList")
        if told.get("ComparisonOperator") == "EQ" and len(values) == 1:
            yield name, _value(values[0])


def _value(attribute: object) -> str:
    """The text of a scalar attribute: `{"S": "a"}`, `{"N": "1"}`, `{"B": "…"}`."""
    if isinstance(attribute, Mapping) and len(attribute) == 1:
        kind, value = next(iter(attribute.items()))
        if kind in {"S", "N", "B"} and isinstance(value, str):
            return value
    return UNKNOWN


def _mentioned(expression: str, aliases: Node) -> Iterator[str]:
    """The top-level attributes in an expression; rather too many than too few."""
    found = list(_WORDS.finditer(expression))
    bare = [one[1].upper() for one in found]
    for one, upper in zip(found, bare, strict=True):
        word = one[1]
        if word.startswith("#"):
            yield scalar(aliases.get(word, word))
        elif upper in _CLAUSES:
            begins = _CLAUSE.match(expression, one.end()) is not None
            if not begins or bare.count(upper) > 1:
                yield word
        elif upper not in _RESERVED:
            yield word
