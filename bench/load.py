"""A load generator that costs little: epoll, keep-alive, one request under way each."""

import select
import socket
import time
from collections.abc import Sequence

CONNECTIONS = 32


def run(
    address: tuple[str, int], requests: Sequence[bytes], seconds: float
) -> tuple[float, int]:
    """Answers per second, and how many of them were not 200.

    Args:
        address: host and port.
        requests: raw requests; each connection sends one of them again and again.
        seconds: how long to measure.
    """
    poller = select.epoll()
    open_ones: dict[int, tuple[socket.socket, bytes]] = {}
    for number in range(CONNECTIONS):
        _connect(address, requests[number % len(requests)], poller, open_ones)
    done = bad = 0
    start = time.perf_counter()
    end = start + seconds
    while time.perf_counter() < end:
        for descriptor, _ in poller.poll(0.5):
            connection, request = open_ones[descriptor]
            answer = _receive(connection)
            done += 1
            bad += not answer.startswith((b"HTTP/1.1 200", b"HTTP/1.0 200"))
            if _closes(answer):
                del open_ones[descriptor]
                poller.unregister(descriptor)
                connection.close()
                _connect(address, request, poller, open_ones)
            else:
                connection.sendall(request)
    elapsed = time.perf_counter() - start
    for connection, _ in open_ones.values():
        connection.close()
    return done / elapsed, bad


def once(address: tuple[str, int], request: bytes) -> bytes:
    """The whole answer to one request."""
    with socket.create_connection(address) as connection:
        connection.sendall(request)
        return _receive(connection)


def _connect(
    address: tuple[str, int],
    request: bytes,
    poller: select.epoll,
    open_ones: dict[int, tuple[socket.socket, bytes]],
) -> None:
    connection = socket.create_connection(address)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    open_ones[connection.fileno()] = (connection, request)
    poller.register(connection.fileno(), select.EPOLLIN)
    connection.sendall(request)


def _receive(connection: socket.socket) -> bytes:
    """One whole answer with a known length, or up to the end."""
    data = connection.recv(65536)
    while True:
        head, found, body = data.partition(b"\r\n\r\n")
        if found:
            length = _length(head)
            if length is None:
                break
            if len(body) >= length:
                return data
        more = connection.recv(65536)
        if not more:
            return data
        data += more
    while more := connection.recv(65536):
        data += more
    return data


def _length(head: bytes) -> int | None:
    at = head.lower().find(b"content-length:")
    if at < 0:
        return None
    return int(head[at + 15 :].split(b"\r\n", 1)[0])


def _closes(answer: bytes) -> bool:
    head = answer.partition(b"\r\n\r\n")[0].lower()
    return head.startswith(b"http/1.0") or b"connection: close" in head


def each(
    address: tuple[str, int], requests: Sequence[bytes], connections: int = CONNECTIONS
) -> tuple[list[float], float, list[bytes]]:
    """Every request once, over so many connections, each with one under way.

    Returns:
        The seconds of each answer, the seconds of all together, and the beginnings of
        answers that were not 200.
    """
    poller = select.epoll()
    waiting = list(reversed(requests))
    under_way: dict[int, tuple[socket.socket, bytes]] = {}
    since: dict[int, float] = {}
    times: list[float] = []
    bad: list[bytes] = []
    start = time.perf_counter()
    for _ in range(min(connections, len(requests))):
        _connect(address, waiting.pop(), poller, under_way)
        since[next(reversed(under_way))] = time.perf_counter()
    while under_way:
        for descriptor, _ in poller.poll():
            connection, _ = under_way[descriptor]
            answer = _receive(connection)
            times.append(time.perf_counter() - since[descriptor])
            if not answer.startswith((b"HTTP/1.1 200", b"HTTP/1.0 200")):
                bad.append(answer[:2000])
            if waiting and not _closes(answer):
                since[descriptor] = time.perf_counter()
                connection.sendall(waiting.pop())
                continue
            del under_way[descriptor]
            poller.unregister(descriptor)
            connection.close()
            if waiting:
                _connect(address, waiting.pop(), poller, under_way)
                since[next(reversed(under_way))] = time.perf_counter()
    return times, time.perf_counter() - start, bad
