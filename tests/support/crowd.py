"""A crowd of connections to one server, all at once, and what each of them was answered.

python -m tests.support.crowd            # figures of a whole node, as `oracle up` starts it
"""

from __future__ import annotations

import asyncio
import json
import math
import statistics
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from oracle.api.server import allow_files

CONNECTIONS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """What became of a crowd's requests.

    Attributes:
        what: was asked.
        connections: open at the same time.
        answers: how many answers had each status; 0 stands for none: refused, reset, or cut off.
        rate: answers with 200 a second.
        median, p99: milliseconds of those.
    """

    what: str
    connections: int
    answers: dict[int, int]
    rate: float
    median: float
    p99: float

    @property
    def errors(self) -> int:
        """Answers that were neither given (200, 202) nor put off (429)."""
        return sum(n for status, n in self.answers.items() if status not in (200, 202, 429))


class _Caller(asyncio.Protocol):
    """One connection that asks some times, each time once it was answered."""

    def __init__(self, request: bytes, times: int) -> None:
        self._request, self._left = request, times
        self._buffer = b""
        self._began = 0.0
        self.statuses: list[int] = []
        self.seconds: list[float] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def ask(self) -> None:
        self._began = time.perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, body = self._buffer.partition(b"\r\n\r\n")
        length = head.lower().partition(b"\r\ncontent-length:")[2].split(b"\r\n")[0]
        if not end or not length or len(body) < int(length):
            return
        status = int(head.split(b" ", 2)[1])
        assert status != 429 or b"retry-after:" in head.lower()
        self.statuses.append(status)
        if status in (200, 202):
            self.seconds.append(time.perf_counter() - self._began)
        self._buffer = b""
        self._left -= 1
        if self._left:
            self.ask()
        else:
            self._transport.close()
            self._finish()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.statuses.append(0)
        self._finish()

    def _finish(self) -> None:
        if not self.done.done():
            self.done.set_result(None)


async def crowd(
    port: int,
    what: str,
    request: bytes,
    *,
    connections: int = CONNECTIONS,
    times: int = 5,
    within: float = 120,
) -> Crowd:
    """Open that many connections, and only then let each ask that many times.

    Args:
        request: the bytes of a whole HTTP/1.1 request whose connection stays.
    """
    allow_files()
    loop = asyncio.get_running_loop()
    opened = await asyncio.gather(
        *(
            loop.create_connection(lambda: _Caller(request, times), "127.0.0.1", port)
            for _ in range(connections)
        )
    )
    callers = [caller for _, caller in opened]
    began = time.perf_counter()
    for caller in callers:
        caller.ask()
    async with asyncio.timeout(within):
        await asyncio.gather(*(caller.done for caller in callers))
    elapsed = time.perf_counter() - began
    took = sorted(each for caller in callers for each in caller.seconds)
    return Crowd(
        what=what,
        connections=connections,
        answers=dict(sorted(Counter(s for c in callers for s in c.statuses).items())),
        rate=len(took) / elapsed,
        median=1000 * statistics.median(took) if took else 0.0,
        p99=1000 * took[int(len(took) * 0.99)] if took else 0.0,
    )


def request_bytes(method: str, path: str, body: object = None) -> bytes:
    """A whole request."""
    octets = b"" if body is None else json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(octets)}\r\n"
    return head.encode() + b"Content-Type: application/json\r\n\r\n" + octets


async def connection_figures(
    port: int, *, connections: int = CONNECTIONS, times: int = 5
) -> list[Crowd]:
    """What a node's API answers to that many connections at once, for several calls.

    Args:
        times: that each connection asks; decisions, which cost gas, once.
    """
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as api:
        example = (await api.get("/api/models/credit-default")).json()["example"]
        inputs = (await api.get("/v2/models/credit-default")).json()["inputs"]

    def rows(count: int) -> dict[str, object]:
        """An inference of so many rows of zeros."""
        shaped = [{**each, "shape": [count, *each["shape"][1:]]} for each in inputs]
        return {"inputs": [{**e, "data": [0] * math.prod(e["shape"])} for e in shaped]}

    infer = "/v2/models/credit-default/infer"
    asked = {"model": "credit-default", "input": example}
    calls = [
        ("a model's record", "GET", "/api/models/credit-default", None, times),
        ("the list of decisions", "GET", "/api/decisions", None, times),
        ("an inference", "POST", infer, rows(1), times),
        ("an inference of 64 rows", "POST", infer, rows(64), times),
        ("a decision", "POST", "/api/decisions", asked, 1),
    ]
    return [
        await crowd(
            port, what, request_bytes(method, path, body), times=often, connections=connections
        )
        for what, method, path, body, often in calls
    ]


def main() -> None:
    """Print the figures of a node of its own."""
    from tests.support.ports import free_port
    from tests.support.shell import Shell

    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        words = (
            "up",
            "--port",
            str(port),
            "--chain-port",
            str(free_port()),
            "--log-level",
            "error",
        )
        with Shell(Path(folder)).running(*words, until="Ctrl-C stops"):
            for each in asyncio.run(connection_figures(port)):
                json.dump(asdict(each), sys.stdout)
                print()


if __name__ == "__main__":
    main()
