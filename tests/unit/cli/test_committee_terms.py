"""The terms of sealed votes: the card's word, whole wei, and what speaks against them."""

from __future__ import annotations

from pathlib import Path

import pytest

from oracle.cli.committee_terms import Asked, doubts, terms_of, terms_words
from oracle.core.errors import InvalidInput
from oracle.core.sealed import SealedCommittee
from oracle.inference.folder import StoredModel
from oracle.inference.store import CardStore

MODELS = Path(__file__).parents[3] / "models"
ASKED = Asked(commit_window=60, reveal_window=30, bond="0.05")


@pytest.fixture(scope="module")
def store() -> CardStore:
    return CardStore.open(MODELS)


def model(store: CardStore, name: str) -> StoredModel:
    return store.find(name)


def test_terms__of_a_number__have_the_cards_tolerance(store: CardStore) -> None:
    found = model(store, "delivery-time")
    terms = terms_of([found], ASKED)
    assert (terms.commit_window, terms.reveal_window, terms.bond) == (60, 30, 5 * 10**16)
    assert terms.tolerance == found.card.tolerance


def test_terms__of_labels__have_none(store: CardStore) -> None:
    assert terms_of([model(store, "wine-origin")], ASKED).tolerance is None


def test_terms__of_models_compared_differently__are_refused(store: CardStore) -> None:
    both = [model(store, "delivery-time"), model(store, "wine-origin")]
    with pytest.raises(InvalidInput, match="compared differently"):
        terms_of(both, ASKED)


def test_terms__of_no_model__are_refused() -> None:
    with pytest.raises(InvalidInput, match="no model is named"):
        terms_of([], ASKED)


@pytest.mark.parametrize("bond", ["much", "0.0000000000000000001", "NaN", "-1"])
def test_bond__no_amount__is_refused(store: CardStore, bond: str) -> None:
    asked = Asked(commit_window=1, reveal_window=1, bond=bond)
    with pytest.raises(InvalidInput):
        terms_of([model(store, "wine-origin")], asked)


def test_doubts__no_bond__is_said(store: CardStore) -> None:
    found = [model(store, "wine-origin")]
    free = terms_of(found, Asked(commit_window=1, reveal_window=1, bond="0"))
    assert any("without a bond" in doubt for doubt in doubts(found, free))
    assert not any("bond" in doubt for doubt in doubts(found, terms_of(found, ASKED)))


def test_words__say_the_windows_the_bond_and_the_kind(store: CardStore) -> None:
    committee = SealedCommittee(
        attestor="0x" + "aa" * 20,
        chain_id=1,
        members=("0x" + "11" * 20,),
        threshold=1,
        terms=terms_of([model(store, "wine-origin")], ASKED),
    )
    assert terms_words(committee) == "60 s to seal, 30 s to reveal, bond 0.05 ETH; labels"
    assert terms_words(None) is None
