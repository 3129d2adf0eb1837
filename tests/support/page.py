"""A node with its API on a real port, for streams and browsers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from oracle.api.app import create_app
from oracle.api.keys import ApiKeys
from oracle.api.server import bind, serve, url_of
from oracle.chain.local import LocalChain, local_chain
from oracle.chain.signer import AccountSigner
from oracle.core.prediction import Prediction
from oracle.node.metrics import Metrics
from oracle.node.node import Node
from tests.support.harness import OPERATOR, World, deployed_world, running_node


@dataclass
class Served:
    """A chain, a node and its API at ``url``."""

    chain: LocalChain
    world: World
    node: Node
    url: str

    async def decide_elsewhere(self, subject: bytes, row: int = 0) -> Prediction:
        """What a program with the operator's key does without this node: makeDecision, sent."""
        model = self.world.model
        vector = model.vectors[row]
        said = Prediction(
            model_id=model.model_id,
            subject=subject,
            input_hash=vector.input_hash,
            output_hash=vector.output_hash,
            value=vector.value,
            confidence=vector.confidence,
            predicted_at=(await self.world.rpc.block("latest")).timestamp,
        )
        await AccountSigner(self.world.rpc, OPERATOR).send_transaction(
            to=self.world.contract.address,
            calldata=self.world.contract.encode_make_decision(said),
        )
        return said


@asynccontextmanager
async def serving(node: Node, metrics: Metrics, *, port: int = 0, keys: Sequence[str] = ()):
    """The API of a node on a port; its base URL."""
    with bind("127.0.0.1", port) as listener:
        app = create_app(node, metrics, api_keys=ApiKeys(keys))
        at_work = asyncio.create_task(serve(app, listener))
        try:
            yield url_of(listener)
        finally:
            at_work.cancel()
            with suppress(asyncio.CancelledError):
                await at_work


@asynccontextmanager
async def served_node(folder: Path, *, name: str = "") -> AsyncIterator[Served]:
    """Everything on a fresh chain; the model that the tests ask is ``name``."""
    metrics = Metrics()
    async with (
        local_chain(folder=folder) as chain,
        deployed_world(chain.url, name=name) as world,
        running_node(world, folder, observers=[metrics]) as node,
        serving(node, metrics) as url,
    ):
        yield Served(chain=chain, world=world, node=node, url=url)
