"""The JSON Schema of receipts, published as ``docs/receipt.schema.json``.

It says what a receipt looks like to those who read one with other tools; ``receipt_reader`` is
stricter, and neither says whether a receipt is true.
"""

from __future__ import annotations

from oracle.core.canonical import Json
from oracle.core.model_card import SCHEMA as CARD_SCHEMA
from oracle.core.prediction import PPM, UINT40_MAX
from oracle.core.prediction_json import ADDRESS, INTEGER, OCTETS, SIGNATURE, WORD
from oracle.core.quorum import MAX_MEMBERS
from oracle.core.receipt import MAX_PROOF, SCHEMA
from oracle.core.round_json import DIGITS

_SAFE = 2**53 - 1
_NAME = r"[^\x00]+"
_ATTESTED = ("quorum", "sealed", "anchor", "other")


def receipt_schema() -> dict[str, Json]:
    """The schema, JSON Schema 2020-12."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:{SCHEMA.replace('/', ':')}",
        "title": "Receipt of a Decision Oracle",
        "description": "All that is needed to check one prediction: docs/receipts.md.",
        **_object(
            {
                "schema": {"const": SCHEMA},
                "card": _ref("card"),
                "input": {"oneOf": [_ref("plainInput"), _ref("privateInput")]},
                "outputs": _text(OCTETS, "Rounded outputs, in the tensors encoding."),
                "prediction": _ref("prediction"),
                "runtime": {"type": "object", "additionalProperties": {"type": "string"}},
                "chain": _object({"id": _integer(1, _SAFE), "contract": _ref("address")}),
            },
            {
                "operator": _ref("address"),
                "promise": _ref("promise"),
                "anchor": _ref("anchor"),
                "decision": _ref("decision"),
            },
        ),
        "anyOf": [{"required": [name]} for name in ("promise", "anchor", "decision")],
        "dependentRequired": {"promise": ["operator"]},
        "$defs": {
            "word": _text(WORD, "32 bytes."),
            "address": _text(ADDRESS, "20 bytes."),
            "uint64": _text(r"0|[1-9][0-9]{0,19}", "Digits."),
            "card": _card(),
            "plainInput": _object({"kind": {"const": "plain"}, "bytes": _text(OCTETS)}),
            "privateInput": _object(
                {
                    "kind": {"const": "private"},
                    "fields": {
                        "type": "array",
                        "minItems": 1,
                        "items": {"oneOf": [_shown(), _hidden()]},
                    },
                }
            ),
            "prediction": _prediction(),
            "promise": _object(
                {
                    "log": _ref("address"),
                    "anchorBy": _integer(1, UINT40_MAX),
                    "signature": _text(SIGNATURE, "EIP-712 Promise, compact (EIP-2098)."),
                }
            ),
            "batch": _object(
                {
                    "number": _ref("uint64"),
                    "firstIndex": _ref("uint64"),
                    "count": _integer(1, 2**32 - 1),
                    "root": _ref("word"),
                    "previous": _ref("word"),
                }
            ),
            "anchor": _object(
                {
                    "log": _ref("address"),
                    "batch": _ref("batch"),
                    "index": _ref("uint64"),
                    "proof": {"type": "array", "maxItems": MAX_PROOF, "items": _ref("word")},
                    **_place(),
                }
            ),
            "round": _round(),
            "decision": _object(
                {
                    **_place(),
                    "logIndex": _integer(0, 2**32),
                    "verdict": _integer(1, 3),
                    "trustLevel": _integer(1, 255),
                    "policy": _object({"contract": _ref("address")}, {"rule": _rule()}),
                    "evidence": {"oneOf": [_transaction(), *map(_attested, _ATTESTED)]},
                }
            ),
        },
    }


def _card() -> dict[str, Json]:
    parts: tuple[str, ...] = ("model", "input", "head", "limits", "batching", "provenance")
    return {
        "description": "The model card: docs/model-card.md; its hash is the prediction's modelId.",
        **_object(
            {
                "schema": {"const": CARD_SCHEMA},
                **{name: {"type": "string"} for name in ("name", "title", "description")},
                **{name: {"type": "object"} for name in parts},
                "outputs": {"type": "array", "minItems": 1, "items": {"type": "object"}},
                "tolerance": _integer(0, 2**31),
                "allow_non_finite_inputs": {"type": "boolean"},
            }
        ),
    }


def _prediction() -> dict[str, Json]:
    words = ("modelId", "subject", "inputHash", "outputHash")
    return _object(
        {
            **{name: _ref("word") for name in words},
            "value": _text(INTEGER, "int128 in units of the head's last decimal."),
            "confidence": _integer(0, PPM),
            "predictedAt": _integer(1, UINT40_MAX),
        }
    )


def _shown() -> dict[str, Json]:
    return _object({"name": _text(_NAME), "value": _text(OCTETS), "salt": _ref("word")})


def _hidden() -> dict[str, Json]:
    return _object({"name": _text(_NAME), "leaf": _ref("word")})


def _place() -> dict[str, Json]:
    return {
        "transaction": _ref("word"),
        "blockNumber": _integer(0, _SAFE),
        "blockHash": _ref("word"),
        "timestamp": _integer(0, UINT40_MAX),
    }


def _rule() -> dict[str, Json]:
    return _object({"kind": {"enum": ["threshold", "class"]}, "arguments": {"type": "object"}})


def _transaction() -> dict[str, Json]:
    return _object({"kind": {"const": "transaction"}, "raw": _text(OCTETS, "As broadcast.")})


def _attested(kind: str) -> dict[str, Json]:
    fields: dict[str, Json] = {
        "kind": {"const": kind},
        "attestor": _ref("address"),
        "bytes": _text(OCTETS),
    }
    if kind in ("quorum", "sealed"):
        fields["members"] = {
            "type": "array",
            "minItems": 1,
            "maxItems": MAX_MEMBERS,
            "uniqueItems": True,
            "items": _ref("address"),
        }
        fields["threshold"] = _integer(1, MAX_MEMBERS)
    return _object(fields, {"round": _ref("round")} if kind == "sealed" else None)


def _round() -> dict[str, Json]:
    words = ("inputHash", "outputHash", "salt")
    opening = _object(
        {
            **{name: _ref("word") for name in words},
            "value": _text(INTEGER, "int128."),
            "confidence": _integer(0, PPM),
        }
    )
    vote: dict[str, Json] = {
        **_object({"seal": _ref("word")}, {"opening": opening, "void": {"const": True}}),
        "not": {"required": ["opening", "void"]},
    }
    moment = _object({"blockNumber": _integer(0, _SAFE), "timestamp": _integer(0, UINT40_MAX)})
    return {
        "description": "The round that decided, as it was voted: docs/sealed-vote.md.",
        **_object(
            {
                "commitWindow": _integer(1, 2**32 - 1),
                "revealWindow": _integer(1, 2**32 - 1),
                "opened": moment,
                "counted": moment,
                "votes": {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": MAX_MEMBERS,
                    "items": vote,
                },
            },
            {"tolerance": _text(DIGITS, "uint128, of numbers; labels have none.")},
        ),
    }


def _object(fields: dict[str, Json], optional: dict[str, Json] | None = None) -> dict[str, Json]:
    return {
        "type": "object",
        "properties": {**fields, **(optional or {})},
        "required": list(fields),
        "additionalProperties": False,
    }


def _ref(name: str) -> dict[str, Json]:
    return {"$ref": f"#/$defs/{name}"}


def _integer(low: int, high: int) -> dict[str, Json]:
    return {"type": "integer", "minimum": low, "maximum": high}


def _text(pattern: str, description: str = "") -> dict[str, Json]:
    found: dict[str, Json] = {"type": "string", "pattern": f"^({pattern})$"}
    return {**found, "description": description} if description else found
