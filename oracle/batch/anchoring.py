"""One root in one transaction, whatever happens in between.

The signed transaction is written down before it is sent. After a crash the log is asked first: it
has the batch, or the very same bytes are sent again; they name the batch before, so they succeed
once at most. Only where another batch has taken the place are the leaves numbered anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from eth_utils.crypto import keccak

from oracle.batch.record import AnchorRecord, read_record, write_record
from oracle.chain.anchor import AnchorLog, encode_anchor, encode_anchor_vouched
from oracle.chain.signer import AccountSigner
from oracle.chain.wire import TxReceipt
from oracle.core.anchor import Batch, batch_after
from oracle.core.errors import ChainError, Conflict, Reverted, Transient
from oracle.core.receipt import Place

TRIES = 5

Root = Callable[[int], bytes]
"""The root of a batch from an index on, computed where it is not stored."""

Vouch = Callable[[Batch], tuple[int, bytes]]
"""The time in the prediction that a batch is vouched for as, and the evidence for it."""


async def anchor(
    folder: Path,
    rows: int,
    log: AnchorLog,
    signer: AccountSigner,
    recorder: Recorder,
    root_of: Root,
    vouch: Vouch | None = None,
) -> AnchorRecord:
    """Bring a batch's root into the log, once.

    Args:
        folder: the batch's.
        signer: of the log's anchorer, or of anybody where it is vouched for; with ``recorder``
            told of what it signs.
        root_of: gives the root for where the log stands.
        vouch: gives what the log's anchorer takes as evidence for the batch.

    Raises:
        Conflict: the folder's batch is of another log or chain, or another was vouched for.
        ChainError: the log refuses, or can not be reached; run it again.
    """
    for _ in range(TRIES):
        known = read_record(folder)
        if known is not None:
            settled = await _settle(folder, known, log, signer)
            if settled is not None:
                return settled
        last = await log.last()
        root = root_of(0 if last is None else last.next_index)
        batch = batch_after(last, rows, root, chain_id=log.rpc.chain_id, log=log.address)
        if vouch is None:
            calldata = encode_anchor(last, batch)
        else:
            calldata = encode_anchor_vouched(last, batch, *vouch(batch))
        recorder.about = AnchorRecord(
            chain_id=log.rpc.chain_id,
            log=log.address,
            operator=signer.address if vouch is None else None,
            batch=batch,
            raw=b"",
        )
        try:
            receipt = await signer.send_transaction(to=log.address, calldata=calldata)
        except Reverted:
            if await log.last() == last:
                raise
            continue  # another batch came first
        return await _mined(folder, recorder.about, receipt, log)
    raise Transient(
        f"other batches took the place in the log {log.address} {TRIES} times",
        remedy="run it again when the log is less busy",
    )


class Recorder:
    """Writes a signed transaction into the batch's folder before it is sent."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.about: AnchorRecord

    def __call__(self, raw: bytes) -> None:
        """Keep the signed bytes."""
        self.about = replace(self.about, raw=raw)
        write_record(self._folder, self.about)


async def _settle(
    folder: Path, known: AnchorRecord, log: AnchorLog, signer: AccountSigner
) -> AnchorRecord | None:
    """What became of a recorded transaction; None where it can have no effect any more."""
    if (known.chain_id, known.log) != (log.rpc.chain_id, log.address):
        raise Conflict(
            f"{folder} is of the log {known.log} on chain {known.chain_id}",
            remedy="name that log and network, or run the batch into a new folder",
        )
    stored = await log.batch_id(known.batch.number)
    if stored is None:
        try:
            receipt = await signer.send_again(known.raw)
        except Transient:
            raise
        except ChainError:
            if await log.batch_id(known.batch.number) is not None:
                return await _settle(folder, known, log, signer)
            return None  # its nonce is spent and the log does not have it: it can not come
        return await _mined(folder, known, receipt, log) if receipt.succeeded else None
    if stored != known.batch_id:
        return None  # another batch has the number: the transaction can only revert
    (mined,) = await log.rpc.receipts([keccak(known.raw)])
    if mined is None:
        found = await log.anchored(known.batch.number)
        (mined,) = await log.rpc.receipts([found.tx_hash]) if found else (None,)
    if mined is None:
        raise Transient(
            f"the log has batch {known.batch.number}, the endpoint not its transaction",
            remedy="try again in a moment",
        )
    return await _mined(folder, known, mined, log)


async def _mined(
    folder: Path, record: AnchorRecord, receipt: TxReceipt, log: AnchorLog
) -> AnchorRecord:
    block = await log.rpc.block(receipt.block_hash)
    done = replace(
        record,
        place=Place(
            transaction=receipt.tx_hash,
            block_number=receipt.block_number,
            block_hash=receipt.block_hash,
            timestamp=block.timestamp,
        ),
    )
    write_record(folder, done)
    return done
