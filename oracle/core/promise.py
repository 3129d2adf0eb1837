"""An operator's promise: this prediction will be in the anchor log by then.

It is what a caller holds before anything is on chain, signed over EIP-712 in the domain of the
anchor log, so it promises nothing of another log or chain.
"""

from __future__ import annotations

from dataclasses import dataclass

from eth_utils.crypto import keccak

from oracle.core.errors import InvalidInput
from oracle.core.prediction import PREDICTION_TYPES, UINT40_MAX, Prediction
from oracle.core.quorum import COMPACT_SIGNATURE
from oracle.core.typed_data import TypedMessage, type_of

PROMISE_TYPES = {
    "Promise": {"prediction": "Prediction", "anchorBy": "uint40"},
    **PREDICTION_TYPES,
}
PROMISE_TYPEHASH = keccak(text=type_of("Promise", PROMISE_TYPES))


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """A signed promise.

    Attributes:
        log: the anchor log's address.
        anchor_by: Unix seconds; the latest block time at which the batch is on chain.
        signature: the operator's, compact (EIP-2098), over ``promise_digest``.
    """

    log: str
    anchor_by: int
    signature: bytes

    def __post_init__(self) -> None:
        if len(self.signature) != COMPACT_SIGNATURE:
            raise InvalidInput(
                f"the promise's signature has {len(self.signature)} bytes",
                remedy=f"a compact one (EIP-2098) has {COMPACT_SIGNATURE}",
            )


def promise_message(
    *, chain_id: int, log: str, prediction: Prediction, anchor_by: int
) -> TypedMessage:
    """What the operator signs.

    Raises:
        InvalidInput: the time does not fit uint40.
    """
    if not 0 < anchor_by <= UINT40_MAX:
        raise InvalidInput(
            f"anchorBy {anchor_by} is not a Unix time in seconds",
            remedy="give seconds since 1970 that fit uint40",
        )
    return TypedMessage(
        chain_id=chain_id,
        contract=log,
        primary_type="Promise",
        types=PROMISE_TYPES,
        content={"prediction": prediction.as_typed(), "anchorBy": str(anchor_by)},
        struct_hash=keccak(
            PROMISE_TYPEHASH + prediction.struct_hash() + anchor_by.to_bytes(32, "big")
        ),
    )


def promise_digest(*, chain_id: int, log: str, prediction: Prediction, anchor_by: int) -> bytes:
    """The digest of that, 32 bytes; raises as ``promise_message``."""
    return promise_message(
        chain_id=chain_id, log=log, prediction=prediction, anchor_by=anchor_by
    ).digest
