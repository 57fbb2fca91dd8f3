"""Forms are read once, strictly, within bounds."""

import pytest

from ostiary.wire import form
from ostiary.wire.faults import Fault


@pytest.mark.threat("T135")
def test_two_thousand_fields_are_the_most() -> None:
    """A form of 2,000 fields is read, one more is not."""
    fields = [f"a{n}=" for n in range(2000)]

    assert len(form.read_pairs("&".join(fields))) == 2000
    with pytest.raises(Fault, match="More than 2000 parameters"):
        form.read_pairs("&".join([*fields, "b="]))


@pytest.mark.threat("T135")
def test_a_thousand_elements_are_the_most() -> None:
    """A list of 1,000 elements is read, one more is not."""
    pairs = {f"L.{n}": "v" for n in range(1, 1001)}

    assert form.nest(pairs.items()) == {"L": ["v"] * 1000}
    with pytest.raises(Fault):
        form.nest({**pairs, "L.1001": "v"}.items())


@pytest.mark.threat("T135")
def test_huge_names_cost_little() -> None:
    """A megabyte of separators or dots is refused without being taken apart."""
    with pytest.raises(Fault):
        form.read_pairs("&" * 1_000_000)
    with pytest.raises(Fault):
        form.nest([("." * 1_000_000, "")])


@pytest.mark.threat("T44")
@pytest.mark.parametrize(
    "pairs",
    [
        [("L.1", "a"), ("L.3", "b")],
        [("L.01", "a")],
        [("L.0", "a")],
        [("L.1", "a"), ("L.x", "b")],
        [("L.1", "a"), ("L.1.x", "b")],
        [("L.1.x", "b"), ("L.1", "a")],
        [("L", "a"), ("L.1", "b")],
        [("L..x", "a")],
        [("L.", "a")],
        [(".L", "a")],
        [("L.\u0661", "a"), ("L.2", "a")],
        [("a." * 13 + "a", "b")],
    ],
)
def test_names_that_do_not_fit_together(pairs: list[tuple[str, str]]) -> None:
    """Gaps, zeros, mixed groups and empty parts are refused."""
    with pytest.raises(Fault) as caught:
        form.nest(pairs)

    assert (caught.value.code, caught.value.status) == ("ValidationError", 400)


def test_lists_may_arrive_in_any_order() -> None:
    """The index says the place, not the arrival."""
    pairs = [("F.2.Name", "b"), ("F.1.Name", "a"), ("F.1.Value.1", "x")]

    assert form.nest(pairs) == {"F": [{"Name": "a", "Value": ["x"]}, {"Name": "b"}]}


def test_only_known_names_are_read() -> None:
    """A top-level name that the operation lacks is refused, in its own case."""
    names = frozenset({"Filter"})

    assert form.read_form({"Filter.1": "a"}, names) == {"Filter": ["a"]}
    for name in ("filter.1", "FILTER", "Filters.1", "Filte"):
        with pytest.raises(Fault, match="Unknown parameter"):
            form.read_form({name: "a"}, names)


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("", {}),
        ("a", {"a": ""}),
        ("a=", {"a": ""}),
        ("a=b=c", {"a": "b=c"}),
        ("a+b=c+d", {"a b": "c d"}),
        ("%61=%2B", {"a": "+"}),
        ("a=%C3%A9", {"a": "é"}),
        ("a=é", None),
        ("a=\xc3\xa9", {"a": "é"}),
        ("a=%", None),
        ("a=%4", None),
        ("a=%u0041", None),
        ("a=%00", None),
        ("a=%C0%AF", None),
        ("=a", None),
        ("a&&b", None),
        ("a&", None),
        ("a=1&%61=2", None),
    ],
)
def test_pairs(text: str, pairs: dict[str, str] | None) -> None:
    """Each text has one reading, or none."""
    if pairs is not None:
        assert form.read_pairs(text) == pairs
        return
    with pytest.raises(Fault):
        form.read_pairs(text)
