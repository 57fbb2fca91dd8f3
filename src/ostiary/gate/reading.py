"""How a row finds values in a request: paths such as `Item[].Put?.TableName`.

A path is names between dots. `[]` behind a name says that a list stands there and
every entry counts; `?` says that an entry may lack the name, and `*` that an entry
which lacks it means all things of the type. A path that begins with `session.` reads
the caller's session, one with `assertion.` what an identity provider has said of the
caller; every other the operation's parameters.

A value that is present but not of the form that the row expects is `Unclear`: an
upstream might read it in a way that nobody has decided on (T65).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, cast

from ostiary.gate.needs import Asked, Named, Unclear
from ostiary.policy.pattern import fold

Read = Callable[[Asked], tuple[object, ...]]
"""Every value at a path, in order; none where the request lacks it."""

_STEP = re.compile(r"([A-Za-z0-9_-]+)(\[\])?([?*]?)", re.ASCII)


class _Step(NamedTuple):
    name: str
    many: bool
    absent: str
    """`?` or `*` where an entry may lack the name; otherwise empty."""


def compile_path(path: str) -> Read:
    """The reader of a path.

    Raises:
        ValueError: `path` is not one.
    """
    root, _, rest = path.partition(".")
    if root in _ROOTS and rest:
        return _ROOTS[root](rest)
    steps = tuple(_step(text, path) for text in path.split("."))
    if len(steps) == 1:
        return _list(steps[0].name) if steps[0].many else _plain(steps[0].name)

    def read(asked: Asked) -> tuple[object, ...]:
        first = steps[0]
        node = asked.target.params.get(first.name)
        return () if node is None else tuple(_walk(node, steps, 0))

    return read


def compile_texts(path: str) -> Callable[[Asked], tuple[str | Named, ...]]:
    """The reader of a path whose values must be texts."""
    read = compile_path(path)

    def texts(asked: Asked) -> tuple[str | Named, ...]:
        values = read(asked)
        for value in values:
            if not isinstance(value, str | Named):
                raise Unclear(f"`{path}` is not a text")
        return cast("tuple[str | Named, ...]", values)

    return texts


def compile_present(paths: tuple[str, ...]) -> Callable[[Asked], bool]:
    """Whether a request has a value at one of the paths."""
    readers = tuple(compile_path(path) for path in paths)

    def present(asked: Asked) -> bool:
        return any(read(asked) for read in readers)

    return present


def members(node: object, path: str) -> tuple[object, ...]:
    """The entries of a list; in a query it may stand below `member`, or be empty text.

    Raises:
        Unclear: `node` is something else.
    """
    if isinstance(node, Mapping) and list(node) == ["member"]:
        node = node["member"]
    if isinstance(node, list | tuple):
        return tuple(node)
    if node == "":
        return ()
    raise Unclear(f"`{path}` is not a list")


def mapping(node: object, path: str) -> Mapping[str, object]:
    """A structure of a request.

    Raises:
        Unclear: `node` is something else.
    """
    if isinstance(node, Mapping):
        return node
    raise Unclear(f"`{path}` is not a structure")


def text_at(node: Mapping[str, object], name: str) -> str:
    """A text that a structure must have.

    Raises:
        Unclear: it lacks the name, or a text does not stand there.
    """
    return text_of(node.get(name), name)


def text_of(value: object, path: str) -> str:
    """A value that must be a text.

    Raises:
        Unclear: it is something else, or absent.
    """
    if isinstance(value, str):
        return value
    raise Unclear(f"`{path}` is not a text")


def scalar(value: object) -> str:
    """A value as a condition sees it.

    Raises:
        Unclear: it is a structure or a list.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise Unclear("a condition key's value is not a text or a number")


def tag_pairs(node: object, path: str) -> list[tuple[str, str | None]]:
    """Tags: a list of `Key` and `Value`, or a mapping; the value may be absent.

    Raises:
        Unclear: not tags.
    """
    if isinstance(node, Mapping) and list(node) != ["member"]:
        return [(key, text_of(value, path)) for key, value in node.items()]
    pairs: list[tuple[str, str | None]] = []
    for entry in members(node, path):
        tag = mapping(entry, path)
        value = tag.get("Value")
        text = None if value is None else text_of(value, path)
        pairs.append((text_at(tag, "Key"), text))
    return pairs


def check_distinct(keys: list[str]) -> None:
    """Passes tag keys that differ by more than letter case.

    Condition keys have no letter case, so of two such tags a policy would see one
    and the service might take the other.

    Raises:
        Unclear: two are the same but for letter case.
    """
    if len({fold(key) for key in keys}) != len(keys):
        raise Unclear("two tag keys differ in nothing but letter case")


def _step(text: str, path: str) -> _Step:
    found = _STEP.fullmatch(text)
    if found is None:
        raise ValueError(f"`{path}` is not a path")
    return _Step(found[1], bool(found[2]), found[3])


def _plain(name: str) -> Read:
    def read(asked: Asked) -> tuple[object, ...]:
        value = asked.target.params.get(name)
        return () if value is None else (value,)

    return read


def _list(name: str) -> Read:
    def read(asked: Asked) -> tuple[object, ...]:
        value = asked.target.params.get(name)
        return () if value is None else members(value, name)

    return read


def _walk(node: object, steps: tuple[_Step, ...], at: int) -> Iterator[object]:
    """The values below `node`, which stands at step `at`."""
    step = steps[at]
    entries = members(node, step.name) if step.many else (node,)
    if not entries and step.absent == Named.ALL.value:
        yield Named.ALL
    if at + 1 == len(steps):
        yield from entries
        return
    following = steps[at + 1]
    for entry in entries:
        below = mapping(entry, step.name).get(following.name)
        if below is not None:
            yield from _walk(below, steps, at + 1)
        elif following.absent == Named.ALL.value:
            yield Named.ALL
        elif not following.absent:
            raise Unclear(f"`{step.name}` lacks `{following.name}`")


def _session(name: str) -> Read:
    def read(asked: Asked) -> tuple[object, ...]:
        value = getattr(asked.caller.session, name, None)
        return (value,) if value else ()

    return read


def _assertion(name: str) -> Read:
    def read(asked: Asked) -> tuple[object, ...]:
        value = getattr(asked.caller.assertion, name, None)
        return (value,) if value else ()

    return read


_ROOTS: Mapping[str, Callable[[str], Read]] = {
    "assertion": _assertion,
    "session": _session,
}
