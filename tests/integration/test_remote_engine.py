"""A model that another server runs: the same answers, and every way in which it can fail."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from oracle.api.inference import rest
from oracle.core.errors import ConfigError, InferenceError
from oracle.inference.engine import Engine
from oracle.inference.folder import load_model
from oracle.inference.protocol import body as bodies
from oracle.inference.protocol.messages import InferRequest
from oracle.inference.remote import FILE, parse_address, read_engine
from tests.support.harness import MODELS
from tests.support.inference import Serving, serving

pytestmark = pytest.mark.asyncio(loop_scope="module")
NAME = "wine-origin"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[Serving]:
    async with serving([load_model(MODELS / NAME)]) as running:
        yield running


def elsewhere(folder: Path, address: str) -> Path:
    copy = folder / NAME
    shutil.copytree(MODELS / NAME, copy)
    (copy / FILE).write_text(f'engine = "{address}"\n')
    return copy


async def test_engine__model_on_another_server__passes_the_same_golden_vectors(
    server: Serving, tmp_path: Path
):
    model = load_model(elsewhere(tmp_path, f"oip://{server.http}/{NAME}"))
    async with Engine([model]) as there, Engine([load_model(MODELS / NAME)]) as here:
        assert (await there.self_test()).models[0].ready
        for vector in model.vectors:
            assert await there.infer(NAME, vector.input) == await here.infer(NAME, vector.input)
        assert "remote" in there.runtime(NAME)["engine"]
        assert server.http not in str(there.runtime(NAME))
        assert "version" in here.runtime(NAME)


@pytest.mark.parametrize("extensions", [("binary_tensor_data",), ()])
async def test_engine__raw_tensors__go_only_to_a_server_that_takes_them(
    server: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, extensions: tuple[str, ...]
):
    raw = []
    read = bodies.read_request

    def reading(body: bytes, json_length: str | None, most: int) -> InferRequest:
        raw.append(json_length is not None)
        return read(body, json_length, most)

    monkeypatch.setattr(rest, "EXTENSIONS", extensions)
    monkeypatch.setattr(bodies, "read_request", reading)
    model = load_model(elsewhere(tmp_path, f"oip://{server.http}/{NAME}"))
    async with Engine([model]) as engine:
        assert (await engine.self_test()).models[0].ready
    assert raw
    assert set(raw) == {bool(extensions)}


async def answering(reply: bytes) -> tuple[asyncio.Server, str]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(reply)
        await writer.drain()
        writer.close()

    running = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = running.sockets[0].getsockname()[1]
    return running, f"127.0.0.1:{port}"


def of(body: bytes, status: str = "200 OK", headers: str = "") -> bytes:
    headers += f"connection: close\r\ncontent-length: {len(body)}\r\n"
    return f"HTTP/1.1 {status}\r\n{headers}\r\n".encode() + body


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (of(b"{}"), "does not know"),
        (of(b"no JSON"), "does not know"),
        (of(b'{"outputs": [{"name": "probabilities", "datatype": "FP64", "shape": [1, 3],'
            b'"data": [0, 0, 1]}]}'), "float32"),
        (of(b'{"outputs": [{"name": "probabilities", "datatype": "FP32", "shape": [3],'
            b'"data": [0, 0, 1]}]}'), "shape"),
        (of(b'{"error": "no"}', "400 Bad Request"), "answers 400"),
        (of(b"", "302 Found", "location: http://127.0.0.1:1/\r\n"), "answers 302"),
        (b"", "can not be reached"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{", "can not be reached"),
    ],
)  # fmt: skip
async def test_engine__the_other_server_answers_otherwise__is_no_answer(
    tmp_path: Path, reply: bytes, says: str
):
    running, address = await answering(reply)
    async with running:
        model = load_model(elsewhere(tmp_path, f"oip://{address}/{NAME}"))
        async with Engine([model]) as engine:
            with pytest.raises(InferenceError, match=says):
                await engine.infer(NAME, model.vectors[0].input)


async def test_engine__no_server__starts_and_says_so(tmp_path: Path):
    model = load_model(elsewhere(tmp_path, f"oip://127.0.0.1:1/{NAME}"))
    async with Engine([model]) as engine:
        assert not (await engine.self_test()).models[0].ready
        with pytest.raises(InferenceError, match="can not be reached"):
            await engine.infer(NAME, model.vectors[0].input)


@pytest.mark.parametrize(
    "text",
    [
        "http://host/model", "oip://host", "oip://host/a/b/c", "oip:///model", "oip://host:x/m",
        "oip://u:secret@host/m", "oip://host/m?a=1", "file:///etc/passwd", "",
    ],
)  # fmt: skip
async def test_parse_address__anything_else__is_refused(text: str):
    with pytest.raises(ConfigError, match="oip://host:port/model") as refusal:
        parse_address(text)
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    "spoil", [lambda p: p.write_text("engine ="), lambda p: p.write_text("other = 1")]
)
async def test_read_engine__file_that_says_something_else__is_refused(
    tmp_path: Path, spoil: Callable[[Path], int]
):
    spoil(tmp_path / FILE)
    with pytest.raises(ConfigError, match=FILE):
        read_engine(tmp_path)


async def test_parse_address__with_version_and_tls__is_their_url():
    assert (
        parse_address("oips://[::1]:8000/a/7").url
        == "https://[::1]:8000/v2/models/a/versions/7/infer"
    )
