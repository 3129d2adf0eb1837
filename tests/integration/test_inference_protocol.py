"""Triton's own clients against this server: every type, over HTTP and gRPC."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import pytest_asyncio
import tritonclient.grpc as triton_grpc
import tritonclient.http as triton_http
from tritonclient.utils import InferenceServerException

from tests.support.inference import KINDS, Serving, echo, serving

pytestmark = pytest.mark.asyncio(loop_scope="module")

SAMPLES: dict[str, Any] = {
    "BOOL": np.array([[True, False, True]]),
    "FP16": np.array([[0.5, -65504, 6e-8]], np.float16),
    "FP32": np.array([[0.1, -3.4e38, 1e-45]], np.float32),
    "FP64": np.array([[0.1, -1.7e308, 5e-324]], np.float64),
    "BF16": np.array([[0.5, -2.0, 3e38]], ml_dtypes.bfloat16),
    "BYTES": np.array([["a", "ünïcode 🦉", ""]], dtype=object),
    **{
        name: np.array([[np.iinfo(name.lower()).min, 1, np.iinfo(name.lower()).max]], name.lower())
        for name in KINDS
        if "INT" in name
    },
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Serving]:
    folder = tmp_path_factory.mktemp("models")
    async with serving([echo(folder, datatype) for datatype in KINDS]) as running:
        yield running


def ask(library: Any, address: str, datatype: str, array: Any, **call: Any) -> Any:
    """One inference by Triton's client; ``binary`` is HTTP's way to send."""
    rows = array.shape[0]
    score = np.arange(rows, dtype=np.float32).reshape(rows, 1)
    binary = {} if library is triton_grpc else {"binary_data": call.pop("binary", True)}
    inputs = []
    for name, kind, values in (("x", datatype, array), ("score", "FP32", score)):
        tensor = library.InferInput(name, list(values.shape), kind)
        tensor.set_data_from_numpy(values, **binary)
        inputs.append(tensor)
    client = library.InferenceServerClient(address)
    try:
        return client.infer(f"echo-{datatype.lower()}", inputs, **call)
    finally:
        client.close()


def same(found: Any, sent: Any, datatype: str) -> bool:
    if datatype == "BYTES":
        return [each.decode() if isinstance(each, bytes) else each for each in found.ravel()] == [
            *sent.ravel()
        ]
    return bool(np.array_equal(found, sent) and found.dtype == sent.dtype)


@pytest.mark.parametrize("datatype", KINDS)
@pytest.mark.parametrize("rows", [1, 5])
async def test_infer__any_type_over_grpc__comes_back_to_the_bit(
    server: Serving, datatype: str, rows: int
):
    sent = np.repeat(SAMPLES[datatype], rows, axis=0)
    found = await asyncio.to_thread(
        ask, triton_grpc, server.grpc, datatype, sent, request_id="seven"
    )

    assert same(found.as_numpy("y"), sent, datatype)
    assert found.as_numpy("sum").tolist() == [[2.0 * row] for row in range(rows)]
    assert found.get_response().id == "seven"


@pytest.mark.parametrize(
    ("datatype", "binary"),
    [
        (name, binary)
        for name in KINDS
        for binary in (True, False)
        if binary or name not in ("BF16", "FP16")  # which Triton's client sends as raw bytes only
    ],
)
async def test_infer__any_type_over_http__comes_back_to_the_bit(
    server: Serving, datatype: str, binary: bool
):
    sent = np.repeat(SAMPLES[datatype], 3, axis=0)
    outputs = None
    if not binary:
        outputs = [
            triton_http.InferRequestedOutput(name, binary_data=False) for name in ("y", "sum")
        ]
    found = await asyncio.to_thread(
        ask,
        triton_http,
        server.http,
        datatype,
        sent,
        binary=binary,
        outputs=outputs,
        request_id="seven",
    )

    assert same(found.as_numpy("y"), sent, datatype)
    assert found.as_numpy("sum").tolist() == [[0.0], [2.0], [4.0]]
    assert found.get_response()["id"] == "seven"


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
async def test_infer__compressed_as_triton_does__is_unpacked(server: Serving, algorithm: str):
    found = await asyncio.to_thread(
        ask,
        triton_http,
        server.http,
        "FP32",
        SAMPLES["FP32"],
        request_compression_algorithm=algorithm,
        response_compression_algorithm=algorithm,
    )
    assert same(found.as_numpy("y"), SAMPLES["FP32"], "FP32")


@pytest.mark.parametrize("library", [triton_http, triton_grpc])
async def test_metadata__health_and_index__are_what_triton_asks_for(server: Serving, library: Any):
    def look() -> None:
        client = library.InferenceServerClient(
            server.http if library is triton_http else server.grpc
        )
        over_http = library is triton_http
        assert client.is_server_live()
        assert client.is_server_ready()
        assert client.is_model_ready("echo-int8")
        about = client.get_server_metadata()
        assert (about["name"] if over_http else about.name) == "decision-oracle"
        model = client.get_model_metadata("echo-int8", **({} if over_http else {"as_json": True}))
        (version,) = model["versions"]
        assert version.startswith("0x")
        assert client.is_model_ready("echo-int8", version)
        assert [(each["name"], each["datatype"]) for each in model["inputs"]] == [
            ("x", "INT8"),
            ("score", "FP32"),
        ]
        assert [int(extent) for extent in model["inputs"][0]["shape"]] == [-1, -1]
        index = client.get_model_repository_index(**({} if over_http else {"as_json": True}))
        listed = index if over_http else index["models"]
        assert {each["name"] for each in listed} == {f"echo-{kind.lower()}" for kind in KINDS}
        assert {each["state"] for each in listed} == {"READY"}
        client.close()

    await asyncio.to_thread(look)


@pytest.mark.parametrize("library", [triton_http, triton_grpc])
@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"array": np.zeros((1, 2), np.int8)}, "int8"),
        ({"array": np.zeros((2, 2000), np.float32)}, "elements"),
        ({"array": np.full((1, 2), np.nan, np.float32)}, "nan"),
        ({"outputs": ["nope"]}, "nope"),
        ({"model_version": "7"}, "no version"),
        ({"parameters": {"oracle_surprise": True}}, "oracle_surprise"),
        ({"parameters": {"oracle_decide": "yes"}}, "oracle_decide"),
    ],
)
async def test_infer__what_the_model_can_not_take__is_refused_in_words(
    server: Serving, library: Any, change: dict[str, Any], says: str
):
    call = dict(change)
    array = call.pop("array", SAMPLES["FP32"])
    if "outputs" in call:
        call["outputs"] = [library.InferRequestedOutput(name) for name in call["outputs"]]
    address = server.http if library is triton_http else server.grpc
    name = "INT8" if array.dtype == np.int8 else "FP32"

    def wrong() -> None:
        client = library.InferenceServerClient(address)
        tensor = library.InferInput("x", list(array.shape), name)
        tensor.set_data_from_numpy(array)
        score = np.zeros((array.shape[0], 1), np.float32)
        other = library.InferInput("score", list(score.shape), "FP32")
        other.set_data_from_numpy(score)
        try:
            client.infer("echo-fp32", [tensor, other], **call)
        finally:
            client.close()

    with pytest.raises(InferenceServerException, match=says) as refusal:
        await asyncio.to_thread(wrong)
    assert "—" in refusal.value.message()
    assert refusal.value.status() in ("400", "404") or "StatusCode." in refusal.value.status()
