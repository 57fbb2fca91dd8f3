"""DynamoDB's batches, transactions and statements, table by table and item by item.

Where an operation names one table its row does the same through `one_item`,
`query` and `scan`, so that the condition keys about items have one source.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from ostiary.gate.dynamodb_keys import (
    UNKNOWN,
    item_context,
    leading_keys,
    query_keys,
    read_context,
)
from ostiary.gate.needs import Asked, Part, Resource, Unclear, Value
from ostiary.gate.reading import mapping, members, text_at
from ostiary.gate.resources import index_of, table

Node = Mapping[str, object]

_WRITES = {
    "Put": ("PutItem", "Item"),
    "Update": ("UpdateItem", "Key"),
    "Delete": ("DeleteItem", "Key"),
    "ConditionCheck": ("ConditionCheckItem", "Key"),
}
_REQUESTS = {"PutRequest": "Item", "DeleteRequest": "Key"}
_NAME = r'(?:"([A-Za-z0-9_.-]{3,255})"|([A-Za-z_][A-Za-z0-9_-]{2,254}))'
_INDEX = r'(?:\s*\.\s*"([A-Za-z0-9_.-]{3,255})")?'
_STATEMENTS = (
    (
        "PartiQLSelect",
        re.compile(rf"SELECT\s+[^\"']*?\s*FROM\s+{_NAME}{_INDEX}", re.IGNORECASE),
    ),
    ("PartiQLInsert", re.compile(rf"INSERT\s+INTO\s+{_NAME}()", re.IGNORECASE)),
    ("PartiQLUpdate", re.compile(rf"UPDATE\s+{_NAME}()", re.IGNORECASE)),
    ("PartiQLDelete", re.compile(rf"DELETE\s+FROM\s+{_NAME}()", re.IGNORECASE)),
)
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"")
_WORDS = re.compile(
    r"\b(?:SELECT|INSERT|UPDATE|DELETE|FROM|INTO|JOIN|EXISTS)\b", re.IGNORECASE
)
# Comments, further statements, Ion literals, quotes without an end.
_ODD = re.compile(r"--|/\*|[;`'\"]")
_WORDS_OF_ONE = 2
_LONGEST_STATEMENT = 8192


def _one_item(asked: Asked) -> Iterator[Part]:
    """GetItem, PutItem, UpdateItem, DeleteItem."""
    params = asked.target.params
    place = table(asked, text_at(params, "TableName"))
    name = "Item" if "Item" in params else "Key"
    yield Part("", place, _of_item(asked, place, params, name))


def _of_item(asked: Asked, place: Resource, node: Node, name: str) -> dict[str, Value]:
    item = mapping(node.get(name), name)
    context = item_context(node, item)
    context["dynamodb:LeadingKeys"] = leading_keys(asked, place, item, name)
    return context


def _get_item(asked: Asked) -> Iterator[Part]:
    params = asked.target.params
    for part in _one_item(asked):
        yield part._replace(context={**part.context, **read_context(params, "")})


def _query(asked: Asked) -> Iterator[Part]:
    params = asked.target.params
    place = _read_place(asked)
    context = item_context(params, {})
    context |= read_context(params, _optional_text(params, "IndexName"))
    context["dynamodb:LeadingKeys"] = query_keys(asked, place, params)
    yield Part("", place, context)


def _scan(asked: Asked) -> Iterator[Part]:
    params = asked.target.params
    context = item_context(params, {})
    context |= read_context(params, _optional_text(params, "IndexName"))
    yield Part("", _read_place(asked), context)


def _read_place(asked: Asked) -> Resource:
    """The index that is read, or else the table."""
    params = asked.target.params
    place = table(asked, text_at(params, "TableName"))
    name = params.get("IndexName")
    return place if name is None else index_of(place, text_at(params, "IndexName"))


def _optional_text(params: Node, name: str) -> str:
    """A text parameter; empty when absent."""
    return text_at(params, name) if name in params else ""


def _batch_get(asked: Asked) -> Iterator[Part]:
    for place, node in _tables(asked):
        wanted = mapping(node, "RequestItems")
        context = item_context(wanted, {}) | read_context(wanted, "")
        keys: tuple[str, ...] = ()
        names: tuple[str, ...] = ()
        for entry in members(wanted.get("Keys", ()), "Keys"):
            key = mapping(entry, "Keys")
            keys += leading_keys(asked, place, key, "Key")
            names += tuple(key)
        context["dynamodb:LeadingKeys"] = _distinct(keys)
        context["dynamodb:Attributes"] = _attributes(context, names)
        yield Part("", place, context)


def _batch_write(asked: Asked) -> Iterator[Part]:
    for place, node in _tables(asked):
        keys: tuple[str, ...] = ()
        names: tuple[str, ...] = ()
        for entry in members(node, "RequestItems"):
            kind, request = _only_entry(mapping(entry, "RequestItems"), _REQUESTS)
            field = _REQUESTS[kind]
            item = mapping(request.get(field), field)
            keys += leading_keys(asked, place, item, field)
            names += tuple(item)
        context: dict[str, Value] = {
            "dynamodb:LeadingKeys": _distinct(keys),
            "dynamodb:Attributes": _distinct(names),
        }
        yield Part("", place, context)


def _tables(asked: Asked) -> Iterator[tuple[Resource, object]]:
    requests = mapping(asked.target.params.get("RequestItems"), "RequestItems")
    for name, node in requests.items():
        yield table(asked, name), node


def _transact_get(asked: Asked) -> Iterator[Part]:
    for _, get in _transacted(asked, {"Get": ""}):
        place = table(asked, text_at(get, "TableName"))
        context = _of_item(asked, place, get, "Key") | read_context(get, "")
        yield _enclosed(asked, "GetItem", place, context)


def _transact_write(asked: Asked) -> Iterator[Part]:
    for kind, node in _transacted(asked, _WRITES):
        action, field = _WRITES[kind]
        place = table(asked, text_at(node, "TableName"))
        yield _enclosed(asked, action, place, _of_item(asked, place, node, field))


def _transacted(
    asked: Asked, kinds: Mapping[str, object]
) -> Iterator[tuple[str, Node]]:
    for entry in members(asked.target.params.get("TransactItems"), "TransactItems"):
        yield _only_entry(mapping(entry, "TransactItems"), kinds)


def _enclosed(
    asked: Asked, action: str, place: Resource, context: dict[str, Value]
) -> Part:
    context["dynamodb:EnclosingOperation"] = asked.target.operation
    return Part(action, place, context)


def _only_entry(entry: Node, kinds: Mapping[str, object]) -> tuple[str, Node]:
    """The one thing that an entry asks for."""
    names = [name for name, value in entry.items() if value is not None]
    if len(names) != 1 or names[0] not in kinds:
        raise Unclear(f"an entry is not exactly one of {', '.join(kinds)}")
    return names[0], mapping(entry[names[0]], names[0])


def _execute(asked: Asked) -> Iterator[Part]:
    yield statement_part(asked, text_at(asked.target.params, "Statement"))


def _execute_batch(asked: Asked) -> Iterator[Part]:
    for entry in members(asked.target.params.get("Statements"), "Statements"):
        yield statement_part(asked, text_at(mapping(entry, "entry"), "Statement"))


def _execute_transaction(asked: Asked) -> Iterator[Part]:
    entries = members(asked.target.params.get("TransactStatements"), "statements")
    for entry in entries:
        part = statement_part(asked, text_at(mapping(entry, "entry"), "Statement"))
        yield _enclosed(asked, part.action, part.resource, {**part.context})


def statement_part(asked: Asked, statement: str) -> Part:
    """What one PartiQL statement takes.

    Only statements over one table in their plainest form are understood. Which
    items they touch is not read, so LeadingKeys holds a value that equals none.

    Raises:
        Unclear: the statement may touch anything else.
    """
    text = statement.strip()
    bare = _QUOTED.sub("@", text)
    if len(text) > _LONGEST_STATEMENT or _ODD.search(bare):
        raise Unclear("a statement is too long, or hides something")
    for action, grammar in _STATEMENTS:
        found = grammar.match(text)
        if found is None:
            continue
        one = 1 if action == "PartiQLUpdate" else _WORDS_OF_ONE
        if len(_WORDS.findall(bare)) != one or "," in _tables_of(bare, action):
            raise Unclear("a statement speaks of more than one table")
        quoted, plain, index = found.groups()
        place = table(asked, quoted or plain)
        if index:
            place = index_of(place, index)
        return Part(action, place, {"dynamodb:LeadingKeys": (UNKNOWN,)})
    raise Unclear("a statement is not one that the door can read")


def _tables_of(bare: str, action: str) -> str:
    """What stands between FROM and WHERE, where a second table could be."""
    if action != "PartiQLSelect":
        return ""
    after = re.split(r"\bFROM\b", bare, maxsplit=1, flags=re.IGNORECASE)[-1]
    return re.split(r"\b(?:WHERE|ORDER)\b", after, maxsplit=1, flags=re.IGNORECASE)[0]


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _attributes(context: Mapping[str, Value], names: tuple[str, ...]) -> Value:
    found = context.get("dynamodb:Attributes", ())
    return _distinct((*found, *names))


PARTS: Mapping[str, Callable[[Asked], Iterable[Part]]] = {
    "one_item": _one_item,
    "get_item": _get_item,
    "query": _query,
    "scan": _scan,
    "batch_get": _batch_get,
    "batch_write": _batch_write,
    "transact_get": _transact_get,
    "transact_write": _transact_write,
    "statement": _execute,
    "statements": _execute_batch,
    "transact_statements": _execute_transaction,
}
