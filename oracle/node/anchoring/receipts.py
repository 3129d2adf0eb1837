"""Receipts of promised predictions, as far as each has come; proofs are made when asked for."""

from __future__ import annotations

import json

from sqlalchemy.engine import Connection

from oracle.core.anchor import encode_evidence
from oracle.core.errors import Conflict, NotFound
from oracle.core.lifecycle import OPEN
from oracle.core.private_input import hide_all, seal_input
from oracle.core.promise import Promise
from oracle.core.receipt import Anchor, Place, PlainInput, PrivateInput, Receipt
from oracle.core.transaction import Purpose, Transaction, TxState, answer_gas
from oracle.journal import promises, transactions
from oracle.node.anchoring.anchorer import tree_of
from oracle.node.anchoring.filed import Filed, find_filed, relay_key
from oracle.node.parts import Parts
from oracle.node.receipts import log_of
from oracle.node.vouch import head
from oracle.verify.build import Said
from oracle.verify.build import receipt_of as decided_receipt

PROOF_GAS = 40_000
"""What the longest proof takes beside an answer."""


async def promised_receipt(
    parts: Parts, word: bytes, model_id: bytes | None, *, trusted: bool
) -> Receipt | None:
    """The receipt with this id, or of the prediction about this subject: that which was decided
    on, or the latest where there is no decision. None where nothing was promised about it.

    Args:
        model_id: of which model, where several were promised about the subject.
        trusted: whether the caller may see what is not on chain; another sees a private input
            with all fields hidden.

    Raises:
        Conflict: it shows an input that the caller may not see, or several models are meant.
        NotFound: its input was forgotten.
    """
    found = await parts.journal.read(lambda db: find_filed(db, word, model_id))
    if found is None:
        return None
    if not trusted and not found.is_public and found.salt is None and found.promised.input:
        raise Conflict(
            "the receipt shows an input that is not on chain",
            remedy="ask with an API key, or ask the operator for the receipt",
        )
    receipt = await receipt_of(parts, found)
    return receipt if trusted else hide_all(receipt)


async def receipt_of(parts: Parts, each: Filed) -> Receipt:
    """The receipt as it stands: pending, anchored with its proof, or decided.

    Raises:
        NotFound: the model is not served any more, or the input was forgotten.
        ChainError: a block or the deciding transaction can not be read.
    """
    promised = each.promised
    receipt = Receipt(
        card=parts.engine.card(promised.prediction.model_id),
        input=_input_of(parts, each),
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
    if each.is_anchored:
        receipt = receipt.with_anchor(await _anchor_of(parts, each))
    if each.decision is None:
        return receipt
    policy = parts.engine.store.find(promised.prediction.model_id).policy
    said = Said(
        card=receipt.card,
        input=receipt.input,
        outputs=receipt.outputs,
        runtime=receipt.runtime,
        rule=policy.rule if policy else None,
    )
    built = await decided_receipt(parts.contract, log_of(each.decision), said)
    return receipt if built.decision is None else receipt.with_decision(built.decision)


def _input_of(parts: Parts, each: Filed) -> PlainInput | PrivateInput:
    promised = each.promised
    if not promised.input:
        raise NotFound(
            "the input was forgotten", remedy="who asked for the prediction may have a receipt"
        )
    if each.salt is None:
        return PlainInput(octets=promised.input)
    card = parts.engine.card(promised.prediction.model_id)
    return seal_input(card, promised.input, each.salt)


async def _anchor_of(parts: Parts, each: Filed) -> Anchor:
    batch, index, transaction = each.batch, each.index, each.transaction
    assert batch is not None
    assert index is not None
    assert transaction is not None
    block = await parts.rpc.block(transaction.block_hash)
    return Anchor(
        log=each.promised.log,
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


async def proof_of(parts: Parts, each: Filed) -> tuple[bytes, ...]:
    """The path from a prediction's leaf to its batch's root, from the batch's predictions."""
    promised, batch = each.promised, each.batch
    assert promised.batch_id is not None
    assert promised.position is not None
    assert batch is not None
    batch_id, first = promised.batch_id, batch.first_index
    members = await parts.journal.read(lambda db: promises.members_of(db, batch_id))
    return tree_of(members, first).proof(promised.position)


def relay_gas(callback_gas: int) -> int:
    """Limit of a transaction that decides on an anchored prediction, with a callback or none."""
    return answer_gas(callback_gas) + PROOF_GAS


async def relay(parts: Parts, each: Filed) -> Transaction:
    """Queue the transaction that makes a decision of an anchored prediction.

    Raises:
        Conflict: it is not anchored yet, or the node answers its request by itself.
        Reverted: the contract would refuse it: the model has another attestor, the subject is
            decided, or the prediction is too old.
    """
    if each.relay is not None and each.relay.state is not TxState.DROPPED:
        return each.relay
    if each.request is not None and each.request.state in OPEN:
        raise Conflict(
            f"the node answers 0x{each.request.subject.hex()} by itself",
            remedy="wait for it: GET /api/decisions/{subject}",
        )
    if not each.is_anchored or each.batch is None or each.index is None:
        raise Conflict(
            f"the prediction about 0x{each.promised.prediction.subject.hex()} is not anchored yet",
            remedy="ask again when its receipt has an anchor",
        )
    said = each.promised.prediction
    evidence = encode_evidence(each.batch, each.index, await proof_of(parts, each))
    calldata = parts.contract.encode_relay_decision(said, evidence)
    request = await parts.contract.request_of(said.model_id, said.subject, block=head(parts))
    gas = relay_gas(request.callback_gas if request else 0)
    (fault,) = await parts.contract.simulate_many(
        [(calldata, gas)], sender=parts.operator, block=head(parts)
    )
    if fault is not None:
        raise fault
    transaction = Transaction(
        key=relay_key(each.promised),
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
