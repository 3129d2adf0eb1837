"""Clients that keep connections busy with one request, and how long each answer took."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Load:
    """What a server bore.

    Attributes:
        rate: answers a second.
        median, p99: seconds of an answer.
        elapsed: seconds, all told.
    """

    rate: float
    median: float
    p99: float
    elapsed: float


class Client(asyncio.Protocol):
    """One connection: the next request goes out when the answer is whole."""

    def __init__(self, request: bytes, until: float, seconds: list[float]) -> None:
        self._request, self._until, self._seconds = request, until, seconds
        self._buffer = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def _send(self) -> None:
        self._started = time.perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, body = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return
        size = int(head.lower().partition(b"\r\ncontent-length:")[2].split(b"\r\n")[0])
        if len(body) < size:
            return
        if not head.startswith(b"HTTP/1.1 200"):
            self.done.set_exception(RuntimeError(repr(self._buffer[:500])))
            self._transport.close()
            return
        self._seconds.append(time.perf_counter() - self._started)
        self._buffer = b""
        if time.perf_counter() < self._until:
            self._send()
        elif not self.done.done():
            self._transport.close()
            self.done.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("closed by the server"))


async def drive(port: int, request: bytes, *, connections: int, seconds: float) -> Load:
    """Keep so many connections busy for so long.

    Raises:
        RuntimeError: the server answered with something else than 200.
    """
    took: list[float] = []
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    clients = []
    for _ in range(connections):
        _, client = await loop.create_connection(
            lambda: Client(request, started + seconds, took), "127.0.0.1", port
        )
        clients.append(client)
    await asyncio.gather(*(client.done for client in clients))
    return load_of(took, time.perf_counter() - started)


def load_of(took: list[float], elapsed: float) -> Load:
    """The figures of answers that took so long each, and so long together."""
    took = sorted(took)
    return Load(len(took) / elapsed, took[len(took) // 2], took[int(len(took) * 0.99)], elapsed)


def post(port: int, path: str, body: bytes, **headers: str) -> bytes:
    """The bytes of one POST; an underscore in a header's name is a hyphen."""
    lines = [f"POST {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def get(port: int, path: str) -> bytes:
    """The bytes of one GET."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
