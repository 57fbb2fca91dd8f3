"""One exchange with an upstream that means ill, over raw sockets (T68, T69, T76)."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ostiary.gate.exchange import (
    BusyError,
    Endpoint,
    ExchangeError,
    Limits,
    Outgoing,
    SlowError,
    UnreachableError,
)
from ostiary.gate.pool import Pool, Stream
from ostiary.wire.http import Response, SpoolWriter

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
QUICK = Limits(connect=2, first_byte=2, idle=2, wait=0.1, connections=2)
IMPATIENT = Limits(connect=0.3, first_byte=0.3, idle=0.3, wait=0.1, connections=2)


class Upstream:
    """A server that answers what it is told, whatever it is asked."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.connections = 0
        self.tasks: set[asyncio.Task[None]] = set()

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """One connection."""
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await self.talk(reader, writer)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def _endpoint(port: int, *addresses: str) -> Endpoint:
    async def find() -> tuple[str, ...]:
        return addresses

    return Endpoint(find=find, port=port, tls_name="")


_POOLS: list[Pool] = []


def _pool(limits: Limits = QUICK) -> Pool:
    """A pool that is closed with the upstream."""
    _POOLS.append(Pool(limits))
    return _POOLS[-1]


@contextlib.asynccontextmanager
async def _upstream(talk: Talk) -> AsyncIterator[tuple[Upstream, Endpoint]]:
    upstream = Upstream(talk)
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield upstream, _endpoint(port, "127.0.0.1")
    finally:
        while _POOLS:
            _POOLS.pop().close()
        server.close()
        await asyncio.wait(upstream.tasks) if upstream.tasks else None
        await asyncio.sleep(0)


def _saying(*answers: bytes) -> Talk:
    """Reads a request's head, says the next answer, and so on."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
        await asyncio.sleep(0.05)

    return talk


def _request(
    method: bytes = b"GET", target: bytes = b"/", body: bytes = b""
) -> Outgoing:
    return Outgoing(
        method=method,
        target=target,
        headers=((b"host", b"u"), (b"content-length", str(len(body)).encode())),
        body=body,
    )


async def _whole(response: Response) -> bytes:
    body = response.body
    return body if isinstance(body, bytes) else b"".join([p async for p in body])


async def _ask_twice(talk: Talk, first: Outgoing) -> tuple[list[bytes], int]:
    """Both bodies, and how many connections they took."""
    async with _upstream(talk) as (upstream, endpoint):
        pool = _pool()
        found = []
        for outgoing in (first, _request()):
            found.append(await _whole(await pool.send(endpoint, outgoing)))
            await asyncio.sleep(0.01)
        return found, upstream.connections


def test_a_connection_without_doubt_is_used_again() -> None:
    """Two plain answers come over one connection."""
    talk = _saying(GOOD, GOOD)
    assert asyncio.run(_ask_twice(talk, _request())) == ([b"ok", b"ok"], 1)


@pytest.mark.threat("T47")
def test_the_target_goes_out_byte_for_byte() -> None:
    """No library normalises `//`, `..` or percent-escapes on the way."""
    target = b"/b//a/../%2e%2e/%73?x=%2F&y&x=+"
    seen = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readline())
        await reader.readuntil(b"\r\n\r\n")
        writer.write(GOOD)

    async def story() -> None:
        async with _upstream(talk) as (_, endpoint):
            await _pool(Limits()).send(endpoint, _request(target=target))

    asyncio.run(story())
    assert seen == [b"GET " + target + b" HTTP/1.1\r\n"]


@pytest.mark.threat("T69")
@pytest.mark.parametrize(
    "surplus",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison",
        b"HTTP/1.1 200 OK\r\n",
        b"\r\n",
        b"x",
    ],
)
def test_a_second_answer_is_never_read(surplus: bytes) -> None:
    """Bytes beyond the answer end the connection; the next request gets its own."""
    talk = _saying(GOOD + surplus, GOOD)
    assert asyncio.run(_ask_twice(talk, _request())) == ([b"ok", b"ok"], 2)


@pytest.mark.threat("T69")
def test_an_answer_that_comes_unasked_is_never_read() -> None:
    """Bytes that arrive while the connection is idle end it."""
    is_idle = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(GOOD)
        await is_idle.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
        await writer.drain()
        await asyncio.sleep(0.1)

    async def story() -> tuple[bytes, int]:
        async with _upstream(talk) as (upstream, endpoint):
            pool = _pool(Limits(kept=60))
            await pool.send(endpoint, _request())
            is_idle.set()
            for _ in range(5000):
                if not pool._idle[0].is_quiet:
                    break
                await asyncio.sleep(0.001)
            second = await pool.send(endpoint, _request())
            return await _whole(second), upstream.connections

    assert asyncio.run(story()) == (b"ok", 2)


@pytest.mark.threat("T69")
@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\nok!",
        b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, identity\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\x00b\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nX : a\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: " + b"a" * 40_000 + b"\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 101 + b"Content-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * (1024 * 1024),
        b"HTTP/2 200 OK\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 50 + GOOD,
        b"",
    ],
)
def test_bad_framing_is_no_answer(answer: bytes) -> None:
    """Whatever two readers could read differently is refused, and nothing is kept."""

    async def story() -> None:
        async with _upstream(_saying(answer)) as (_, endpoint):
            pool = _pool()
            with pytest.raises(ExchangeError):
                await _whole(await pool.send(endpoint, _request(b"POST")))
            assert pool._idle == []
            assert pool._slots._value == QUICK.connections

    asyncio.run(story())


@pytest.mark.threat("T69")
def test_a_few_interim_answers_are_skipped() -> None:
    """1xx answers before the real one are part of HTTP."""
    talk = _saying(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 8 + GOOD)

    async def story() -> int:
        async with _upstream(talk) as (_, endpoint):
            return (await _pool().send(endpoint, _request())).status

    assert asyncio.run(story()) == 200


@pytest.mark.threat("T69")
def test_a_redirect_is_an_answer_and_not_a_journey() -> None:
    """The upstream cannot send us elsewhere; the client hears what it said."""
    redirect = (
        b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\n"
        b"Content-Length: 0\r\n\r\n"
    )

    async def story() -> tuple[int, int]:
        async with _upstream(_saying(redirect)) as (upstream, endpoint):
            response = await _pool().send(endpoint, _request())
            return response.status, upstream.connections

    assert asyncio.run(story()) == (302, 1)


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        (b"HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"),
        (b"GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n"),
        (b"DELETE", b"HTTP/1.1 204 No Content\r\n\r\n"),
    ],
)
def test_answers_without_a_body_have_none(method: bytes, answer: bytes) -> None:
    """HEAD, 204 and 304 end with their head, and the connection goes on."""
    found, connections = asyncio.run(
        _ask_twice(_saying(answer, GOOD), _request(method))
    )
    assert (found, connections) == ([b"", b"ok"], 1)


@pytest.mark.threat("T69")
def test_a_body_where_none_belongs_ends_the_connection() -> None:
    """A HEAD answer that brings a body does not become the next answer."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"
    found, connections = asyncio.run(
        _ask_twice(_saying(answer, GOOD), _request(b"HEAD"))
    )
    # The second is a whole answer, over a connection of its own.
    assert (found, connections) == ([b"", b"poison"], 2)


@pytest.mark.threat("T68")
@pytest.mark.parametrize("spooled", [False, True])
def test_an_answer_before_the_upload_ends_counts_once(spooled: bool) -> None:
    """The early answer is passed on; the half-used connection is not."""
    body = b"x" * (8 * 1024 * 1024)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
        await writer.drain()
        await asyncio.sleep(0.1)

    async def story() -> tuple[int, bytes, int]:
        outgoing = _request(b"PUT", body=body)
        writer = SpoolWriter()
        writer.write(body)
        with writer.finish() as spool:
            if spooled:
                outgoing = replace(outgoing, body=spool)
            async with _upstream(talk) as (_, endpoint):
                pool = _pool(Limits(idle=5, first_byte=5))
                response = await pool.send(endpoint, outgoing)
                return response.status, await _whole(response), len(pool._idle)

    assert asyncio.run(story()) == (413, b"no", 0)


@pytest.mark.threat("T68")
def test_a_large_upload_arrives_whole() -> None:
    """What goes out is the body, with the length that was said."""
    body = bytes(range(256)) * 16_384
    seen = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        seen.append(await reader.readexactly(len(body)))
        writer.write(GOOD)

    async def story() -> None:
        async with _upstream(talk) as (_, endpoint):
            await _pool(Limits()).send(endpoint, _request(b"PUT", body=body))

    asyncio.run(story())
    assert seen == [body]


def test_a_large_answer_is_streamed() -> None:
    """It is not held in memory, and its connection is free at its end."""
    size = 3_000_000
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"y" * size

    async def story() -> tuple[bool, int, int]:
        async with _upstream(_saying(answer, GOOD)) as (upstream, endpoint):
            pool = _pool()
            response = await pool.send(endpoint, _request())
            streamed = isinstance(response.body, Stream)
            length = len(await _whole(response))
            await pool.send(endpoint, _request())
            return streamed, length, upstream.connections

    assert asyncio.run(story()) == (True, size, 1)


@pytest.mark.threat("T68")
def test_an_answer_that_breaks_off_is_not_whole() -> None:
    """The client's answer must break off too, rather than look complete."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + b"y" * 200_000

    async def story() -> None:
        async with _upstream(_saying(answer)) as (_, endpoint):
            pool = _pool()
            with pytest.raises(ExchangeError):
                await _whole(await pool.send(endpoint, _request()))
            assert pool._slots._value == QUICK.connections

    asyncio.run(story())


def test_a_stream_that_nobody_reads_gives_its_place_back() -> None:
    """Closed or forgotten, a stream holds no connection."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + b"y" * 300_000

    async def story() -> int:
        async with _upstream(_saying(answer)) as (_, endpoint):
            pool = _pool()
            first = await pool.send(endpoint, _request())
            assert isinstance(first.body, Stream)
            await first.body.aclose()
            await pool.send(endpoint, _request())
            return pool._slots._value

    assert asyncio.run(story()) == QUICK.connections


@pytest.mark.threat("T76")
def test_a_silent_upstream_is_too_slow() -> None:
    """No first byte in time: SlowError, and the place is free again."""

    async def talk(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.5)

    async def story() -> int:
        async with _upstream(talk) as (_, endpoint):
            pool = _pool(IMPATIENT)
            with pytest.raises(SlowError):
                await pool.send(endpoint, _request())
            return pool._slots._value

    assert asyncio.run(story()) == QUICK.connections


@pytest.mark.threat("T76")
def test_an_upstream_that_drips_is_too_slow() -> None:
    """A head that comes byte by byte has no more time than one that does not come."""

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for byte in GOOD:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.05)

    async def story() -> None:
        async with _upstream(talk) as (_, endpoint):
            with pytest.raises(SlowError):
                await _pool(IMPATIENT).send(endpoint, _request())

    asyncio.run(story())


@pytest.mark.threat("T76")
def test_a_full_pool_says_so_and_others_are_unaffected() -> None:
    """Two hanging requests fill this upstream's pool; another upstream serves."""

    async def hang(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.6)

    async def story() -> tuple[str, ...]:
        async with _upstream(hang) as (_, slow), _upstream(_saying(GOOD)) as (_, quick):
            pool, other = _pool(IMPATIENT), _pool()
            waiting = [
                asyncio.create_task(pool.send(slow, _request())) for _ in range(3)
            ]
            assert (await other.send(quick, _request())).status == 200
            results = await asyncio.gather(*waiting, return_exceptions=True)
            return tuple(type(result).__name__ for result in results)

    assert sorted(asyncio.run(story())) == sorted(
        (SlowError.__name__, SlowError.__name__, BusyError.__name__)
    )


def _certificate(folder: Path, name: str) -> ssl.SSLContext:
    """A server's context with a certificate that nobody has signed but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    file = folder / "server.pem"
    file.write_bytes(
        key.private_bytes(pem, pkcs8, plain) + certificate.public_bytes(pem)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


@pytest.mark.threat("T70")
@pytest.mark.parametrize(
    ("name", "trusted", "served"),
    [
        ("s3.example.internal", True, True),
        ("other.example.internal", True, False),
        ("s3.example.internal", False, False),
    ],
)
def test_tls_verifies_the_configured_name(
    tmp_path: Path, name: str, trusted: bool, served: bool
) -> None:
    """We connect to an address that was checked, and the name must be the upstream's."""
    context = _certificate(tmp_path, name)

    async def story() -> int:
        upstream = Upstream(_saying(GOOD))
        server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        endpoint = replace(_endpoint(port, "127.0.0.1"), tls_name="s3.example.internal")
        pool = Pool(QUICK)
        if trusted:
            pool._tls = ssl.create_default_context(cafile=tmp_path / "server.pem")
        try:
            return (await pool.send(endpoint, _request())).status
        finally:
            pool.close()
            server.close()
            await asyncio.sleep(0.1)

    if served:
        assert asyncio.run(story()) == 200
    else:
        with pytest.raises(UnreachableError):
            asyncio.run(story())


def test_a_name_that_takes_too_long() -> None:
    """Resolving has no more time than connecting."""

    async def find() -> tuple[str, ...]:
        await asyncio.sleep(5)
        return ("127.0.0.1",)

    endpoint = Endpoint(find=find, port=1, tls_name="")
    with pytest.raises(UnreachableError):
        asyncio.run(Pool(IMPATIENT).send(endpoint, _request()))


def test_nobody_there() -> None:
    """A closed port is unreachable, at each of the addresses."""
    endpoint = _endpoint(1, "127.0.0.1", "127.0.0.2")
    with pytest.raises(UnreachableError):
        asyncio.run(_pool(IMPATIENT).send(endpoint, _request()))


@pytest.mark.parametrize(("method", "again"), [(b"GET", True), (b"POST", False)])
def test_only_reading_is_repeated_when_a_kept_connection_was_gone(
    method: bytes,
    again: bool,
) -> None:
    """A GET that met a closing connection goes out once more; a change never does."""
    asked = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(GOOD)
        # Takes the second request, and closes without a word.
        asked.append(await reader.readuntil(b"\r\n\r\n"))

    async def story() -> str:
        async with _upstream(talk) as (_, endpoint):
            pool = _pool(Limits(first_byte=2))
            await pool.send(endpoint, _request())
            try:
                return str((await pool.send(endpoint, _request(method))).status)
            except ExchangeError:
                return "refused"

    assert asyncio.run(story()) == ("200" if again else "refused")
    assert len(asked) == 1
