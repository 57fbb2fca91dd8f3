"""JSON bodies are read strictly."""

import pytest

from ostiary.wire.json import StrictJSONError, load_object


def test_an_object_is_read() -> None:
    """Ordinary JSON comes out as Python values."""
    assert load_object(b'{"a": [1, -2.5, true, null, "\\u00e9\\ud83d\\ude00"]}') == {
        "a": [1, -2.5, True, None, "é😀"]
    }


@pytest.mark.threat("T44", "T135")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"a"',
        b"{",
        b'{"a":1}x',
        b'{"a":1,"a":1}',
        b'{"a":{"b":1,"b":2}}',
        b'{"a":1,"\\u0061":2}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        b'{"a":1e999}',
        b'{"a":' + b"1" * 21 + b"}",
        b'{"a":0.' + b"1" * 21 + b"}",
        b'{"a":"\\ud800"}',
        b'{"\\udc00":1}',
        b'{"a":"\xff"}',
        b'\xef\xbb\xbf{"a":1}',
        '{"a":1}'.encode("utf-16"),
        b"{'a':1}",
        b'{"a":01}',
        b'{"a":1,}',
        b'{"a":"\x00"}',
        b'{"a":' * 21 + b"1" + b"}" * 21,
        b'{"a":' + b"[" * 20 + b"]" * 20 + b"}",
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
    ids=range(27),
)
def test_anything_doubtful_is_refused(body: bytes) -> None:
    """Repeats, NaN, depth, digits, half pairs and other encodings are no JSON here."""
    with pytest.raises(StrictJSONError):
        load_object(body)


def test_limits_are_reached() -> None:
    """Twenty levels and twenty digits pass."""
    assert load_object(b'{"a":' * 20 + b"1" + b"}" * 20)
    assert load_object(b'{"a":' + b"1" * 20 + b"}") == {"a": int("1" * 20)}
    assert load_object(
        b'{"a":[{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}]}'
    )
