"""Where documents of identity providers may be fetched from, and what is set."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ostiary.gate.fetching import Fetcher, FetchError, find_addresses
from ostiary.gate.providers import PlaceError, ProviderPlace, ProviderRules, parse_rules
from ostiary.gate.upstreams import AddressError, UpstreamError
from ostiary.services.assertions.recipients import AWS_RECIPIENTS
from tests.unit.services.assertions.openid import listening


def place(host: str, *, internal: bool = False, tls: bool = True) -> ProviderPlace:
    """A place on a host."""
    return ProviderPlace(
        host=host, port=443, target="/", is_tls=tls, allow_loopback=internal
    )


def find(where: ProviderPlace) -> list[str]:
    """The addresses that may be connected to."""
    return list(asyncio.run(find_addresses(where)))


@pytest.mark.threat("T70")
@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.9.9.9",
        "::1",
        "::ffff:127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.0.1",
        "100.64.0.1",
        "fd00::1",
        "64:ff9b::10.0.0.1",
        "2002:7f00:1::",
        "localhost",
    ],
)
def test_an_address_of_our_own_networks(address: str) -> None:
    """It is refused where the operator has not named the host, and taken where he has."""
    with pytest.raises(AddressError):
        find(place(address))
    assert find(place(address, internal=True))


@pytest.mark.threat("T70")
@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "fe80::1",
        "fd00:ec2::254",
        "0.0.0.0",  # noqa: S104 - an address that leads here
        "224.0.0.1",
        "255.255.255.255",
    ],
)
def test_an_address_that_nobody_may_name(address: str) -> None:
    """Clouds keep credentials there, or it is the address of no one machine."""
    for internal in (False, True):
        with pytest.raises(AddressError):
            find(place(address, internal=internal))


def test_the_world_is_open() -> None:
    """Addresses that anybody can reach need no setting."""
    assert find(place("8.8.8.8")) == ["8.8.8.8"]
    assert find(place("2606:4700::1111")) == ["2606:4700::1111"]


@pytest.mark.threat("T141")
def test_plain_http_stays_on_this_machine() -> None:
    """Keys that come over an open network would be anybody's."""
    assert find(place("127.0.0.1", internal=True, tls=False))
    for address in ("10.0.0.1", "8.8.8.8"):
        with pytest.raises(AddressError):
            find(place(address, internal=True, tls=False))


@pytest.mark.threat("T70")
@pytest.mark.parametrize(
    "url",
    [
        "http://idp.example.org/",
        "file:///etc/passwd",
        "gopher://idp.example.org/",
        "https://user@idp.example.org/",
        "https://idp.example.org/#x",
        "https://idp.example.org/a b",
        "https://idp.example.org/ä",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://127.1/",
        "https://idp.example.org./",
        "https://idp_example.org/",
        "https://[::1/",
        "https://idp.example.org:99999/",
        "https:///keys",
        "//idp.example.org/",
        "",
    ],
)
def test_urls_that_lead_nowhere(url: str) -> None:
    """HTTPS, a host that hides nothing, a path and a query, and no more."""
    with pytest.raises(PlaceError):
        ProviderRules().place(url)


def test_a_url_is_taken_apart_once() -> None:
    """What is connected to, what is asked for, and in which name."""
    found = ProviderRules().place("https://Idp.example.org:8443/a%20b?c=d")
    assert (found.host, found.port, found.target) == (
        "idp.example.org",
        8443,
        "/a%20b?c=d",
    )
    assert found.authority == "idp.example.org:8443"
    assert ProviderRules().place("https://idp.example.org").target == "/"
    rules = ProviderRules(internal=frozenset({"[::1]", "a.example"}))
    assert rules.place("https://[::1]:8443/").authority == "[::1]:8443"
    assert rules.place("https://[::1]:8443/").allow_loopback
    assert rules.place("https://A.example:8443/").allow_loopback
    assert not rules.place("https://b.a.example/").allow_loopback


def test_a_setting_names_a_host_or_one_port_of_it() -> None:
    """A host without a port stands for all its ports."""
    rules = ProviderRules(internal=frozenset({"a.example", "b.example:1"}))
    told = {
        origin: rules.is_internal(origin)
        for origin in ("a.example", "a.example:9", "b.example:1", "b.example:2")
    }
    assert list(told.values()) == [True, True, True, False]


def test_where_plain_http_is_set_nothing_else_is_spoken() -> None:
    """The issuer of such a provider is one of HTTP, although registered as HTTPS."""
    rules = ProviderRules(plain_http=frozenset({"localhost:8080"}))
    assert rules.url_of("localhost:8080/realms/x") == "http://localhost:8080/realms/x"
    assert rules.url_of("localhost:8081") == "https://localhost:8081"
    assert not rules.place("http://localhost:8080/").is_tls
    with pytest.raises(PlaceError):
        rules.place("https://localhost:8080/")
    with pytest.raises(PlaceError):
        rules.place("http://localhost:8081/")


@pytest.mark.threat("T144")
@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"inner": []}, "unknown setting `inner`"),
        ({"internal": "a"}, "`internal` is not a list of texts"),
        ({"internal": [1]}, "`internal` is not a list of texts"),
        ({"internal": ["https://a"]}, "`internal` has `https://a`"),
        ({"plain_http": ["a/b"]}, "`plain_http` has `a/b`"),
        ({"ca_file": 1}, "`ca_file` is not the name of a file"),
        ({"ca_file": "no.pem"}, "no such file"),
        ({"saml_audiences": ["a", 2]}, "`saml_audiences` is not a list of texts"),
    ],
)
def test_settings_that_stop_the_start(
    tmp_path: Path, table: dict[str, Any], told: str
) -> None:
    """A misspelt setting would silently mean its default."""
    with pytest.raises(UpstreamError, match=r"\[federation\]: ") as caught:
        parse_rules(table, tmp_path)
    assert told in str(caught.value)


def test_settings_that_are_read(tmp_path: Path) -> None:
    """Hosts without letter case, and AWS's recipients unless others are named."""
    (tmp_path / "ca.pem").touch()
    rules = parse_rules({"internal": ["A.example:1"], "ca_file": "ca.pem"}, tmp_path)
    assert rules.internal == {"a.example:1"}
    assert rules.ca_file == tmp_path / "ca.pem"
    assert rules.recipients == AWS_RECIPIENTS
    assert parse_rules({}, tmp_path) == ProviderRules()


def test_a_certificate_is_verified_with_its_name(tmp_path: Path) -> None:
    """Only with its authority named, and only for a name that the certificate has."""
    with listening(tmp_path / "tls") as idp:
        host, port = idp.origin.split(":")
        keys = f"https://{host}:{port}/keys"

        def fetch(url: str, rules: ProviderRules) -> bytes:
            return asyncio.run(Fetcher(rules).fetch(url))

        here = frozenset({"127.0.0.1", "localhost", "ip6-localhost"})
        knows = ProviderRules(internal=here, ca_file=tmp_path / "tls" / "ca.pem")
        assert b"kid" in fetch(keys, knows)
        assert b"kid" in fetch(keys.replace(host, "localhost"), knows)
        with pytest.raises(FetchError, match="CERTIFICATE_VERIFY_FAILED"):
            fetch(keys, ProviderRules(internal=here))
        with pytest.raises(FetchError, match="loopback, and"):
            fetch(keys, ProviderRules(ca_file=tmp_path / "tls" / "ca.pem"))
        with pytest.raises(FetchError, match="status 404"):
            fetch(f"https://{host}:{port}/nothing", knows)


@pytest.mark.threat("T76")
def test_names_of_providers_have_threads_of_their_own() -> None:
    """Upstreams' names are looked up elsewhere: neither waits for the other's."""
    with listening(host="localhost") as idp:
        rules = ProviderRules(plain_http=frozenset({idp.origin}))

        async def play() -> bytes:
            held, loop = threading.Event(), asyncio.get_running_loop()
            loop.set_default_executor(ThreadPoolExecutor(1))
            waiting = loop.run_in_executor(None, held.wait)
            try:
                return await Fetcher(rules).fetch(f"{idp.issuer}/keys")
            finally:
                held.set()
                await waiting

        assert b"kid" in asyncio.run(play())
