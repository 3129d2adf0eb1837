"""A prediction as JSON: the Solidity names, words as hex, the value as a text of digits."""

from __future__ import annotations

from oracle.core.canonical import Json
from oracle.core.prediction import PPM, UINT40_MAX, Prediction
from oracle.core.strict_json import Fields

WORD, SIGNATURE, ADDRESS = r"0x[0-9a-f]{64}", r"0x[0-9a-f]{128}", r"0x[0-9a-fA-F]{40}"
OCTETS = r"0x([0-9a-f]{2})*"
INTEGER = r"0|-?[1-9][0-9]{0,38}"


def prediction_to_json(prediction: Prediction) -> dict[str, Json]:
    """The JSON object of a prediction."""
    return {
        "modelId": hex_of(prediction.model_id),
        "subject": hex_of(prediction.subject),
        "inputHash": hex_of(prediction.input_hash),
        "outputHash": hex_of(prediction.output_hash),
        "value": str(prediction.value),
        "confidence": prediction.confidence,
        "predictedAt": prediction.predicted_at,
    }


def read_prediction(fields: Fields) -> Prediction:
    """The prediction in such an object.

    Raises:
        InvalidInput: unknown or missing fields, or values that no prediction has.
    """
    found = Prediction(
        model_id=read_word(fields, "modelId"),
        subject=read_word(fields, "subject"),
        input_hash=read_word(fields, "inputHash"),
        output_hash=read_word(fields, "outputHash"),
        value=int(fields.text("value", pattern=INTEGER, hint="an integer as a text")),
        confidence=fields.integer("confidence", low=0, high=PPM),
        predicted_at=fields.integer("predictedAt", low=1, high=UINT40_MAX),
    )
    fields.done()
    return found


def read_word(fields: Fields, name: str) -> bytes:
    """32 bytes of lower-case hex."""
    return read_octets(fields, name, WORD, "0x and 64 lower-case hex digits")


def read_octets(
    fields: Fields, name: str, pattern: str = OCTETS, hint: str = "0x and lower-case hex digits"
) -> bytes:
    """Bytes of lower-case hex."""
    return bytes.fromhex(fields.text(name, pattern=pattern, hint=hint)[2:])


def read_address(fields: Fields, name: str) -> str:
    """An address, as it is written."""
    return fields.text(name, pattern=ADDRESS, hint="an address: 0x and 40 hex digits")


def hex_of(octets: bytes) -> str:
    """``0x`` and lower-case hex digits."""
    return "0x" + octets.hex()
