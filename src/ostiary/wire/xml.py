"""XML both ways: text that any strict parser reads back, and a hardened reader.

The reader takes UTF-8 only, refuses document types, entities and processing
instructions, and bounds size, depth and the number of elements (T56, T57).
"""

import re
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat

LARGEST = 2 * 1024 * 1024
_DEEPEST = 20
_MOST_ELEMENTS = 20_000
_SPECIAL = re.compile('[&<>"\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]')
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"}
)


def escape(text: str) -> str:
    """Gives `text` as element content.

    Raises:
        ValueError: It has a character that XML 1.0 cannot say.
    """
    if not _SPECIAL.search(text):
        return text
    if _ILLEGAL.search(text):
        raise ValueError("a character that XML cannot carry")
    return text.translate(_ESCAPES)


def escape_any(text: str) -> str:
    """Gives `text` as element content, with U+FFFD for what XML cannot say."""
    return _ILLEGAL.sub("\ufffd", text).translate(_ESCAPES)


class MalformedXMLError(Exception):
    """A document that is not well formed, not allowed, or too large."""


@dataclass(slots=True)
class Element:
    """One element: its local name, its text if it has no children, its children."""

    name: str
    text: str = ""
    children: list["Element"] = field(default_factory=list)


class _Builder:
    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self._open: list[Element] = []
        self._count = 0
        self.root: Element | None = None

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        namespace, _, local = name.rpartition("\n")
        if namespace not in {"", self._namespace}:
            raise MalformedXMLError("an element of another namespace")
        self._count += 1
        if len(self._open) >= _DEEPEST or self._count > _MOST_ELEMENTS:
            raise MalformedXMLError("too many elements")
        element = Element(local)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def data(self, text: str) -> None:
        self._open[-1].text += text

    def end(self, _name: str) -> None:
        element = self._open.pop()
        if element.children:
            if element.text.strip(" \t\r\n"):
                raise MalformedXMLError("text between elements")
            element.text = ""


def _refuse(*_: object) -> NoReturn:
    raise MalformedXMLError("a declaration that is not allowed")


def parse(document: bytes, namespace: str) -> Element:
    """Gives the root of a document whose elements are in `namespace` or in none.

    Raises:
        MalformedXMLError: As the class says.
    """
    if len(document) > LARGEST:
        raise MalformedXMLError("too large")
    # expat takes a byte order mark, or a NUL beside the first bracket, for UTF-16,
    # whatever encoding it is told. Neither is in UTF-8 that XML allows.
    if b"\0" in document or document.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise MalformedXMLError("not UTF-8")
    builder = _Builder(namespace)
    # The encoding given here wins over whatever the document declares.
    parser = expat.ParserCreate(encoding="utf-8", namespace_separator="\n")
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.CharacterDataHandler = builder.data
    parser.EndElementHandler = builder.end
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.UnparsedEntityDeclHandler = _refuse
    parser.ExternalEntityRefHandler = _refuse
    parser.ProcessingInstructionHandler = _refuse
    try:
        parser.Parse(document, True)  # noqa: FBT003  # expat's own signature
    except expat.ExpatError as error:
        raise MalformedXMLError("not well formed") from error
    if builder.root is None:
        raise MalformedXMLError("no element")
    return builder.root
