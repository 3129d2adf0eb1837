"""What is signed, as eth-account reads it from its JSON: the same digest, no digit lost."""

from __future__ import annotations

import json

import pytest
from eth_account.messages import _hash_eip191_message, encode_typed_data
from hypothesis import given
from hypothesis import strategies as st

from oracle.core.prediction import INT128_MAX, INT128_MIN, PPM, UINT40_MAX, Prediction
from oracle.core.promise import promise_digest, promise_message
from oracle.core.quorum import Committee
from oracle.core.reading import reading_digest
from oracle.core.typed_data import TypedMessage, type_of

LOG = "0x0B0b0b0b0B0B0B0B0b0b0b0b0B0B0B0B0B0b0B0b"
TRIO = Committee(
    attestor=LOG, chain_id=5, members=("0x" + "01" * 20, "0x" + "02" * 20), threshold=2
)
WORD = st.binary(min_size=32, max_size=32)
PREDICTIONS = st.builds(
    Prediction,
    model_id=WORD,
    subject=WORD,
    input_hash=WORD,
    output_hash=WORD,
    value=st.integers(INT128_MIN, INT128_MAX),
    confidence=st.integers(0, PPM),
    predicted_at=st.integers(1, UINT40_MAX),
)


def as_a_wallet_hashes_it(message: TypedMessage) -> bytes:
    """The digest from the JSON alone, once it went over a wire."""
    sent = json.loads(json.dumps(message.as_json()))
    return bytes(_hash_eip191_message(encode_typed_data(full_message=sent)))


@given(PREDICTIONS, st.integers(1, UINT40_MAX), st.text())
def test_messages__any_content__have_the_digest_that_wallets_sign(
    said: Prediction, by: int, body: str
) -> None:
    promised = promise_message(chain_id=5, log=LOG, prediction=said, anchor_by=by)
    for message in (TRIO.vote(said), TRIO.opinion(said), TRIO.message(body.encode()), promised):
        assert as_a_wallet_hashes_it(message) == message.digest
        assert message.as_json()["primaryType"] == message.primary_type
    assert TRIO.vote(said).digest == TRIO.vote_digest(said)
    assert TRIO.opinion(said).digest == TRIO.opinion_digest(said)
    about = {"chain_id": 5, "log": LOG, "prediction": said, "anchor_by": by}
    assert promised.digest == promise_digest(**about)  # type: ignore[arg-type]
    read = said.message(5, LOG)
    assert read.digest == reading_digest(chain_id=5, gateway=LOG, prediction=said)
    digests = [TRIO.vote(said).digest, TRIO.opinion(said).digest, promised.digest]
    assert len(set(digests)) == 3, "none can stand for another"


@given(st.binary())
def test_message__of_bytes_that_are_no_text__is_hashed_as_they_are(body: bytes) -> None:
    """Of what a stranger sends only the hash is needed."""
    if b"\xff" in body:
        assert TRIO.message(body).digest != TRIO.message(body.replace(b"\xff", b"\xfe")).digest
    assert len(TRIO.message(body).digest) == 32


@pytest.mark.parametrize(
    ("types", "wanted"),
    [
        ({"A": {"x": "uint8"}}, "A(uint8 x)"),
        ({"A": {"c": "C", "b": "B"}, "B": {"y": "bool"}, "C": {"z": "bytes"}},
         "A(C c,B b)B(bool y)C(bytes z)"),
    ],
)  # fmt: skip
def test_type_of__named_structs__follow_in_alphabetical_order(types, wanted: str) -> None:
    assert type_of("A", types) == wanted
