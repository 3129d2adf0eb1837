"""Confirmed requests to queued transactions: infer, then vouch.

Requests are taken in the order of the chain. The model's outputs become a prediction, which is
recorded; the prediction is simulated against the contract, and what passes is queued as a
transaction in the same change that marks it vouched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from eth_utils.crypto import keccak
from sqlalchemy.engine import Connection

from oracle.core import lifecycle
from oracle.core.errors import ChainError, InferenceError, OracleError, Reverted, Transient
from oracle.core.lifecycle import (
    Event,
    Failed,
    Inferred,
    Origin,
    Refused,
    Request,
    State,
    Vouched,
)
from oracle.core.prediction import Prediction
from oracle.core.scoring import Outputs
from oracle.core.transaction import Transaction, TxState, answer_gas
from oracle.journal import requests, transactions
from oracle.node.parts import Parts

BATCH = 256
"""Most requests taken in one turn."""

NOT_OURS = frozenset({"NotAttestor", "UnknownModel"})
"""Reverts that trying again can not mend."""


class Answer:
    """Turns confirmed requests into queued transactions."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @property
    def _head(self) -> Literal["latest", "pending"]:
        return "pending" if self._parts.options.idle_chain else "latest"

    async def turn(self) -> int:
        """Take what is ready one step further.

        Returns:
            How many requests were moved.
        """
        confirmed = await self._ready(State.CONFIRMED)
        if confirmed:
            await self._infer(confirmed)
        inferred = await self._ready(State.INFERRED)
        if inferred:
            await self._vouch(inferred)
        return len(confirmed) + len(inferred)

    async def _ready(self, state: State) -> list[Request]:
        now = self._parts.now()
        return await self._parts.journal.read(
            lambda db: requests.in_states(db, {state}, ready_at=now, limit=BATCH)
        )

    async def _infer(self, confirmed: Sequence[Request]) -> None:
        """Run the models; predictions carry the head's time, which no later block is before."""
        parts = self._parts
        now = await parts.rpc.timestamp(self._head)
        events: dict[int, Event] = {}
        by_model: dict[bytes, list[int]] = {}
        for index, request in enumerate(confirmed):
            refusal = self._refusal(request)
            if refusal is None:
                by_model.setdefault(request.model_id, []).append(index)
            else:
                events[index] = Refused(refusal)
        for model_id, indices in by_model.items():
            inputs = [confirmed[i].input for i in indices]
            try:
                answers: Sequence[Outputs | OracleError] = await parts.engine.infer_many(
                    model_id, inputs
                )
            except OracleError as error:
                answers = [error] * len(indices)
            for index, answer in zip(indices, answers, strict=True):
                events[index] = _judged(confirmed[index], answer, now)
        await self._record([(request, events[i]) for i, request in enumerate(confirmed)])

    def _refusal(self, request: Request) -> str | None:
        """Why the request is not even tried."""
        unfit = self._parts.unfit.get(request.model_id)
        if unfit is not None:
            return f"the model's golden vectors do not agree on this machine: {unfit}"
        limit = self._parts.options.max_callback_gas
        if request.callback_gas > limit:
            return f"callback gas {request.callback_gas} is above this node's limit of {limit}"
        if request.origin is Origin.CHAIN and keccak(request.input)[:16] != request.subject[16:]:
            return "the input is known by its hash only, and is not stored here"
        return None

    async def _vouch(self, inferred: Sequence[Request]) -> None:
        """Simulate each prediction at the head, and queue what the contract would take."""
        parts = self._parts
        outcomes = await parts.contract.simulate_many(
            [
                (parts.contract.encode_make_decision(_said(r)), answer_gas(r.callback_gas))
                for r in inferred
            ],
            sender=parts.operator,
            block=self._head,
        )
        steps: list[tuple[Request, Event]] = []
        for request, error in zip(inferred, outcomes, strict=True):
            steps.append((request, Vouched() if error is None else _objection(error)))
        await self._record(steps)
        parts.to_send.set()

    async def _record(self, steps: Sequence[tuple[Request, Event]]) -> None:
        parts = self._parts

        def record(db: Connection) -> list[Request]:
            changed = []
            for request, event in steps:
                current = requests.find(db, request.model_id, request.subject)
                if current is None or not lifecycle.allows(current, type(event)):
                    continue  # the chain moved on meanwhile: orphaned, expired or decided
                after = lifecycle.step(current, event, parts.now())
                requests.save(db, after, at=parts.clock())
                if after.state is State.VOUCHED:
                    after = self._queue(db, after)
                changed.append(after)
            return changed

        for request in await parts.journal.write(record):
            parts.observe(request.state, request)
        await parts.announce()

    def _queue(self, db: Connection, request: Request) -> Request:
        parts = self._parts
        transaction = Transaction(
            key=f"{request.model_id.hex()}:{request.subject.hex()}:{request.tries}",
            model_id=request.model_id,
            subject=request.subject,
            to=parts.contract.address_bytes,
            data=parts.contract.encode_make_decision(_said(request)),
            gas=answer_gas(request.callback_gas),
            state=TxState.QUEUED,
        )
        if not transactions.queue(db, parts.chain_id, parts.operator, transaction):
            # Orphaned after it was sent, and seen again: the same transaction carries it.
            request = replace(request, state=State.SUBMITTED)
            requests.save(db, request, at=parts.clock(), note="already on its way")
        return request


def _judged(request: Request, answer: Outputs | OracleError, timestamp: int) -> Event:
    if isinstance(answer, InferenceError):
        return Failed(str(answer))
    if isinstance(answer, OracleError):
        return Refused(str(answer))
    try:
        return Inferred(
            answer.prediction(
                model_id=request.model_id,
                subject=request.subject,
                input_hash=keccak(request.input),
                predicted_at=timestamp,
            )
        )
    except OracleError as error:
        return Refused(str(error))


def _objection(error: ChainError) -> Event:
    if isinstance(error, Transient):
        raise error
    if isinstance(error, Reverted) and error.error in NOT_OURS:
        return Refused(str(error))
    return Failed(str(error))


def _said(request: Request) -> Prediction:
    assert request.prediction is not None
    return request.prediction
