"""Any ONNX file from elsewhere becomes a model's folder: propose what it is, ask, write.

``propose`` reads the graph and tries it once; what it can not know is a question with a default.
``write`` takes the answers. Nothing here talks to anyone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from oracle.core import dtypes
from oracle.core.card_json import card_to_json
from oracle.core.card_reader import card_from_json
from oracle.core.errors import InvalidInput, OracleError
from oracle.core.model_card import ModelCard
from oracle.core.model_input import InputCodec
from oracle.core.packed import encode_packed
from oracle.core.policy import MAX_LABELS
from oracle.core.scoring import score
from oracle.core.tensors import encode_tensors
from oracle.inference.draft import (
    PACKED_DECIMALS,
    Answers,
    can_be_packed,
    class_count,
    default_labels,
    draft_card,
    draft_policy,
    is_probability,
)
from oracle.inference.session import Session
from oracle.inference.survey import FoundOutput, Survey, survey
from oracle.inference.writing import Example, Written, write_folder

PROBES = 64
_SEED = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Something about the model that its file does not say for sure.

    Attributes:
        key: its name in the answers.
        text: what to ask.
        default: what is taken without an answer.
        choices: the only answers allowed; none allows any.
        when: ask only where another key has this answer.
    """

    key: str
    text: str
    default: str
    choices: tuple[str, ...] = ()
    when: tuple[str, str] | None = None

    def applies(self, answers: Mapping[str, str]) -> bool:
        """Whether it is to be asked after ``answers``, which hold every earlier key."""
        return self.when is None or answers.get(self.when[0]) == self.when[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a file seems to be.

    Attributes:
        found: what the survey learnt.
        questions: what is open, in the order to ask.
        notes: what was left out or could not be learnt, one sentence each.
    """

    found: Survey
    questions: tuple[Question, ...]
    notes: tuple[str, ...]

    def card(self, answers: Mapping[str, str] | None = None) -> ModelCard:
        """The card with these answers, defaults for the rest.

        Raises:
            InvalidInput: an unknown key, or an answer that is not acceptable.
        """
        draft = draft_card(self.found, self._answers(answers or {}))
        return card_from_json(card_to_json(draft))

    def _answers(self, answers: Mapping[str, str]) -> Answers:
        defaults = {question.key: question.default for question in self.questions}
        unknown = sorted(set(answers) - set(defaults))
        if unknown:
            raise InvalidInput(
                f"nobody asked for {', '.join(unknown)}", remedy=f"answer {', '.join(defaults)}"
            )
        return Answers({**defaults, **answers})


def propose(path: Path) -> Proposal:
    """What the ONNX file at ``path`` seems to be, and what must be asked.

    Raises:
        NotFound, InvalidInput, InferenceError: see ``survey``.
    """
    found = survey(path)
    best = max(found.outputs, key=lambda output: _merit(output, found))
    left = [output.name for output in found.outputs if output is not best]
    notes = list(found.notes)
    if left:
        notes.append(f"Of its outputs only {best.name} is hashed; {', '.join(left)} is left out.")
    labels = default_labels(found, best)
    if labels and len(labels) > MAX_LABELS:
        notes.append(f"{len(labels)} labels pass the {MAX_LABELS} of ClassPolicy: no policy.")
    questions = (*_about(path, found), *_on_input(found), *_on_output(found, best), *_limits(found))
    return Proposal(found=found, questions=questions, notes=tuple(notes))


def write(
    proposal: Proposal,
    answers: Mapping[str, str],
    folder: Path,
    *,
    examples: Sequence[object] = (),
) -> Written:
    """Write the model's folder: ONNX file, card, vectors and policy.

    Args:
        proposal: from ``propose``.
        answers: by the questions' keys; defaults for the rest.
        folder: made if it does not exist.
        examples: real inputs as JSON, which become golden vectors; zeros without any.

    Raises:
        InvalidInput: an answer or an example is not acceptable, or the model contradicts them.
        InferenceError: the model fails on an example.
    """
    card = proposal.card(answers)
    policy = draft_policy(card, proposal._answers(answers))  # noqa: SLF001 - same module
    codec = InputCodec(card)
    inputs = [codec.encode(given) for given in examples]
    notes = [f"example {place}" for place in range(len(inputs))]
    session = Session(card, proposal.found.onnx, proposal.found.external)
    zeros = _zeros(card, proposal.found)
    if not inputs and zeros is not None and _runs(card, session, codec, zeros):
        inputs, notes = [zeros], ["zeros"]
    probes = [probe for probe in _random(card) if _runs(card, session, codec, probe)]
    return write_folder(
        folder,
        card,
        proposal.found.onnx,
        policy=policy,
        examples=[Example(note=note, input=m) for note, m in zip(notes, inputs, strict=True)],
        probes=probes,
        external=proposal.found.external,
    )


def _merit(output: FoundOutput, found: Survey) -> int:
    """How likely an output is the one that counts."""
    count = class_count(output)
    if count is not None:
        return 90 if output.keys or is_probability(output, found.softmax) else 70
    kind = dtypes.kind_of(output.dtype)
    single = output.sample is None or output.sample.size == 1
    if kind == "float":
        return 80 if single else 30
    if kind == "string":
        return 60 if found.labels else 0
    return 50 if single else 10


def _about(path: Path, found: Survey) -> Iterator[Question]:
    name = re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-") or "model"
    yield Question(key="name", text="A short name, lower-case words and hyphens", default=name)
    title = name.replace("-", " ").capitalize()
    yield Question(key="title", text="A title", default=title)
    yield Question(key="description", text="What it predicts, in a sentence", default=title + ".")
    source = found.facts.metadata.get("source", f"the file {path.name}")
    yield Question(key="source", text="Where the model and its data come from", default=source)
    licence = found.facts.metadata.get("license", "not stated")
    yield Question(key="licence", text="Its licence", default=licence)
    yield Question(
        key="trained_with",
        text="What trained or exported it",
        default=found.facts.producer or "not stated",
    )


def _on_input(found: Survey) -> Iterator[Question]:
    packed = can_be_packed(found)
    yield Question(
        key="encoding",
        text="Input as plain integers that a contract can pack, or as tensors",
        default="tensors",
        choices=("tensors", "packed") if packed else ("tensors",),
    )
    if packed:
        yield Question(
            key="features",
            text="Names of the features in order, comma-separated",
            default="",
            when=("encoding", "packed"),
        )
        yield Question(
            key="feature_decimals",
            text="Decimals that callers send of each feature",
            default=str(PACKED_DECIMALS),
            when=("encoding", "packed"),
        )


def _on_output(found: Survey, best: FoundOutput) -> Iterator[Question]:
    kind = dtypes.kind_of(best.dtype)
    is_class = class_count(best) is not None or (kind == "string")
    names = tuple(output.name for output in found.outputs)
    yield Question(key="output", text="The output that counts", default=best.name, choices=names)
    yield Question(
        key="head",
        text="Is the answer one number (score), or a label (class)?",
        default="class" if is_class else "score",
        choices=("score", "class"),
    )
    known = default_labels(found, best) if is_class else ()
    labels = "" if any("," in label for label in known) else ", ".join(known)
    yield Question(
        key="labels",
        text="The labels in the model's own order, comma-separated",
        default=labels,
        when=("head", "class"),
    )
    yield Question(
        key="index",
        text="The element that is the score, comma-separated coordinates",
        default=", ".join("0" for _ in best.shape),
        when=("head", "score"),
    )
    yield Question(key="decimals", text="Decimals kept of floats", default="3")
    yield Question(
        key="verdicts",
        text="A verdict for each label: ACCEPT, REJECT or REVIEW, comma-separated",
        default="",
        when=("head", "class"),
    )
    yield Question(
        key="min_confidence",
        text="Less confidence than this goes to review, parts per million",
        default="0",
        when=("head", "class"),
    )
    yield Question(
        key="threshold", text="The score that decides", default="0.5", when=("head", "score")
    )
    yield Question(
        key="accept",
        text="Which side of it is accepted",
        default="at_or_above",
        choices=("at_or_above", "below"),
        when=("head", "score"),
    )


def _limits(found: Survey) -> Iterator[Question]:
    sizes = [array.size for array in (found.trial or {}).values()]
    sizes += [output.sample.size for output in found.outputs if output.sample is not None]
    yield Question(
        key="max_elements",
        text="The most elements of one input or output",
        default=str(max(65_536, 4 * sum(sizes))),
    )
    yield Question(key="max_seconds", text="The most seconds of one run", default="10")
    yield Question(key="fee_gwei", text="What a request pays, in gwei", default="20000")
    yield Question(
        key="max_age_seconds", text="How old a prediction may be, in seconds", default="3600"
    )


def _zeros(card: ModelCard, found: Survey) -> bytes | None:
    if card.input.encoding == "packed":
        try:
            return encode_packed(card.input.features, [0] * len(card.input.features))
        except InvalidInput:
            return None
    if found.trial is None:
        return None
    return encode_tensors([found.trial[spec.name] for spec in card.input.tensors])


def _random(card: ModelCard) -> Iterator[bytes]:
    """Distinct inputs to measure batching with; none where integers or texts have a meaning."""
    generator = np.random.default_rng(_SEED)
    specs = card.input.tensors
    if any(dtypes.kind_of(spec.dtype) != "float" for spec in specs):
        return
    for _ in range(PROBES):
        if card.input.encoding == "packed":
            drawn = generator.standard_normal(len(card.input.features))
            units = [
                min(max(round(float(x) * 10**f.decimals), f.bounds[0]), f.bounds[1])
                for f, x in zip(card.input.features, drawn, strict=True)
            ]
            yield encode_packed(card.input.features, units)
            continue
        shapes = [[dim if isinstance(dim, int) else 1 for dim in spec.shape] for spec in specs]
        if sum(int(np.prod(shape)) for shape in shapes) > 2**16:
            return
        yield encode_tensors(
            [
                generator.standard_normal(shape).astype(dtypes.numpy_dtype(spec.dtype))
                for spec, shape in zip(specs, shapes, strict=True)
            ]
        )


def _runs(card: ModelCard, session: Session, codec: InputCodec, message: bytes) -> bool:
    try:
        raw = session.run(codec.decode(message), seconds=float(card.limits.max_seconds))
        score(card, raw)
    except OracleError:
        return False
    return True
