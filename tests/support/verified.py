"""Receipts held to the chain that they are of, in Python and in JavaScript."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from oracle.core.receipt import PlainInput, Receipt
from oracle.core.receipt_json import write_receipt
from oracle.inference.runtime import runtime_record
from oracle.verify import Report, parse_receipt, verify
from oracle.verify.build import Said
from tests.integration.test_evidence import web  # noqa: F401 - a fixture
from tests.support.harness import (
    World,
)
from tests.support.javascript import outcomes_in_javascript


def files(world: World) -> dict[str, bytes]:
    return {world.model.card.model.onnx.file: world.model.onnx}


async def checked(world: World, receipt: Receipt) -> Report:
    return await verify(
        parse_receipt(write_receipt(receipt)),
        files(world),
        world.rpc,
        rule=world.model.policy.rule if world.model.policy else None,
        expected=world.contract.address,
    )


async def agreed(world: World, receipt: Receipt, report: Report) -> bool:
    """Whether the JavaScript client makes the same checks with the same outcomes."""
    found = await outcomes_in_javascript(receipt, world.url, world.model, world.contract.address)
    return found == {check.name: check.outcome for check in report.checks}


async def refused_in_javascript(world: World, receipt: Receipt) -> str:
    """Why the JavaScript client refuses a receipt."""
    found = await outcomes_in_javascript(receipt, world.url, world.model, world.contract.address)
    return list(found.values())[-1]


def moved(receipt: Receipt, **changes: Any) -> Receipt:
    decision = receipt.decision
    assert decision is not None
    places = {k: v for k, v in changes.items() if k in ("block_number", "block_hash", "timestamp")}
    others = {k: v for k, v in changes.items() if k not in places}
    place = replace(decision.place, **places)
    return replace(receipt, decision=replace(decision, place=place, **others))


def said_of(world: World, vector: int = 0) -> Said:
    found = world.model.vectors[vector]
    return Said(
        card=world.model.card,
        input=PlainInput(octets=found.input),
        outputs=found.outputs,
        runtime=runtime_record(),
        rule=world.model.policy.rule if world.model.policy else None,
    )
