"""Receipts of a bundled model, made as a node makes them, on a chain that is not there."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from eth_account import Account

from oracle.core.prediction import Prediction, subject_of
from oracle.core.promise import Promise, promise_digest
from oracle.core.receipt import Place, PlainInput, Receipt
from oracle.inference.folder import StoredModel, load_model
from oracle.inference.runtime import runtime_record
from oracle.node.committee.ballot import sign

ROOT = Path(__file__).resolve().parents[2]
OPERATOR = Account.from_key(b"\x11" * 32)
CHAIN_ID = 31337
CONTRACT = "0x" + "c0" * 20
LOG = "0x" + "a0" * 20
PREDICTED_AT = 1_900_000_000
ANCHOR_BY = PREDICTED_AT + 600


@cache
def model() -> StoredModel:
    return load_model(ROOT / "models" / "credit-default")


def prediction(vector: int = 0, reference: str = "loan 1") -> Prediction:
    said = model().vectors[vector]
    return Prediction(
        model_id=model().model_id,
        subject=subject_of(reference),
        input_hash=said.input_hash,
        output_hash=said.output_hash,
        value=said.value,
        confidence=said.confidence,
        predicted_at=PREDICTED_AT,
    )


def place(number: int = 100, *, timestamp: int = PREDICTED_AT + 60) -> Place:
    return Place(
        transaction=bytes([number % 256]) * 32,
        block_number=number,
        block_hash=bytes([number % 256 + 1]) * 32,
        timestamp=timestamp,
    )


def pending(vector: int = 0, reference: str = "loan 1") -> Receipt:
    said = prediction(vector, reference)
    digest = promise_digest(chain_id=CHAIN_ID, log=LOG, prediction=said, anchor_by=ANCHOR_BY)
    return Receipt(
        card=model().card,
        input=PlainInput(octets=model().vectors[vector].input),
        outputs=model().vectors[vector].outputs,
        prediction=said,
        runtime=runtime_record(),
        chain_id=CHAIN_ID,
        contract=CONTRACT,
        operator=str(OPERATOR.address),
        promise=Promise(log=LOG, anchor_by=ANCHOR_BY, signature=sign(OPERATOR, digest)),
    )
