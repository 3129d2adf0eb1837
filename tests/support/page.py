"""A node with its API on a real port, for streams and browsers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from oracle.api.app import create_app
from oracle.api.keys import ApiKeys
from oracle.api.server import bind, serve, url_of
from oracle.chain.anchor import anchor_log_of
from oracle.chain.deployment import ContractSpec
from oracle.chain.local import LocalChain, local_chain
from oracle.chain.signer import AccountSigner
from oracle.core.prediction import Prediction
from oracle.inference.store import CardStore
from oracle.node.anchoring.filed import filed
from oracle.node.metrics import Metrics
from oracle.node.node import Node
from oracle.node.registration import sealed_attestor, terms_for
from tests.support.harness import MODELS, OPERATOR, World, deployed_world, running_node, until

ANCHORED, SEALED = "wine-origin", "breast-tumour"
"""With every kind of trust, the model that is decided on through the anchor log, and the one that
is voted about; the operator alone vouches for the others."""
ANCHOR_EVERY = 1.0


@dataclass
class Served:
    """A chain, a node and its API at ``url``."""

    chain: LocalChain
    world: World
    node: Node
    url: str

    async def ask(self, model: str) -> str:
        """An account asks another model on chain, with its first vector; the subject, decided."""
        world = replace(self.world, name=model)
        (asked,) = await world.ask()
        await world.decided([asked])
        return "0x" + asked.hex()

    @contextmanager
    def anchoring_held(self) -> Iterator[None]:
        """No batch closes meanwhile."""
        parts = self.node.parts
        options = parts.options
        parts.options = replace(options, anchor_every=3600.0)
        try:
            yield
        finally:
            parts.options = options
            parts.to_anchor.set()

    async def until_anchored(self, receipt_id: str) -> None:
        """Wait for a promised prediction's batch."""

        async def is_anchored() -> bool:
            found = await filed(self.node.parts, bytes.fromhex(receipt_id[2:]))
            return found.is_anchored

        await until(is_anchored)

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


def attestors() -> dict[str, ContractSpec]:
    """Who vouches for the models that the operator's own transactions do not."""
    terms = terms_for(
        CardStore.open(MODELS).find(SEALED).card, commit_window=600, reveal_window=600, bond=10**15
    )
    return {
        ANCHORED: anchor_log_of(OPERATOR.address),
        SEALED: sealed_attestor([str(OPERATOR.address)], 1, terms),
    }


@asynccontextmanager
async def served_node(
    folder: Path, *, name: str = "", every_trust: bool = False
) -> AsyncIterator[Served]:
    """Everything on a fresh chain; the model that the tests ask is ``name``.

    Args:
        every_trust: one model is anchored, and one voted about.
    """
    metrics = Metrics()
    async with (
        local_chain(folder=folder) as chain,
        deployed_world(
            chain.url, attestors=attestors() if every_trust else None, name=name
        ) as world,
        running_node(world, folder, observers=[metrics], anchor_every=ANCHOR_EVERY) as node,
        serving(node, metrics) as url,
    ):
        yield Served(chain=chain, world=world, node=node, url=url)
