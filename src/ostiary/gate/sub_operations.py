"""Operations that are made of others: each part takes its own permission (T65).

A part that is not understood makes the whole request unclear; nothing is forwarded
of which only some was decided.
"""

from collections.abc import Callable, Iterable, Mapping

from ostiary.gate import dynamodb_parts, root_parts, s3_parts
from ostiary.gate.needs import Asked, Part

PARTS: Mapping[str, Callable[[Asked], Iterable[Part]]] = {
    **dynamodb_parts.PARTS,
    **root_parts.PARTS,
    **s3_parts.PARTS,
}
"""By the name that a row says."""
