"""Queued transactions, signed with consecutive nonces, sent, watched and replaced.

The signed bytes are in the journal before they leave, so a node killed anywhere sends the same
bytes again. A nonce is given once; only a transaction that can never be mined gives it back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace

from eth_utils.crypto import keccak
from sqlalchemy.engine import Connection

from oracle.chain.replies import Broadcast, SendOutcome
from oracle.chain.wire import TxReceipt
from oracle.core import lifecycle
from oracle.core.lifecycle import Failed, Request, State, Submitted
from oracle.core.transaction import Attempt, Fees, Purpose, Transaction, TxState
from oracle.journal import chain_view, requests, transactions
from oracle.journal.requests import Key
from oracle.node.parts import Parts, log
from oracle.node.queued import affordable, still_wanted

_ON_ITS_WAY = frozenset(
    {
        SendOutcome.ACCEPTED,
        SendOutcome.ALREADY_KNOWN,
        SendOutcome.MAYBE_SENT,
        SendOutcome.NONCE_TOO_LOW,
        SendOutcome.UNDERPRICED,
    }
)
"""After these the transaction, or another with its nonce, is or may be on its way: watch for it."""


class Sender:
    """Sends the journal's queue for one key."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._last_sent: dict[int, float] = {}
        self._look_at_all = 0.0

    async def turn(self) -> bool:
        """One round: look after what was sent, then send what is queued.

        Returns:
            Whether anything is still on its way.
        """
        await self._watch()
        await self._submit()
        under_way = {TxState.QUEUED, TxState.SIGNED, TxState.SENT}
        return bool(
            await self._parts.journal.read(lambda db: transactions.in_number(db, under_way))
        )

    async def _submit(self) -> None:
        parts = self._parts
        flying = await parts.journal.read(
            lambda db: transactions.in_number(db, {TxState.SIGNED, TxState.SENT})
        )
        room = parts.options.in_flight - flying
        if room <= 0:
            return
        queued = await parts.journal.write(lambda db: still_wanted(db, room))
        if not queued:
            return
        head = await parts.rpc.block("latest")
        fees = parts.fees.quote(head.base_fee or 0)
        if fees is None:
            parts.trouble["fees"] = (
                f"the base fee {head.base_fee} wei is above the ceiling {parts.fees.ceiling} wei; "
                "waiting — raise max_fee_gwei to pay it"
            )
            return
        parts.trouble.pop("fees", None)
        queued = await affordable(parts, queued, fees)
        if not queued:
            return
        nonce = await self._next_nonce()
        numbered = [replace(t, nonce=nonce + place) for place, t in enumerate(queued)]
        signed = await asyncio.gather(*(self._sign(each, fees) for each in numbered))
        await self._save(signed)
        for transaction in signed:
            _tell("transaction_signed", transaction, tx_hash=transaction.attempts[-1].hash)
        parts.observe("signed")
        await self._broadcast(signed)

    async def _next_nonce(self) -> int:
        parts = self._parts
        highest = await parts.journal.read(
            lambda db: transactions.highest_nonce(db, parts.chain_id, parts.operator)
        )
        pending = await parts.rpc.nonce(parts.operator, block="pending")
        return pending if highest is None else max(pending, highest + 1)

    async def _sign(self, transaction: Transaction, fees: Fees) -> Transaction:
        """The transaction with one attempt more."""
        parts = self._parts
        assert transaction.nonce is not None
        raw = await parts.account.sign_transaction(
            {
                "type": 2,
                "chainId": parts.chain_id,
                "nonce": transaction.nonce,
                "to": transaction.to,
                "value": transaction.value,
                "data": transaction.data,
                "gas": transaction.gas,
                "maxFeePerGas": fees.max_fee,
                "maxPriorityFeePerGas": fees.priority_fee,
            },
        )
        attempt = Attempt(
            hash=keccak(raw),
            nonce=transaction.nonce,
            raw=raw,
            fees=fees,
            at=parts.now(),
        )
        return replace(
            transaction,
            state=TxState.SIGNED if transaction.state is TxState.QUEUED else transaction.state,
            attempts=(*transaction.attempts, attempt),
        )

    async def _broadcast(self, signed: Sequence[Transaction]) -> None:
        """Send the last attempt of each, in the order of nonces, and record what left."""
        parts = self._parts
        if not signed:
            return
        replies = await parts.rpc.broadcast_many([t.attempts[-1].raw for t in signed])
        parts.observe("broadcast")
        left: list[Transaction] = []
        for transaction, reply in zip(signed, replies, strict=True):
            if reply.outcome not in _ON_ITS_WAY:
                self._report(transaction, reply)
                continue
            self._last_sent[transaction.id] = parts.clock()
            left.append(replace(transaction, state=TxState.SENT))
        if len(left) == len(signed):
            parts.trouble.pop("send", None)
        submitted = await parts.journal.write(lambda db: self._record_sent(db, left))
        for request in submitted:
            parts.observe("submitted", request)
        await parts.announce()

    def _report(self, transaction: Transaction, reply: Broadcast) -> None:
        self._last_sent.pop(transaction.id, None)
        self._parts.trouble["send"] = (
            f"transaction with nonce {transaction.nonce} was not taken: {reply.outcome} "
            f"({reply.why}); it is sent again until it is"
        )
        _tell("send_refused", transaction, amiss=True, outcome=str(reply.outcome))

    def _record_sent(self, db: Connection, sent: Sequence[Transaction]) -> list[Request]:
        parts = self._parts
        transactions.save_all(db, sent)
        answered = requests.find_all(db, {key for each in sent for key in each.answers})
        submitted = []
        for transaction in sent:
            tx_hash = transaction.attempts[-1].hash
            note = f"nonce {transaction.nonce}, 0x{tx_hash.hex()}"
            for key in transaction.answers:
                request = answered.get(key)
                if request is not None and request.state is State.VOUCHED:
                    request = lifecycle.step(request, Submitted(tx_hash), parts.now())
                    submitted.append((request, note))
        requests.save_all(db, submitted, at=parts.clock(), moved=True)
        return [request for request, _ in submitted]

    async def _watch(self) -> None:
        """Find what was mined or can never be; send again or replace what lingers."""
        parts = self._parts
        flying = await self._flying()
        if not flying:
            return
        followed = await parts.journal.read(chain_view.head)
        if followed is None:
            return
        settled = max(0, followed[0] - parts.options.finality + 1)
        spent = await parts.rpc.nonce(parts.operator, block=settled)
        hashes = [attempt.hash for t in flying for attempt in t.attempts]
        receipts = {
            receipt.tx_hash: receipt
            for receipt in await parts.rpc.receipts(hashes, logs=False)
            if receipt
        }
        lingering: list[Transaction] = []
        mined: list[tuple[Transaction, TxReceipt]] = []
        for transaction in flying:
            found = [receipts[a.hash] for a in transaction.attempts if a.hash in receipts]
            if found:
                mined.append((transaction, found[0]))
            elif transaction.nonce is not None and transaction.nonce < spent:
                await self._dropped(transaction)
            else:
                lingering.append(transaction)
        if mined:
            await self._mined(mined)
        await self._nudge(lingering)

    async def _flying(self) -> list[Transaction]:
        """Signed transactions that may be mined, judged by the key's nonce; now and then all, and
        all while one of them was not sent by this process, or was thrown out of the chain.
        """
        parts = self._parts
        states = {TxState.SIGNED, TxState.SENT}
        number = await parts.journal.read(lambda db: transactions.in_number(db, states))
        if not number:
            return []
        now, below = parts.clock(), None
        quiet = now - min(self._last_sent.values(), default=now) < parts.options.resend_after
        if quiet and number == len(self._last_sent) and now < self._look_at_all:
            below = await parts.rpc.nonce(parts.operator, block="latest")
        else:
            self._look_at_all = now + parts.options.resend_after / 4
        return await parts.journal.read(lambda db: transactions.in_states(db, states, below=below))

    async def _mined(self, mined: Sequence[tuple[Transaction, TxReceipt]]) -> None:
        """Record those whose block was followed; the follower judges reorganisations."""
        parts = self._parts

        def record(db: Connection) -> list[tuple[Transaction, TxReceipt]]:
            known = chain_view.hashes_at(db, {receipt.block_number for _, receipt in mined})
            head = chain_view.head(db)
            taken = []
            for transaction, receipt in mined:
                if head is None or receipt.block_number > head[0]:
                    continue  # not followed yet, or rewound: its decisions are not on record
                if known.get(receipt.block_number, receipt.block_hash) != receipt.block_hash:
                    continue
                deep = receipt.block_number <= head[0] - parts.options.finality + 1
                taken.append((transaction, _with_receipt(transaction, receipt, final=deep)))
            transactions.save_all(db, [after for _, after in taken])
            for before, after in taken:
                self._last_sent.pop(before.id, None)
                self._fail(db, *_undecided(db, after))
            return [(before, receipts[before.id]) for before, _ in taken]

        receipts = {transaction.id: receipt for transaction, receipt in mined}
        for transaction, receipt in await parts.journal.write(record):
            parts.observe("mined")
            parts.to_anchor.set()
            event = "transaction_mined" if receipt.succeeded else "transaction_reverted"
            _tell(
                event,
                transaction,
                amiss=not receipt.succeeded,
                tx_hash=receipt.tx_hash,
                block=receipt.block_number,
            )
            if not receipt.succeeded or transaction.purpose is Purpose.ANSWERS:
                parts.to_answer.set()
        await parts.announce()

    async def _dropped(self, transaction: Transaction) -> None:
        parts = self._parts
        why = f"nonce {transaction.nonce} was used by another transaction of this key"

        def record(db: Connection) -> None:
            transactions.save(db, replace(transaction, state=TxState.DROPPED, nonce=None))
            self._fail(db, transaction.answers, why)

        await parts.journal.write(record)
        self._last_sent.pop(transaction.id, None)
        _tell("transaction_dropped", transaction, amiss=True)
        parts.observe("dropped")
        parts.to_answer.set()

    def _fail(self, db: Connection, answers: Collection[Key], why: str) -> None:
        """Requests that wait for an answer once more."""
        failed = [
            (lifecycle.step(request, Failed(why), self._parts.now()), why)
            for request in requests.find_all(db, answers).values()
            if lifecycle.allows(request, Failed)
        ]
        requests.save_all(db, failed, at=self._parts.clock())

    async def _nudge(self, lingering: Sequence[Transaction]) -> None:
        parts = self._parts
        again: list[Transaction] = []
        base_fee: int | None = None
        for transaction in lingering:
            last = transaction.attempts[-1]
            sent = self._last_sent.get(transaction.id)
            now = parts.clock()
            if sent is not None and now - last.at >= parts.options.replace_after:
                if base_fee is None:
                    base_fee = (await parts.rpc.block("latest")).base_fee or 0
                fees = parts.fees.bump(last.fees, base_fee)
                if fees is not None:
                    transaction = await self._sign(transaction, fees)
                    await self._save([transaction])
                    _tell(
                        "transaction_replaced", transaction, tx_hash=transaction.attempts[-1].hash
                    )
                    parts.observe("replaced")
                    again.append(transaction)
                    continue
            if sent is None or now - sent >= parts.options.resend_after:
                again.append(transaction)
        await self._broadcast(again)

    async def _save(self, changed: Sequence[Transaction]) -> None:
        await self._parts.journal.write(lambda db: transactions.save_all(db, changed))


def _tell(event: str, about: Transaction, *, amiss: bool = False, **fields: object) -> None:
    """Log what became of a transaction, under the id of the request that it is for."""
    shown = {k: f"0x{v.hex()}" if isinstance(v, bytes) else v for k, v in fields.items()}
    (log.warning if amiss else log.info)(
        event,
        **_named(about),
        purpose=str(about.purpose),
        nonce=about.nonce,
        **shown,
    )


def _named(about: Transaction) -> dict[str, object]:
    """The id of the request, or the ids of several, by which a transaction is found in a log."""
    if about.purpose is Purpose.ANSWERS:
        return {"request_ids": ["0x" + subject.hex() for _, subject in about.answers]}
    return {"request_id": "0x" + about.subject.hex() if any(about.subject) else None}


def _undecided(db: Connection, mined: Transaction) -> tuple[Collection[Key], str]:
    """The requests that a mined transaction was to decide and did not, and why; the followed
    chain's decisions in its block are recorded.
    """
    shown = f"transaction 0x{mined.mined_hash.hex()}"
    if not mined.succeeded:
        return mined.answers, f"{shown} reverted"
    if mined.purpose is not Purpose.ANSWERS:
        return (), ""
    assert mined.block_number is not None
    made = chain_view.decided_in(db, mined.block_number, mined.mined_hash)
    return set(mined.answers) - made, f"{shown} left it out"


def _with_receipt(transaction: Transaction, receipt: TxReceipt, *, final: bool) -> Transaction:
    return replace(
        transaction,
        state=TxState.FINAL if final else TxState.MINED,
        block_number=receipt.block_number,
        block_hash=receipt.block_hash,
        mined_hash=receipt.tx_hash,
        succeeded=receipt.succeeded,
        gas_used=receipt.gas_used,
        gas_price=receipt.gas_price,
    )
