"""What a measured spread proposes for a card, and the folder written again with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from oracle.core import dtypes
from oracle.core.errors import InvalidInput, OracleError
from oracle.core.model_card import ModelCard, ScoreHead
from oracle.core.model_input import InputCodec
from oracle.core.packed import encode_packed
from oracle.core.policy import Policy, ThresholdRule
from oracle.core.scoring import score
from oracle.core.tensors import encode_tensors
from oracle.inference.folder import StoredModel
from oracle.inference.session import Session
from oracle.inference.spread import Spread, measure_spread
from oracle.inference.writing import Example, Written, write_folder

SEED = 20_240_229
LARGEST = 2**16
"""Most elements of a random input."""
NARROW = 10**6
"""Steps of a feature's range up to which random inputs are spread over all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What would hold with the measured spread.

    Attributes:
        decimals: of the outputs that are floats; None without such outputs. Never more than now.
        tolerance: in units of the head's last decimal; 0 for labels.
        batching: whether rows may run together.
    """

    decimals: int | None
    tolerance: int
    batching: bool


def random_inputs(card: ModelCard, count: int) -> Iterator[bytes]:
    """Inputs within the card's bounds, always the same ones; none for texts and other types."""
    generator = np.random.default_rng(SEED)
    if card.input.encoding == "packed":
        for _ in range(count):
            units = []
            for feature in card.input.features:
                low, high = feature.bounds
                if high - low <= NARROW * 10**feature.decimals:
                    units.append(int(generator.integers(low, high, endpoint=True)))
                else:
                    drawn = round(float(generator.standard_normal()) * 10**feature.decimals)
                    units.append(min(max(drawn, low), high))
            yield encode_packed(card.input.features, units)
        return
    specs = card.input.tensors
    shapes = [[dim if isinstance(dim, int) else 1 for dim in spec.shape] for spec in specs]
    if (
        any(dtypes.kind_of(spec.dtype) != "float" for spec in specs)
        or sum(int(np.prod(shape)) for shape in shapes) > LARGEST
    ):
        return
    for _ in range(count):
        yield encode_tensors(
            [
                generator.standard_normal(shape).astype(dtypes.numpy_dtype(spec.dtype))
                for spec, shape in zip(specs, shapes, strict=True)
            ]
        )


def inputs_for(model: StoredModel, count: int) -> list[bytes]:
    """The golden vectors' inputs, and random ones that the model takes.

    Raises:
        InvalidInput: there are none.
    """
    card = model.card
    session, codec = Session(card, model.onnx, model.external), InputCodec(card)

    def runs(message: bytes) -> bool:
        try:
            score(card, session.run(codec.decode(message), seconds=float(card.limits.max_seconds)))
        except OracleError:
            return False
        return True

    found = [vector.input for vector in model.vectors]
    found += [message for message in random_inputs(card, count) if runs(message)]
    if not found:
        raise InvalidInput(
            f"model {model.name} has no inputs to compare",
            remedy="add it again with --examples, a JSON list of real inputs",
        )
    return found


def measure(model: StoredModel, inputs: Sequence[bytes], runtimes: Sequence[Path] = ()) -> Spread:
    """The spread of a stored model; arguments and errors as ``measure_spread``'s."""
    return measure_spread(
        model.card, model.onnx, inputs, external=model.external, runtimes=runtimes
    )


def propose(spread: Spread, card: ModelCard) -> Proposal:
    """Decimals at which nothing rounded apart, and a tolerance that covers what was seen."""
    floats = [spec.decimals for spec in card.outputs if dtypes.kind_of(spec.dtype) == "float"]
    decimals = None
    if floats and spread.decimals is not None:
        decimals = min(max(floats), spread.decimals)
    tolerance = 0
    if isinstance(card.head, ScoreHead):
        largest = max((variation.largest for variation in spread.variations), default=0.0)
        units = card.head.decimals if decimals is None else min(card.head.decimals, decimals)
        tolerance = max(card.tolerance, 1 + int(largest * 10.0**units))
    return Proposal(decimals=decimals, tolerance=tolerance, batching=spread.batching)


def adjusted(card: ModelCard, proposal: Proposal) -> ModelCard:
    """The card with the proposal in it; batching is measured again when it is written."""
    outputs = tuple(
        spec
        if proposal.decimals is None or dtypes.kind_of(spec.dtype) != "float"
        else replace(spec, decimals=min(spec.decimals, proposal.decimals))
        for spec in card.outputs
    )
    head = card.head
    if isinstance(head, ScoreHead) and proposal.decimals is not None:
        head = replace(head, decimals=min(head.decimals, proposal.decimals))
    return replace(card, outputs=outputs, head=head, tolerance=proposal.tolerance)


def write_adjusted(model: StoredModel, proposal: Proposal, inputs: Sequence[bytes]) -> Written:
    """Write the model's folder with the proposal: card, vectors and policy.

    Raises:
        InvalidInput: the policy's threshold can not be said with fewer decimals.
        ConfigError: the folder can not be written.
    """
    card = adjusted(model.card, proposal)
    known = {vector.input for vector in model.vectors}
    return write_folder(
        model.folder,
        card,
        model.onnx,
        policy=_policy(model, card),
        examples=[Example(note=vector.note, input=vector.input) for vector in model.vectors],
        probes=[message for message in inputs if message not in known],
        external=model.external,
    )


def _policy(model: StoredModel, card: ModelCard) -> Policy | None:
    """The policy in the units of the new card."""
    fewer = 10 ** (model.card.decimals - card.decimals)
    if model.policy is None or fewer == 1 or not isinstance(model.policy.rule, ThresholdRule):
        return model.policy
    rule = model.policy.rule
    if rule.threshold % fewer or rule.band % fewer:
        raise InvalidInput(
            f"the policy's threshold {rule.threshold} and band {rule.band} have more digits than "
            f"{card.decimals} decimals",
            remedy=f"round them in {model.folder / 'policy.json'} first",
        )
    rule = replace(rule, threshold=rule.threshold // fewer, band=rule.band // fewer)
    return replace(model.policy, rule=rule)
