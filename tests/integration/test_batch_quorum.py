"""A batch that three members compute, two of them sign, and a stranger anchors."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from oracle.batch.anchoring import Recorder
from oracle.batch.engine import Run, embedded
from oracle.batch.quorum import BatchVote, anchor_vouched, read_vote, sign_batch
from oracle.batch.receipts import anchored_row
from oracle.batch.record import AnchorRecord
from oracle.batch.sample import write_sample
from oracle.chain.anchor import AnchorLog, anchor_log_for
from oracle.chain.contracts import DecisionLog, ModelConfig
from oracle.chain.deployment import deploy, plan_deployment
from oracle.chain.local import dev_account, local_chain
from oracle.chain.signer import AccountSigner
from oracle.chain.signing import LocalKey
from oracle.core.errors import ConfigError, Conflict, InvalidInput, NotFound, VerificationError
from oracle.core.receipt_json import write_receipt
from oracle.core.receipt_reader import parse_receipt
from oracle.node.registration import quorum_attestor
from oracle.verify import verify
from tests.support.batch import PREDICTED_AT, bundled, run_of
from tests.support.world import (
    DEPLOYER,
    OPERATOR,
    THRESHOLD,
    World,
    address_of,
    deploy_models,
    open_world,
)

ROWS = 300
MEMBERS = (5, 6, 7)
STRANGER = 8


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with local_chain(folder=tmp_path / "chain") as chain:
        deployed = await deploy_models(chain)
        async with open_world(chain, deployed) as opened:
            yield opened


@pytest.fixture
async def log(world: World) -> AnchorLog:
    """The log of a quorum of two of three."""
    quorum = quorum_attestor([address_of(n) for n in MEMBERS], 2, world.contract.address)
    spec = anchor_log_for(str(quorum.address), address_of(OPERATOR))
    plan = plan_deployment([], others=[quorum, spec])
    await deploy(plan, world.rpc, world.signer(DEPLOYER))
    return AnchorLog(world.rpc, spec.address)


@pytest.fixture
def runs(tmp_path: Path) -> list[Run]:
    """The same batch on each member's machine: input and manifest were copied."""
    model = bundled("delivery-time")
    write_sample(model, ROWS, tmp_path / "in.parquet", 7)
    found = []
    for number in MEMBERS:
        folder = tmp_path / f"member-{number}"
        folder.mkdir()
        shutil.copy(tmp_path / "in.parquet", folder / "in.parquet")
        if found:
            (folder / "out").mkdir()
            shutil.copy(found[0].folder / "manifest.json", folder / "out")
        found.append(run_of(model, folder / "in.parquet", folder / "out", column="reference"))
    for run in found:
        embedded(run, lambda _: None)
    return found


async def votes_of(runs: list[Run], log: AnchorLog) -> list[BatchVote]:
    return [
        await sign_batch(run.folder, log, LocalKey(dev_account(number, chain_id=31337)))
        for run, number in zip(runs, MEMBERS, strict=True)
    ]


async def bring(run: Run, votes: list[BatchVote], log: AnchorLog) -> AnchorRecord:
    recorder = Recorder(run.folder)
    account = dev_account(STRANGER, chain_id=31337)
    signer = AccountSigner(log.rpc, account, record=recorder)
    return await anchor_vouched(run.folder, votes, log, signer, recorder)


async def test_votes_of_two__anchor__and_a_row_is_decided_at_level_two(
    world: World, log: AnchorLog, runs: list[Run], tmp_path: Path
):
    votes = await votes_of(runs, log)
    assert len({vote.prediction for vote in votes}) == 1
    (tmp_path / "vote.json").write_bytes(votes[2].octets())
    assert read_vote(tmp_path / "vote.json") == votes[2]
    run = runs[0]
    await world.rpc.call("evm_setNextBlockTimestamp", [PREDICTED_AT + 1])
    record = await bring(run, [votes[0], votes[2]], log)
    again = await bring(run, [votes[0], votes[2]], log)
    assert again == record
    assert record.operator is None
    assert await log.last() == record.batch

    config = ModelConfig(attestor=log.address, policy=THRESHOLD.address, fee_gwei=0, max_age=0)
    model_id = run.model.model_id
    await world.send(DEPLOYER, world.contract.encode_register_model(model_id, config, ""))
    row = anchored_row(run.folder, 123)
    said = row.row.prediction
    call = world.contract.encode_relay_decision(said, row.evidence)
    made = world.logs(await world.send(DEPLOYER, call))[0]
    assert isinstance(made, DecisionLog)
    assert (made.prediction, made.trust_level) == (said, 2)
    receipt = row.receipt(run.model.card, world.contract.address, {"runtime": "onnxruntime"})
    assert parse_receipt(write_receipt(receipt)) == receipt
    files = {"model.onnx": (run.model.folder / "model.onnx").read_bytes()}
    await verify(receipt, files, world.rpc)


async def test_votes__too_few_false_or_for_another_batch__anchor_nothing(
    log: AnchorLog, runs: list[Run]
):
    first, second, _ = await votes_of(runs, log)
    with pytest.raises(InvalidInput, match="1 of 2 votes"):
        await bring(runs[0], [first, first], log)
    with pytest.raises(VerificationError, match="not signed by it"):
        await bring(runs[0], [first, replace(second, signature=first.signature)], log)
    with pytest.raises(InvalidInput, match="is no member"):
        await bring(runs[0], [first, replace(second, member=address_of(STRANGER))], log)
    other = replace(second, batch=replace(second.batch, root=b"\x01" * 32))
    with pytest.raises(Conflict, match="here it is batch 0"):
        await bring(runs[0], [first, other], log)
    assert await log.batch_count() == 0


async def test_votes__after_the_log_went_on__are_given_again(log: AnchorLog, runs: list[Run]):
    early = await votes_of(runs, log)
    await bring(runs[0], early[:2], log)
    with pytest.raises(Conflict, match="here it is batch 1 from index 300"):
        await bring(runs[1], early[:2], log)
    later = await votes_of(runs, log)
    record = await bring(runs[1], later[1:], log)
    assert (record.batch.number, record.batch.first_index) == (1, ROWS)
    assert anchored_row(runs[1].folder, 7).index == ROWS + 7


async def test_vote__of_a_stranger__or_unscored__or_in_an_operators_log__is_refused(
    world: World, log: AnchorLog, runs: list[Run], tmp_path: Path
):
    with pytest.raises(ConfigError, match="no member of the quorum"):
        await sign_batch(runs[0].folder, log, LocalKey(dev_account(STRANGER, chain_id=31337)))
    next((runs[1].folder / "predictions").glob("*.parquet")).unlink()
    shutil.rmtree(runs[1].folder / "tree-0")
    with pytest.raises(NotFound, match="0 of 300 rows"):
        await sign_batch(runs[1].folder, log, LocalKey(dev_account(MEMBERS[1], chain_id=31337)))
    own = anchor_log_for(address_of(OPERATOR), address_of(OPERATOR))
    await deploy(plan_deployment([], others=[own]), world.rpc, world.signer(DEPLOYER))
    theirs = AnchorLog(world.rpc, own.address)
    with pytest.raises(ConfigError, match="is no quorum"):
        await sign_batch(runs[0].folder, theirs, LocalKey(dev_account(MEMBERS[0], chain_id=31337)))
    (tmp_path / "vote.json").write_text('{"schema":"another"}')
    with pytest.raises(InvalidInput, match="batch-vote"):
        read_vote(tmp_path / "vote.json")
