"""What votes decide: the same as the contract's library, in any order."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from oracle.core.errors import VerificationError
from oracle.core.receipt import ContractEvidence
from oracle.core.sealed import RoundKey
from oracle.core.shown_round import Moment, ShownRound, ShownVote, count_again, opened_votes
from oracle.core.tally import tally
from tests.support import receipts, tallies
from tests.support.vectors import octets, vectors

CASES = vectors("tally")["cases"]


def test_vectors__are_those_that_are_made_here() -> None:
    assert tallies.cases() == CASES
    decided = sum("outcome" in case for case in CASES)
    assert 15 < decided < len(CASES) - 15, "both ways"


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_tally__vectors__any_order_decides_the_same(case: dict[str, Any]) -> None:
    votes = tallies.votes_of(case)
    for turn in range(3):
        random.Random(turn).shuffle(votes)
        outcome = tally(votes, case["threshold"], tallies.tolerance_of(case))
        if "outcome" not in case:
            assert outcome is None
            continue
        assert outcome is not None
        wanted = case["outcome"]
        said = outcome.opening
        assert (said.value, said.confidence) == (int(wanted["value"]), wanted["confidence"])
        assert said.output_hash == octets(wanted["outputHash"])
        assert said.input_hash == octets(wanted["inputHash"])
        assert list(outcome.agreed) == wanted["agreed"]


def shown() -> tuple[ShownRound, RoundKey]:
    receipt = receipts.by_sealed_round()
    assert receipt.decision is not None
    evidence = receipt.decision.evidence
    assert isinstance(evidence, ContractEvidence)
    assert evidence.round is not None
    said = receipt.prediction
    return evidence.round, RoundKey(model_id=said.model_id, subject=said.subject, number=1)


def test_count__a_round_with_void_and_secret_votes__is_the_prediction() -> None:
    found, key = shown()
    prediction, agreed = count_again(found, receipts.sealed_committee(), key)
    assert prediction == receipts.by_sealed_round().prediction
    assert len(agreed) == 3, "one of them a unit apart"
    assert len(opened_votes(found, receipts.sealed_committee(), key)) == 3


def test_count__all_sealed_and_open__needs_no_waiting_and_is_dated_by_the_tally() -> None:
    found, key = shown()
    votes = tuple(vote if vote.opening else replace(vote, void=True) for vote in found.votes)
    at = found.opened.timestamp + 5
    early = replace(found, votes=votes, counted=Moment(block_number=91, timestamp=at))
    prediction, _ = count_again(early, receipts.sealed_committee(), key)
    assert prediction.predicted_at == at


@pytest.mark.parametrize(
    ("after", "spoken", "secret", "why"),
    [
        (-1, 5, False, "before it was opened"),
        (60, 4, False, "votes could be sealed"),
        (61, 4, False, None),
        (90, 5, True, "votes could be revealed"),
        (91, 5, True, None),
        (0, 5, False, None),
    ],
)
def test_count__at_the_bounds_of_the_windows__is_as_the_contract_has_it(
    after: int, spoken: int, secret: bool, why: str | None
) -> None:
    found, key = shown()
    votes: list[ShownVote] = [
        vote if vote.opening or vote.void or secret else replace(vote, void=True)
        for vote in found.votes
    ]
    counted = Moment(block_number=99, timestamp=found.opened.timestamp + after)
    at = replace(found, votes=tuple(votes[:spoken]), counted=counted)
    if why is None:
        count_again(at, receipts.sealed_committee(), key)
        return
    with pytest.raises(VerificationError, match=why):
        count_again(at, receipts.sealed_committee(), key)
