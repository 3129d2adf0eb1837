"""Decisions that the operator asks for itself, through the API or the command line.

What is accepted is in the journal before the caller hears of it, under its idempotency key: the
same key with the same body is the same decision, however often it is sent.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from eth_utils.crypto import keccak
from sqlalchemy.engine import Connection

from oracle.core.errors import Conflict, InvalidInput, NotFound, Overloaded
from oracle.core.lifecycle import OPEN, Origin, Request, State
from oracle.core.prediction import subject_of
from oracle.core.private_input import SALT_BYTES
from oracle.core.transaction import Transaction, TxState
from oracle.journal import chain_view, inputs, requests, transactions
from oracle.journal.chain_view import DecisionRecord
from oracle.journal.inputs import Reference
from oracle.journal.requests import Entry
from oracle.node.parts import Parts

MAX_KEY = 255
_UNDER_WAY = frozenset({TxState.QUEUED, TxState.SIGNED, TxState.SENT})
BACKLOG = 10_000
"""Most requests open at a time before the API refuses more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """All that the journal knows of one decision.

    Attributes:
        decision: None until the decision's event was followed.
        reference: where the input is, of an on-chain request by hash.
        salt: of a private input.
    """

    request: Request | None
    decision: DecisionRecord | None
    transactions: tuple[Transaction, ...]
    timeline: tuple[Entry, ...]
    reference: Reference | None = None
    salt: bytes | None = field(default=None, repr=False)

    @property
    def is_input_on_chain(self) -> bool:
        """Whether everybody can read the input in the request's event."""
        on_chain = self.request is not None and self.request.origin is Origin.CHAIN
        return on_chain and self.reference is None


async def accept(
    parts: Parts,
    *,
    model_id: bytes,
    input_bytes: bytes,
    reference: str | None = None,
    idempotency_key: str | None = None,
    private: bool = False,
) -> Request:
    """Record a decision to be made.

    Args:
        input_bytes: in the encoding that the model's card names.
        reference: what the decision is about; where None, a subject that follows from the
            idempotency key, so that not even a lost journal lets it be decided twice; without one
            a random subject.
        idempotency_key: at most 255 characters.
        private: commit to the input with a salt for each field, instead of its plain hash.

    Raises:
        NotFound: the node does not serve the model.
        InvalidInput: the input does not fit the card, or the subject is a request's id.
        Conflict: the subject is decided or under way, or the key was used for another body.
        Overloaded: too many are under way.
        JournalError: nothing was accepted.
    """
    if idempotency_key is not None and not 0 < len(idempotency_key) <= MAX_KEY:
        raise InvalidInput(
            f"the idempotency key has {len(idempotency_key)} characters",
            remedy=f"use 1 to {MAX_KEY}; a UUID does",
        )
    parts.engine.check(model_id, input_bytes)
    words = reference or ""
    body_hash = keccak(model_id + keccak(input_bytes) + keccak(text=words) + b"private" * private)

    async def known() -> Request | None:
        if idempotency_key is None:
            return None
        earlier = await parts.journal.read(lambda db: requests.find_idempotent(db, idempotency_key))
        return earlier and _same(earlier, body_hash, idempotency_key)

    if (earlier := await known()) is not None:
        return earlier
    subject = subject_of(reference or _own_subject(parts, model_id, idempotency_key))
    try:
        await _must_be_free(parts, model_id, subject)
    except Conflict:  # the same key may have come at the same moment
        if (earlier := await known()) is not None:
            return earlier
        raise
    request = Request(
        model_id=model_id,
        subject=subject,
        origin=Origin.API,
        input=input_bytes,
        state=State.CONFIRMED,
    )

    def record(db: Connection) -> Request:
        if idempotency_key is not None:
            again = requests.find_idempotent(db, idempotency_key)
            if again is not None:
                return _same(again, body_hash, idempotency_key)
        if requests.find(db, model_id, subject) is not None:
            raise _taken(subject, "under way")
        if sum(n for state, n in requests.counts(db).items() if state in OPEN) >= BACKLOG:
            raise Overloaded(
                f"{BACKLOG} decisions are under way",
                remedy="wait for some to be final, then try again",
            )
        requests.save(db, request, at=parts.clock(), note="accepted")
        if private:
            inputs.keep_salt(db, model_id, subject, secrets.token_bytes(SALT_BYTES))
        if idempotency_key is not None:
            requests.mark_idempotent(db, idempotency_key, body_hash, model_id, subject)
        return request

    accepted = await parts.journal.write(record)
    parts.observe("accepted", accepted)
    parts.to_answer.set()
    return accepted


def _own_subject(parts: Parts, model_id: bytes, idempotency_key: str | None) -> str:
    """A subject where the caller names none. It tells nothing of the input."""
    if idempotency_key is None:
        return "0x" + secrets.token_hex(32)
    operator = bytes.fromhex(parts.operator[2:])
    digest = keccak(b"idempotency key" + model_id + operator + idempotency_key.encode())
    return "0x01" + digest[1:].hex()  # as no request's id and no gasless read's subject begins


async def account_of(parts: Parts, model_id: bytes, subject: bytes) -> Account:
    """Everything recorded about one decision.

    Raises:
        NotFound: the journal knows neither a request nor a decision about it.
    """

    def read(db: Connection) -> Account:
        return Account(
            request=requests.find(db, model_id, subject),
            decision=chain_view.find_decision(db, model_id, subject),
            transactions=tuple(transactions.about(db, model_id, subject)),
            timeline=tuple(requests.story(db, model_id, subject)),
            reference=inputs.reference_of(db, model_id, subject),
            salt=inputs.salt_of(db, model_id, subject),
        )

    account = await parts.journal.read(read)
    if account.request is None and account.decision is None:
        raise NotFound(
            f"no decision about 0x{subject.hex()} is known here",
            remedy="check the id; a request shows once its block was followed",
        )
    return account


async def wait_for(
    parts: Parts,
    model_id: bytes,
    subject: bytes,
    enough: Callable[[Account], bool],
    timeout: float,
) -> Account:
    """The account once it is ``enough``, or as it stands when the timeout, seconds, has passed."""
    try:
        async with asyncio.timeout(timeout):
            async with parts.changed:
                while not enough(account := await account_of(parts, model_id, subject)):
                    await parts.changed.wait()
                return account
    except TimeoutError:
        return await account_of(parts, model_id, subject)


def is_over(account: Account) -> bool:
    """Whether nothing more will happen to the decision, its transactions' receipts included."""
    closed = account.request is None or account.request.state not in OPEN
    return closed and not any(t.state in _UNDER_WAY for t in account.transactions)


async def _must_be_free(parts: Parts, model_id: bytes, subject: bytes) -> None:
    """Refuse what the contract would refuse, before it is accepted."""
    model = await parts.contract.model_of(model_id, block="latest")
    if model is None:
        raise NotFound(
            f"model 0x{model_id.hex()} is not registered on chain {parts.chain_id}",
            remedy="register it: oracle deploy",
        )
    if not parts.is_own(model.attestor):
        raise Conflict(
            f"model 0x{model_id.hex()} is attested by {model.attestor}, not by this node's "
            f"{parts.operator} or its anchor log",
            remedy="ask that operator, or propose a model change",
        )
    if model.paused:
        raise Conflict(
            f"model 0x{model_id.hex()} is paused by its owner", remedy="wait, or unpause it"
        )
    if await parts.contract.decision_of(model_id, subject, block="latest") is not None:
        raise _taken(subject, "decided")


def _same(earlier: tuple[bytes, Request], body_hash: bytes, key: str) -> Request:
    if earlier[0] != body_hash:
        raise Conflict(
            f"idempotency key {key!r} was used for another body",
            remedy="use a new key for a new decision",
        )
    return earlier[1]


def _taken(subject: bytes, how: str) -> Conflict:
    return Conflict(
        f"subject 0x{subject.hex()} is {how} already",
        remedy="one (model, subject) is decided once: read that decision, or use another subject",
    )
