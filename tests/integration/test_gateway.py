"""Gasless reads through a running node: ethers, viem and web3.py do them by themselves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from eth_utils.crypto import keccak
from web3 import AsyncHTTPProvider, AsyncWeb3
from web3.exceptions import ContractCustomError, Web3ValueError

from oracle.chain.abi import interface
from oracle.chain.artifacts import load_artifact
from oracle.chain.gateway import AskCall, FindCall, url_template, write_call
from oracle.core.policy import Verdict
from tests.support.gateway import Gateway, open_gateway

pytestmark = pytest.mark.asyncio(loop_scope="module")

CODEC = interface("DecisionGateway")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    async with open_gateway(tmp_path_factory.mktemp("gateway")) as opened:
        yield opened


async def web3_read(
    gateway: Gateway, function: str, about: bytes, *, max_age: int = 0
) -> dict[str, Any]:
    web3 = AsyncWeb3(AsyncHTTPProvider(gateway.world.url))
    contract = web3.eth.contract(gateway.address, abi=load_artifact("DecisionGateway").abi)
    model_id = gateway.world.model.model_id
    try:
        read = contract.functions[function](model_id, about, max_age)
        reading = await read.call(ccip_read_enabled=True)
    finally:
        await web3.provider.disconnect()
    names = ("value", "confidence", "asOf", "verdict", "trustLevel")
    return {
        name: str(each) if name in ("value", "confidence", "asOf") else each
        for name, each in zip(names, reading, strict=True)
    }


async def read(gateway: Gateway, client: str, function: str, about: bytes, **k: Any) -> Any:
    if client == "web3.py":
        return await web3_read(gateway, function, about, **k)
    return await gateway.read_with(client, function, about, **k)


CLIENTS = pytest.mark.parametrize("client", ["ethers", "viem", "web3.py"])


@CLIENTS
@pytest.mark.parametrize("by_post", [False, True])
async def test_ask__from_a_client_that_knows_nothing_of_us__is_the_models_answer(
    gateway: Gateway, client: str, by_post: bool
) -> None:
    await gateway.serve_at(url_template(gateway.api, None if by_post else 16))
    vector = gateway.world.model.vectors[0]
    reading = await read(gateway, client, "ask", vector.input, max_age=3600)
    head = await gateway.world.rpc.timestamp("latest")
    assert int(reading["value"]) == vector.value
    assert int(reading["confidence"]) == vector.confidence
    assert Verdict(int(reading["verdict"])).name == vector.verdict
    assert int(reading["trustLevel"]) == 1
    assert 0 <= head - int(reading["asOf"]) <= 60
