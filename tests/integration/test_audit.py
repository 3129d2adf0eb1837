"""An audit finds what does not hold, says why, and is not stopped by it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from oracle.chain.abi import interface
from oracle.chain.blocks import block_at
from oracle.chain.deployment import ContractSpec, deploy, plan_deployment
from oracle.chain.errors import RangeRefused
from oracle.chain.events import DecisionLog
from oracle.chain.local import local_chain
from oracle.chain.signer import AccountSigner
from oracle.chain.wire import BlockStamp, Log
from oracle.core.anchor import anchor_arguments, batch_after
from oracle.core.prediction import Prediction, subject_of
from oracle.core.receipt import PlainInput
from oracle.verify.audit import Finding, audit_decisions, audit_log, audit_promise
from tests.support import receipts
from tests.support.harness import CHAIN_ID, OPERATOR, World, deployed_world

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with (
        local_chain(folder=tmp_path_factory.mktemp("chain")) as chain,
        deployed_world(chain.url, name="credit-default") as deployed,
    ):
        yield deployed


async def decide(world: World, reference: str, *, off: int = 0, vector: int = 0) -> None:
    said = world.model.vectors[vector]
    await AccountSigner(world.rpc, OPERATOR).send_transaction(
        to=world.contract.address,
        calldata=world.contract.encode_make_decision(
            Prediction(
                model_id=world.model.model_id,
                subject=subject_of(reference),
                input_hash=said.input_hash,
                output_hash=said.output_hash if not off else b"\x0f" * 32,
                value=said.value + off,
                confidence=said.confidence,
                predicted_at=(await world.rpc.block("latest")).timestamp,
            )
        ),
    )


async def audited(world: World, *, first: int = 0) -> dict[bytes, Finding]:
    async def find_input(log: DecisionLog) -> PlainInput | None:
        for vector in world.model.vectors:
            if vector.input_hash == log.prediction.input_hash != hidden:
                return PlainInput(octets=vector.input)
        return None

    hidden = world.model.vectors[2].input_hash
    head = await world.rpc.block("latest")
    return {
        bytes.fromhex(each.about[2:]): each
        async for each in audit_decisions(
            world.contract, [world.model], find_input, first=first, last=head.number
        )
    }


async def test_decisions__a_lie_among_them__is_the_only_mismatch(world: World) -> None:
    start = (await world.rpc.block("latest")).number + 1
    await decide(world, "good")
    await decide(world, "a lie", off=200)
    await decide(world, "in the last digit", off=world.model.card.tolerance)
    await decide(world, "unknown input", vector=2)
    found = await audited(world, first=start)
    kinds = {name: found[subject_of(name)].kind for name in ("good", "a lie", "unknown input")}
    assert kinds == {"good": "held", "a lie": "mismatch", "unknown input": "unknown"}
    assert found[subject_of("in the last digit")].kind == "close"
    assert "run again it is" in found[subject_of("a lie")].what
    later = found[subject_of("unknown input")].block
    assert set(await audited(world, first=later)) == {subject_of("unknown input")}


async def test_block_at__a_time__is_the_first_block_from_then_on(world: World) -> None:
    head = await world.rpc.block("latest")
    assert await block_at(world.rpc, 0) == 0
    assert await block_at(world.rpc, head.timestamp + 1) == head.number + 1
    found = await world.rpc.block(await block_at(world.rpc, head.timestamp))
    assert found.timestamp == head.timestamp


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def anchor_log(world: World) -> str:
    operator = str(OPERATOR.address)
    spec = ContractSpec(contract="AnchorLog", arguments=(operator, operator))
    signer = AccountSigner(world.rpc, OPERATOR)
    await deploy(plan_deployment([], others=[spec]), world.rpc, signer)
    batch = None
    for n in range(3):
        root = bytes([n + 1]) * 32
        following = batch_after(batch, 10 + n, root, chain_id=CHAIN_ID, log=spec.address)
        await signer.send_transaction(
            to=spec.address,
            calldata=interface("AnchorLog").encode("anchor", *anchor_arguments(batch, following)),
        )
        batch = following
    return spec.address


async def findings(world: World, address: str) -> list[Finding]:
    head = await world.rpc.block("latest")
    return [each async for each in audit_log(world.rpc, address, last=head.number)]


async def test_log__whole__has_every_batch_linked(world: World, anchor_log: str) -> None:
    found = await findings(world, anchor_log)
    assert [each.kind for each in found] == ["held"] * 3
    assert "predictions 21 … 32" in found[2].what


@pytest.mark.parametrize(("leave_out", "about"), [(0, "batch 1"), (1, "batch 2"), (2, "batch 2")])
async def test_log__a_batch_that_is_hidden__is_a_gap(
    world: World, anchor_log: str, leave_out: int, about: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = world.rpc.logs_between

    async def without(**given: Any) -> tuple[list[Log], BlockStamp]:
        logs, stamp = await honest(**given)
        return [log for n, log in enumerate(logs) if n != leave_out], stamp

    monkeypatch.setattr(world.rpc, "logs_between", without, raising=False)
    found = await findings(world, anchor_log)
    assert (found[-1].kind, found[-1].about) == ("gap", about)


async def test_log__a_root_that_was_not_anchored__is_a_mismatch(
    world: World, anchor_log: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = world.rpc.logs_between

    async def changed(**given: Any) -> tuple[Sequence[Log], BlockStamp]:
        logs, stamp = await honest(**given)
        return [replace(logs[0], body=logs[0].body[:-1] + b"\xff"), *logs[1:]], stamp

    monkeypatch.setattr(world.rpc, "logs_between", changed, raising=False)
    assert (await findings(world, anchor_log))[0].kind == "mismatch"


async def test_log__an_endpoint_of_narrow_ranges__is_asked_in_parts(
    world: World, anchor_log: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = world.rpc.logs_between

    async def narrow(**given: Any) -> tuple[list[Log], BlockStamp]:
        if given["last"] - given["first"] > 3:
            raise RangeRefused("too wide")
        return await honest(**given)

    monkeypatch.setattr(world.rpc, "logs_between", narrow, raising=False)
    assert [each.kind for each in await findings(world, anchor_log)] == ["held"] * 3


async def test_promise__past_its_deadline_and_not_anchored__is_late(world: World) -> None:
    pending = receipts.pending()
    due = await audit_promise(pending, "a", world.rpc, now=receipts.ANCHOR_BY)
    late = await audit_promise(pending, "a", world.rpc, now=receipts.ANCHOR_BY + 7)
    assert (due.kind, late.kind) == ("held", "late")
    assert "7 s ago" in late.what


async def test_promise__anchored_after_its_deadline__is_late(world: World) -> None:
    receipt = receipts.anchored()
    assert receipt.anchor is not None
    place = replace(receipt.anchor.place, timestamp=receipts.ANCHOR_BY + 9)
    late = receipt.with_anchor(replace(receipt.anchor, place=place))
    found = await audit_promise(late, "a", world.rpc, now=receipts.ANCHOR_BY + 100)
    assert (found.kind, "9 s later" in found.what) == ("late", True)


async def test_promise__a_forged_signature__is_a_mismatch(world: World) -> None:
    forged = replace(receipts.pending(), operator=receipts.LOG)
    found = await audit_promise(forged, "a", world.rpc, now=0)
    assert found.kind == "mismatch"
