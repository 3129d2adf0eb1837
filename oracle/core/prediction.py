"""A prediction: what a model said, as one claim that can be hashed, signed and sent.

The fields, their order and their widths are those of ``struct Prediction`` in
``contracts/types/Prediction.sol``; the tests hold both to ``tests/vectors/prediction.json``.
"""

from __future__ import annotations

from dataclasses import dataclass

from eth_utils.crypto import keccak

from oracle.core.errors import InvalidInput
from oracle.core.typed_data import TypedMessage, type_of

INT128_MIN = -(2**127)
INT128_MAX = 2**127 - 1
PPM = 1_000_000
UINT40_MAX = 2**40 - 1

REQUEST_TAG = bytes.fromhex("d0ec1510")
"""First four bytes of every on-chain request's id; no other subject may begin with them."""

PREDICTION_TYPES = {
    "Prediction": {
        "modelId": "bytes32",
        "subject": "bytes32",
        "inputHash": "bytes32",
        "outputHash": "bytes32",
        "value": "int128",
        "confidence": "uint32",
        "predictedAt": "uint40",
    }
}
PREDICTION_TYPE = type_of("Prediction", PREDICTION_TYPES)
PREDICTION_TYPEHASH = keccak(text=PREDICTION_TYPE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What a model said about one subject.

    Attributes:
        model_id: keccak256 of the model card's canonical JSON, 32 bytes.
        subject: an on-chain request's id, or the operator's own reference, 32 bytes.
        input_hash: keccak256 of the input bytes.
        output_hash: keccak256 of the rounded outputs' canonical encoding.
        value: int128, in units of 10**-decimals of the card's head.
        confidence: parts per million; 0 means not stated.
        predicted_at: Unix time in seconds, uint40.
    """

    model_id: bytes
    subject: bytes
    input_hash: bytes
    output_hash: bytes
    value: int
    confidence: int
    predicted_at: int

    def __post_init__(self) -> None:
        for name in ("model_id", "subject", "input_hash", "output_hash"):
            word = getattr(self, name)
            if len(word) != 32:
                raise InvalidInput(
                    f"{name} has {len(word)} bytes: 0x{word.hex()}", remedy="give exactly 32 bytes"
                )
        if not INT128_MIN <= self.value <= INT128_MAX:
            raise InvalidInput(
                f"value {self.value} does not fit int128",
                remedy="lower the decimals of the card's head",
            )
        if not 0 <= self.confidence <= PPM:
            raise InvalidInput(
                f"confidence {self.confidence} is outside 0 … {PPM}",
                remedy="state it in parts per million, 0 for none",
            )
        if not 0 < self.predicted_at <= UINT40_MAX:
            raise InvalidInput(
                f"predictedAt {self.predicted_at} is not a Unix time in seconds",
                remedy="give seconds since 1970 that fit uint40",
            )

    def as_abi(self) -> tuple[bytes, bytes, bytes, bytes, int, int, int]:
        """The struct as the ABI codec takes it, in the order of the Solidity fields."""
        return (
            self.model_id,
            self.subject,
            self.input_hash,
            self.output_hash,
            self.value,
            self.confidence,
            self.predicted_at,
        )

    def as_typed(self) -> dict[str, str]:
        """The struct as the JSON of EIP-712 has it."""
        return {
            "modelId": "0x" + self.model_id.hex(),
            "subject": "0x" + self.subject.hex(),
            "inputHash": "0x" + self.input_hash.hex(),
            "outputHash": "0x" + self.output_hash.hex(),
            "value": str(self.value),
            "confidence": str(self.confidence),
            "predictedAt": str(self.predicted_at),
        }

    def message(self, chain_id: int, contract: str) -> TypedMessage:
        """The prediction as it is signed for a contract: an attestor, or a gateway."""
        return TypedMessage(
            chain_id=chain_id,
            contract=contract,
            primary_type="Prediction",
            types=PREDICTION_TYPES,
            content=self.as_typed(),
            struct_hash=self.struct_hash(),
        )

    def struct_hash(self) -> bytes:
        """EIP-712 ``hashStruct`` of this prediction, 32 bytes."""
        return keccak(PREDICTION_TYPEHASH + self.encoded())

    def encoded(self) -> bytes:
        """``abi.encode(prediction)``, 224 bytes: the fields, a word each."""
        return (
            self.model_id
            + self.subject
            + self.input_hash
            + self.output_hash
            + self.value.to_bytes(32, "big", signed=True)
            + self.confidence.to_bytes(32, "big")
            + self.predicted_at.to_bytes(32, "big")
        )


def request_id(
    *,
    chain_id: int,
    contract: bytes,
    requester: bytes,
    nonce: int,
    model_id: bytes,
    input_hash: bytes,
) -> bytes:
    """The id of an on-chain request, 32 bytes.

    Tag (4) ‖ keccak256(abi.encode(chainId, contract, requester, nonce, modelId)) cut to 12 ‖
    inputHash cut to 16, so that the contract can hold an answer to the input that was asked.

    Args:
        contract, requester: addresses, 20 bytes each.
        nonce: the requester's count of earlier requests.
    """
    origin = keccak(
        chain_id.to_bytes(32, "big")
        + contract.rjust(32, b"\0")
        + requester.rjust(32, b"\0")
        + nonce.to_bytes(32, "big")
        + model_id
    )
    return REQUEST_TAG + origin[:12] + input_hash[:16]


def subject_of(reference: str) -> bytes:
    """The subject for an operator's own reference, 32 bytes.

    ``0x`` and 64 hexadecimal digits stand for themselves; of any other text it is keccak256.

    Raises:
        InvalidInput: the reference is empty, or looks like a request's id.
    """
    if not reference:
        raise InvalidInput("the subject is empty", remedy="name what the decision is about")
    if reference.startswith("0x") and len(reference) == 66:
        try:
            subject = bytes.fromhex(reference[2:])
        except ValueError:
            raise InvalidInput(
                f"subject {reference!r} is not hexadecimal",
                remedy="give 0x and 64 hex digits, or any other text",
            ) from None
    else:
        subject = keccak(text=reference)
    if subject.startswith(REQUEST_TAG):
        raise InvalidInput(
            f"subject {reference!r} begins with the tag of on-chain requests",
            remedy="use another reference; requests are answered by the node itself",
        )
    return subject
