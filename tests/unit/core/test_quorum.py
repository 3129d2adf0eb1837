"""How a committee agrees: settled by the set of opinions alone, never by a tie or a minority."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import permutations

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_keys.constants import SECPK1_N
from hypothesis import given
from hypothesis import strategies as st

from oracle.core.errors import InvalidInput, VerificationError
from oracle.core.prediction import Prediction
from oracle.core.quorum import (
    Committee,
    Rule,
    compact,
    encode_evidence,
    expand,
    settle,
    signers_of,
)
from oracle.core.signatures import signer_of
from oracle.core.typed_data import TypedMessage
from tests.support.signatures import opinion_of, sign

KEYS = [Account.from_key(bytes([n]) * 32) for n in range(1, 5)]
MEMBERS = tuple(str(key.address) for key in KEYS)
COMMITTEE = Committee(attestor="0x" + "Aa" * 20, chain_id=31337, members=MEMBERS, threshold=3)
SUBJECT = b"s" * 32
NUMBERS, LABELS = Rule(tolerance=1), Rule(tolerance=None)


def opinion(value: int, confidence: int = 0) -> Prediction:
    return Prediction(
        model_id=b"m" * 32,
        subject=b"s" * 32,
        input_hash=b"i" * 32,
        output_hash=value.to_bytes(32, "big", signed=True),
        value=value,
        confidence=confidence,
        predicted_at=1,
    )


def compact_of(r: int, s: int, parity: int = 0) -> bytes:
    return r.to_bytes(32, "big") + (s | parity << 255).to_bytes(32, "big")


def test_signature__with_a_high_s__is_none() -> None:
    """The compact form leaves little room for one: most would be read as another signer's."""
    digest = COMMITTEE.vote_digest(opinion(7))
    signature = sign(KEYS[0], digest)
    r, s, parity = expand(signature)
    assert signer_of(digest, signature) == MEMBERS[0]
    assert signer_of(digest, compact_of(r, SECPK1_N // 2)) not in MEMBERS
    with pytest.raises(VerificationError, match="a signature with a high s"):
        signer_of(digest, compact_of(r, SECPK1_N // 2 + 1))
    rewritten = compact_of(r, (SECPK1_N - s) & ~(1 << 255), 1 - parity)
    assert signer_of(digest, rewritten) not in MEMBERS


@pytest.mark.parametrize("signature", [b"", b"s" * 63, bytes(64), compact_of(SECPK1_N, 1)])
def test_signature__that_nobody_made__is_none(signature: bytes) -> None:
    with pytest.raises(VerificationError, match="is no signature"):
        signer_of(b"d" * 32, signature)


def said(*values: int) -> dict[str, Prediction]:
    return {member: opinion(value) for member, value in zip(MEMBERS, values, strict=False)}


@pytest.mark.parametrize(
    ("values", "rule", "outcome"),
    [
        ((7, 7, 7, 7), NUMBERS, 7),
        ((7, 7, 7, 900), NUMBERS, 7),
        ((7, 7, 8, 900), NUMBERS, 7),
        ((7, 8, 8, 9), NUMBERS, 8),
        ((7, 8, 8), NUMBERS, 8),
        ((7, 9, 11, 13), NUMBERS, None),
        ((7, 7), NUMBERS, None),
        ((), NUMBERS, None),
        ((1, 1, 1, 2), LABELS, 1),
        ((1, 1, 2, 2), LABELS, None),
        ((1, 1, 2, 3), LABELS, None),
        ((1, 2, 3, 4), LABELS, None),
    ],
)
def test_settle__opinions__make_one_prediction_or_none(
    values: tuple[int, ...], rule: Rule, outcome: int | None
) -> None:
    settled = settle(said(*values), 3, rule)
    assert (None if settled is None else settled.value) == outcome


def test_settle__equal_labels_with_other_confidences__take_the_median_one() -> None:
    heard = {m: opinion(1, c) for m, c in zip(MEMBERS, (910, 930, 920, 905), strict=True)}
    settled = settle(heard, 3, LABELS)
    assert settled is not None
    assert settled.confidence == 910


@pytest.mark.parametrize("rule", [NUMBERS, LABELS])
@pytest.mark.parametrize(
    ("values", "outcome"),
    [((7, 7, 9, 11, 13), 7), ((7, 7, 7, 9, 9), 7), ((7, 7, 9, 9, 9), 9), ((), None)],
)
def test_settle__what_enough_said_word_for_word__stands_though_others_said_more(
    values: tuple[int, ...], outcome: int | None, rule: Rule
) -> None:
    heard = {f"{n}": opinion(value) for n, value in enumerate(values)}
    settled = settle(heard, 2, rule)
    assert (None if settled is None else settled.value) == outcome


def test_settle__one_is_enough__is_what_it_said() -> None:
    assert settle({MEMBERS[0]: opinion(7)}, 1, NUMBERS) == opinion(7)


@pytest.mark.parametrize(
    ("labels", "outcome"),
    [((1, 1, 2, 3, 4), (1, 900)), ((2, 3, 4, 4, 5), (4, 902)), ((1, 1, 2, 2, 3), None)],
)
def test_settle__a_label_of_few_among_many__is_the_one_most_said(
    labels: tuple[int, ...], outcome: tuple[int, int] | None
) -> None:
    heard = {f"{n}": opinion(label, 900 + n) for n, label in enumerate(labels)}
    settled = settle(heard, 2, LABELS)
    assert (None if settled is None else (settled.value, settled.confidence)) == outcome


@given(st.lists(st.integers(0, 6), min_size=0, max_size=4), st.sampled_from([NUMBERS, LABELS]))
def test_settle__any_order__is_the_same(values: list[int], rule: Rule) -> None:
    heard = list(said(*values).items())
    outcomes = {settle(dict(order), 3, rule) for order in permutations(heard)}
    assert len(outcomes) == 1


@given(
    st.integers(-5, 5),
    st.lists(st.integers(-1, 1), min_size=3, max_size=3),
    st.integers(-(10**9), 10**9),
)
def test_settle__one_liar_among_four__moves_the_value_by_no_more_than_the_honest_spread(
    centre: int, noise: list[int], lie: int
) -> None:
    honest = [centre + each for each in noise]
    settled = settle(said(*honest, lie), 3, NUMBERS)
    if settled is not None:
        assert min(honest) <= settled.value <= max(honest)


def test_settle__another_question__does_not_agree() -> None:
    heard = said(7, 7, 7)
    first = heard[MEMBERS[0]]
    heard[MEMBERS[0]] = replace(first, input_hash=b"x" * 32)
    assert settle(heard, 3, NUMBERS) is None


def test_turns__a_subject__has_every_member_once_and_subjects_share_the_work() -> None:
    first = {COMMITTEE.turns(bytes([n]) * 32)[0] for n in range(64)}
    assert first == set(MEMBERS)
    assert sorted(COMMITTEE.turns(b"s" * 32)) == sorted(MEMBERS)


def test_vote_digest__agrees_with_eip_712_as_wallets_sign_it() -> None:
    prediction = opinion(7)
    typed = encode_typed_data(
        full_message={
            "types": {
                "EIP712Domain": [
                    {"name": "name", "type": "string"},
                    {"name": "version", "type": "string"},
                    {"name": "chainId", "type": "uint256"},
                    {"name": "verifyingContract", "type": "address"},
                ],
                "Prediction": [
                    {"name": "modelId", "type": "bytes32"},
                    {"name": "subject", "type": "bytes32"},
                    {"name": "inputHash", "type": "bytes32"},
                    {"name": "outputHash", "type": "bytes32"},
                    {"name": "value", "type": "int128"},
                    {"name": "confidence", "type": "uint32"},
                    {"name": "predictedAt", "type": "uint40"},
                ],
            },
            "primaryType": "Prediction",
            "domain": {
                "name": "Decision Oracle",
                "version": "1",
                "chainId": 31337,
                "verifyingContract": COMMITTEE.attestor,
            },
            "message": {
                "modelId": prediction.model_id,
                "subject": prediction.subject,
                "inputHash": prediction.input_hash,
                "outputHash": prediction.output_hash,
                "value": prediction.value,
                "confidence": prediction.confidence,
                "predictedAt": prediction.predicted_at,
            },
        }
    )
    wallet = Account.sign_message(typed, KEYS[0].key)
    assert (
        signer_of(
            COMMITTEE.vote_digest(prediction), sign(KEYS[0], COMMITTEE.vote_digest(prediction))
        )
        == MEMBERS[0]
    )
    ours = sign(KEYS[0], COMMITTEE.vote_digest(prediction))
    assert int.from_bytes(ours[:32], "big") == wallet.r


def test_opinion__is_no_vote() -> None:
    given_ = opinion_of(KEYS[0], COMMITTEE, opinion(7))
    assert signer_of(COMMITTEE.vote_digest(opinion(7)), given_.signature) != MEMBERS[0]


def test_evidence__more_votes_than_needed__names_those_whose_turn_came_first() -> None:
    votes = {member: bytes([n]) * 64 for n, member in enumerate(MEMBERS)}
    evidence = encode_evidence(COMMITTEE, votes, SUBJECT)
    named = signers_of(COMMITTEE, evidence)
    assert len(evidence) == 8 + 3 * 64
    assert set(named) == set(COMMITTEE.turns(SUBJECT)[:3])
    assert evidence[8:] == b"".join(votes[member] for member in named)


def test_evidence__many_subjects__name_every_member_about_equally_often() -> None:
    votes = dict.fromkeys(MEMBERS, b"v" * 64)
    named = [
        member
        for n in range(400)
        for member in signers_of(
            COMMITTEE, encode_evidence(COMMITTEE, votes, n.to_bytes(32, "big"))
        )
    ]
    assert all(250 < named.count(member) < 350 for member in MEMBERS)


def test_evidence__a_contracts_signature__carries_its_length() -> None:
    votes = {MEMBERS[0]: b"a" * 64, MEMBERS[2]: b"c" * 70, MEMBERS[3]: b"d" * 64}
    evidence = encode_evidence(COMMITTEE, votes, SUBJECT)
    assert evidence[:8] == bytes([0, 0, 0, 0b1101, 0, 0, 0, 0b0100])
    assert evidence[8:] == b"a" * 64 + (70).to_bytes(2, "big") + b"c" * 70 + b"d" * 64


@pytest.mark.parametrize(
    ("votes", "words"),
    [
        ({MEMBERS[0]: b"a" * 64}, "1 of 3 votes"),
        ({"0x" + "11" * 20: b"a" * 64}, "no member"),
    ],
)
def test_evidence__not_enough_or_a_stranger__is_refused(
    votes: dict[str, bytes], words: str
) -> None:
    with pytest.raises(InvalidInput, match=words):
        encode_evidence(COMMITTEE, votes, SUBJECT)


@pytest.mark.parametrize(
    ("members", "threshold"),
    [
        ((), 0),
        (MEMBERS, 0),
        (MEMBERS, 5),
        (MEMBERS[:1] * 2, 1),
        (tuple("0x" + f"{n:040x}" for n in range(32)), 1),
    ],
)
def test_committee__no_quorum_possible__is_refused(
    members: tuple[str, ...], threshold: int
) -> None:
    with pytest.raises(InvalidInput):
        Committee(attestor="0x" + "aa" * 20, chain_id=1, members=members, threshold=threshold)


@pytest.mark.parametrize(("threshold", "count"), [(1, 1), (1, 2), (2, 2), (1, 31), (31, 31)])
def test_committee__of_any_size_and_threshold_that_the_contract_takes__is_one(
    threshold: int, count: int
) -> None:
    members = tuple("0x" + f"{n:040x}" for n in range(1, count + 1))
    assert replace(COMMITTEE, members=members, threshold=threshold).threshold == threshold


@pytest.mark.parametrize("evidence", [b"", b"\0\0\0\7\0\0\0", b"\0\0\0\x10" + bytes(4)])
def test_signers__of_what_names_no_member__are_refused(evidence: bytes) -> None:
    with pytest.raises(InvalidInput, match="names no members of this committee"):
        signers_of(COMMITTEE, evidence)


@pytest.mark.parametrize(
    "make",
    [
        lambda: COMMITTEE.vote(opinion(-7, 900_000)),
        lambda: COMMITTEE.opinion(opinion(-7, 900_000)),
        lambda: COMMITTEE.message('{"at":1,"from":"ü"}'.encode()),
    ],
)
def test_message__as_wallets_sign_its_json__has_the_same_digest(
    make: Callable[[], TypedMessage],
) -> None:
    message = make()
    wallet = Account.sign_message(encode_typed_data(full_message=message.as_json()), KEYS[0].key)
    assert bytes(wallet.message_hash) == message.digest


def test_messages__votes_and_opinions__are_never_each_others() -> None:
    said = opinion(7)
    digests = {
        COMMITTEE.vote(said).digest,
        COMMITTEE.opinion(said).digest,
        COMMITTEE.message(b"").digest,
        replace(COMMITTEE, chain_id=1).vote(said).digest,
        replace(COMMITTEE, attestor="0x" + "Ab" * 20).message(b"").digest,
    }
    assert len(digests) == 5
    assert COMMITTEE.vote(said).digest == COMMITTEE.vote_digest(said)


def test_message__that_is_no_text__is_shown_as_far_as_it_is_one() -> None:
    assert COMMITTEE.message(b"a\xff").as_json()["message"] == {"body": "a\ufffd"}


def test_compact_signature__taken_apart__keeps_its_parity() -> None:
    assert expand(compact_of(1, 2, 0)) == (1, 2, 0)
    assert expand(compact_of(1, 2, 1)) == (1, 2, 1)
    assert [compact(1, 2, parity) for parity in (0, 1)] == [compact_of(1, 2, p) for p in (0, 1)]


def test_evidence__of_wallets__marks_each_and_says_how_long_each_signature_is() -> None:
    votes = {MEMBERS[0]: b"a" * 64, MEMBERS[2]: b"b" * 3, MEMBERS[3]: b"c" * 300}
    evidence = encode_evidence(COMMITTEE, votes, SUBJECT)
    assert evidence[:8] == bytes.fromhex("0000000d0000000c")
    assert evidence[8:] == b"a" * 64 + b"\0\3" + b"b" * 3 + b"\x01\x2c" + b"c" * 300
    assert signers_of(COMMITTEE, evidence) == tuple(votes)
    assert signers_of(COMMITTEE, bytes(8)) == ()
