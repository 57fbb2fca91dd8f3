"""XML from clients is read within bounds and without declarations."""

import pytest

from ostiary.wire.xml import LARGEST, MalformedXMLError, parse

NS = "urn:ns"


@pytest.mark.threat("T57")
def test_twenty_levels_are_the_most() -> None:
    """A document twenty levels deep is read, one more is not."""
    assert parse(b"<a>" * 20 + b"</a>" * 20, NS).name == "a"
    with pytest.raises(MalformedXMLError):
        parse(b"<a>" * 21 + b"</a>" * 21, NS)


@pytest.mark.threat("T57")
def test_elements_are_counted() -> None:
    """20,000 elements are read, one more is not."""
    assert len(parse(b"<a>" + b"<b/>" * 19_999 + b"</a>", NS).children) == 19_999
    with pytest.raises(MalformedXMLError):
        parse(b"<a>" + b"<b/>" * 20_000 + b"</a>", NS)


@pytest.mark.threat("T57")
def test_two_megabytes_are_the_most() -> None:
    """A document of 2 MiB is read, one byte more is not."""
    largest = b"<a>" + b" " * (LARGEST - 7) + b"</a>"

    assert parse(largest, NS).text == " " * (LARGEST - 7)
    with pytest.raises(MalformedXMLError):
        parse(largest + b" ", NS)


@pytest.mark.threat("T57")
@pytest.mark.parametrize(
    "document",
    [
        b"<!DOCTYPE a><a/>",
        b"<!DOCTYPE a []><a/>",
        b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        b'<!DOCTYPE a [<!ENTITY % x SYSTEM "http://h/">%x;]><a/>',
        b"<?php ?><a/>",
        b"<a><?x?></a>",
        b'<a xmlns="urn:other"/>',
        b'<a xmlns="urn:ns"><b xmlns="urn:other"/></a>',
        b"<a>&undefined;</a>",
        b"<a>&#0;</a>",
        b"<a>\x00</a>",
        b"<a>\xff</a>",
        b"<a>t<b/></a>",
        b"<a><b/>t</a>",
        b"<a></b>",
        b"<a/><a/>",
        b"",
        b" ",
        "<a/>".encode("utf-16"),
        "<a/>".encode("utf-16-le"),
    ],
)
def test_what_is_refused(document: bytes) -> None:
    """Declarations, entities, strangers, other encodings and broken nesting."""
    with pytest.raises(MalformedXMLError):
        parse(document, NS)


def test_what_is_read() -> None:
    """Names are local, text is decoded, blanks between elements are nothing."""
    document = '<?xml version="1.0" encoding="UTF-8"?><!-- c --><n:a xmlns:n="urn:ns">\n<n:b x="1">&lt;é&#9;<![CDATA[<]]></n:b>\n<c/></n:a>'

    root = parse(document.encode(), NS)

    assert (root.name, root.text) == ("a", "")
    assert [(child.name, child.text) for child in root.children] == [
        ("b", "<é\t<"),
        ("c", ""),
    ]
