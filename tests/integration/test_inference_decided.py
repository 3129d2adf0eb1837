"""Answers of the inference protocol that also become decisions on chain, by Triton's clients."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np
import pytest
import pytest_asyncio
import tritonclient.grpc as triton_grpc
import tritonclient.http as triton_http
from tritonclient.utils import InferenceServerException

from oracle.api.app import create_app
from oracle.api.inference.rpc import rpc_server
from oracle.api.keys import ApiKeys
from oracle.api.server import bind, serve, url_of
from oracle.chain.local import local_chain
from oracle.core.model_input import InputCodec
from oracle.node.metrics import Metrics
from tests.support.harness import World, deployed_world, running_node

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = "a-key-of-sixteen-characters"
WITH_KEY = {"authorization": f"Bearer {KEY}"}


@dataclass
class Running:
    world: World
    http: str
    grpc: str

    @property
    def tensors(self) -> dict[str, Any]:
        """The first golden vector as the model's own tensors."""
        model = self.world.model
        return InputCodec(model.card).decode(model.vectors[0].input)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    folder = tmp_path_factory.mktemp("decided")
    keys = ApiKeys([KEY])
    async with (
        local_chain(folder=folder) as chain,
        deployed_world(chain.url) as world,
        running_node(world, folder) as node,
    ):
        app = create_app(node, Metrics(), api_keys=keys)
        listener = bind("127.0.0.1", 0)
        url = url_of(listener)
        serving = asyncio.create_task(serve(app, listener))
        try:
            async with rpc_server(app.state.inference, keys, "127.0.0.1", 0) as port:
                yield Running(world, url.removeprefix("http://"), f"127.0.0.1:{port}")
        finally:
            serving.cancel()
            await asyncio.wait([serving])


def ask(
    library: Any,
    address: str,
    name: str,
    tensors: dict[str, Any],
    *,
    key: str = KEY,
    **parameters: Any,
) -> dict[str, Any]:
    """Ask; returns the reply's parameters, and its outputs by name."""
    inputs = []
    for each, array in tensors.items():
        tensor = library.InferInput(each, list(array.shape), "FP32")
        tensor.set_data_from_numpy(array)
        inputs.append(tensor)
    headers = {"authorization": f"Bearer {key}"} if key else {}
    with library.InferenceServerClient(address) as client:
        reply = client.infer(name, inputs, headers=headers, parameters=parameters)
        found = reply.get_response() if library is triton_http else reply.get_response(as_json=True)
        outputs = {each["name"]: reply.as_numpy(each["name"]) for each in found["outputs"]}
        return {
            "parameters": {
                name: next(iter(value.values())) if isinstance(value, dict) else value
                for name, value in found.get("parameters", {}).items()
            },
            "outputs": outputs,
        }


@pytest.mark.parametrize("library", [triton_http, triton_grpc])
async def test_infer__asked_to_decide__is_decided_and_names_its_receipt(
    running: Running, library: Any
):
    model = running.world.model
    address = running.http if library is triton_http else running.grpc
    found = await asyncio.to_thread(
        ask,
        library,
        address,
        model.name,
        running.tensors,
        oracle_decide=True,
        oracle_subject=f"a loan by {library.__name__}",
        oracle_wait=20,
    )

    told, vector = found["parameters"], model.vectors[0]
    assert told["oracle_state"] == "final"
    assert told["oracle_value"] == model.card.value_text(vector.value)
    assert told["oracle_verdict"] == vector.verdict.lower()
    assert list(found["outputs"]) == [spec.name for spec in model.card.outputs]
    async with httpx.AsyncClient(base_url=f"http://{running.http}", headers=WITH_KEY) as client:
        receipt = await client.get(f"/api/receipts/{told['oracle_receipt']}")
    assert receipt.status_code == 200
    assert receipt.json()["prediction"]["inputHash"] == "0x" + vector.input_hash.hex()


async def test_infer__one_key_twice__is_one_decision(running: Running):
    asked = {"oracle_decide": True, "oracle_idempotency_key": "once"}
    tries = [
        await asyncio.to_thread(
            ask, triton_http, running.http, running.world.model.name, running.tensors, **asked
        )
        for _ in range(2)
    ]
    assert len({each["parameters"]["oracle_receipt"] for each in tries}) == 1


@pytest.mark.parametrize("library", [triton_http, triton_grpc])
async def test_infer__to_be_decided_but_no_packed_input_says_it__is_refused(
    running: Running, library: Any
):
    address = running.http if library is triton_http else running.grpc
    finer = {name: array + np.float32(1e-4) for name, array in running.tensors.items()}
    name = running.world.model.name
    plain = await asyncio.to_thread(ask, library, address, name, finer)
    assert plain["parameters"] == {}
    with pytest.raises(InferenceServerException, match="can not say"):
        await asyncio.to_thread(ask, library, address, name, finer, oracle_decide=True)
    two = {name: np.repeat(array, 2, axis=0) for name, array in running.tensors.items()}
    with pytest.raises(InferenceServerException, match="one row"):
        await asyncio.to_thread(ask, library, address, name, two, oracle_decide=True)


@pytest.mark.parametrize("library", [triton_http, triton_grpc])
@pytest.mark.parametrize("key", ["", "another-key-of-many-characters"])
async def test_infer__without_the_nodes_key__is_refused_in_the_protocols_shape(
    running: Running, library: Any, key: str
):
    address = running.http if library is triton_http else running.grpc
    with pytest.raises(InferenceServerException, match="key") as refusal:
        await asyncio.to_thread(
            ask, library, address, running.world.model.name, running.tensors, key=key
        )
    assert "401" in refusal.value.status() or "UNAUTHENTICATED" in refusal.value.status()
