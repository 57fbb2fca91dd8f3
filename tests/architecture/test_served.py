"""What is served is what the page says, and nothing is refused without a reason."""

import re

import pytest

from scripts import served


def test_the_page_is_in_step() -> None:
    """docs/iam-operations.md is what scripts/served.py writes."""
    assert served.FILE.read_text(encoding="utf-8") == served.page()


@pytest.mark.parametrize("service", served.SERVED)
def test_what_is_served_is_in_the_model(service: str) -> None:
    """No operation is ours alone."""
    assert set(served.SERVED[service]) <= set(served.operations(service))


def test_every_reason_is_for_an_operation() -> None:
    """Which is not served, and has no other reason."""
    told = [name for names in served.REASONS.values() for name in names]
    known = {name for service in served.SERVED for name in served.operations(service)}
    assert len(told) == len(set(told))
    served_ones = {name for names in served.SERVED.values() for name in names}
    assert set(told) <= known - served_ones


def test_the_table_has_a_line_for_each_operation() -> None:
    """Each is served, or refused for something."""
    lines = re.findall(
        r"^\| (\w+) \| (served|refused: .+) \|$", served.page(), re.MULTILINE
    )
    names = [name for name, _ in lines]
    expected = [name for one in served.SERVED for name in served.operations(one)]
    assert names == expected
