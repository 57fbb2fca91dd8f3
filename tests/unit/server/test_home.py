"""The home folder: founded once, closed to others, opened again."""

import stat
from pathlib import Path

import pytest

from ostiary.config import read_settings
from ostiary.server.home import HomeError, open_home

KEY = "OSTIARYROOTKEY000001"


def test_a_new_home_is_founded_once(tmp_path: Path) -> None:
    """The second start finds the first one's account, key and ring."""
    settings = read_settings({}, tmp_path / "home")
    first = open_home(settings)
    credentials = settings.credentials_file.read_text()
    second = open_home(settings)

    assert settings.credentials_file.read_text() == credentials
    assert second.snapshot.access_keys.keys() == first.snapshot.access_keys.keys()
    assert second.vault.current.ring == first.vault.current.ring
    assert second.snapshot.revision == first.snapshot.revision == 1


@pytest.mark.threat("T98", "T126")
def test_nothing_in_it_is_for_others(tmp_path: Path) -> None:
    """Folder, key, credentials and database are closed to everybody else."""
    settings = read_settings({}, tmp_path / "home")
    open_home(settings)

    assert stat.S_IMODE(settings.home.stat().st_mode) == 0o700
    for file in settings.home.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file


@pytest.mark.threat("T126")
def test_a_master_key_that_others_can_read_stops_the_start(tmp_path: Path) -> None:
    """The error says which file, and the command that mends it."""
    settings = read_settings({}, tmp_path / "home")
    open_home(settings)
    settings.master_key_file.chmod(0o644)

    with pytest.raises(HomeError, match="chmod 600"):
        open_home(settings)


def test_a_broken_master_key_stops_the_start(tmp_path: Path) -> None:
    """Without the key nothing opens, so nothing new is made in its place."""
    settings = read_settings({}, tmp_path / "home")
    open_home(settings)
    settings.master_key_file.write_text("nonsense\n")

    with pytest.raises(HomeError, match="restore it from a backup"):
        open_home(settings)


def test_the_root_key_of_the_first_account_can_be_given(tmp_path: Path) -> None:
    """For CI: the key of the variables signs, and stands in the credentials file."""
    settings = read_settings(
        {
            "OSTIARY_ROOT_ACCESS_KEY_ID": KEY,
            "OSTIARY_ROOT_SECRET_ACCESS_KEY": "given-secret",
            "OSTIARY_ACCOUNT_ID": "444455556666",
        },
        tmp_path / "home",
    )
    home = open_home(settings)

    assert home.snapshot.access_keys[KEY].account == "444455556666"
    text = settings.credentials_file.read_text()
    assert f"aws_access_key_id = {KEY}" in text
    assert "aws_secret_access_key = given-secret" in text


@pytest.mark.threat("T123")
def test_the_database_holds_no_secret_in_the_clear(tmp_path: Path) -> None:
    """The root secret stands in the credentials file and nowhere else."""
    settings = read_settings(
        {
            "OSTIARY_ROOT_ACCESS_KEY_ID": KEY,
            "OSTIARY_ROOT_SECRET_ACCESS_KEY": "canary-secret-1234567890",
        },
        tmp_path / "home",
    )
    open_home(settings)

    for file in settings.home.iterdir():
        if file != settings.credentials_file:
            assert b"canary-secret-1234567890" not in file.read_bytes()
