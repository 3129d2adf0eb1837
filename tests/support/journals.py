"""Rows of a journal, for its tests."""

from __future__ import annotations

from dataclasses import replace

from oracle.core.lifecycle import Origin, Request, State
from oracle.core.prediction import Prediction
from oracle.core.transaction import Transaction

IDENTITY = {"chain_id": "31337", "operator": "0xabc"}


MODEL = b"m" * 32


def request_about(subject: int, **changes: object) -> Request:
    return replace(
        Request(
            model_id=MODEL,
            subject=subject.to_bytes(32, "big"),
            origin=Origin.CHAIN,
            input=b"\x01\x02",
            state=State.SEEN,
            deadline=100,
            callback_gas=50_000,
            fee_gwei=7,
            requester="0x" + "11" * 20,
            block_number=subject,
            block_hash=b"h" * 32,
            log_index=1,
            tx_hash=b"t" * 32,
        ),
        **changes,
    )


def prediction_about(subject: int) -> Prediction:
    return Prediction(
        model_id=MODEL,
        subject=subject.to_bytes(32, "big"),
        input_hash=b"i" * 32,
        output_hash=b"o" * 32,
        value=-(2**127),
        confidence=999_999,
        predicted_at=2**40 - 1,
    )


def transaction_about(subject: int, **changes: object) -> Transaction:
    return replace(
        Transaction(
            key=f"key:{subject}",
            model_id=MODEL,
            subject=subject.to_bytes(32, "big"),
            to=b"c" * 20,
            data=b"\xff",
            gas=100_000,
        ),
        **changes,
    )
