"""Where each value and name of a JSON text stands."""

from ostiary.policy.lint_spans import Place, Span, places


def test_names_values_and_what_holds_others() -> None:
    """RFC 6901: each pointer with its value, its name in an object, and its kind."""
    text = '{"a": [1, {"b/c": "}"}], "": null}'

    def at(piece: str) -> Span:
        start = text.index(piece)
        return Span(start, start + len(piece))

    assert places(text) == {
        "": Place(name=None, value=Span(0, len(text)), is_scalar=False),
        "/a": Place(name=at('"a"'), value=at('[1, {"b/c": "}"}]'), is_scalar=False),
        "/a/0": Place(name=None, value=at("1"), is_scalar=True),
        "/a/1": Place(name=None, value=at('{"b/c": "}"}'), is_scalar=False),
        "/a/1/b~1c": Place(name=at('"b/c"'), value=at('"}"'), is_scalar=True),
        "/": Place(name=at('""'), value=at("null"), is_scalar=True),
    }
