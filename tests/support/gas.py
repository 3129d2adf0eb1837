"""Full receipt gas of the contract's own paths, measured on a real chain.

Anvil with the Cancun rules; exact, so that a test pins it, and ``make bench``
prints it beside other systems' figures for the same operation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

from eth_utils.crypto import keccak

from oracle.chain.contracts import RequestLog
from oracle.chain.wire import TxReceipt
from oracle.core.prediction import Prediction
from oracle.core.transaction import GWEI, answer_gas, answers_gas
from tests.support.anchor_gas import anchor_gas
from tests.support.committee_gas import quorum_gas, sealed_gas
from tests.support.world import (
    FEE_GWEI,
    OPERATOR,
    REQUESTER,
    SCORE_MODEL,
    STRANGER,
    World,
)

INPUT = bytes.fromhex("002a000186a000030d40000000000011")
"""Four features, packed in 16 bytes."""
VALUE, CONFIDENCE = 731, 912_345
NOW = 0x77359401
"""The chain's time, a word without zero bytes: those cost less, and figures would vary with it."""
DEADLINE = NOW + 3600
TOGETHER = 25
"""Answers in one transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gas:
    """Gas of one operation each, storage and accounts as they are in steady use.

    Attributes:
        make_decision: ``makeDecision`` for a new subject, ThresholdPolicy.
        request: ``requestDecision`` by an account without code, its second, with a fee.
        answer: answer and callback, without what the consumer itself spends in its callback.
        answers_of_25: an answer of 25 in one transaction (``makeDecisions``), its part of the
            whole, rounded up; with a fee, without callbacks.
        round_trip: request through a consumer contract, answer, callback that writes one new slot.
        quorum_3_of_4: ``relayDecision`` with three signatures, otherwise as ``make_decision``.
        quorum_6_of_9: the same with six signatures.
        quorum_11_of_16: the same with eleven.
        first_commit: a sealed vote that opens a round; this and what follows as in ``SealedGas``.
        commit: a later sealed vote.
        reveal: the opening of one of four votes.
        tally: the count of four votes.
        sealed_relay: ``relayDecision`` of their outcome.
        anchor: a batch of any size, in the dearest case.
        anchored_relay: ``relayDecision`` of one of them, otherwise as ``make_decision``.
    """

    make_decision: int
    request: int
    answer: int
    answers_of_25: int
    round_trip: int
    quorum_3_of_4: int
    quorum_6_of_9: int
    quorum_11_of_16: int
    first_commit: int
    commit: int
    reveal: int
    tally: int
    sealed_relay: int
    anchor: int
    anchored_relay: int


async def measure_gas(world: World) -> Gas:
    """Measure each operation once, after a first one that warms what stays warm in steady use."""
    await world.rpc.call("evm_setNextBlockTimestamp", [NOW])
    await _make_decision(world, b"first")
    consumer, codec = await world.deploy_mock("SlotConsumer", world.contract.address)

    async def through_consumer() -> tuple[TxReceipt, TxReceipt]:
        call = codec.encode("ask", SCORE_MODEL, INPUT, 60_000, DEADLINE)
        asked = await world.signer(STRANGER).send_transaction(
            to=consumer, calldata=call, value=FEE_GWEI * GWEI
        )
        return asked, await _answer(world, asked)

    await through_consumer()
    asked, answered = await through_consumer()
    await _request(world)
    said = _prediction(keccak(b"second"), keccak(INPUT))
    voted = await sealed_gas(world, said)
    measured = Gas(
        first_commit=voted.first_commit,
        commit=voted.commit,
        reveal=voted.reveal,
        tally=voted.tally,
        sealed_relay=voted.relay,
        quorum_3_of_4=await quorum_gas(world, said, threshold=3, members=4),
        quorum_6_of_9=await quorum_gas(world, said, threshold=6, members=9),
        quorum_11_of_16=await quorum_gas(world, said, threshold=11, members=16),
        make_decision=(await _make_decision(world, b"second")).gas_used,
        request=(await _request(world)).gas_used,
        answers_of_25=-(-(await _answer_together(world)).gas_used // TOGETHER),
        answer=answered.gas_used - await _spent_by(world, answered, consumer),
        round_trip=asked.gas_used + answered.gas_used,
        anchor=0,
        anchored_relay=0,
    )
    anchored = await anchor_gas(world, said)
    return replace(measured, anchor=anchored.anchor, anchored_relay=anchored.relay)


def rows(gas: Gas) -> Iterator[tuple[str, int]]:
    """Name and gas of each operation."""
    for field in fields(gas):
        yield field.name, getattr(gas, field.name)


async def _make_decision(world: World, text: bytes) -> TxReceipt:
    said = _prediction(keccak(text), keccak(INPUT))
    call = world.contract.encode_make_decision(said)
    return await world.send(OPERATOR, call, gas=100_000)


async def _request(world: World) -> TxReceipt:
    call = world.contract.encode_request_decision(
        SCORE_MODEL, INPUT, callback_gas=0, deadline=DEADLINE
    )
    return await world.send(REQUESTER, call, value=FEE_GWEI * GWEI)


async def _answer(world: World, asked: TxReceipt) -> TxReceipt:
    (request,) = (log for log in world.logs(asked) if isinstance(log, RequestLog))
    said = _prediction(request.request_id, keccak(INPUT))
    return await world.send(OPERATOR, world.contract.encode_make_decision(said), gas=300_000)


async def _answer_together(world: World) -> TxReceipt:
    calls = []
    for _ in range(TOGETHER):
        (request,) = world.logs(await _request(world))
        assert isinstance(request, RequestLog)
        said = _prediction(request.request_id, keccak(INPUT))
        calls.append(world.contract.encode_make_decision(said))
    each = answer_gas(callback_gas=0)
    call = world.contract.encode_make_decisions(calls, each)
    answered = await world.send(OPERATOR, call, gas=answers_gas(each, TOGETHER))
    assert len(world.logs(answered)) == TOGETHER
    return answered


def _prediction(subject: bytes, input_hash: bytes) -> Prediction:
    return Prediction(
        model_id=SCORE_MODEL,
        subject=subject,
        input_hash=input_hash,
        output_hash=keccak(b"outputs"),
        value=VALUE,
        confidence=CONFIDENCE,
        predicted_at=NOW,
    )


async def _spent_by(world: World, receipt: TxReceipt, consumer: str) -> int:
    """Gas of the callback's own frame."""
    trace = await world.rpc.call(
        "debug_traceTransaction", ["0x" + receipt.tx_hash.hex(), {"tracer": "callTracer"}]
    )
    frames: list[dict[str, Any]] = [trace]
    while frames:
        frame = frames.pop()
        if frame["to"].lower() == consumer.lower():
            return int(frame["gasUsed"], 16)
        frames += frame.get("calls", [])
    raise AssertionError("the transaction did not call the consumer")
