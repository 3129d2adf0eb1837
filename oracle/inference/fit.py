"""Whether a committee can run a model: members on other machines must not split over it."""

from __future__ import annotations

from collections.abc import Iterable

from oracle.core.model_card import ModelCard, ScoreHead
from oracle.inference.folder import StoredModel
from oracle.inference.spread import Spread, measure_spread

QUANTISES = frozenset({"DynamicQuantizeLinear", "DynamicQuantizeMatMul", "DynamicQuantizeLSTM"})
"""Operators that choose their scale from the input: a last digit flips whole steps of it."""
RANDOM = frozenset(
    {"Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform"}
    | {"RandomUniformLike"}
)


def committee_fit(spread: Spread, card: ModelCard, operators: Iterable[str] = ()) -> str | None:
    """Why members of a committee would split over a model; None where they would not.

    Args:
        spread: measured with the card as it is.
        operators: those of the model's graph.
    """
    used = frozenset(operators)
    if quantises := sorted(used & QUANTISES):
        return (
            f"it is quantised dynamically ({', '.join(quantises)}): its answers move by whole "
            "steps between machines; quantise it statically"
        )
    if random := sorted(used & RANDOM):
        return f"it draws random numbers ({', '.join(random)})"
    counted = [v for v in spread.variations if v.batch == 1 or card.batching.allowed]
    failed = [variation for variation in counted if variation.failed]
    if failed:
        return f"it can not be run with {failed[0].name}: {failed[0].failed}"
    worst = max(counted, key=lambda variation: variation.disagreeing, default=None)
    if worst is None or not worst.disagreeing:
        return None
    what = "labels" if not isinstance(card.head, ScoreHead) else "values"
    raised = ""
    if isinstance(card.head, ScoreHead) and spread.tolerance > card.tolerance:
        raised = f"; a tolerance of {spread.tolerance} would cover it, the card says"
        raised += f" {card.tolerance}"
    return (
        f"with {worst.name} {worst.disagreeing} of {spread.inputs} {what} differ beyond the card's "
        f"tolerance (raw outputs by up to {worst.largest:.2g}){raised}: see oracle model check"
    )


def fit_of(model: StoredModel) -> str | None:
    """``committee_fit`` of a stored model, measured on its golden vectors.

    Raises:
        InferenceError: the canonical run fails.
    """
    if not model.vectors:
        return "it has no golden vectors, so that nothing can be measured"
    inputs = [vector.input for vector in model.vectors]
    spread = measure_spread(model.card, model.onnx, inputs, external=model.external)
    return committee_fit(spread, model.card, model.graph.operators)
