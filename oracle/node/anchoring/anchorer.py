"""Promised predictions into batches, and batches into the log: one batch at a time.

A batch closes when enough predictions wait, the oldest has waited long enough, or one has used up a
quarter of the time until it has to be anchored. Its indices, its header and its transaction are
recorded in one change; the sender brings the transaction to the chain and through reorganisations.
Only where it can no longer succeed, because the log went on without it, is the batch taken back,
and its predictions go into the next one.
"""

from __future__ import annotations

from sqlalchemy.engine import Connection

from oracle.chain.anchor import AnchorLog, encode_anchor
from oracle.core.anchor import Batch, batch_after, leaf_of
from oracle.core.errors import Transient
from oracle.core.merkle import MerkleTree
from oracle.core.transaction import Purpose, Transaction, TxState
from oracle.journal import promises, transactions
from oracle.journal.promises import Promised
from oracle.node.parts import Parts, log

GAS = 80_000
"""Limit of an anchoring transaction, which takes up to 50,000."""


class Anchorer:
    """Anchors what this operator promised."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def turn(self) -> float | None:
        """Look after the last batch, then close the next one if it is due.

        Returns:
            Seconds until the next look; None where there is nothing to wait for.
        """
        anchor_log = self._parts.anchor_log
        if anchor_log is None:
            return None
        if await self._under_way(anchor_log):
            return self._parts.options.poll * 10
        return await self._close(anchor_log)

    async def _under_way(self, anchor_log: AnchorLog) -> bool:
        """Whether the last batch is still to be mined; one that can not be is taken back."""
        parts = self._parts

        def look(db: Connection) -> bool:
            last = promises.last_batch(db, anchor_log.address)
            if last is None:
                return False
            batch, batch_id, key = last
            transaction = transactions.named(db, key)
            if transaction is None or transaction.state is TxState.DROPPED:
                return not self._taken_back(db, batch, batch_id)
            if transaction.succeeded is False:
                if transaction.state is not TxState.FINAL:
                    return True
                return not self._taken_back(db, batch, batch_id)
            return transaction.state not in (TxState.MINED, TxState.FINAL)

        return await parts.journal.write(look)

    def _taken_back(self, db: Connection, batch: Batch, batch_id: bytes) -> bool:
        freed = promises.reopen(db, batch_id)
        log.warning("batch_reopened", number=batch.number, predictions=freed)
        self._parts.observe("batch_reopened")
        return True

    async def _close(self, anchor_log: AnchorLog) -> float | None:
        parts, options = self._parts, self._parts.options
        waiting = await parts.journal.read(promises.count_waiting)
        if waiting.oldest is None or waiting.urgent is None:
            return None
        left = min(waiting.oldest + options.anchor_every, waiting.urgent) - parts.clock()
        if waiting.count < options.anchor_count and left > 0:
            return left
        head = await parts.rpc.block("latest")
        last = await self._last(anchor_log, head.number)

        def record(db: Connection) -> Batch | None:
            members = promises.waiting(db, options.anchor_count)
            if not members:
                return None
            batch = batch_of(members, last, chain_id=parts.chain_id, log=anchor_log.address)
            batch_id = batch.id(parts.chain_id, anchor_log.address)
            key = _key(db, batch_id)
            promises.close(db, batch, batch_id, anchor_log.address, key, members)
            transaction = Transaction(
                key=key,
                model_id=bytes(32),
                subject=batch_id,
                to=bytes.fromhex(anchor_log.address[2:]),
                data=encode_anchor(last, batch),
                gas=GAS,
                purpose=Purpose.ANCHOR,
            )
            transactions.queue(db, parts.chain_id, parts.operator, transaction)
            return batch

        batch = await parts.journal.write(record)
        if batch is not None:
            log.info("batch_closed", number=batch.number, predictions=batch.count)
            parts.observe("batch_closed")
            parts.to_send.set()
        return options.poll * 10

    async def _last(self, anchor_log: AnchorLog, block: int) -> Batch | None:
        """The log's last batch: the journal's where the chain has it, else from the events."""
        parts = self._parts
        count = await anchor_log.batch_count(block=block)
        known = await parts.journal.read(lambda db: promises.last_batch(db, anchor_log.address))
        if known is not None and count <= known[0].number:
            raise Transient(
                f"the chain has {count} batches, and {known[0].number + 1} were mined",
                remedy="the endpoint lags, or blocks were replaced: waiting",
            )
        if count == 0:
            return None
        # The journal's own, unless another took its number after a reorganisation.
        stored = await anchor_log.batch_id(count - 1, block=block)
        if known is not None and stored == known[1]:
            return known[0]
        return (await anchor_log.batches(last=block))[-1]


def batch_of(members: list[Promised], last: Batch | None, *, chain_id: int, log: str) -> Batch:
    """The batch of these predictions in their order, after the log's last one."""
    first = 0 if last is None else last.next_index
    tree = tree_of(members, first)
    return batch_after(last, len(tree), tree.root, chain_id=chain_id, log=log)


def tree_of(members: list[Promised], first_index: int) -> MerkleTree:
    """The tree of a batch's predictions."""
    return MerkleTree(
        [leaf_of(first_index + place, each.prediction) for place, each in enumerate(members)]
    )


def _key(db: Connection, batch_id: bytes) -> str:
    """A key that no earlier, failed transaction of the same batch has."""
    number = 0
    while transactions.named(db, key := f"anchor:{batch_id.hex()[:48]}:{number}") is not None:
        number += 1
    return key
