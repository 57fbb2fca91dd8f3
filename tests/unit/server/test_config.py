"""Settings: read once, and none of them guessed."""

from pathlib import Path

import pytest

from ostiary.config import ConfigError, read_settings


def test_defaults() -> None:
    """Without any variable, the documented defaults hold."""
    settings = read_settings({"XDG_DATA_HOME": "/data"})

    assert settings.home == Path("/data/ostiary")
    assert settings.database_url == "sqlite:////data/ostiary/ostiary.db"
    assert settings.account_id == "111122223333"
    assert settings.root_access_key_id == ""


@pytest.mark.threat("T144")
@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"OSTIARY_HOEM": "/x"}, "unknown environment variable: `OSTIARY_HOEM`"),
        ({"OSTIARY_ACCOUNT_ID": "1234"}, "OSTIARY_ACCOUNT_ID is `1234`"),
        ({"OSTIARY_ACCOUNT_ID": "１２３４５６７８９０１２"}, "not twelve digits"),
        ({"OSTIARY_ROOT_ACCESS_KEY_ID": "AKIA" + "A" * 16}, "only one is set"),
        (
            {
                "OSTIARY_ROOT_ACCESS_KEY_ID": "ASIA" + "A" * 16,
                "OSTIARY_ROOT_SECRET_ACCESS_KEY": "x",
            },
            "starts with ASIA",
        ),
        (
            {
                "OSTIARY_ROOT_ACCESS_KEY_ID": "short",
                "OSTIARY_ROOT_SECRET_ACCESS_KEY": "x",
            },
            "is not 16 to 128",
        ),
        ({"OSTIARY_CONFIG": "/nowhere/x.toml"}, "no such file"),
    ],
)
def test_what_cannot_be_used_stops_the_start(
    environment: dict[str, str], told: str
) -> None:
    """A wrong setting is an error that names it."""
    with pytest.raises(ConfigError, match=told):
        read_settings(environment, Path("/x"))


@pytest.mark.threat("T144")
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[servre]\n", "unknown table"),
        ("[server]\nhost = 'x'\n", r"unknown setting of \[server\]"),
        ("[server\n", "cannot read"),
    ],
)
def test_unknown_settings_of_the_file_stop_the_start(
    tmp_path: Path, text: str, told: str
) -> None:
    """The file's tables and settings are known, or it is refused."""
    (tmp_path / "ostiary.toml").write_text(text)

    with pytest.raises(ConfigError, match=told):
        read_settings({}, tmp_path)


def test_the_file_sets_hosts_and_upstreams(tmp_path: Path) -> None:
    """What stands in the file is in the settings."""
    (tmp_path / "ostiary.toml").write_text(
        '[server]\nhosts = ["s3.example.org"]\n[upstream.default]\nkind = "sandbox"\n'
    )
    settings = read_settings({}, tmp_path)

    assert settings.hosts == ("s3.example.org",)
    assert settings.upstreams == {"default": {"kind": "sandbox"}}
