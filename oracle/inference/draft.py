"""From a surveyed model and the answers about it to its card and its policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from oracle.core import dtypes
from oracle.core.decimals import to_units
from oracle.core.errors import InvalidInput
from oracle.core.model_card import (
    Batching,
    ClassHead,
    Feature,
    InputSpec,
    Limits,
    ModelCard,
    OutputSpec,
    Provenance,
    ScoreHead,
    TensorSpec,
)
from oracle.core.policy import MAX_LABELS, ClassRule, Policy, Rule, ThresholdRule, Verdict
from oracle.core.strict_json import DECIMAL
from oracle.inference.survey import FoundOutput, Survey
from oracle.inference.writing import model_file

MAX_PACKED = 64
PACKED_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Answers:
    """What was answered, by the keys of the questions; read with the error that names the key."""

    texts: Mapping[str, str]

    def text(self, key: str) -> str:
        return self.texts[key].strip()

    def integer(self, key: str, low: int, high: int) -> int:
        text = self.text(key)
        if not text.lstrip("-").isdigit() or not low <= int(text) <= high:
            raise _wrong(key, text, f"give an integer within {low} … {high}")
        return int(text)

    def number(self, key: str) -> Decimal:
        text = self.text(key)
        if DECIMAL.fullmatch(text) is None:
            raise _wrong(key, text, "give a decimal number such as 0.5")
        return Decimal(text)

    def words(self, key: str) -> tuple[str, ...]:
        return tuple(word.strip() for word in self.text(key).split(",") if word.strip())

    def choice(self, key: str, *choices: str) -> str:
        text = self.text(key)
        if text not in choices:
            raise _wrong(key, text, f"give one of {', '.join(choices)}")
        return text


def class_count(output: FoundOutput) -> int | None:
    """How many classes an output scores; None where it is no row of scores."""
    if output.keys is not None:
        return len(output.keys)
    if dtypes.kind_of(output.dtype) != "float" or len(output.shape) != 2:
        return None
    if isinstance(output.shape[0], int) and output.shape[0] != 1:
        return None
    width = output.shape[1]
    if not isinstance(width, int) and output.sample is not None and output.sample.ndim == 2:
        width = output.sample.shape[1]
    return width if isinstance(width, int) and width > 1 else None


def is_probability(output: FoundOutput, softmax: frozenset[str]) -> bool:
    """Whether its scores are probabilities: a Softmax gives them, or they add up to one."""
    if output.name in softmax:
        return True
    if output.sample is None or not output.sample.size:
        return False
    rows = np.asarray(output.sample, dtype=np.float64).reshape(len(output.sample), -1)
    within = bool(((rows >= 0) & (rows <= 1)).all())
    return within and bool((np.abs(rows.sum(axis=1) - 1) < 1e-3).all())


def default_labels(found: Survey, output: FoundOutput) -> tuple[str, ...]:
    """The graph's own labels where they fit, else ``class 0`` and so on."""
    count = class_count(output)
    if output.keys is not None:
        known = output.keys
    elif count is None or len(found.labels) == count:
        known = found.labels
    else:
        known = tuple(str(place) for place in range(count))
    numbered = all(label.lstrip("-").isdigit() for label in known)
    return tuple(f"class {label}" for label in known) if numbered else known


def can_be_packed(found: Survey) -> bool:
    """Whether a contract could send the input as plain integers."""
    return all(
        len(spec.shape) == 2
        and not (isinstance(spec.shape[0], int) and spec.shape[0] != 1)
        and isinstance(spec.shape[1], int)
        and 0 < spec.shape[1] <= (MAX_PACKED if len(found.inputs) == 1 else 1)
        and dtypes.kind_of(spec.dtype) in ("float", "int", "uint")
        and not spec.dtype.startswith(("bfloat", "float8"))
        for spec in found.inputs
    )


def draft_card(found: Survey, answers: Answers) -> ModelCard:
    """The card that the answers describe; batching is measured when it is written.

    Raises:
        InvalidInput: an answer is not acceptable, with its key.
    """
    output = next((o for o in found.outputs if o.name == answers.text("output")), None)
    if output is None:
        names = ", ".join(o.name for o in found.outputs)
        raise _wrong("output", answers.text("output"), f"give one of {names}")
    kind = answers.choice("head", "score", "class")
    is_float = dtypes.kind_of(output.dtype) == "float"
    decimals = answers.integer("decimals", 0, 12) if is_float else 0
    head: ScoreHead | ClassHead
    if kind == "class":
        labels = answers.words("labels") or default_labels(found, output)
        if not labels:
            raise _wrong("labels", "", "name every label that the model can give, comma-separated")
        probability = is_float and is_probability(output, found.softmax)
        head = ClassHead(
            output=output.name,
            labels=labels,
            ambiguous=Decimal("0.010") if probability else Decimal(0),
            scores="probability" if probability else "any",
        )
    else:
        index = tuple(int(part) for part in answers.words("index") if part.isdigit())
        head = ScoreHead(output=output.name, index=index, decimals=decimals)
    shape = output.shape
    if kind == "class" and is_float:
        shape = (*output.shape[:1], class_count(output))
    return ModelCard(
        name=answers.text("name"),
        title=answers.text("title"),
        description=answers.text("description"),
        model=model_file(found.onnx, found.external),
        input=_input(found, answers),
        outputs=(
            OutputSpec(
                name=output.name,
                dtype=output.dtype,
                shape=shape,
                decimals=decimals,
                keys=output.keys,
            ),
        ),
        head=head,
        tolerance=1 if kind == "score" else 0,
        allow_non_finite_inputs=False,
        limits=Limits(
            max_elements=answers.integer("max_elements", 1, 2**31 - 1),
            max_seconds=answers.integer("max_seconds", 1, 3600),
        ),
        batching=Batching(allowed=False, measured="not measured"),
        provenance=Provenance(
            source=answers.text("source"),
            licence=answers.text("licence"),
            trained_with=answers.text("trained_with"),
        ),
    )


def draft_policy(card: ModelCard, answers: Answers) -> Policy | None:
    """The policy that the answers describe; None for more labels than ``ClassPolicy`` holds.

    Raises:
        InvalidInput: an answer is not acceptable, with its key.
    """
    rule: Rule
    if isinstance(card.head, ClassHead):
        labels = card.head.labels
        if len(labels) > MAX_LABELS:
            return None
        names = answers.words("verdicts") or ("REVIEW",) * len(labels)
        known = {v.name for v in Verdict if v is not Verdict.NONE}
        if len(names) != len(labels) or not set(names) <= known:
            raise _wrong(
                "verdicts", answers.text("verdicts"), f"give {len(labels)} of {sorted(known)}"
            )
        rule = ClassRule(
            verdicts=tuple(Verdict[name] for name in names),
            min_confidence=answers.integer("min_confidence", 0, 1_000_000),
        )
    else:
        rule = ThresholdRule(
            threshold=to_units(answers.number("threshold"), card.head.decimals),
            band=0,
            accept_at_or_above=answers.choice("accept", "at_or_above", "below") == "at_or_above",
            min_confidence=0,
        )
    return Policy(
        rule=rule,
        fee_gwei=answers.integer("fee_gwei", 0, 2**32 - 1),
        max_age_seconds=answers.integer("max_age_seconds", 1, 2**32 - 1),
        meaning={
            "ACCEPT": "not described yet",
            "REJECT": "not described yet",
            "REVIEW": "a person decides",
        },
    )


def _input(found: Survey, answers: Answers) -> InputSpec:
    allowed = ("tensors", "packed") if can_be_packed(found) else ("tensors",)
    if answers.choice("encoding", *allowed) == "tensors":
        return InputSpec(encoding="tensors", tensors=found.inputs)
    single = len(found.inputs) == 1
    slots = [found.inputs[0]] * int(found.inputs[0].shape[1] or 0) if single else list(found.inputs)
    names = answers.words("features") or tuple(
        f"feature_{place}" if single else slot.name for place, slot in enumerate(slots)
    )
    if len(names) != len(slots):
        raise _wrong("features", ", ".join(names), f"give {len(slots)} names, comma-separated")
    return InputSpec(
        encoding="packed",
        tensors=found.inputs,
        features=tuple(
            _feature(name, slot, answers, single) for name, slot in zip(names, slots, strict=True)
        ),
    )


def _feature(name: str, slot: TensorSpec, answers: Answers, single: bool) -> Feature:
    tensor = None if single else slot.name
    if dtypes.kind_of(slot.dtype) == "float":
        half = slot.dtype == "float16"
        return Feature(
            name=name,
            signed=True,
            bits=32 if half else 48,
            decimals=answers.integer("feature_decimals", 0, 12),
            low=Decimal(-2000) if half else None,
            high=Decimal(2000) if half else None,
            tensor=tensor,
        )
    width = np.dtype(slot.dtype).itemsize * 8
    signed = dtypes.kind_of(slot.dtype) == "int"
    return Feature(name=name, signed=signed, bits=width, decimals=0, tensor=tensor)


def _wrong(key: str, value: str, remedy: str) -> InvalidInput:
    return InvalidInput(f"{key} is {value!r}", remedy=remedy)
