"""EC2's tags at creation: whose they are, and the permission that they take.

A request may tag what it creates, type by type (`TagSpecification`). The tags of a
type are condition keys of the needs on that type, and each tagged type takes
`ec2:CreateTags` besides, with `ec2:CreateAction` naming the operation.
"""

from collections.abc import Callable, Mapping

from ostiary.gate.condition_keys import Write, write_tags
from ostiary.gate.needs import Asked, Kind, Named, Resource, Unclear, Value
from ostiary.gate.reading import mapping, members, tag_pairs, text_at

Specified = Mapping[str, list[tuple[str, str | None]]]
Found = tuple[Resource, Mapping[str, Value]]


def compile_type_tags(parameter: str, type_name: str) -> Write:
    """The writer of `aws:RequestTag/…` for needs on one type of resource."""

    def write(asked: Asked, _: Resource, context: dict[str, Value]) -> None:
        if parameter in asked.target.params:
            pairs = _specified(asked, parameter).get(type_name)
            if pairs:
                write_tags(pairs, context)

    return write


def compile_tagged_types(
    parameter: str, kinds: Mapping[str, Kind]
) -> Callable[[Asked], list[Found]]:
    """Every type that a request tags, with the context of tagging it."""

    def tagged(asked: Asked) -> list[Found]:
        if parameter not in asked.target.params:
            return []
        found: list[Found] = []
        for type_name, pairs in _specified(asked, parameter).items():
            kind = kinds.get(type_name)
            everything = kind.named.get(Named.ALL) if kind else None
            if everything is None:
                raise Unclear(f"tags are for `{type_name}`, which is not a type here")
            context: dict[str, Value] = {"ec2:CreateAction": asked.target.operation}
            write_tags(pairs, context)
            found.append((everything(asked), context))
        return found

    return tagged


def _specified(asked: Asked, parameter: str) -> Specified:
    """The tags of a request by type."""
    by_type: dict[str, list[tuple[str, str | None]]] = {}
    for entry in members(asked.target.params[parameter], parameter):
        told = mapping(entry, parameter)
        type_name = text_at(told, "ResourceType")
        if type_name in by_type:
            raise Unclear(f"tags for `{type_name}` are given twice")
        by_type[type_name] = tag_pairs(told.get("Tag", ()), parameter)
    return by_type
