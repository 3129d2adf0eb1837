"""Calls over gRPC that are malformed, too large, too slow, too many, or of the wrong key."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import grpc.aio
import httpx
import pytest
import pytest_asyncio

from oracle.api.body import MAX_BYTES
from oracle.api.inference.door import Door
from oracle.api.inference.proto import SERVICE, message
from tests.support.inference import Serving, echo, serving

pytestmark = pytest.mark.asyncio(loop_scope="module")

READER, DECIDER = "a-reader-of-sixteen", "a-decider-of-sixteen"
INFER = f"/{SERVICE}/ModelInfer"
LIVE = f"/{SERVICE}/ServerLive"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(models: Path) -> AsyncIterator[Serving]:
    keys = (f"read:{READER}", f"decide:{DECIDER}")
    async with serving([echo(models, "FP32")], keys=keys) as opened:
        yield opened


async def refusal(
    address: str, octets: bytes, *, method: str = INFER, key: str = DECIDER
) -> grpc.aio.AioRpcError:
    """How a message of any bytes is refused."""
    async with grpc.aio.insecure_channel(address) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await channel.unary_unary(method)(
                octets, metadata=[("x-api-key", key)] if key else [], timeout=20
            )
    return raised.value


@pytest.mark.parametrize("octets", [b"\xff", b"\x0a\xff\xff\xff\xff\x0f", b"\x0a\x02\xff\xfe"])
async def test_message__no_protobuf__is_refused_in_words(running: Serving, octets: bytes):
    said = await refusal(running.grpc, octets)
    assert said.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "—" in (said.details() or "")


async def test_message__more_than_the_most_bytes__is_refused(running: Serving):
    asked = message("ModelInferRequest")(model_name="echo-fp32")
    asked.raw_input_contents.append(b"\0" * MAX_BYTES)
    said = await refusal(running.grpc, asked.SerializeToString())
    assert said.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_message__that_does_not_come__is_given_up_in_time(
    models: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(Door.__init__.__kwdefaults__, "seconds", 0.5)
    over = asyncio.Event()

    async def nothing() -> AsyncIterator[bytes]:
        await over.wait()
        yield b""

    began = time.monotonic()
    async with (
        serving([echo(models / "slow", "FP32")]) as served,
        grpc.aio.insecure_channel(served.grpc) as channel,
    ):
        with pytest.raises(grpc.aio.AioRpcError, match="within 0.5 s") as raised:
            await channel.stream_unary(INFER)(nothing(), timeout=60)
        assert raised.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert time.monotonic() - began < 30
        over.set()
        assert await channel.unary_unary(LIVE)(b"")


@pytest.mark.parametrize(
    ("key", "code", "says"),
    [
        ("", grpc.StatusCode.UNAUTHENTICATED, "needs an API key"),
        ("another-key-of-many-characters", grpc.StatusCode.UNAUTHENTICATED, "not one of"),
        (READER, grpc.StatusCode.PERMISSION_DENIED, "the API key is for read"),
    ],
)
async def test_key__none_or_of_another_scope__is_refused(
    running: Serving, key: str, code: grpc.StatusCode, says: str
):
    said = await refusal(running.grpc, b"", key=key)
    assert said.code() is code
    assert says in (said.details() or "")


async def test_rate__of_both_ways_together__is_one(models: Path):
    async with serving([echo(models / "rate", "FP32")], rate=0.5) as served:  # one at once
        async with httpx.AsyncClient(base_url=f"http://{served.http}") as client:
            assert (await client.get("/v2/health/live")).status_code == 200
        said = await refusal(served.grpc, b"", method=LIVE, key="")
    assert said.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "requests a second" in (said.details() or "")
