"""Private inputs: field by field, each under its own salt, and nothing else of them is shown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from oracle.core.canonical import keccak256
from oracle.core.errors import InvalidInput, VerificationError
from oracle.core.merkle import MerkleTree
from oracle.core.model_input import InputCodec
from oracle.core.private_input import (
    TAG,
    commitment_of,
    field_names,
    hide_all,
    input_hash_of,
    seal_input,
    show_only,
    whole_input,
)
from oracle.core.receipt import HiddenField, PlainInput, PrivateInput, ShownField
from oracle.core.tensors import decode_tensors, encode_tensors
from tests.support import receipts
from tests.support.vectors import sample_card

SECRET = b"\x5e" * 32
SCORE, TENSORS = sample_card("sample-score"), sample_card("sample-tensors")
PACKED = InputCodec(SCORE).encode([42, "51999.99", "-0.01", 1])
SENT = encode_tensors(
    [
        np.array([[7, 9]], dtype="<i8"),
        np.array([[True, False]]),
        np.array([["a"]], dtype=object),
    ]
)


def test_packed_input__sealed__is_its_features_each_with_a_salt_of_its_own() -> None:
    sealed = seal_input(SCORE, PACKED, SECRET)
    assert tuple(field.name for field in sealed.fields) == field_names(SCORE)
    assert [field.value.hex() for field in sealed.fields if isinstance(field, ShownField)] == [
        "2a",
        "004f587f",
        "ffffffffffff",
        "01",
    ]
    assert len({field.salt for field in sealed.fields if isinstance(field, ShownField)}) == 4
    assert whole_input(sealed) == PACKED


def test_salts__follow_from_the_secret_and_the_place_alone() -> None:
    salts = [f.salt for f in seal_input(SCORE, PACKED, SECRET).fields if isinstance(f, ShownField)]
    assert salts == [keccak256(TAG + SECRET + place.to_bytes(32, "big")) for place in range(4)]


def test_tensors__not_those_of_the_card__are_refused() -> None:
    ids, mask, _ = decode_tensors(SENT, TENSORS.input.tensors, max_elements=9)
    with pytest.raises(InvalidInput):
        seal_input(TENSORS, encode_tensors([ids, mask]), SECRET)
    with pytest.raises(InvalidInput):
        seal_input(TENSORS, encode_tensors([ids, mask, mask]), SECRET)


def test_tensors__sealed__are_fields_that_decode_alone() -> None:
    sealed = seal_input(TENSORS, SENT, SECRET)
    assert field_names(TENSORS) == ("ids", "mask", "text")
    assert whole_input(sealed) == SENT
    shown = [field.value for field in sealed.fields if isinstance(field, ShownField)]
    (ids,) = decode_tensors(shown[0], TENSORS.input.tensors[:1], max_elements=9)
    assert ids.tolist() == [[7, 9]]


def test_commitment__of_another_salt_value_or_name__is_another() -> None:
    sealed = seal_input(SCORE, PACKED, SECRET)
    first = sealed.fields[0]
    assert isinstance(first, ShownField)
    others = [
        seal_input(SCORE, PACKED, b"\x5f" * 32),
        seal_input(SCORE, b"\x2b" + PACKED[1:], SECRET),
        PrivateInput(fields=(replace(first, name="aged"), *sealed.fields[1:])),
    ]
    assert len({commitment_of(each) for each in [sealed, *others]}) == 4


@pytest.mark.parametrize("octets", [PACKED[:-1], PACKED + b"\0"])
def test_seal__no_input_of_the_card__is_refused(octets: bytes) -> None:
    with pytest.raises(InvalidInput, match=f"the packed input has {len(octets)} bytes, not 12"):
        seal_input(SCORE, octets, SECRET)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_seal__a_secret_of_another_length__is_refused(length: int) -> None:
    with pytest.raises(InvalidInput, match=f"the salt has {length} bytes"):
        seal_input(SCORE, PACKED, b"s" * length)


def test_show_only__hides_the_rest__and_the_hash_stays() -> None:
    receipt = receipts.private()
    name = field_names(receipt.card)[1]
    shown = show_only(receipt, [name])
    assert isinstance(shown.input, PrivateInput)
    kinds = {field.name: type(field) for field in shown.input.fields}
    assert tuple(kinds) == field_names(receipt.card)
    assert [each for each, kind in kinds.items() if kind is ShownField] == [name]
    assert input_hash_of(shown.input) == input_hash_of(receipt.input)
    assert whole_input(shown.input) is None


def test_show_only__what_is_hidden_or_unknown__is_refused_with_what_there_is() -> None:
    receipt = receipts.private()
    first, second, *_ = field_names(receipt.card)
    with pytest.raises(InvalidInput, match=f"does not show {second}") as refusal:
        show_only(show_only(receipt, [first]), [second])
    assert refusal.value.remedy == f"it shows {first}"
    with pytest.raises(InvalidInput, match="does not show colour"):
        show_only(receipt, ["colour"])
    with pytest.raises(InvalidInput, match="does not show") as refusal:
        show_only(hide_all(receipt), [first])
    assert refusal.value.remedy == "it shows nothing"


def test_hide_all__leaves_hashes_of_a_private_input__and_a_plain_one_alone() -> None:
    hidden = hide_all(receipts.private()).input
    assert isinstance(hidden, PrivateInput)
    assert all(isinstance(field, HiddenField) for field in hidden.fields)
    plain = receipts.pending()
    assert hide_all(plain) is plain
    with pytest.raises(InvalidInput, match="not private"):
        show_only(plain, [])


def test_plain_input__hash__is_of_its_bytes_and_never_a_commitments() -> None:
    plain = PlainInput(octets=PACKED)
    assert whole_input(plain) == PACKED
    assert input_hash_of(plain) == keccak256(PACKED)
    sealed = seal_input(SCORE, PACKED, SECRET)
    leaves = [field.leaf for field in _hidden(sealed)]
    with pytest.raises(VerificationError, match="tag of private inputs"):
        input_hash_of(PlainInput(octets=TAG + MerkleTree(leaves).root))


def _hidden(given: PrivateInput) -> list[HiddenField]:
    hidden = hide_all(replace(receipts.pending(), input=given)).input
    assert isinstance(hidden, PrivateInput)
    return [field for field in hidden.fields if isinstance(field, HiddenField)]
