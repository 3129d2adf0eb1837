"""Whether this machine gives the golden outputs: what a node tells before it serves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from oracle.core.canonical import keccak256
from oracle.core.errors import OracleError
from oracle.core.scoring import Outputs
from oracle.inference.folder import StoredModel
from oracle.inference.vectors import Vector


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReadiness:
    """One model against its golden vectors.

    Attributes:
        name, model_id: which model.
        vectors: how many it has.
        exact: how many gave the very same output hash.
        faults: one line for each that does not agree within the card's tolerance.
    """

    name: str
    model_id: bytes
    vectors: int
    exact: int
    faults: tuple[str, ...]

    @property
    def ready(self) -> bool:
        """Every vector agrees."""
        return not self.faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """The runtime's own test, and every model's."""

    runtime_faults: tuple[str, ...]
    models: tuple[ModelReadiness, ...]

    @property
    def ready(self) -> bool:
        """The runtime and all models passed."""
        return not self.runtime_faults and all(model.ready for model in self.models)

    def faults(self) -> list[str]:
        """Every fault in one line, the model's name first."""
        return [*self.runtime_faults] + [
            f"{model.name}: {fault}" for model in self.models for fault in model.faults
        ]


def check_vectors(
    model: StoredModel,
    alone: Sequence[Outputs | OracleError],
    together: Sequence[Outputs | OracleError] | None = None,
) -> ModelReadiness:
    """Compare what the model said now with its golden vectors, in their order.

    Args:
        model: with the vectors.
        alone: of the canonical runs, one input at a time.
        together: of the same inputs as one batch; None where they were not batched.
    """
    faults: list[str] = []
    exact = 0
    batches = alone if together is None else together
    for vector, single, batched in zip(model.vectors, alone, batches, strict=True):
        fault = _fault(model, vector, single)
        in_batch = _fault(model, vector, batched)
        if fault is not None:
            faults.append(f"{vector.note}: {fault}")
        elif in_batch is not None:
            faults.append(f"{vector.note}, in a batch: {in_batch}")
        elif isinstance(single, Outputs) and single.output_hash == vector.output_hash:
            exact += 1
    return ModelReadiness(
        name=model.name,
        model_id=model.model_id,
        vectors=len(model.vectors),
        exact=exact,
        faults=tuple(faults),
    )


def _fault(model: StoredModel, vector: Vector, outputs: Outputs | OracleError) -> str | None:
    if isinstance(outputs, OracleError):
        return str(outputs)
    if keccak256(vector.input) != vector.input_hash:
        return f"its input hashes to 0x{keccak256(vector.input).hex()}"
    if keccak256(vector.outputs) != vector.output_hash:
        return f"its outputs hash to 0x{keccak256(vector.outputs).hex()}"
    if not model.card.agrees(outputs.value, vector.value):
        return f"the value is {outputs.value}, not {vector.value}"
    return None
