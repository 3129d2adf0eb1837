"""The model card: everything that two strangers must agree on to agree on a prediction.

A card names the exact model file, what goes in, what comes out, which element becomes the on-chain
value and how it is rounded. Its hash is the ``modelId``; changing a word makes another model.
``docs/model-card.md`` describes the JSON form; ``oracle.core.card_reader`` reads and checks it,
``oracle.core.card_json`` writes it and computes the id.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

from oracle.core import dtypes
from oracle.core.decimals import from_units, to_units
from oracle.core.errors import InvalidInput

SCHEMA = "decision-oracle/model-card/1"

Dim: TypeAlias = int | str | None
"""A tensor's extent: fixed, a symbol whose uses must agree, or any."""

Shape: TypeAlias = tuple[Dim, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDigest:
    """A file beside the card.

    Attributes:
        file: its name, without any folder.
        sha256: 64 hexadecimal digits, lower case.
        size: bytes.
    """

    file: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """The ``.onnx`` file.

    Attributes:
        onnx: the file itself.
        external: files that hold its larger weights, usually none.
        opsets: operator set domain → version, ``ai.onnx`` for the default domain.
        producer: what wrote the file, as the file says.
    """

    onnx: FileDigest
    external: tuple[FileDigest, ...] = ()
    opsets: tuple[tuple[str, int], ...]
    producer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorSpec:
    """One input of the model: its name in the graph, dtype (``oracle.core.dtypes``) and shape."""

    name: str
    dtype: str
    shape: Shape

    def __post_init__(self) -> None:
        dtypes.code_of(self.dtype)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One number of a packed input, as Solidity packs it.

    Attributes:
        name: what callers name it.
        signed, bits: the Solidity integer type.
        decimals: value = integer / 10**decimals.
        low, high: the range the model was made for, in the feature's unit; outside is refused.
        unit, description: for people.
        labels: names of the integers 0, 1, … where the feature is a category.
        tensor: the model input it fills, where the model has one input per feature.
    """

    name: str
    signed: bool
    bits: int
    decimals: int
    low: Decimal | None = None
    high: Decimal | None = None
    unit: str | None = None
    description: str | None = None
    labels: tuple[str, ...] | None = None
    tensor: str | None = None

    @property
    def solidity_type(self) -> str:
        """Such as ``uint16``."""
        return f"{'int' if self.signed else 'uint'}{self.bits}"

    @property
    def bounds(self) -> tuple[int, int]:
        """The least and the greatest integer allowed, from the type, the range and the labels."""
        least = -(1 << (self.bits - 1)) if self.signed else 0
        most = (1 << (self.bits - self.signed)) - 1
        if self.labels is not None:
            return 0, len(self.labels) - 1
        if self.low is not None:
            least = max(least, to_units(self.low, self.decimals))
        if self.high is not None:
            most = min(most, to_units(self.high, self.decimals))
        return least, most


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSpec:
    """What goes in.

    Attributes:
        encoding: ``packed`` (``features`` say how) or ``tensors`` (self-describing).
        tensors: the model's inputs, in the order in which they are encoded.
        features: the numbers of a packed input, in order.
    """

    encoding: Literal["packed", "tensors"]
    tensors: tuple[TensorSpec, ...]
    features: tuple[Feature, ...] = ()

    @property
    def packed_size(self) -> int:
        """Bytes of a packed input."""
        return sum(feature.bits for feature in self.features) // 8


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputSpec:
    """One output that is hashed.

    Attributes:
        name, dtype, shape: as in the graph; of a map output, those of the matrix it becomes.
        decimals: digits kept of floats; 0 for every other dtype.
        keys: the columns' keys, where the graph gives a sequence of maps (ZipMap).
    """

    name: str
    dtype: str
    shape: Shape
    decimals: int = 0
    keys: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Confidence:
    """Where the confidence is read: the greatest element of an output, or one of its elements."""

    output: str
    take: Literal["max"] | tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreHead:
    """The value is one number.

    Attributes:
        output, index: which element of which output.
        decimals: the value's unit is 10**-decimals; for floats the output's own decimals.
    """

    output: str
    index: tuple[int, ...]
    decimals: int
    confidence: Confidence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassHead:
    """The value is the index of a label.

    Attributes:
        output: float scores, one per label (the greatest rounded score wins, the lowest index
            breaks a tie); or one integer, the index itself; or one text, equal to a label.
        labels: the labels in the model's own order.
        ambiguous: the top two scores closer than this flag the prediction as ambiguous.
        scores: ``probability`` states the winner's score as confidence, ``any`` states nothing.
    """

    output: str
    labels: tuple[str, ...]
    ambiguous: Decimal
    scores: Literal["probability", "any"]
    confidence: Confidence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one run may cost: elements of all its inputs or outputs together, and seconds."""

    max_elements: int
    max_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Batching:
    """Whether rows may run together, and the words of the measurement that says so."""

    allowed: bool
    measured: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where the model comes from: its data, their licence, and what trained it."""

    source: str
    licence: str
    trained_with: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """The whole card.

    Attributes:
        name: lower-case words joined by hyphens; the folder's name.
        tolerance: units of the head's last decimal within which two numbers agree; labels agree
            when they are equal.
        allow_non_finite_inputs: whether NaN and infinity may go in; they never come out.
    """

    name: str
    title: str
    description: str
    model: ModelFile
    input: InputSpec
    outputs: tuple[OutputSpec, ...]
    head: ScoreHead | ClassHead
    tolerance: int
    allow_non_finite_inputs: bool
    limits: Limits
    batching: Batching
    provenance: Provenance

    @property
    def decimals(self) -> int:
        """Decimals of the value; 0 for labels."""
        return self.head.decimals if isinstance(self.head, ScoreHead) else 0

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of a class head, else nothing."""
        return self.head.labels if isinstance(self.head, ClassHead) else ()

    def output(self, name: str) -> tuple[int, OutputSpec]:
        """Place and specification of the output ``name``.

        Raises:
            InvalidInput: the card has no such output.
        """
        for place, spec in enumerate(self.outputs):
            if spec.name == name:
                return place, spec
        raise InvalidInput(
            f"the card has no output {name!r}",
            remedy=f"its outputs are {', '.join(spec.name for spec in self.outputs)}",
        )

    def value_text(self, value: int) -> str:
        """The value as people read it: the label's name, or the number with its decimals."""
        if isinstance(self.head, ClassHead):
            known = 0 <= value < len(self.head.labels)
            return self.head.labels[value] if known else f"unknown label {value}"
        return f"{from_units(value, self.head.decimals):f}"

    def agrees(self, mine: int, other: int) -> bool:
        """Whether two values are the same answer: labels equal, numbers within the tolerance."""
        if isinstance(self.head, ClassHead):
            return mine == other
        return abs(mine - other) <= self.tolerance
