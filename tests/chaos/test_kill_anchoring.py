"""kill -9 at every stage of anchoring: what was answered is anchored, once, under its index."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from oracle.chain.anchor import AnchorLog, anchor_log_of
from oracle.chain.local import local_chain
from oracle.core.prediction import subject_of
from oracle.journal import Journal, promises
from tests.chaos.test_kill import Victim, _kill
from tests.support.harness import OPERATOR, World, deployed_world, until

pytestmark = pytest.mark.chaos

ANSWERING = ("inferred", "batch_closed", "mined", "vouched", "submitted")
STAGES = ("promised", "batch_closed", "signed", "broadcast", "mined")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with (
        local_chain(folder=tmp_path / "chain") as chain,
        deployed_world(chain.url, anchored=True) as deployed,
    ):
        yield deployed


@pytest.mark.parametrize("stage", STAGES)
async def test_kill__while_anchoring__loses_no_promise_and_anchors_once(
    world: World, tmp_path: Path, stage: str
) -> None:
    victim = Victim(world, tmp_path)
    await victim.dies(
        kill_at=stage,
        promise={
            "model_id": world.model.model_id.hex(),
            "input": world.model.vectors[0].input.hex(),
            "reference": "loan 1",
        },
    )
    async with await Journal.at(tmp_path / "journal.db").open({}) as journal:
        answered = await journal.read(lambda db: promises.about(db, subject_of("loan 1")))
    assert answered
    log = AnchorLog(world.rpc, anchor_log_of(OPERATOR.address).address)
    process = await victim.start()
    try:

        async def anchored() -> bool:
            return await log.batch_count() == 1

        await until(anchored, within=90)
    finally:
        _kill(process)
        await process.wait()
    head = await world.rpc.block("latest")
    (batch,) = await log.batches(last=head.number)
    assert batch.count == len(answered)
    async with await Journal.at(tmp_path / "journal.db").open({}) as journal:
        kept = await journal.read(lambda db: promises.about(db, subject_of("loan 1")))
    batch_id = batch.id(world.rpc.chain_id, log.address)
    assert [(each.batch_id, each.position) for each in kept] == [
        (batch_id, place) for place in range(len(answered))
    ]
    assert [each.signature for each in kept] == [each.signature for each in answered]


@pytest.mark.parametrize("stage", ANSWERING)
async def test_kill__while_answering_through_the_log__decides_once(
    world: World, tmp_path: Path, stage: str
) -> None:
    (asked,) = await world.ask()
    victim = Victim(world, tmp_path)
    await victim.dies(kill_at=stage)
    process = await victim.start()
    try:
        made = await world.decided([asked], within=90)
    finally:
        _kill(process)
        await process.wait()
    assert len(made) == 1
    log = AnchorLog(world.rpc, anchor_log_of(OPERATOR.address).address)
    head = await world.rpc.block("latest")
    (batch,) = await log.batches(last=head.number)
    assert batch.count == 1
    async with await Journal.at(tmp_path / "journal.db").open({}) as journal:
        (kept,) = await journal.read(lambda db: promises.about(db, asked))
    assert kept.prediction == made[0].prediction
