"""A batch on a real chain: one anchor whatever happens, and any row becomes a decision."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from oracle.batch import anchoring
from oracle.batch.anchoring import Recorder, anchor
from oracle.batch.engine import Run, build_tree, score_embedded
from oracle.batch.receipts import anchored_row
from oracle.batch.record import AnchorRecord, read_record
from oracle.batch.sample import write_sample
from oracle.chain.anchor import AnchorLog, encode_anchor
from oracle.chain.artifacts import load_artifact
from oracle.chain.contracts import DecisionLog, ModelConfig
from oracle.chain.local import dev_account, local_chain
from oracle.chain.signer import AccountSigner
from oracle.core.anchor import batch_after
from oracle.core.errors import NotFound
from oracle.core.receipt_json import write_receipt
from oracle.core.receipt_reader import parse_receipt
from tests.support.batch import bundled, run_of
from tests.support.world import DEPLOYER, OPERATOR, THRESHOLD, World, deploy_models, open_world

ROWS = 500


class Crash(BaseException):
    """The process is gone."""


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with local_chain(folder=tmp_path) as chain:
        deployed = await deploy_models(chain)
        async with open_world(chain, deployed) as opened:
            yield opened


async def log_of(world: World) -> AnchorLog:
    operator = world.signer(OPERATOR).address
    address, _ = await world.deploy_artifact(load_artifact("AnchorLog"), operator, operator)
    return AnchorLog(world.rpc, address)


def fresh_run(folder: Path) -> Run:
    model = bundled("delivery-time")
    write_sample(model, ROWS, folder / "in.parquet", 7)
    return run_of(model, folder / "in.parquet", folder / "out", column="reference")


def root_of(run: Run) -> bytes:
    score_embedded(run, lambda _: None)
    return build_tree(run)


async def bring(world: World, run: Run, log: AnchorLog) -> AnchorRecord:
    recorder = Recorder(run.folder)
    account = dev_account(OPERATOR, chain_id=world.chain.chain_id)
    signer = AccountSigner(world.rpc, account, record=recorder)
    rows = run.manifest.rows
    return await anchor(
        run.folder,
        rows,
        log,
        signer,
        recorder,
        lambda first_index: root_of(replace(run, first_index=first_index)),
    )


async def test_a_row_of_an_anchored_batch__becomes_a_decision_on_chain(
    world: World, tmp_path: Path
):
    log, run = await log_of(world), fresh_run(tmp_path)
    record = await bring(world, run, log)
    assert await log.last() == record.batch
    config = ModelConfig(attestor=log.address, policy=THRESHOLD.address, fee_gwei=0, max_age=0)
    register = world.contract.encode_register_model(run.model.model_id, config, "")
    await world.send(DEPLOYER, register)
    row = anchored_row(run.folder, 321)
    calldata = world.contract.encode_relay_decision(row.row.prediction, row.evidence)
    await world.rpc.call("evm_setNextBlockTimestamp", [row.row.prediction.predicted_at + 1])
    made = world.logs(await world.send(DEPLOYER, calldata))[0]
    assert isinstance(made, DecisionLog)
    assert made.prediction == row.row.prediction
    receipt = row.receipt(run.model.card, world.contract.address, {"runtime": "onnxruntime"})
    assert parse_receipt(write_receipt(receipt)) == receipt


@pytest.mark.parametrize("stage", ["before it is written", "before it is sent", "after it is sent"])
async def test_a_crash_at_any_stage_of_anchoring__run_again__one_anchor_and_the_same_root(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str
):
    log, run = await log_of(world), fresh_run(tmp_path)
    with monkeypatch.context() as patch:
        if stage == "after it is sent":

            async def crash(*_: Any) -> None:
                raise Crash

            patch.setattr(anchoring, "_mined", crash)
        else:
            write = anchoring.write_record

            def crash_at(folder: Path, record: AnchorRecord) -> None:
                if stage == "before it is sent":
                    write(folder, record)
                raise Crash

            patch.setattr(anchoring, "write_record", crash_at)
        with pytest.raises(Crash):
            await bring(world, run, log)
    root = build_tree(run)
    for _ in range(2):
        record = await bring(world, run, log)
        assert (record.batch.number, record.batch.root) == (0, root)
    assert await log.batch_id(1) is None


async def test_another_batch_that_came_first__leaves_are_numbered_after_it(
    world: World, tmp_path: Path
):
    log, run = await log_of(world), fresh_run(tmp_path)
    early = root_of(run)
    where = {"chain_id": world.chain.chain_id, "log": log.address}
    other = batch_after(None, 77, b"\x77" * 32, **where)
    await world.signer(OPERATOR).send_transaction(
        to=log.address, calldata=encode_anchor(None, other)
    )
    record = await bring(world, run, log)
    assert (record.batch.number, record.batch.first_index) == (1, 77)
    assert record.batch.root != early
    assert anchored_row(run.folder, ROWS - 1).index == 77 + ROWS - 1


async def test_a_batch_that_is_not_anchored__has_no_receipts(tmp_path: Path):
    run = fresh_run(tmp_path)
    root_of(run)
    assert read_record(run.folder) is None
    with pytest.raises(NotFound, match="not anchored"):
        anchored_row(run.folder, 0)
