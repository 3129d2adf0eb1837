"""What is too large, too slow or without an end, over real sockets: refused in size and time."""

from __future__ import annotations

import asyncio
import gzip
import time
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Iterator

import httpx
import orjson
import pytest
import pytest_asyncio

from oracle.api import body as bodies
from oracle.api import server
from oracle.api.body import MAX_BYTES
from tests.support.inference import Serving, echo, serving

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/v2/models/echo-fp32/infer"
ASKED = {
    "inputs": [
        {"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [1.5, 2.5]},
        {"name": "score", "datatype": "FP32", "shape": [1, 1], "data": [4.0]},
    ]
}
BODY = orjson.dumps(ASKED)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Serving]:
    async with serving([echo(tmp_path_factory.mktemp("models"), "FP32")]) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def client(running: Serving) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"http://{running.http}", timeout=30) as opened:
        yield opened


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bodies and headers get half a second."""
    monkeypatch.setitem(bodies.read_octets.__kwdefaults__, "max_seconds", 0.5)
    monkeypatch.setattr(server, "HEADER_SECONDS", 0.5)


def says(reply: httpx.Response, status: int, *words: str) -> None:
    """A refusal in the protocol's shape, with what to do."""
    assert reply.status_code == status, reply.text
    error = reply.json()["error"]
    assert "—" in error
    assert all(word in error for word in words), error


async def answers(client: httpx.AsyncClient) -> bool:
    """Whether the server does its work for others."""
    reply = await client.post(PATH, content=BODY)
    return reply.json()["outputs"][0]["data"] == [1.5, 2.5]


def bomb(window: int, unpacked: int) -> bytes:
    """Blanks, packed a thousandfold."""
    packer = zlib.compressobj(9, wbits=window)
    block = b" " * 2**20
    return b"".join(packer.compress(block) for _ in range(unpacked // 2**20)) + packer.flush()


@pytest.mark.parametrize(("encoding", "window"), [("gzip", 31), ("deflate", 15)])
async def test_body__a_zip_bomb__is_refused_without_being_unpacked(
    client: httpx.AsyncClient, encoding: str, window: int
):
    packed = bomb(window, 128 * 2**20)
    assert len(packed) < MAX_BYTES
    tracemalloc.start()
    try:
        reply = await client.post(PATH, content=packed, headers={"content-encoding": encoding})
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    says(reply, 413, str(MAX_BYTES))
    assert most < 6 * MAX_BYTES
    assert await answers(client)


@pytest.mark.parametrize(
    ("body", "says_so"),
    [
        (gzip.compress(BODY)[:-5], "ends early"),
        (gzip.compress(BODY) + gzip.compress(b" "), "more behind its end"),
        (gzip.compress(BODY) + b"\0", "more behind its end"),
        (b"\x1f\x8b" + b"\0" * 40, "is no gzip"),
        (BODY, "is no gzip"),
    ],
    ids=["cut short", "two", "more", "broken", "plain"],
)
async def test_body__broken_gzip__is_refused(client: httpx.AsyncClient, body: bytes, says_so: str):
    reply = await client.post(PATH, content=body, headers={"content-encoding": "gzip"})
    says(reply, 400, says_so)


async def test_body__of_the_most_bytes__is_taken(client: httpx.AsyncClient):
    reply = await client.post(PATH, content=BODY + b" " * (MAX_BYTES - len(BODY)))
    assert reply.status_code == 200


async def test_body__said_to_be_one_byte_more__is_refused_before_it_comes(running: Serving):
    reader, writer = await asyncio.open_connection(*running.http.split(":"))
    size = f"Content-Length: {MAX_BYTES + 1}"
    writer.write(f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\n{size}\r\n\r\n".encode())
    reply = await asyncio.wait_for(reader.read(), 20)
    assert reply.startswith(b"HTTP/1.1 413 ")
    assert str(MAX_BYTES).encode() in reply
    writer.close()


async def test_body__in_chunks_without_an_end__is_refused_as_soon_as_it_is_too_large(
    running: Serving,
):
    reader, writer = await asyncio.open_connection(*running.http.split(":"))
    writer.write(
        f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    )
    chunk = b"%x\r\n%b\r\n" % (2**16, b" " * 2**16)
    sent, reply = 0, asyncio.create_task(reader.read(2**16))
    async with asyncio.timeout(60):
        while not reply.done():
            try:
                writer.write(chunk)
                await writer.drain()
            except ConnectionError:
                break
            sent += 2**16
            await asyncio.sleep(0)
    assert (await reply).startswith(b"HTTP/1.1 413 ")
    assert sent < 4 * MAX_BYTES
    writer.close()


async def test_body__that_trickles_in__is_given_up_while_others_are_answered(
    running: Serving, client: httpx.AsyncClient, impatient: None
):
    reader, writer = await asyncio.open_connection(*running.http.split(":"))
    writer.write(
        f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{{".encode()
    )
    reply = asyncio.create_task(reader.read(2**16))
    async with asyncio.timeout(30):
        while not reply.done():
            writer.write(b" ")
            assert await answers(client)
            await asyncio.sleep(0.02)
    assert (await reply).startswith(b"HTTP/1.1 408 ")
    writer.close()


async def test_protocol__is_the_one_that_has_no_limit_of_its_own():
    """The next tests are of ``Bounded``; h11 limits headers by itself."""
    assert server._protocol() != "h11"


def lines() -> Iterator[bytes]:
    yield f"GET {PATH} HTTP/1.1\r\n".encode()
    while True:
        yield b"X-More: " + b"a" * 4096 + b"\r\n"


def one_line() -> Iterator[bytes]:
    yield f"GET {PATH} HTTP/1.1\r\nX-More: ".encode()
    while True:
        yield b"a" * 4096


def url() -> Iterator[bytes]:
    yield b"GET /"
    while True:
        yield b"a" * 4096


@pytest.mark.parametrize("endless", [lines, one_line, url])
async def test_headers__without_an_end__close_the_connection(
    running: Serving, client: httpx.AsyncClient, endless
):
    reader, writer = await asyncio.open_connection(*running.http.split(":"))
    gone = asyncio.create_task(reader.read())
    sent = 0
    async with asyncio.timeout(30):
        for part in endless():
            try:
                writer.write(part)
                await writer.drain()
            except ConnectionError:
                break
            sent += len(part)
            await asyncio.sleep(0)
            if gone.done():
                break
    assert sent < 16 * server.MAX_HEADER  # what the sockets hold beside what was read
    assert b"200" not in await asyncio.wait_for(_end(gone), 10)
    assert await answers(client)
    writer.close()


async def _end(reading: asyncio.Task[bytes]) -> bytes:
    try:
        return await reading
    except ConnectionError:
        return b""


@pytest.mark.parametrize("begun", [b"", b"GET /v2 HTTP/1.1\r\nX-Slow: "])
async def test_headers__that_do_not_come__close_the_connection_in_time(
    running: Serving, impatient: None, begun: bytes
):
    reader, writer = await asyncio.open_connection(*running.http.split(":"))
    writer.write(begun)
    began = time.monotonic()
    reading = asyncio.create_task(reader.read())
    while not reading.done() and time.monotonic() - began < 20:
        if begun:
            writer.write(b"a")
        await asyncio.sleep(0.1)
    assert await _end(reading) == b""
    assert 0.4 <= time.monotonic() - began < 20
    writer.close()


async def test_connection__kept_and_used_again_later__is_not_taken_for_a_slow_one(
    client: httpx.AsyncClient, impatient: None
):
    assert await answers(client)
    await asyncio.sleep(1.0)
    assert await answers(client)


async def test_json__gigantic_or_nested_without_an_end__is_refused_in_time(
    client: httpx.AsyncClient,
):
    began = time.monotonic()
    numbers = b'{"inputs": [' + b"1," * (MAX_BYTES // 2 - 20) + b"1]}"
    for body in (b"[" * MAX_BYTES, b'{"a":' * (MAX_BYTES // 5), numbers):
        says(await client.post(PATH, content=body), 400)
    assert time.monotonic() - began < 20
    assert await answers(client)
