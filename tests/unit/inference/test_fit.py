"""What a spread means for a committee, and what it proposes for the card."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from oracle.cli.model_check import bar, changes
from oracle.core.errors import InvalidInput
from oracle.core.model_card import Batching
from oracle.inference.adjust import adjusted, inputs_for, measure, propose, write_adjusted
from oracle.inference.fit import committee_fit, fit_of
from oracle.inference.folder import load_model
from oracle.inference.spread import Spread, Variation
from tests.support.harness import MODELS

MODEL = load_model(MODELS / "delivery-time")
CARD = MODEL.card


def variation(name: str = "2 threads", **changed: object) -> Variation:
    same = Variation(name=name, batch=1, largest=0.0, apart=0, disagreeing=0)
    return replace(same, **changed)  # type: ignore[arg-type]


def spread(*variations: Variation, decimals: int | None = 6, tolerance: int = 1) -> Spread:
    return Spread(
        inputs=100,
        variations=variations or (variation(),),
        decimals=decimals,
        tolerance=tolerance,
        batching=True,
    )


@pytest.mark.parametrize("name", ["breast-tumour", "credit-default", "delivery-time"])
def test_fit__bundled_models__are_fit(name: str):
    assert fit_of(load_model(MODELS / name)) is None


def test_fit__values_beyond_the_tolerance__is_refused_with_the_count_and_the_remedy():
    said = committee_fit(spread(variation(disagreeing=7, largest=0.2), tolerance=21), CARD)
    assert said is not None
    assert "7 of 100" in said
    assert "a tolerance of 21 would cover it" in said


def test_fit__last_digit_within_the_tolerance__is_fit():
    assert committee_fit(spread(variation(apart=40, largest=1e-3)), CARD) is None


def test_fit__batches_count_only_where_the_card_allows_them():
    apart = spread(variation("batch 64", batch=64, disagreeing=3))
    alone = replace(CARD, batching=Batching(allowed=False, measured="no"))
    assert committee_fit(apart, replace(CARD, batching=Batching(allowed=True, measured="yes")))
    assert committee_fit(apart, alone) is None


@pytest.mark.parametrize("operator", ["DynamicQuantizeLinear", "RandomNormal"])
def test_fit__operators_that_move_between_machines__are_refused(operator: str):
    assert operator in (committee_fit(spread(), CARD, {"MatMul", operator}) or "")


def test_fit__without_vectors__can_not_be_said():
    assert "no golden vectors" in (fit_of(replace(MODEL, vectors=())) or "")


def test_propose__rounding_apart__lowers_decimals_and_never_raises_them():
    assert propose(spread(decimals=1), CARD).decimals == 1
    assert propose(spread(decimals=6), CARD).decimals == CARD.decimals
    assert changes(CARD, propose(spread(decimals=1), CARD)) == ["decimals 2 → 1"]


def test_propose__a_large_difference__raises_the_tolerance():
    proposal = propose(spread(variation(largest=0.2, disagreeing=1)), CARD)
    assert proposal.tolerance == 21
    assert adjusted(CARD, proposal).tolerance == 21


def test_write__fewer_decimals__rescales_the_policy_and_the_vectors(tmp_path: Path):
    shutil.copytree(MODEL.folder, tmp_path / "m")
    model = load_model(tmp_path / "m")
    proposal = propose(spread(decimals=1, tolerance=2), model.card)
    written = write_adjusted(model, proposal, inputs_for(model, 20)).model
    assert written.model_id != model.model_id
    assert written.card.decimals == 1
    assert model.policy is not None
    assert written.policy is not None
    assert written.policy.rule.threshold * 10 == model.policy.rule.threshold  # type: ignore[union-attr]
    assert [v.verdict for v in written.vectors] == [v.verdict for v in model.vectors]


def test_measure__another_python__is_a_set_up_of_its_own():
    inputs = inputs_for(MODEL, 3)
    found = measure(MODEL, inputs, [Path(sys.executable)])
    (other,) = [each for each in found.variations if each.name.startswith("onnxruntime ")]
    assert (other.failed, other.apart) == ("", 0)
    assert {"2 threads", "4 threads", "no optimisation"} <= {v.name for v in found.variations}


def test_measure__no_python__is_refused(tmp_path: Path):
    with pytest.raises(InvalidInput, match="no ONNX Runtime"):
        measure(MODEL, inputs_for(MODEL, 0), [tmp_path / "python"])


@pytest.mark.parametrize(
    ("largest", "length"), [(0.0, 0), (1e-12, 1), (1e-6, 8), (1.0, 24), (50.0, 24)]
)
def test_bar__is_drawn_by_order_of_magnitude(largest: float, length: int):
    assert len(bar(largest)) == length
