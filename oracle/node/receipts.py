"""Receipts of what this node decided or followed, built from its journal and the chain."""

from __future__ import annotations

import asyncio

from sqlalchemy.engine import Connection

from oracle.chain.events import DecisionLog
from oracle.core.errors import Conflict, NotFound
from oracle.core.lifecycle import OPEN, Origin
from oracle.core.private_input import hide_all, seal_input
from oracle.core.receipt import PlainInput, PrivateInput, Receipt
from oracle.evidence.store import Name
from oracle.journal import inputs, promises, requests
from oracle.journal.chain_view import DecisionRecord
from oracle.node.accept import Account, account_of
from oracle.node.parts import Parts
from oracle.verify.build import Said, receipt_of


async def decision_receipt(
    parts: Parts, model_id: bytes, subject: bytes, *, trusted: bool
) -> Receipt:
    """The receipt of a decision.

    Args:
        trusted: whether the caller may see what is not on chain; another sees a private input
            with all fields hidden.

    Raises:
        NotFound: there is no such decision, or its model or input is not kept here.
        Conflict: it is not decided yet, or its input is for the operator's own eyes.
        VerificationError: this machine does not get the decision's outputs.
        ChainError: the chain can not be read.
    """
    account = await account_of(parts, model_id, subject)
    if account.decision is None:
        raise Conflict(f"0x{subject.hex()} is not decided yet", remedy="ask again when it is final")
    model = parts.engine.store.find(model_id)
    octets = await _octets(parts, account, account.decision)
    given: PlainInput | PrivateInput = PlainInput(octets=octets)
    if account.salt is not None:
        given = seal_input(model.card, octets, account.salt)
    elif not trusted and not account.is_input_on_chain:
        raise Conflict(
            "the receipt shows an input that is not on chain",
            remedy="ask with an API key, or ask the operator for the receipt",
        )
    outputs = await parts.engine.infer(model_id, octets)
    receipt = await receipt_of(
        parts.contract,
        log_of(account.decision),
        Said(
            card=model.card,
            input=given,
            outputs=outputs.encoded,
            runtime=parts.engine.runtime(model_id),
            rule=model.policy.rule if model.policy else None,
        ),
    )
    return receipt if trusted else hide_all(receipt)


async def forget_input(parts: Parts, model_id: bytes, subject: bytes) -> None:
    """Delete a private input and its salt, for good: nothing leads from the chain back to it.

    Raises:
        NotFound: there is no private input of that decision.
        Conflict: it is still needed, because the decision is under way.
    """

    def forget(db: Connection) -> bool:
        request = requests.find(db, model_id, subject)
        if request is not None and request.state in OPEN:
            raise Conflict(
                f"0x{subject.hex()} is under way", remedy="forget its input when it is final"
            )
        return inputs.forget(db, model_id, subject)

    if not await parts.journal.write(forget):
        raise NotFound(
            f"no private input of 0x{subject.hex()} is kept here",
            remedy="only inputs that were sent as private can be forgotten",
        )


async def _octets(parts: Parts, account: Account, decision: DecisionRecord) -> bytes:
    if account.request is not None:
        if account.request.input:
            return account.request.input
        if account.request.origin is Origin.API:
            raise NotFound(
                "the input was forgotten", remedy="who asked for the decision may have a receipt"
            )
    said = decision.prediction
    promised = await parts.journal.read(lambda db: promises.about(db, said.subject, said.model_id))
    for each in promised:
        if each.prediction == said:
            return each.input
    if parts.evidence is not None:
        name = Name(algorithm="keccak256", digest=decision.prediction.input_hash)
        return await asyncio.to_thread(parts.evidence.get, name)
    raise NotFound("the input is not kept here", remedy="ask who sent it")


def log_of(record: DecisionRecord) -> DecisionLog:
    """The event that a decision was recorded from."""
    return DecisionLog(
        block_number=record.block_number,
        block_hash=record.block_hash,
        tx_hash=record.tx_hash,
        log_index=record.log_index,
        prediction=record.prediction,
        verdict=record.verdict,
        trust_level=record.trust_level,
    )
