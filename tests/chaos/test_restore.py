"""An old back-up in place of the journal: nothing is lost, and nothing is answered twice."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from oracle.chain.anchor import AnchorLog, anchor_log_of
from oracle.chain.local import local_chain
from oracle.core.errors import Conflict
from oracle.core.lifecycle import State
from oracle.core.prediction import subject_of
from oracle.journal import requests
from oracle.journal.backup import back_up
from oracle.node.accept import accept
from oracle.node.anchoring.filed import Filed, filed
from oracle.node.anchoring.promise import Asked, promise
from oracle.node.anchoring.receipts import relay
from oracle.node.node import Node
from tests.support.harness import OPERATOR, World, deployed_world, running_node, until

pytestmark = pytest.mark.chaos


async def ask_by_api(node: Node, world: World, key: str, *, reference: str | None = None) -> bytes:
    """The operator's own question."""
    accepted = await accept(
        node.parts,
        model_id=world.model.model_id,
        input_bytes=world.model.vectors[0].input,
        reference=reference,
        idempotency_key=key,
    )
    return accepted.subject


async def states(node: Node) -> dict[State, int]:
    return await node.parts.journal.read(requests.counts)


async def test_restore__back_up_with_an_answer_in_flight__loses_and_doubles_nothing(
    tmp_path: Path,
) -> None:
    """The back-up is made while the node runs and an answer waits in the mempool."""
    folder, copy = tmp_path / "node", tmp_path / "copy.db"
    async with (
        local_chain(folder=tmp_path / "chain") as chain,
        deployed_world(chain.url) as world,
    ):
        before = await world.rpc.nonce(OPERATOR.address, block="latest")
        async with running_node(world, folder) as node:
            subjects = await world.ask(2)
            await world.decided(subjects)
            await world.rpc.call("evm_setAutomine", [False])
            subjects.append(await ask_by_api(node, world, "in flight"))

            async def in_flight() -> bool:
                return (await states(node)).get(State.SUBMITTED) == 1

            await until(in_flight)
            assert back_up(folder / "journal.db", copy).requests == 3
            await world.rpc.call("evm_setAutomine", [True])
            await world.rpc.call("evm_mine", [])
            await world.decided(subjects)
            subjects += await world.ask(2)
            subjects.append(await ask_by_api(node, world, "named", reference="loan 7"))
            subjects.append(await ask_by_api(node, world, "unnamed"))
            await world.decided(subjects)
        subjects += await world.ask(2)

        for file in folder.iterdir():
            file.unlink()
        copy.rename(folder / "journal.db")
        async with running_node(world, folder) as node:
            await world.decided(subjects)
            # A caller that never heard of the answer asks again, with the same key.
            assert await ask_by_api(node, world, "in flight") in subjects
            with pytest.raises(Conflict, match="is decided already"):
                await ask_by_api(node, world, "named", reference="loan 7")
            with pytest.raises(Conflict, match="is decided already"):
                await ask_by_api(node, world, "unnamed")
            subjects += await world.ask(1)
            made = await world.decided(subjects)

            async def all_final() -> bool:
                return set(await states(node)) == {State.FINAL}

            await until(all_final)
            spent = await world.rpc.nonce(OPERATOR.address, block="pending") - before
    assert Counter(each.prediction.subject for each in made) == Counter(subjects)
    assert spent == len({each.tx_hash for each in made}), "no answer was sent twice"


async def test_restore__back_up_with_a_promise_that_was_anchored_since__anchors_it_without_a_gap(
    tmp_path: Path,
) -> None:
    """The back-up knows of no batch: the next one continues where the chain's log ends."""
    folder, copy = tmp_path / "node", tmp_path / "copy.db"
    async with (
        local_chain(folder=tmp_path / "chain") as chain,
        deployed_world(chain.url, anchored=True) as world,
    ):
        log = AnchorLog(world.rpc, anchor_log_of(OPERATOR.address).address)

        async def anchored(node: Node, key: str) -> Filed:
            row = Asked(input=world.model.vectors[0].input, reference=key)
            (made,) = await promise(node.parts, world.model.model_id, [row], idempotency_key=key)

            async def is_there() -> bool:
                return (await filed(node.parts, made.receipt_id)).is_anchored

            if not copy.exists():
                back_up(folder / "journal.db", copy)
            await until(is_there)
            return await filed(node.parts, made.receipt_id)

        async with running_node(world, folder, anchor_every=1.0) as node:
            first = await anchored(node, "loan 1")
            await anchored(node, "loan 2")
        for file in folder.iterdir():
            file.unlink()
        copy.rename(folder / "journal.db")
        async with running_node(world, folder, anchor_every=0.2) as node:
            again = await anchored(node, "loan 1")
            assert again.promised.signature == first.promised.signature, "the same promise"
            await relay(node.parts, again)
            await world.decided([subject_of("loan 1")])
        head = await world.rpc.block("latest")
        batches = await log.batches(last=head.number)
    assert [batch.first_index for batch in batches] == [0, 1, 2], "no gap"
