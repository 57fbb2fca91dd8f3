"""XML of strangers, in one form only (T57).

Document types, entities and processing instructions are refused, comments too where
somebody else reads the text again, and depth and the number of elements are bounded.
What is left means the same to every reader, and is little work to all: namespaces in
scope and attributes are bounded too, since canonicalization takes the square of them
for each element, before anybody's signature is verified (T137).
"""

import re
from typing import Final, NoReturn, Protocol
from xml.parsers import expat

DEEPEST: Final = 20
MOST_ELEMENTS: Final = 20_000
MOST_NAMESPACES: Final = 32
"""Declarations in scope of one element; providers write about ten."""
MOST_ATTRIBUTES: Final = 64
"""Of one element."""

_DECLARATION: Final = re.compile(rb"<\?xml[ \t\r\n][^<>]*\?>[ \t\r\n]*")


class Reader(Protocol):
    """Is told of a document's elements in their order, named `namespace}name`."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        ...

    def text(self, data: str) -> None:
        """A piece of text inside the innermost element that is open."""
        ...

    def end(self, name: str) -> None:
        """An element ends."""
        ...


class MalformedXML(Exception):  # noqa: N818 - it says what the text is
    """The text is not XML as we take it."""


def plain_xml(data: bytes) -> bytes:
    """The same document in UTF-8, without a declaration that could say otherwise.

    Raises:
        MalformedXML: it is not UTF-8.
    """
    body = data.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    declared = _DECLARATION.match(body)
    if declared is not None:
        body = body[declared.end() :]
    try:
        body.decode()
    except UnicodeError:
        raise MalformedXML("not UTF-8") from None
    return body


def walk(data: bytes, reader: Reader) -> None:
    """Tells the reader of each element.

    Raises:
        MalformedXML: as the module says.
    """
    parser = _strict_parser(_Bounds(reader))
    try:
        parser.Parse(data, True)  # noqa: FBT003 - expat's own signature
    except (expat.ExpatError, ValueError):
        raise MalformedXML("not well formed") from None


def check_xml(data: bytes) -> None:
    """Returns when the document is XML as we take it, without a comment.

    Raises:
        MalformedXML: as the module says.
    """
    parser = _strict_parser(_Bounds(None))
    parser.CommentHandler = _refuse
    try:
        parser.Parse(data, True)  # noqa: FBT003 - expat's own signature
    except (expat.ExpatError, ValueError):
        raise MalformedXML("not well formed") from None


class _Bounds:
    """Counts what it passes on."""

    def __init__(self, reader: Reader | None) -> None:
        self.reader = reader
        self._depth = 0
        self._count = 0
        self._declared = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._count += 1
        if self._depth > DEEPEST or self._count > MOST_ELEMENTS:
            raise MalformedXML("too many elements")
        if len(attributes) > MOST_ATTRIBUTES:
            raise MalformedXML("too many attributes")
        if self.reader is not None:
            self.reader.start(name, attributes)

    def declare(self, *_: object) -> None:
        self._declared += 1
        if self._declared > MOST_NAMESPACES:
            raise MalformedXML("too many namespaces")

    def forget(self, *_: object) -> None:
        self._declared -= 1

    def end(self, name: str) -> None:
        self._depth -= 1
        if self.reader is not None:
            self.reader.end(name)


def _strict_parser(bounds: _Bounds) -> expat.XMLParserType:
    parser = expat.ParserCreate(encoding="utf-8", namespace_separator="}")
    parser.buffer_text = True
    parser.StartElementHandler = bounds.start
    parser.EndElementHandler = bounds.end
    parser.StartNamespaceDeclHandler = bounds.declare
    parser.EndNamespaceDeclHandler = bounds.forget
    if bounds.reader is not None:
        parser.CharacterDataHandler = bounds.reader.text
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.UnparsedEntityDeclHandler = _refuse
    parser.ExternalEntityRefHandler = _refuse
    parser.ProcessingInstructionHandler = _refuse
    return parser


def _refuse(*_: object) -> NoReturn:
    raise MalformedXML("a comment or a declaration, neither of which is taken")
