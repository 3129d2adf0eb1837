"""A receipt's JSON: one byte string for one receipt, and nothing else is read."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from oracle.core.errors import InvalidInput
from oracle.core.promise import promise_digest
from oracle.core.receipt_json import receipt_to_json, write_receipt
from oracle.core.receipt_reader import parse_receipt, receipt_from_json
from tests.support import receipts


def test_pending_receipt__written_and_read__is_the_same() -> None:
    receipt = receipts.pending()
    assert parse_receipt(write_receipt(receipt)) == receipt
    assert receipt.stage == "pending"


def test_receipt__written_twice__is_the_same_bytes() -> None:
    written = write_receipt(receipts.pending())
    shuffled = json.dumps(dict(reversed(json.loads(written).items())), indent=2)
    assert write_receipt(parse_receipt(shuffled)) == written


def test_receipt__nobody_vouches__is_refused() -> None:
    with pytest.raises(InvalidInput, match="neither promised, anchored nor decided"):
        replace(receipts.pending(), promise=None)


def test_receipt__unknown_field__is_refused() -> None:
    written = receipt_to_json(receipts.pending())
    with pytest.raises(InvalidInput, match="unknown fields: comment"):
        receipt_from_json({**written, "comment": "trust me"})


@pytest.mark.parametrize("address", ["", "0x", "0x" + "a" * 39, "0x" + "a" * 41, "0x" + "g" * 40])
def test_receipt__an_address_that_is_none__is_refused(address: str) -> None:
    written = receipt_to_json(receipts.pending())
    with pytest.raises(InvalidInput, match="an address: 0x and 40 hex digits"):
        receipt_from_json({**written, "operator": address})


def test_promise__digest__is_what_wallets_sign() -> None:
    receipt = receipts.pending()
    said = receipt.prediction
    word = {"type": "bytes32"}
    typed = {
        "domain": {
            "name": "Decision Oracle",
            "version": "1",
            "chainId": receipts.CHAIN_ID,
            "verifyingContract": receipts.LOG,
        },
        "primaryType": "Promise",
        "types": {
            "EIP712Domain": [
                {"name": "name", "type": "string"},
                {"name": "version", "type": "string"},
                {"name": "chainId", "type": "uint256"},
                {"name": "verifyingContract", "type": "address"},
            ],
            "Promise": [
                {"name": "prediction", "type": "Prediction"},
                {"name": "anchorBy", "type": "uint40"},
            ],
            "Prediction": [
                {"name": "modelId", **word},
                {"name": "subject", **word},
                {"name": "inputHash", **word},
                {"name": "outputHash", **word},
                {"name": "value", "type": "int128"},
                {"name": "confidence", "type": "uint32"},
                {"name": "predictedAt", "type": "uint40"},
            ],
        },
        "message": {
            "prediction": {
                "modelId": said.model_id,
                "subject": said.subject,
                "inputHash": said.input_hash,
                "outputHash": said.output_hash,
                "value": said.value,
                "confidence": said.confidence,
                "predictedAt": said.predicted_at,
            },
            "anchorBy": receipts.ANCHOR_BY,
        },
    }
    wallet = Account.sign_message(encode_typed_data(full_message=typed), receipts.OPERATOR.key)
    digest = promise_digest(
        chain_id=receipts.CHAIN_ID,
        log=receipts.LOG,
        prediction=said,
        anchor_by=receipts.ANCHOR_BY,
    )
    assert bytes(wallet.message_hash) == digest


def test_receipt__promised_by_nobody__is_refused() -> None:
    with pytest.raises(InvalidInput, match="carries a promise and names no operator"):
        replace(receipts.pending(), operator=None)


def test_stage__is_the_furthest_that_was_reached() -> None:
    reached = (receipts.pending(), receipts.anchored(), receipts.from_anchor(), receipts.decided())
    assert [receipt.stage for receipt in reached] == ["pending", "anchored", "decided", "decided"]
