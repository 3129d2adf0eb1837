"""Clients that keep connections busy with one request, and how long each answer took."""

from __future__ import annotations

import asyncio
import time


class Client(asyncio.Protocol):
    """One connection: the next request goes out when the answer is whole."""

    def __init__(self, request: bytes, until: float, seconds: list[float]) -> None:
        self._request, self._until, self._seconds = request, until, seconds
        self._buffer = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
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
        lower = head.lower()
        size = int(lower.partition(b"content-length:")[2].split(b"\r\n")[0])
        if len(body) < size:
            return
        if not head.startswith(b"HTTP/1.1 200"):
            self.done.set_exception(RuntimeError(self._buffer[:500].decode()))
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


async def drive(
    host: str, port: int, request: bytes, *, connections: int, seconds: float
) -> tuple[float, float]:
    """Requests a second, and the 99th percentile of their seconds."""
    took: list[float] = []
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    clients = []
    for _ in range(connections):
        _, client = await loop.create_connection(
            lambda: Client(request, started + seconds, took), host, port
        )
        clients.append(client)
    await asyncio.gather(*(client.done for client in clients))
    elapsed = time.perf_counter() - started
    took.sort()
    return len(took) / elapsed, took[int(len(took) * 0.99)]


def http_request(host: str, port: int, path: str, body: bytes) -> bytes:
    """The bytes of one POST of JSON."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
