"""Gasless reads: the subject of a prediction that answers one, and what its operator signs.

``DecisionGateway`` derives both again and holds every answer to them; the tests hold both sides to
each other.
"""

from __future__ import annotations

from eth_utils.crypto import keccak

from oracle.core.prediction import Prediction
from oracle.core.typed_data import typed_digest


def reading_subject(
    *, chain_id: int, gateway: str, model_id: bytes, input_hash: bytes, predicted_at: int
) -> bytes:
    """The subject of what a model says about an input at a time, 32 bytes.

    The time is in it, so another prediction about the same input is one about another subject. It
    begins with a zero byte, as no request's id does.

    Args:
        gateway: its address ``0x…``.
        predicted_at: Unix seconds.
    """
    bound = keccak(
        chain_id.to_bytes(32, "big")
        + bytes.fromhex(gateway[2:]).rjust(32, b"\0")
        + model_id
        + input_hash
        + predicted_at.to_bytes(32, "big")
    )
    return b"\0" + bound[:31]


def reading_digest(*, chain_id: int, gateway: str, prediction: Prediction) -> bytes:
    """What an operator signs so that the gateway takes a prediction (EIP-712), 32 bytes; no other
    contract takes it.
    """
    return typed_digest(chain_id, gateway, prediction.struct_hash())
