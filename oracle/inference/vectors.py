"""Golden vectors: real inputs with the outputs they must give, beside every model.

They tell at start whether this machine's runtime agrees, and give JavaScript and Solidity the same
examples. Integers beyond 2**53 are texts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from oracle.core.canonical import Json
from oracle.core.strict_json import Fields, parse_json

_HEX = r"0x([0-9a-f]{2})*"
_WORD = r"0x[0-9a-f]{64}"
_INTEGER = re.compile(r"-?[0-9]{1,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """One input and what the model must say about it.

    Attributes:
        note: where the input comes from, in words.
        input: the input bytes.
        features: the same as decimal texts or labels by feature, of a packed input.
        input_hash, output_hash: 32 bytes each.
        outputs: the rounded outputs in the ``tensors`` encoding.
        value, confidence: as in a prediction.
        verdict: what the model's policy makes of it, ``NONE`` without a policy.
    """

    note: str
    input: bytes
    features: dict[str, str]
    input_hash: bytes
    outputs: bytes
    output_hash: bytes
    value: int
    confidence: int
    verdict: str


def parse_vectors(text: str | bytes) -> tuple[Vector, ...]:
    """The vectors in a ``vectors.json``.

    Raises:
        InvalidInput: unknown or missing fields, or values of another form.
    """
    top = Fields(parse_json(text, "vectors"), "vectors")
    vectors = tuple(_vector(fields) for fields in top.objects("vectors", empty=True))
    top.done()
    return vectors


def vectors_to_json(vectors: Sequence[Vector]) -> dict[str, Json]:
    """The JSON of ``vectors.json``."""
    return {
        "vectors": [
            {
                "note": vector.note,
                "features": dict(vector.features),
                "input": "0x" + vector.input.hex(),
                "inputHash": "0x" + vector.input_hash.hex(),
                "outputs": "0x" + vector.outputs.hex(),
                "outputHash": "0x" + vector.output_hash.hex(),
                "value": str(vector.value),
                "confidence": vector.confidence,
                "verdict": vector.verdict,
            }
            for vector in vectors
        ]
    }


def _vector(fields: Fields) -> Vector:
    vector = Vector(
        note=fields.text("note"),
        features=fields.texts_by_name("features"),
        input=_octets(fields, "input", _HEX),
        input_hash=_octets(fields, "inputHash", _WORD),
        outputs=_octets(fields, "outputs", _HEX),
        output_hash=_octets(fields, "outputHash", _WORD),
        value=int(fields.text("value", pattern=_INTEGER.pattern, hint="an integer as a text")),
        confidence=fields.integer("confidence", low=0, high=1_000_000),
        verdict=fields.text("verdict", pattern="NONE|REJECT|ACCEPT|REVIEW", hint="a verdict"),
    )
    fields.done()
    return vector


def _octets(fields: Fields, name: str, pattern: str) -> bytes:
    return bytes.fromhex(fields.text(name, pattern=pattern, hint="0x and hex digits")[2:])
