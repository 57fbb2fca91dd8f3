"""The reviewed tables of `data/actions`, compiled: what each operation takes.

A table has these parts.

`prefix`: of the service's action names.
`resources`: its types, each a template (`arn`, or the table's own, with a pattern for
the `id`), a finder's name (`by`), or a choice of types by the prefix of the id.
`keys`: its condition keys (`condition_keys`).
`tags`: the parameters that hold tags, tag keys, and tags type by type.
`operations`: by operation, the needs: `"*"`, one table, or a list of them.
`free`: operations that policies can neither allow nor deny, with the reason.
`refused`: groups of operations that nobody gets through the door, with the reason.

A need is a table. Its `action` is the operation's own name unless it says another;
`when` and `unless` list paths of which one must, or none may, have a value;
`refuse` lists paths that make the request unclear. Every other entry is a type and
where its names stand: paths (`reading`) joined by ` + `, then what counts when they are
all absent: ` or *`, ` or self`, ` or none`; without it, such a request is unclear.
A need `by` the name of a function is made of parts there (`sub_operations`).
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from ostiary.gate.condition_keys import KeyRow, Write, compile_key, compile_tags
from ostiary.gate.ec2_tags import compile_tagged_types, compile_type_tags
from ostiary.gate.needs import (
    ANY,
    Asked,
    Kind,
    Named,
    Need,
    Part,
    Resource,
    Unclear,
    Value,
)
from ostiary.gate.reading import compile_present, compile_texts
from ostiary.gate.resources import KINDS, compile_choice, compile_template
from ostiary.gate.sub_operations import PARTS

FOLDER = Path(__file__).parent.parent / "data" / "actions"
SERVICES = ("iam", "sts", "ec2", "dynamodb", "s3", "sqs", "sns", "organizations")
RESERVED = frozenset({"action", "when", "unless", "refuse", "by"})

Row = Callable[[Asked], tuple[Need, ...]]
"""The needs of one operation; raises `Unclear`."""
Find = Callable[[Asked], Iterator[Resource]]
Table = Mapping[str, object]


class Rows(NamedTuple):
    """A service's operations."""

    needs: Mapping[str, Row]
    free: Mapping[str, str]
    refused: Mapping[str, str]


class _Tools(NamedTuple):
    """What every need of a service is compiled with."""

    prefix: str
    kinds: Mapping[str, Kind]
    keys: tuple[KeyRow, ...]
    everywhere: tuple[Write, ...]
    specifications: str
    """The parameter that tags what is created, type by type; empty if none does."""


def read_table(service: str) -> Table:
    """The table of a service as it is written."""
    return tomllib.loads((FOLDER / f"{service}.toml").read_text(encoding="utf-8"))


@cache
def rows_of(service: str) -> Rows:
    """The operations of a service; compiled at its first request.

    Raises:
        ValueError: the table is wrong.
    """
    table = read_table(service)
    tools = _tools(table)
    operations = _table(table.get("operations", {}))
    refused = {
        name: str(group["why"])
        for group in map(_table, _list(table.get("refused", [])))
        for name in _texts(group["operations"])
    }
    return Rows(
        needs={name: compile_row(name, row, tools) for name, row in operations.items()},
        free={name: str(why) for name, why in _table(table.get("free", {})).items()},
        refused=refused,
    )


def compile_row(operation: str, row: object, tools: _Tools) -> Row:
    """The function that gives an operation's needs.

    Raises:
        ValueError: the row is wrong.
    """
    if row == ANY:
        return _without_resource(operation, tools)
    specs = [_table(spec) for spec in (row if isinstance(row, list) else [row])]
    steps = [_compile_need(operation, spec, tools) for spec in specs]
    if tools.specifications:
        steps.append(_compile_tagging(operation, tools))

    def needs(asked: Asked) -> tuple[Need, ...]:
        made: list[Need] = []
        for step in steps:
            step(asked, made)
        return tuple(made)

    return needs


def _compile_tagging(
    operation: str, tools: _Tools
) -> Callable[[Asked, list[Need]], None]:
    tagged = compile_tagged_types(tools.specifications, tools.kinds)
    writes = _writes(operation, "", tools)

    def step(asked: Asked, made: list[Need]) -> None:
        for resource, context in tagged(asked):
            made.append(_need("ec2:CreateTags", asked, resource, writes, context))

    return step


def _tools(table: Table) -> _Tools:
    tags = _table(table.get("tags", {}))
    pairs, keys = _texts(tags.get("pairs", [])), _texts(tags.get("keys", []))
    return _Tools(
        prefix=str(table["prefix"]),
        kinds=_kinds(table),
        keys=tuple(
            compile_key(name, _table(row))
            for name, rows in _table(table.get("keys", {})).items()
            for row in (rows if isinstance(rows, list) else [rows])
        ),
        everywhere=(compile_tags(pairs, keys),) if pairs or keys else (),
        specifications=str(tags.get("specifications", "")),
    )


def _kinds(table: Table) -> dict[str, Kind]:
    kinds = {"any": KINDS["any"]}
    for name, row in _table(table.get("resources", {})).items():
        kinds[name] = _kind(name, _table(row), table, kinds)
    return kinds


def _kind(name: str, row: Table, table: Table, known: Mapping[str, Kind]) -> Kind:
    if "prefixes" in row:
        prefixes = _table(row["prefixes"])
        return compile_choice({p: known[str(t)] for p, t in prefixes.items()})
    if "by" in row:
        return KINDS[str(row["by"])]
    arn = str(row.get("arn", table.get("arn", "")))
    return compile_template(arn, str(row["id"]), name)


def _without_resource(operation: str, tools: _Tools) -> Row:
    step = _maker(f"{tools.prefix}:{operation}", _writes(operation, "", tools))

    def needs(asked: Asked) -> tuple[Need, ...]:
        made: list[Need] = []
        step(asked, Resource(ANY, asked.caller.account), made)
        return tuple(made)

    return needs


def _compile_need(
    operation: str, spec: Table, tools: _Tools
) -> Callable[[Asked, list[Need]], None]:
    when = _texts(spec.get("when", []))
    unless = _texts(spec.get("unless", []))
    refuse = _texts(spec.get("refuse", []))
    applies, stopped = compile_present(when), compile_present(unless)
    unclear = compile_present(refuse)
    act = _compile_parts if "by" in spec else _compile_types
    steps = act(operation, spec, tools)

    def add(asked: Asked, made: list[Need]) -> None:
        if (when and not applies(asked)) or (unless and stopped(asked)):
            return
        if refuse and unclear(asked):
            said = ", ".join(f"`{path}`" for path in refuse)
            raise Unclear(f"the door cannot see what is named by {said}")
        for step in steps:
            step(asked, made)

    return add


def _compile_types(
    operation: str, spec: Table, tools: _Tools
) -> tuple[Callable[[Asked, list[Need]], None], ...]:
    action = f"{tools.prefix}:{spec.get('action', operation)}"
    types = [(name, str(row)) for name, row in spec.items() if name not in RESERVED]
    if not types:
        raise ValueError(f"`{operation}` has a need without a resource")
    return tuple(
        _compile_type(action, operation, name, row, tools) for name, row in types
    )


def _compile_type(
    action: str, operation: str, name: str, row: str, tools: _Tools
) -> Callable[[Asked, list[Need]], None]:
    add = _maker(action, _writes(operation, name, tools))
    find = _compile_places(row, tools.kinds[name], operation)

    def step(asked: Asked, made: list[Need]) -> None:
        for resource in find(asked):
            add(asked, resource, made)

    return step


def _compile_places(row: str, kind: Kind, operation: str) -> Find:
    """How the resources of one type are found: by paths, else by what follows."""
    if row in _NAMED:
        return _named(kind, row)
    places, bar, otherwise = row.partition(" or ")
    absent = _lacking(operation, places)
    if bar:
        absent = _nobody if otherwise == "none" else _named(kind, otherwise)
    paths = [compile_texts(path) for path in places.split(" + ")]

    def find(asked: Asked) -> Iterator[Resource]:
        texts = [text for read in paths for text in read(asked)]
        if len(texts) > 1:
            texts = list(dict.fromkeys(texts))
        if not texts:
            yield from absent(asked)
        for text in texts:
            if isinstance(text, Named):
                yield kind.named[text](asked)
            else:
                yield kind.find(asked, text)

    return find


def _named(kind: Kind, name: str) -> Find:
    what = kind.named[Named(name)]

    def find(asked: Asked) -> Iterator[Resource]:
        yield what(asked)

    return find


def _nobody(_: Asked) -> Iterator[Resource]:
    return iter(())


def _lacking(operation: str, places: str) -> Find:
    def find(_: Asked) -> Iterator[Resource]:
        raise Unclear(f"`{operation}` lacks `{places}`")

    return find


def _compile_parts(
    operation: str, spec: Table, tools: _Tools
) -> tuple[Callable[[Asked, list[Need]], None], ...]:
    if set(spec) - RESERVED:
        raise ValueError(f"`{operation}` says both parts and resources")
    parts = PARTS[str(spec["by"])]
    default = str(spec.get("action", operation))
    writes = _writes(operation, "", tools)

    def step(asked: Asked, made: list[Need]) -> None:
        count = len(made)
        part: Part
        for part in parts(asked):
            action = f"{tools.prefix}:{part.action or default}"
            made.append(_need(action, asked, part.resource, writes, part.context))
        if len(made) == count:
            raise Unclear(f"`{operation}` is made of nothing")

    return (step,)


def _maker(
    action: str, writes: tuple[Write, ...]
) -> Callable[[Asked, Resource, list[Need]], None]:
    def add(asked: Asked, resource: Resource, made: list[Need]) -> None:
        made.append(_need(action, asked, resource, writes, _NOTHING))

    return add


def _need(
    action: str,
    asked: Asked,
    resource: Resource,
    writes: tuple[Write, ...],
    further: Mapping[str, Value],
) -> Need:
    context: dict[str, Value] = {}
    if resource.account:
        context["aws:ResourceAccount"] = resource.account
    for write in writes:
        write(asked, resource, context)
    context.update(further)
    return Need(
        action=action,
        resource=resource.arn,
        resource_account=resource.account,
        context=context,
    )


def _writes(operation: str, type_name: str, tools: _Tools) -> tuple[Write, ...]:
    own = [key.write for key in tools.keys if key.serves(operation, type_name)]
    if tools.specifications and type_name:
        own.append(compile_type_tags(tools.specifications, type_name))
    return (*tools.everywhere, *own)


def _table(value: object) -> Table:
    if not isinstance(value, dict):
        raise TypeError(f"`{value}` is not a table")
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError(f"`{value}` is not a list")
    return value


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(text) for text in _list(value))


_NOTHING: Mapping[str, Value] = {}
_NAMED = frozenset(named.value for named in Named)
