"""Answers that are ready to send: simulated against the contract, then queued.

What passes is marked vouched and queued in one change of the journal; what the contract would
refuse goes back with its reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sqlalchemy.engine import Connection

from oracle.core import lifecycle
from oracle.core.errors import ChainError, Reverted, Transient
from oracle.core.lifecycle import Event, Failed, Inferred, Refused, Request, State, Vouched
from oracle.core.transaction import Transaction, TxState
from oracle.journal import promises, requests, transactions
from oracle.journal.promises import Promised
from oracle.journal.requests import Key
from oracle.node.parts import Parts

NOT_OURS = frozenset({"NotAttestor", "UnknownModel"})
"""Reverts that trying again can not mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """An answer as a call of the decision contract.

    Attributes:
        gas: the transaction's limit.
    """

    request: Request
    calldata: bytes
    gas: int


def key_of(request: Request) -> Key:
    """What a request is told apart by."""
    return request.model_id, request.subject


def head(parts: Parts) -> Literal["latest", "pending"]:
    """The block whose time and state the next transaction meets."""
    return "pending" if parts.options.idle_chain else "latest"


async def vouch(parts: Parts, answers: Sequence[Ready]) -> None:
    """Simulate the answers and queue those that the contract would take.

    Raises:
        Transient: no endpoint could simulate them; nothing was recorded.
    """
    outcomes = await parts.contract.simulate_many(
        [(answer.calldata, answer.gas) for answer in answers],
        sender=parts.operator,
        block=head(parts),
    )
    events = [Vouched() if error is None else objection(error) for error in outcomes]
    steps = [(answer.request, event) for answer, event in zip(answers, events, strict=True)]
    await record(parts, steps, {key_of(answer.request): answer for answer in answers})
    parts.to_send.set()


async def record(
    parts: Parts,
    steps: Sequence[tuple[Request, Event]],
    answers: Mapping[Key, Ready] | None = None,
    promised: Mapping[Key, Promised] | None = None,
) -> None:
    """Take requests a step further, those that the chain has not moved on meanwhile.

    Args:
        answers: what is queued for a request that becomes vouched.
        promised: what is to be anchored for one that becomes inferred.
    """

    def change(db: Connection) -> list[Request]:
        known = requests.again(db, [request for request, _ in steps])
        changed = {}
        for request, event in steps:
            current = known.get(key_of(request))
            if current is None or not lifecycle.allows(current, type(event)):
                continue  # orphaned, expired or decided
            changed[key_of(request)] = lifecycle.step(current, event, parts.now())
        said = any(isinstance(event, Inferred) for _, event in steps)
        after = [(request, "") for request in changed.values()]
        requests.save_all(db, after, at=parts.clock(), moved=not said)
        if answers is not None:
            changed |= _queue(parts, db, changed, answers)
        for key, made in (promised or {}).items():
            if key in changed and changed[key].state is State.INFERRED:
                promises.add_once(db, made)
        return list(changed.values())

    for request in await parts.journal.write(change):
        parts.observe(request.state, request)
    await parts.announce()


def objection(error: ChainError) -> Event:
    """What a failed simulation means for the request.

    Raises:
        Transient: the error says nothing about it.
    """
    if isinstance(error, Transient):
        raise error
    if isinstance(error, Reverted) and error.error in NOT_OURS:
        return Refused(str(error))
    return Failed(str(error))


def _queue(
    parts: Parts, db: Connection, changed: Mapping[Key, Request], answers: Mapping[Key, Ready]
) -> dict[Key, Request]:
    """Queue the answers of requests that are vouched.

    Returns:
        Those that were orphaned after they were sent, and seen again: the same transaction
        carries them.
    """
    wanted = {
        key: Transaction(
            key=f"{request.model_id.hex()}:{request.subject.hex()}:{request.tries}",
            model_id=request.model_id,
            subject=request.subject,
            to=parts.contract.address_bytes,
            data=answers[key].calldata,
            gas=answers[key].gas,
            state=TxState.QUEUED,
        )
        for key, request in changed.items()
        if request.state is State.VOUCHED
    }
    queued = transactions.queue_all(db, parts.chain_id, parts.operator, list(wanted.values()))
    again = {
        key: replace(changed[key], state=State.SUBMITTED)
        for key, transaction in wanted.items()
        if transaction.key not in queued
    }
    note = "already on its way"
    said = [(request, note) for request in again.values()]
    requests.save_all(db, said, at=parts.clock(), moved=True)
    return again
