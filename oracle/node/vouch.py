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
from oracle.core.lifecycle import Event, Failed, Refused, Request, State, Vouched
from oracle.core.transaction import Transaction, TxState
from oracle.journal import promises, requests, transactions
from oracle.journal.promises import Promised
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


Key = tuple[bytes, bytes]
"""Model and subject."""


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
        changed = []
        for request, event in steps:
            current = requests.find(db, request.model_id, request.subject)
            if current is None or not lifecycle.allows(current, type(event)):
                continue  # orphaned, expired or decided
            after = lifecycle.step(current, event, parts.now())
            requests.save(db, after, at=parts.clock())
            if after.state is State.VOUCHED and answers is not None:
                after = _queue(parts, db, after, answers[key_of(after)])
            made = promised.get(key_of(after)) if promised is not None else None
            if after.state is State.INFERRED and made is not None:
                promises.add_once(db, made)
            changed.append(after)
        return changed

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


def _queue(parts: Parts, db: Connection, request: Request, answer: Ready) -> Request:
    transaction = Transaction(
        key=f"{request.model_id.hex()}:{request.subject.hex()}:{request.tries}",
        model_id=request.model_id,
        subject=request.subject,
        to=parts.contract.address_bytes,
        data=answer.calldata,
        gas=answer.gas,
        state=TxState.QUEUED,
    )
    if not transactions.queue(db, parts.chain_id, parts.operator, transaction):
        # Orphaned after it was sent, and seen again: the same transaction carries it.
        request = replace(request, state=State.SUBMITTED)
        requests.save(db, request, at=parts.clock(), note="already on its way")
    return request
