"""Upstreams come from the operator's file, and lead where they may (T70, T71)."""

import asyncio
import ipaddress
import socket
from pathlib import Path
from typing import Any

import pytest

from ostiary.gate.upstreams import (
    SANDBOX_ONLY,
    AddressError,
    Remote,
    UpstreamError,
    parse_upstreams,
    refusal,
    resolve,
)
from ostiary.identity.secret import Secret

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the secret of the upstream lies."""
    (tmp_path / "s3.secret").write_text(SECRET + "\n")
    return tmp_path


def _table(**changes: Any) -> dict[str, Any]:
    table = {
        "url": "https://s3.example.internal:3900",
        "access_key_id": "GK31c2",
        "secret_access_key_file": "s3.secret",
        "owner": "111122223333",
        **changes,
    }
    return {key: value for key, value in table.items() if value is not None}


def test_a_configured_upstream(folder: Path) -> None:
    """All of its settings arrive; other services stay with the sandbox."""
    upstreams = parse_upstreams({"s3": _table(region="garage")}, folder)
    remote = upstreams.find("s3")
    assert remote is not None
    assert (remote.scheme, remote.host, remote.port) == (
        "https",
        "s3.example.internal",
        3900,
    )
    assert remote.authority == "s3.example.internal:3900"
    assert (remote.owner, remote.region) == ("111122223333", "garage")
    assert remote.secret_access_key.reveal() == SECRET
    assert upstreams.find("sqs") is None


def test_without_settings_everything_is_the_sandbox(folder: Path) -> None:
    """So is what `kind = "sandbox"` says."""
    assert parse_upstreams({}, folder) == SANDBOX_ONLY
    assert parse_upstreams({"default": {"kind": "sandbox"}}, folder) == SANDBOX_ONLY


def test_a_default_remote_serves_the_rest(folder: Path) -> None:
    """Ports that are the scheme's own do not stand in the Host header."""
    tables = {"default": _table(url="https://aws.internal"), "s3": _table()}
    found = parse_upstreams(tables, folder).find("dynamodb")
    assert found is not None
    assert found.authority == "aws.internal"


@pytest.mark.threat("T71")
def test_the_secret_does_not_show(folder: Path) -> None:
    """Neither the value nor an error about its file tells the secret."""
    assert SECRET not in repr(parse_upstreams({"s3": _table()}, folder))
    (folder / "s3.secret").write_text(SECRET + "\nsecond line\n")
    with pytest.raises(UpstreamError) as caught:
        parse_upstreams({"s3": _table()}, folder)
    assert SECRET not in str(caught.value)
    assert "does not hold one secret access key" in str(caught.value)


@pytest.mark.threat("T70")
@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://169.254.169.254/", "link-local"),
        ("http://[fe80::1]/", "link-local"),
        ("http://[fd00:ec2::254]/", "link-local"),
        ("http://[::ffff:169.254.169.254]/", "link-local"),
        ("http://[::ffff:127.0.0.1]", "loopback"),
        ("http://[64:ff9b::7f00:1]", "loopback"),
        ("http://[2002:7f00:1::]", "loopback"),
        ("http://127.0.0.1:9000", "loopback"),
        ("http://127.1.2.3", "loopback"),
        ("http://[::1]", "loopback"),
        ("http://0.0.0.0", "no address of one machine"),
        ("http://[::]", "no address of one machine"),
        ("http://224.0.0.1", "no address of one machine"),
        ("http://255.255.255.255", "no address of one machine"),
        ("http://2130706433", "a number in disguise"),
        ("http://0x7f000001", "a number in disguise"),
        ("http://0x7f.1", "a number in disguise"),
        ("http://127.1", "a number in disguise"),
        ("http://0177.0.0.1", "a number in disguise"),
        ("http://1.2.3.4.", "a number in disguise"),
        ("file:///etc/passwd", "not http or https"),
        ("gopher://x", "not http or https"),
        ("//x", "not http or https"),
        ("http://", "names no host"),
        ("http://a_b", "names no host"),
        ("http://user:pw@host", "more than a scheme, a host and a port"),
        ("http://host/?x=1", "more than a scheme, a host and a port"),
        ("http://host/path", "it must have none"),
        ("http://host:99999", "Port out of range"),
        ("http://host\r\nX: y", "which is not one"),
    ],
)
def test_urls_that_lead_astray(folder: Path, url: str, message: str) -> None:
    """The settings are refused at the start, with the reason."""
    with pytest.raises(UpstreamError, match=message):
        parse_upstreams({"s3": _table(url=url)}, folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"acess_key_id": "x"}, "unknown setting `acess_key_id`"),
        ({"url": None}, "`url` is missing"),
        ({"owner": None}, "`owner` is missing"),
        ({"access_key_id": None}, "`access_key_id` is missing"),
        ({"secret_access_key_file": None}, "`secret_access_key_file` is missing"),
        ({"secret_access_key_file": "none"}, "cannot read"),
        ({"owner": 111122223333}, "`owner` is `111122223333`"),
        ({"owner": "11112222333"}, "`owner` is"),
        ({"region": "EU west"}, "`region` is"),
        ({"allow_loopback": "yes"}, "`allow_loopback` is not true or false"),
        ({"kind": "sandbox"}, "takes no other settings"),
        ({"kind": "magic"}, 'not "sandbox" or "remote"'),
    ],
)
def test_settings_that_are_none(
    folder: Path, changes: dict[str, Any], message: str
) -> None:
    """A misspelt or missing setting stops the start (T144)."""
    with pytest.raises(UpstreamError, match=message):
        parse_upstreams({"s3": _table(**changes)}, folder)


@pytest.mark.parametrize("name", ["S3", "s3/x", ""])
def test_names_of_no_service(folder: Path, name: str) -> None:
    """A table's name is a signing name."""
    with pytest.raises(UpstreamError, match="no service"):
        parse_upstreams({name: _table()}, folder)


def test_the_sandbox_cannot_stand_beside_a_default(folder: Path) -> None:
    """One service in the sandbox and all others remote has no setting."""
    tables = {"default": _table(), "sqs": {"kind": "sandbox"}}
    with pytest.raises(UpstreamError, match="can only be the default"):
        parse_upstreams(tables, folder)


@pytest.mark.threat("T70")
def test_our_own_port_is_no_upstream(folder: Path) -> None:
    """Even where loopback is allowed, the door is not behind itself."""
    table = _table(url="http://127.0.0.1:4566", allow_loopback=True)
    assert parse_upstreams({"s3": table}, folder).find("s3") is not None
    with pytest.raises(UpstreamError, match="this server's own"):
        parse_upstreams({"s3": table}, folder, frozenset({4566}))


@pytest.mark.threat("T70")
@pytest.mark.parametrize(
    ("address", "allowed"),
    [("10.1.2.3", True), ("192.168.0.9", True), ("fd12::1", True), ("8.8.8.8", True)],
)
def test_private_networks_are_where_upstreams_live(
    address: str,
    allowed: bool,
) -> None:
    """Private addresses are no reason to refuse."""
    found = refusal(ipaddress.ip_address(address), allow_loopback=False)
    assert (found == "") is allowed


def _remote(host: str, *, allow_loopback: bool = False) -> Remote:
    return Remote(
        scheme="http",
        host=host,
        port=80,
        access_key_id="k",
        secret_access_key=Secret("s"),
        owner="111122223333",
        region="us-east-1",
        allow_loopback=allow_loopback,
    )


@pytest.mark.threat("T70")
def test_a_name_that_resolves_to_loopback_is_refused() -> None:
    """The check is on what the name means now; the checked address is returned."""
    with pytest.raises(AddressError, match="loopback"):
        asyncio.run(resolve(_remote("localhost")))
    found = asyncio.run(resolve(_remote("localhost", allow_loopback=True)))
    assert {ipaddress.ip_address(text).is_loopback for text in found} == {True}


@pytest.mark.threat("T70")
@pytest.mark.parametrize(
    "answers",
    [
        ["10.0.0.1", "169.254.169.254"],
        ["10.0.0.1", "::ffff:127.0.0.1"],
        ["127.0.0.1"],
    ],
)
def test_one_bad_address_spoils_all(answers: list[str]) -> None:
    """A resolver that mixes a forbidden address in is not trusted at all."""

    async def story() -> None:
        loop = asyncio.get_running_loop()

        async def told(*_: object, **__: object) -> list[tuple[Any, ...]]:
            return [
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", (text, 80))
                for text in answers
            ]

        # The system's resolver, not code of ours, is what is replaced here.
        loop.getaddrinfo = told  # type: ignore[assignment]
        await resolve(_remote("rebound.example"))

    with pytest.raises(AddressError, match=r"rebound\.example"):
        asyncio.run(story())


def test_a_name_that_does_not_resolve() -> None:
    """The error names the host, for the log."""
    with pytest.raises(AddressError, match="does not resolve"):
        asyncio.run(resolve(_remote("no-such-host.invalid")))
