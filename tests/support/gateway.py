"""A running node with its API on a port and the gateway beside the decision contract."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import httpx
from web3 import AsyncHTTPProvider, AsyncWeb3

from oracle.api.app import create_app
from oracle.api.server import bind, serve, url_of
from oracle.chain.abi import interface
from oracle.chain.artifacts import load_artifact
from oracle.chain.deployment import deploy, plan_deployment
from oracle.chain.gateway import gateway_spec, publish, url_template
from oracle.chain.local import HARDFORK, local_chain
from oracle.chain.signer import AccountSigner
from oracle.chain.toolchain import find_node
from oracle.core.prediction import Prediction
from oracle.node.metrics import Metrics
from oracle.node.node import Node
from tests.support.harness import OPERATOR, World, deployed_world, running_node

READERS = Path(__file__).parents[1] / "js" / "readers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """A gateway with a node behind it.

    Attributes:
        address: the contract's.
        api: the node's base URL.
    """

    world: World
    node: Node
    address: str
    api: str

    @property
    def signer(self) -> AccountSigner:
        """The models' owner."""
        return AccountSigner(self.world.rpc, OPERATOR)

    async def serve_at(self, *urls: str) -> None:
        """Publish these URL templates for the model that the tests ask."""
        await publish(self.world.rpc, self.signer, self.address, {self.world.model.model_id: urls})

    async def read_with(
        self, client: str, function: str, about: bytes, *, max_age: int = 0
    ) -> dict[str, Any]:
        """What a client gets."""
        return await read_with(self.world, self.address, client, function, about, max_age=max_age)


async def read_with(
    world: World, gateway: str, client: str, function: str, about: bytes, *, max_age: int = 0
) -> dict[str, Any]:
    """What ``ethers`` or ``viem`` gets, as its own script prints it, or ``web3.py``."""
    if client == "web3.py":
        return await _read_with_web3(world, gateway, function, about, max_age)
    process = await asyncio.create_subprocess_exec(
        find_node(),
        READERS / f"{client}.js",
        world.url,
        gateway,
        function,
        "0x" + world.model.model_id.hex(),
        "0x" + about.hex(),
        str(max_age),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    found: dict[str, Any] = json.loads(output)
    return found


def answer_in(reply: httpx.Response) -> tuple[Prediction, bytes]:
    """Prediction and evidence in what ``/ccip`` answered to ``ask``."""
    assert reply.status_code == 200, reply.text
    answered = bytes.fromhex(reply.json()["data"][2:])
    given = interface("IDecisionLookup").decode_output("predict", answered)
    names = [each.name for each in fields(Prediction)]
    prediction = Prediction(**dict(zip(names, given["prediction"].values(), strict=True)))
    return prediction, given["evidence"]


async def _read_with_web3(
    world: World, gateway: str, function: str, about: bytes, max_age: int
) -> dict[str, Any]:
    web3 = AsyncWeb3(AsyncHTTPProvider(world.url))
    web3.provider.ccip_read_allow_http = True
    contract = web3.eth.contract(gateway, abi=load_artifact("DecisionGateway").abi)  # type: ignore[call-overload]
    try:
        read = contract.functions[function](world.model.model_id, about, max_age)
        reading = await read.call(ccip_read_enabled=True)
    finally:
        await web3.provider.disconnect()
    names = ("value", "confidence", "asOf", "verdict", "trustLevel")
    return {
        name: str(each) if name in ("value", "confidence", "asOf") else each
        for name, each in zip(names, reading, strict=True)
    }


@asynccontextmanager
async def open_gateway(
    folder: Path, *, anchored: bool = False, hardfork: str = HARDFORK
) -> AsyncIterator[Gateway]:
    """Chain, contracts, node, API and gateway, until the block ends.

    Args:
        anchored: the models are vouched for by the operator's anchor log.
    """
    metrics = Metrics()
    async with (
        local_chain(folder=folder, hardfork=hardfork) as chain,
        deployed_world(chain.url, anchored=anchored) as world,
        running_node(world, folder, observers=[metrics], anchor_every=0.3) as node,
    ):
        spec = gateway_spec(world.contract.address)
        await deploy(plan_deployment(others=[spec]), world.rpc, AccountSigner(world.rpc, OPERATOR))
        with bind("127.0.0.1", 0) as listener:
            serving = asyncio.create_task(serve(create_app(node, metrics), listener))
            gateway = Gateway(
                world=world, node=node, address=str(spec.address), api=url_of(listener)
            )
            await gateway.serve_at(url_template(gateway.api, 16))
            try:
                yield gateway
            finally:
                serving.cancel()
                with suppress(asyncio.CancelledError):
                    await serving
