"""Answers that are ready to send: simulated against the contract, then queued.

What passes is marked vouched and queued in one change of the journal; what the contract would
refuse goes back with its reason. Several that are ready at once share transactions, if they pass
when they are simulated so; each keeps its own end, whatever becomes of the others.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sqlalchemy.engine import Connection

from oracle.chain.contracts import DecisionContract
from oracle.core import lifecycle
from oracle.core.errors import ChainError, Reverted, Transient
from oracle.core.lifecycle import Event, Failed, Inferred, Refused, Request, State, Vouched
from oracle.core.transaction import Purpose, Transaction, answers_gas, share
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
    if not answers:
        return
    together = await _pass_together(parts, answers)
    others = [answer for answer in answers if key_of(answer.request) not in together]
    outcomes = await parts.contract.simulate_many(
        [(answer.calldata, answer.gas) for answer in others],
        sender=parts.operator,
        block=head(parts),
    )
    steps: list[tuple[Request, Event]] = [
        (answer.request, Vouched() if error is None else objection(error))
        for answer, error in zip(others, outcomes, strict=True)
    ]
    steps += [(a.request, Vouched()) for a in answers if key_of(a.request) in together]
    queued = {key_of(answer.request): answer for answer in answers}
    await record(parts, steps, queued, together=together)
    parts.to_send.set()


async def record(
    parts: Parts,
    steps: Sequence[tuple[Request, Event]],
    answers: Mapping[Key, Ready] | None = None,
    promised: Mapping[Key, Promised] | None = None,
    together: Collection[Key] = (),
) -> list[Request]:
    """Take requests a step further, those that the chain has not moved on meanwhile.

    Args:
        answers: what is queued for a request that becomes vouched.
        promised: what is to be anchored for one that becomes inferred.
        together: answers that may share a transaction.

    Returns:
        Those that were taken further.
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
            changed |= _queue(parts, db, changed, answers, together)
        for key, made in (promised or {}).items():
            if key in changed and changed[key].state is State.INFERRED:
                promises.add_once(db, made)
        return list(changed.values())

    taken = await parts.journal.write(change)
    for request in taken:
        parts.observe(request.state, request)
    await parts.announce()
    return taken


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


async def _pass_together(parts: Parts, answers: Sequence[Ready]) -> set[Key]:
    """The answers that pass when they are simulated in the transactions that they would share."""
    may = [each for each in answers if parts.contract.is_make_decision(each.calldata)]
    shares = share([answer.gas for answer in may])
    if not shares:
        return set()
    calls = [_call([(may[at].calldata, may[at].gas) for at in places]) for places in shares]
    try:
        made = await parts.contract.simulate_together(
            calls, sender=parts.operator, block=head(parts)
        )
    except Transient:
        return set()  # an endpoint may refuse a call of so much gas, and take each by itself
    return {
        key_of(may[at].request)
        for places, flags in zip(shares, made, strict=True)
        if len(flags) == len(places)
        for at, flag in zip(places, flags, strict=True)
        if flag
    }


def _call(answers: Sequence[tuple[bytes, int]]) -> tuple[bytes, int]:
    """Calldata and gas of several answers, given as those of each, in one transaction."""
    gas_each = answers[0][1]
    calldata = DecisionContract.encode_make_decisions([each for each, _ in answers], gas_each)
    return calldata, answers_gas(gas_each, len(answers))


def _queue(
    parts: Parts,
    db: Connection,
    changed: Mapping[Key, Request],
    answers: Mapping[Key, Ready],
    together: Collection[Key],
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
        )
        for key, request in changed.items()
        if request.state is State.VOUCHED
    }
    known = transactions.known(db, [each.key for each in wanted.values()])
    fresh = {key: each for key, each in wanted.items() if each.key not in known}
    may = [key for key in fresh if key in together]
    for places in share([fresh[key].gas for key in may]):
        members = [fresh.pop(may[at]) for at in places]
        transactions.queue_together(
            db, parts.chain_id, parts.operator, _shared(members), [each.key for each in members]
        )
    transactions.queue_all(db, parts.chain_id, parts.operator, list(fresh.values()))
    again = {
        key: replace(changed[key], state=State.SUBMITTED)
        for key, transaction in wanted.items()
        if transaction.key in known
    }
    note = "already on its way"
    said = [(request, note) for request in again.values()]
    requests.save_all(db, said, at=parts.clock(), moved=True)
    return again


def _shared(members: Sequence[Transaction]) -> Transaction:
    """One transaction of several answers."""
    data, gas = _call([(each.data, each.gas) for each in members])
    return Transaction(
        key=f"together:{members[0].key}",
        model_id=bytes(32),
        subject=bytes(32),
        to=members[0].to,
        data=data,
        gas=gas,
        purpose=Purpose.ANSWERS,
        answers=tuple((each.model_id, each.subject) for each in members),
    )


def alone(transaction: Transaction) -> list[Transaction]:
    """The answers of a shared transaction as one for each, without keys."""
    calls, gas = DecisionContract.decode_make_decisions(transaction.data)
    return [
        Transaction(
            key="", model_id=model_id, subject=subject, to=transaction.to, data=call, gas=gas
        )
        for (model_id, subject), call in zip(transaction.answers, calls, strict=True)
    ]
