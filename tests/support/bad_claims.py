"""Receipts whose form, prediction or promise is wrong."""

from __future__ import annotations

from typing import Any

from oracle.core.promise import promise_digest
from tests.support import receipts
from tests.support.bad_receipt import WORD, Bad, good, malleated, put
from tests.support.signatures import sign


def forms() -> list[Bad]:
    return [
        Bad(
            name="an unknown field",
            of="pending",
            patch=[{"op": "add", "path": "/comment", "value": "trust me"}],
            reason="unknown fields: comment",
        ),
        Bad(
            name="an unknown field in the prediction",
            of="pending",
            patch=[{"op": "add", "path": "/prediction/verdict", "value": 2}],
            reason="unknown fields: verdict",
        ),
        Bad(
            name="a float",
            of="pending",
            text=('"tolerance":', '"tolerance":1.0,"x":'),
            reason="holds the float 1.0",
        ),
        Bad(
            name="a duplicate key",
            of="pending",
            text=('"outputs":"', '"outputs":"0x00","outputs":"'),
            reason="repeats a key",
        ),
        Bad(
            name="another version",
            of="pending",
            patch=put("/schema", "decision-oracle/receipt/2"),
            reason="receipt.schema",
        ),
        Bad(
            name="a value as a number",
            of="pending",
            patch=put("/prediction/value", 7),
            reason="prediction.value is 7",
        ),
        Bad(
            name="a value with a leading zero",
            of="pending",
            patch=put("/prediction/value", "07"),
            reason='prediction.value is "07"',
        ),
        Bad(
            name="upper-case hex",
            of="pending",
            patch=put("/prediction/subject", "0x" + "AB" * 32),
            reason="prediction.subject",
        ),
        Bad(
            name="nobody vouches",
            of="pending",
            patch=[{"op": "remove", "path": "/promise"}],
            reason="neither promised, anchored nor decided",
        ),
        Bad(
            name="a promise by nobody",
            of="pending",
            patch=[{"op": "remove", "path": "/operator"}],
            reason="names no operator",
        ),
    ]


def predictions() -> list[Bad]:
    card = good()["pending"]["card"]
    value = int(good()["pending"]["prediction"]["value"])
    other = good()["anchored"]
    return [
        Bad(
            name="a changed card",
            of="pending",
            patch=put("/card/description", card["description"] + " "),
            reason="the card's hash is",
        ),
        Bad(
            name="a card with another tolerance",
            of="pending",
            patch=put("/card/tolerance", 1000),
            reason="the card's hash is",
        ),
        Bad(
            name="a model file with one byte changed",
            of="pending",
            flip=1000,
            reason="the SHA-256 of model.onnx is",
        ),
        Bad(
            name="another input",
            of="pending",
            patch=put("/input/bytes", other["input"]["bytes"]),
            reason="the input's hash is",
        ),
        Bad(
            name="other outputs",
            of="pending",
            patch=put("/outputs", other["outputs"]),
            reason="the hash of the outputs is",
        ),
        Bad(
            name="outputs cut short",
            of="pending",
            patch=put("/outputs", good()["pending"]["outputs"][:-4]),
            reason="cut short",
        ),
        Bad(
            name="a value off by one",
            of="pending",
            patch=put("/prediction/value", str(value + 1)),
            reason=f"the value is {value + 1}, it has to be {value}",
        ),
        Bad(
            name="another confidence",
            of="pending",
            patch=put("/prediction/confidence", 1_000_000),
            reason="the confidence is 1000000",
        ),
        Bad(
            name="outputs and value of another input, signed",
            of="pending",
            patch=_resigned(),
            reason="is not what the model says|run again it is",
        ),
        Bad(
            name="a request's id of another input",
            of="pending",
            patch=put("/prediction/subject", "0xd0ec1510" + "00" * 28),
            reason="the input hash in the request's id is",
        ),
    ]


def _resigned() -> list[dict[str, Any]]:
    """The operator's own lie: another input's outputs, hashed and signed properly."""
    other = receipts.model().vectors[2]
    from dataclasses import replace

    said = replace(
        receipts.prediction(),
        output_hash=other.output_hash,
        value=other.value,
        confidence=other.confidence,
    )
    digest = promise_digest(
        chain_id=receipts.CHAIN_ID,
        log=receipts.LOG,
        prediction=said,
        anchor_by=receipts.ANCHOR_BY,
    )
    return [
        *put("/outputs", "0x" + other.outputs.hex()),
        *put("/prediction/outputHash", "0x" + other.output_hash.hex()),
        *put("/prediction/value", str(other.value)),
        *put("/prediction/confidence", other.confidence),
        *put("/promise/signature", "0x" + sign(receipts.OPERATOR, digest).hex()),
    ]


def promises() -> list[Bad]:
    promise = receipts.pending().promise
    assert promise is not None
    wrong_signer = "the signer of the promise is"
    return [
        Bad(
            name="another operator",
            of="pending",
            patch=put("/operator", str(receipts.MEMBERS[0].address)),
            reason=wrong_signer,
        ),
        Bad(
            name="another chain id",
            of="pending",
            patch=put("/chain/id", 1),
            reason=wrong_signer,
        ),
        Bad(
            name="a promise of another anchor log",
            of="pending",
            patch=put("/promise/log", receipts.CONTRACT),
            reason=wrong_signer,
        ),
        Bad(
            name="a later deadline than was signed",
            of="pending",
            patch=put("/promise/anchorBy", receipts.ANCHOR_BY + 1),
            reason=wrong_signer,
        ),
        Bad(
            name="another subject than was signed",
            of="pending",
            patch=put("/prediction/subject", WORD),
            reason=wrong_signer,
        ),
        Bad(
            name="a malleated signature",
            of="pending",
            patch=put("/promise/signature", "0x" + malleated(promise.signature).hex()),
            reason=wrong_signer,  # the compact form has no room for a high s
        ),
        Bad(
            name="a signature of zeros",
            of="pending",
            patch=put("/promise/signature", "0x" + "00" * 64),
            reason="is no signature",
        ),
    ]
