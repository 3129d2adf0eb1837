"""Python's half of tests/vectors/prediction.json; Solidity's is PredictionVectors.t.sol."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak

from oracle.core.errors import InvalidInput
from oracle.core.prediction import (
    PREDICTION_TYPE,
    PREDICTION_TYPEHASH,
    Prediction,
    request_id,
    subject_of,
)

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "prediction.json").read_text()
)
FIELDS = [
    {"name": name, "type": kind}
    for kind, name in (
        field.split() for field in PREDICTION_TYPE.removeprefix("Prediction(")[:-1].split(",")
    )
]


def word(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def prediction_of(fields: dict[str, str]) -> Prediction:
    return Prediction(
        model_id=word(fields["modelId"]),
        subject=word(fields["subject"]),
        input_hash=word(fields["inputHash"]),
        output_hash=word(fields["outputHash"]),
        value=int(fields["value"]),
        confidence=int(fields["confidence"]),
        predicted_at=int(fields["predictedAt"]),
    )


def test_type_hash__is_the_vectors() -> None:
    assert VECTORS["types"] == PREDICTION_TYPE
    assert word(VECTORS["typeHash"]) == PREDICTION_TYPEHASH


@pytest.mark.parametrize("vector", VECTORS["predictions"], ids=lambda vector: vector["name"])
def test_struct_hash__is_the_vectors(vector: dict[str, Any]) -> None:
    prediction = prediction_of(vector["prediction"])
    assert prediction.struct_hash() == word(vector["structHash"])


@pytest.mark.parametrize("vector", VECTORS["predictions"], ids=lambda vector: vector["name"])
def test_struct_hash_and_digest__are_what_eth_account_signs(vector: dict[str, Any]) -> None:
    prediction = prediction_of(vector["prediction"])
    names = [field["name"] for field in FIELDS]
    message = encode_typed_data(
        domain_data={**vector["domain"], "chainId": int(vector["domain"]["chainId"])},
        message_types={"Prediction": FIELDS},
        message_data=dict(zip(names, prediction.as_abi(), strict=True)),
    )
    assert message.body == prediction.struct_hash()
    digest = keccak(b"\x19" + message.version + message.header + message.body)
    assert digest == word(vector["digest"])


@pytest.mark.parametrize("vector", VECTORS["requestIds"], ids=lambda vector: vector["name"])
def test_request_id__is_the_vectors(vector: dict[str, str]) -> None:
    chain_id, nonce = int(vector["chainId"]), int(vector["nonce"])
    contract, requester = word(vector["contract"]), word(vector["requester"])
    model_id, input_hash = word(vector["modelId"]), word(vector["inputHash"])
    made = request_id(
        chain_id=chain_id,
        contract=contract,
        requester=requester,
        nonce=nonce,
        model_id=model_id,
        input_hash=input_hash,
    )
    assert made == word(vector["requestId"])
    origin = encode(
        ["uint256", "address", "address", "uint256", "bytes32"],
        [chain_id, contract, requester, nonce, model_id],
    )
    assert made == bytes.fromhex("d0ec1510") + keccak(origin)[:12] + input_hash[:16]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("value", 2**127),
        ("value", -(2**127) - 1),
        ("confidence", 1_000_001),
        ("confidence", -1),
        ("predictedAt", 0),
        ("predictedAt", 2**40),
        ("subject", "0x00"),
    ],
)
def test_prediction__a_field_out_of_its_type__is_refused(field: str, value: int | str) -> None:
    fields = {**VECTORS["predictions"][0]["prediction"], field: value}
    with pytest.raises(InvalidInput):
        prediction_of(fields)


def test_subject_of__text_hex_and_tag() -> None:
    assert subject_of("loan 7") == keccak(text="loan 7")
    assert subject_of("0x" + "ab" * 32) == b"\xab" * 32
    for text in ("0xabcd", "0x" + "ab" * 33, "no" + "ab" * 32):
        assert subject_of(text) == keccak(text=text)
    for refused in ("", "0x" + "zz" * 32, "0xd0ec1510" + "00" * 28):
        with pytest.raises(InvalidInput):
            subject_of(refused)
