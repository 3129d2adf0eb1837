"""A gasless read as a prediction: the same on every node that is asked at the same block."""

from __future__ import annotations

from eth_utils.crypto import keccak

from oracle.chain.gateway import gateway_spec
from oracle.core.errors import InferenceError
from oracle.core.prediction import Prediction
from oracle.core.reading import reading_subject
from oracle.node.parts import Parts

OLDEST_BLOCK = 600
"""Seconds that the asking block may be behind the chain's head: none is answered for the past."""


def gateway_of(parts: Parts) -> str:
    """The gateway of this node's chain and contract, whether it is deployed or not."""
    return str(gateway_spec(parts.contract.address).address)


def subject_of_read(
    parts: Parts, gateway: str, model_id: bytes, input_hash: bytes, at: int
) -> bytes:
    """What a prediction that answers a read is about."""
    return reading_subject(
        chain_id=parts.chain_id,
        gateway=gateway,
        model_id=model_id,
        input_hash=input_hash,
        predicted_at=at,
    )


async def read_prediction(
    parts: Parts, gateway: str, model_id: bytes, message: bytes, at: int
) -> Prediction:
    """What this node's model says about an input.

    Args:
        message: the input bytes.
        at: the asking block's Unix time, which becomes the prediction's.

    Raises:
        NotFound: the node does not serve the model.
        InvalidInput: the input does not fit the card.
        InferenceError: the model failed, or is unfit on this machine.
    """
    unfit = parts.unfit.get(model_id)
    if unfit is not None:
        raise InferenceError(
            f"the model's golden vectors do not agree on this machine: {unfit}",
            remedy="ask another node, or mend this one: oracle doctor",
        )
    outputs = await parts.engine.infer(model_id, message)
    input_hash = keccak(message)
    return outputs.prediction(
        model_id=model_id,
        subject=subject_of_read(parts, gateway, model_id, input_hash, at),
        input_hash=input_hash,
        predicted_at=at,
    )
