"""A gasless read's subject and digest, as the gateway's interface has them."""

from __future__ import annotations

from eth_abi.abi import encode
from eth_account import Account
from eth_account.messages import encode_typed_data

from oracle.core.canonical import keccak256
from oracle.core.reading import reading_digest, reading_subject
from tests.support import receipts

GATEWAY = "0x" + "9A" * 20
MODEL, INPUT_HASH, AT = b"m" * 32, b"i" * 32, 1_900_000_000


def subject(**change: object) -> bytes:
    given: dict[str, object] = {
        "chain_id": 31337,
        "gateway": GATEWAY,
        "model_id": MODEL,
        "input_hash": INPUT_HASH,
        "predicted_at": AT,
    }
    return reading_subject(**(given | change))  # type: ignore[arg-type]


def test_subject__is_what_the_gateway_computes() -> None:
    types = ("uint256", "address", "bytes32", "bytes32", "uint40")
    want = keccak256(encode(types, (31337, GATEWAY, MODEL, INPUT_HASH, AT)))
    assert subject() == b"\0" + want[:31]


def test_subject__of_another_chain_gateway_model_input_or_time__is_another() -> None:
    others = [
        subject(chain_id=1),
        subject(gateway="0x" + "9b" * 20),
        subject(model_id=INPUT_HASH),
        subject(input_hash=MODEL),
        subject(predicted_at=AT + 1),
    ]
    assert len({subject(), *others}) == 6


def test_digest__is_what_wallets_sign_for_the_gateway() -> None:
    said = receipts.prediction()
    word = {"type": "bytes32"}
    typed = {
        "domain": {
            "name": "Decision Oracle",
            "version": "1",
            "chainId": 31337,
            "verifyingContract": GATEWAY,
        },
        "primaryType": "Prediction",
        "types": {
            "EIP712Domain": [
                {"name": "name", "type": "string"},
                {"name": "version", "type": "string"},
                {"name": "chainId", "type": "uint256"},
                {"name": "verifyingContract", "type": "address"},
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
            "modelId": said.model_id,
            "subject": said.subject,
            "inputHash": said.input_hash,
            "outputHash": said.output_hash,
            "value": said.value,
            "confidence": said.confidence,
            "predictedAt": said.predicted_at,
        },
    }
    wallet = Account.sign_message(encode_typed_data(full_message=typed), receipts.OPERATOR.key)
    digest = reading_digest(chain_id=31337, gateway=GATEWAY, prediction=said)
    assert bytes(wallet.message_hash) == digest
