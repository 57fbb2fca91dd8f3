"""What the operator sets for others: the API's URL, and who is a partner."""

from dataclasses import replace
from pathlib import Path

import pytest

from ostiary.config import ConfigError, Settings, read_settings
from ostiary.server.run import estate_of
from ostiary.server.worker import read_start, start_message


def settings(folder: Path, text: str) -> Settings:
    """The settings of a home with this file."""
    (folder / "ostiary.toml").write_text(text, encoding="utf-8")
    return read_settings({}, folder)


@pytest.mark.parametrize(
    "url",
    [
        "https://iam.example.com",
        "https://iam.example.com:8443/door",
        "http://127.0.0.1:4566",
        "http://localhost",
    ],
)
def test_a_url_that_others_reach_safely_is_taken(tmp_path: Path, url: str) -> None:
    """HTTPS, or plain HTTP on this very machine."""
    found = settings(tmp_path, f'[server]\nurl = "{url}"\n')

    assert estate_of(found).url == url


@pytest.mark.threat("T141", "T144")
@pytest.mark.parametrize(
    "url",
    [
        "http://iam.example.com",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com:80",
        "https://iam.example.com/",
        "https://iam.example.com?x=1",
        "https://user@iam.example.com",
        "iam.example.com",
        "ftp://iam.example.com",
        "https://iam.example.com\\n",
    ],
)
def test_another_url_stops_the_start(tmp_path: Path, url: str) -> None:
    """Public keys that come over a way that others can bend are nobody's."""
    with pytest.raises(ConfigError, match="url of"):
        settings(tmp_path, f'[server]\nurl = "{url}"\n')


def test_nobody_is_a_partner_by_default(tmp_path: Path) -> None:
    """And without a URL the API is where it listens by default."""
    found = estate_of(settings(tmp_path, ""))

    assert found.partners == {}
    assert found.url == "http://127.0.0.1:4566"


@pytest.mark.threat("T144")
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("partners = 1", "not a table"),
        ('partners = { "1" = "X" }', "not an account"),
        ('partners = { "222222222222" = "" }', "1 to 30"),
        ('partners = { "222222222222" = 3 }', "1 to 30"),
        (f'partners = {{ "222222222222" = "{"x" * 31}" }}', "1 to 30"),
        ("partner = {}", "unknown setting"),
    ],
)
def test_partners_that_are_none_stop_the_start(
    tmp_path: Path, text: str, told: str
) -> None:
    """Each is an account of twelve digits with a name."""
    with pytest.raises(ConfigError, match=told):
        settings(tmp_path, f"[delegation]\n{text}\n")


def test_workers_are_told(tmp_path: Path) -> None:
    """Every process of the node issues under one URL, for the same partners."""
    text = '[delegation]\npartners = { "222222222222" = "Example Corp" }\n'
    found = replace(settings(tmp_path, text), url="https://iam.example.com")
    _, told, _ = read_start(start_message(1, found, frozenset()))

    assert estate_of(told) == estate_of(found)
