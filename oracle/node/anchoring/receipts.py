"""Receipts of promised predictions, as far as each has come; proofs are made when asked for."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy.engine import Connection

from oracle.core.anchor import Batch, encode_evidence
from oracle.core.errors import Conflict, NotFound
from oracle.core.promise import Promise
from oracle.core.receipt import Anchor, Place, PlainInput, Receipt
from oracle.core.transaction import Purpose, Transaction, TxState, answer_gas
from oracle.journal import promises, transactions
from oracle.journal.promises import Promised
from oracle.node.anchoring.anchorer import tree_of
from oracle.node.parts import Parts
from oracle.node.vouch import head

RELAY_GAS = answer_gas(0) + 40_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """A promised prediction, its batch and the transaction that anchors it, once there are such."""

    promised: Promised
    batch: Batch | None
    transaction: Transaction | None
    relay: Transaction | None

    @property
    def is_anchored(self) -> bool:
        """Whether its batch is in a block."""
        mined = (TxState.MINED, TxState.FINAL)
        return self.transaction is not None and (
            self.transaction.state in mined and self.transaction.succeeded is True
        )

    @property
    def index(self) -> int | None:
        """Its index in the log, once its batch is closed."""
        if self.batch is None or self.promised.position is None:
            return None
        return self.batch.first_index + self.promised.position


async def filed(parts: Parts, receipt_id: bytes) -> Filed:
    """A promised prediction by its receipt's id.

    Raises:
        NotFound: this node promised no such prediction.
    """

    def read(db: Connection) -> Filed | None:
        found = promises.find(db, receipt_id)
        return None if found is None else _file(db, found)

    found = await parts.journal.read(read)
    if found is None:
        raise NotFound(f"no prediction has the receipt 0x{receipt_id.hex()}", remedy="check the id")
    return found


async def filed_about(parts: Parts, subject: bytes, model_id: bytes | None) -> list[Filed]:
    """The promised predictions about a subject, oldest first."""
    return await parts.journal.read(
        lambda db: [_file(db, each) for each in promises.about(db, subject, model_id)]
    )


async def promised_receipt(parts: Parts, receipt_id: bytes, *, trusted: bool) -> Receipt | None:
    """The receipt with this id; None where no promise has it.

    Raises:
        Conflict: it shows an input that is not on chain, and the caller may not see that.
    """

    def read(db: Connection) -> Filed | None:
        found = promises.find(db, receipt_id)
        return None if found is None else _file(db, found)

    found = await parts.journal.read(read)
    if found is None:
        return None
    if not trusted:
        raise Conflict(
            "the receipt shows an input that is not on chain",
            remedy="ask with an API key, or ask the operator for the receipt",
        )
    return await receipt_of(parts, found)


async def receipt_of(parts: Parts, each: Filed) -> Receipt:
    """The receipt as it stands: pending, or anchored with its proof.

    Raises:
        NotFound: the model is not served any more.
        ChainError: the anchoring block can not be read.
    """
    promised = each.promised
    receipt = Receipt(
        card=parts.engine.card(promised.prediction.model_id),
        input=PlainInput(octets=promised.input),
        outputs=promised.outputs,
        prediction=promised.prediction,
        runtime=json.loads(promised.runtime),
        chain_id=parts.chain_id,
        contract=parts.contract.address,
        operator=parts.operator,
        promise=Promise(
            log=promised.log, anchor_by=promised.anchor_by, signature=promised.signature
        ),
    )
    if not each.is_anchored:
        return receipt
    batch, index, transaction = each.batch, each.index, each.transaction
    assert batch is not None
    assert index is not None
    assert transaction is not None
    block = await parts.rpc.block(transaction.block_hash)
    return receipt.with_anchor(
        Anchor(
            log=promised.log,
            batch=batch,
            index=index,
            proof=await proof_of(parts, each),
            place=Place(
                transaction=transaction.mined_hash,
                block_number=block.number,
                block_hash=block.hash,
                timestamp=block.timestamp,
            ),
        )
    )


async def proof_of(parts: Parts, each: Filed) -> tuple[bytes, ...]:
    """The path from a prediction's leaf to its batch's root, from the batch's predictions."""
    promised, batch = each.promised, each.batch
    assert promised.batch_id is not None
    assert promised.position is not None
    assert batch is not None
    batch_id, first = promised.batch_id, batch.first_index
    members = await parts.journal.read(lambda db: promises.members_of(db, batch_id))
    return tree_of(members, first).proof(promised.position)


async def relay(parts: Parts, each: Filed) -> Transaction:
    """Queue the transaction that makes a decision of an anchored prediction.

    Raises:
        Conflict: it is not anchored yet.
        Reverted: the contract would refuse it: the model has another attestor, the subject is
            decided, or the prediction is too old.
    """
    if each.relay is not None and each.relay.state is not TxState.DROPPED:
        return each.relay
    if not each.is_anchored or each.batch is None or each.index is None:
        raise Conflict(
            f"the prediction about 0x{each.promised.prediction.subject.hex()} is not anchored yet",
            remedy="ask again when its receipt has an anchor",
        )
    said = each.promised.prediction
    evidence = encode_evidence(each.batch, each.index, await proof_of(parts, each))
    calldata = parts.contract.encode_relay_decision(said, evidence)
    request = await parts.contract.request_of(said.model_id, said.subject, block=head(parts))
    gas = RELAY_GAS + (answer_gas(request.callback_gas) - answer_gas(0) if request else 0)
    (fault,) = await parts.contract.simulate_many(
        [(calldata, gas)], sender=parts.operator, block=head(parts)
    )
    if fault is not None:
        raise fault
    transaction = Transaction(
        key=_relay_key(each.promised),
        model_id=said.model_id,
        subject=said.subject,
        to=bytes.fromhex(parts.contract.address[2:]),
        data=calldata,
        gas=gas,
        purpose=Purpose.RELAY,
    )

    def record(db: Connection) -> Transaction:
        transactions.queue(db, parts.chain_id, parts.operator, transaction)
        queued = transactions.named(db, transaction.key)
        assert queued is not None
        return queued

    queued = await parts.journal.write(record)
    parts.to_send.set()
    return queued


def _file(db: Connection, promised: Promised) -> Filed:
    batch = transaction = None
    if promised.batch_id is not None:
        closed = promises.batch_of(db, promised.batch_id)
        if closed is not None:
            batch = closed[0]
            transaction = transactions.named(db, closed[1])
    relayed = transactions.named(db, _relay_key(promised))
    return Filed(promised=promised, batch=batch, transaction=transaction, relay=relayed)


def _relay_key(promised: Promised) -> str:
    return f"relay:{promised.receipt_id.hex()[:56]}"
