"""`ostiary serve` read the short way means what it means the long way."""

from pathlib import Path

import pytest
import typer

from ostiary.cli.app import app
from ostiary.cli.start import DEFAULTS, read_serve

SAID = [
    [],
    ["--port=5000"],
    ["--port", "5000"],
    ["--port", "0", "--console-port", "0"],
    ["--host", "192.0.2.1", "--home=/tmp/x", "--workers", "2"],
    ["--host=::1", "--home", "relative/home"],
    ["--port=1", "--port=2"],
    ["--home=a=b"],
    ["--console-port=4580", "--workers=1"],
]
LONG_WAY = [
    ["--help"],
    ["--port"],
    ["--port="],
    ["--port", "x"],
    ["--port=-1"],
    ["--port= 80"],
    ["--port=8_0"],
    ["--port=१"],
    ["--workers=0"],
    ["--home", "--port=1"],
    ["--console_port=1"],
    ["--por=1"],
    ["-p", "1"],
    ["--unknown=1"],
    ["serve"],
    ["--", "--port=1"],
]


def long_way(arguments: list[str]) -> dict[str, object]:
    """What the command line's framework reads."""
    group = typer.main.get_command(app)
    context = group.make_context("ostiary", ["serve", *arguments])
    command = group.get_command(context, "serve")  # type: ignore[attr-defined]  # a group
    return dict(command.make_context("serve", list(arguments), parent=context).params)


@pytest.mark.parametrize("arguments", SAID, ids=" ".join)
def test_both_ways_read_the_same(arguments: list[str]) -> None:
    """Each option, in either spelling, and the last of several."""
    read = read_serve(["serve", *arguments])

    assert read == long_way(arguments)


def test_the_defaults_are_one_table() -> None:
    """Nothing said is everything at its default."""
    assert read_serve(["serve"]) == DEFAULTS
    assert isinstance(read_serve(["serve", "--home=h"])["home"], Path)  # type: ignore[index]  # it was read


@pytest.mark.parametrize("arguments", LONG_WAY, ids=" ".join)
def test_anything_else_goes_the_long_way(arguments: list[str]) -> None:
    """Help, mistakes and unusual spellings are for the framework to answer."""
    assert read_serve(["serve", *arguments]) is None


@pytest.mark.parametrize("arguments", [[], ["version"], ["mfa", "code"], ["--help"]])
def test_other_commands_go_the_long_way(arguments: list[str]) -> None:
    """Only `serve` is read here."""
    assert read_serve(arguments) is None
