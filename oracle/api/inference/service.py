"""What the protocol's calls do, whichever way they came.

An answer is the model's own, as other servers give it: nothing is rounded and nothing vouched for.
With ``oracle_decide`` among the parameters the same input also becomes a decision on chain; the
answer's parameters then say which.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from oracle.api.context import Context
from oracle.api.version import version as program_version
from oracle.api.words import verdict_word
from oracle.core.errors import InferenceError, InvalidInput, NotFound
from oracle.core.model_card import Shape
from oracle.core.raw_input import encode_raw, hold
from oracle.inference.folder import StoredModel
from oracle.inference.protocol.messages import InferReply, InferRequest, Parameter, Parameters
from oracle.inference.protocol.tensors import datatype_of
from oracle.node.accept import Account, accept, account_of, is_over, wait_for
from oracle.node.anchoring.promise import Asked, promise

SERVER = "decision-oracle"
EXTENSIONS = ("binary_tensor_data", "model_repository", "oracle_decide", "oracle_anchor")
PLATFORM = "onnxruntime_onnx"
MAX_WAIT = 60.0

_OURS: dict[str, type | tuple[type, ...]] = {
    "oracle_decide": bool,
    "oracle_anchor": bool,
    "oracle_subject": str,
    "oracle_idempotency_key": str,
    "oracle_private": bool,
    "oracle_wait": (int, float),
}


@dataclass(frozen=True, slots=True)
class TensorMetadata:
    """A model's input or output; an extent that is not fixed is -1."""

    name: str
    datatype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ModelMetadata:
    """What the protocol tells of a model.

    Attributes:
        version: the model id, of which a model has one.
    """

    name: str
    version: str
    inputs: tuple[TensorMetadata, ...]
    outputs: tuple[TensorMetadata, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """A model in the repository's index."""

    name: str
    version: str
    ready: bool
    reason: str


class Inference:
    """The protocol over one node."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._metadata: dict[bytes, ModelMetadata] = {}

    @property
    def version(self) -> str:
        """The program's version."""
        return program_version()

    def ready(self) -> bool:
        """Whether every model passed its self-test and the node is not halted."""
        node = self._context.node
        return node.models is not None and node.halted is None and not node.parts.unfit

    def model(self, name: str, version: str = "") -> StoredModel:
        """A model by name, or by name and model id.

        Raises:
            NotFound: there is none.
        """
        found = self._context.model(name)
        if version and version != _version(found):
            raise NotFound(
                f"model {found.name} has no version {version[:80]!r}",
                remedy=f"leave the version out, or give the model's id {_version(found)}",
            )
        return found

    def model_ready(self, name: str, version: str = "") -> bool:
        """Whether a model can be asked.

        Raises:
            NotFound: there is none of that name and version.
        """
        node = self._context.node
        unfit = self.model(name, version).model_id in node.parts.unfit
        return node.models is not None and not unfit

    def metadata(self, name: str, version: str = "") -> ModelMetadata:
        """A model's inputs and outputs: its own tensors, even where ``/api`` names features.

        Raises:
            NotFound: there is none of that name and version.
        """
        model = self.model(name, version)
        known = self._metadata.get(model.model_id)
        if known is None:
            card = model.card
            known = ModelMetadata(
                name=card.name,
                version=_version(model),
                inputs=tuple(
                    _tensor(each.name, each.dtype, each.shape) for each in card.input.tensors
                ),
                outputs=tuple(_tensor(each.name, each.dtype, each.shape) for each in card.outputs),
            )
            self._metadata[model.model_id] = known
        return known

    def index(self, *, ready: bool = False) -> Iterator[Listed]:
        """Every model; with ``ready`` only those that can be asked."""
        parts = self._context.node.parts
        for model in sorted(self._context.models, key=lambda each: each.name):
            reason = parts.unfit.get(model.model_id, "")
            if not reason or not ready:
                yield Listed(
                    name=model.name, version=_version(model), ready=not reason, reason=reason
                )

    def max_elements(self, name: str, version: str = "") -> int:
        """The most elements that a request to this model may have.

        Raises:
            NotFound: there is none of that name and version.
        """
        return self.model(name, version).card.limits.max_elements

    async def infer(self, name: str, version: str, request: InferRequest) -> InferReply:
        """Run a model on its own tensors, and have the answer decided where that is asked for.

        Raises:
            NotFound: no such model or output.
            InvalidInput: the inputs or parameters are not what the model takes.
            Conflict, ChainError, JournalError: the decision can not be accepted.
            InferenceError: the model failed, or is not fit to answer on this machine.
        """
        model = self.model(name, version)
        engine = self._context.node.parts.engine
        unfit = self._context.node.parts.unfit.get(model.model_id)
        if unfit is not None:
            raise InferenceError(
                f"model {model.name} is not fit on this machine: {unfit}",
                remedy="see oracle model check",
            )
        feeds = hold(model.card, request.inputs)
        first = next(iter(feeds.values()))
        rows = first.shape[0] if first.ndim else 1
        names = [spec.name for spec in model.card.outputs]
        for wanted in request.wanted:
            if wanted.name not in names:
                raise NotFound(
                    f"model {model.name} has no output {wanted.name[:80]!r}",
                    remedy=f"its outputs are {', '.join(names)}",
                )
        about: Parameters = {}
        if any(key.startswith("oracle_") for key in request.parameters):
            about = await self._vouch(model, feeds, request.parameters)
        found = dict(zip(names, await engine.run_tensors(model.model_id, feeds, rows), strict=True))
        if request.wanted:
            found = {wanted.name: found[wanted.name] for wanted in request.wanted}
        return InferReply(model.name, _version(model), found, id=request.id, parameters=about)

    async def _vouch(
        self, model: StoredModel, feeds: Mapping[str, NDArray[Any]], given: Parameters
    ) -> Parameters:
        _check(given)
        decide, anchor = bool(given.get("oracle_decide")), bool(given.get("oracle_anchor"))
        if not decide and not anchor:
            return {}
        if decide and anchor:
            raise InvalidInput(
                "the answer is to be decided and to be anchored",
                remedy="anchor it, and decide on it later: POST /api/predictions/{id}/decision",
            )
        parts = self._context.node.parts
        message = encode_raw(model.card, parts.engine.codec(model.model_id), feeds)
        if anchor:
            return await self._anchor(model, message, given)
        accepted = await accept(
            parts,
            model_id=model.model_id,
            input_bytes=message,
            reference=_text(given, "oracle_subject"),
            idempotency_key=_text(given, "oracle_idempotency_key"),
            private=bool(given.get("oracle_private")),
        )
        wait = float(given.get("oracle_wait", 0))
        if wait:
            account = await wait_for(parts, model.model_id, accepted.subject, is_over, wait)
        else:
            account = await account_of(parts, model.model_id, accepted.subject)
        return _told(model, accepted.subject, account)

    async def _anchor(self, model: StoredModel, message: bytes, given: Parameters) -> Parameters:
        """Promise to anchor it: the receipt is there at once, pending."""
        asked = Asked(
            input=message,
            reference=_text(given, "oracle_subject"),
            private=bool(given.get("oracle_private")),
        )
        (made,) = await promise(
            self._context.node.parts,
            model.model_id,
            [asked],
            idempotency_key=_text(given, "oracle_idempotency_key"),
        )
        return {
            "oracle_receipt": "0x" + made.receipt_id.hex(),
            "oracle_model_id": _version(model),
            "oracle_subject": "0x" + made.prediction.subject.hex(),
            "oracle_state": "pending",
            "oracle_value": model.card.value_text(made.prediction.value),
            "oracle_anchor_by": made.anchor_by,
        }


def _check(given: Parameters) -> None:
    for key, value in given.items():
        if not key.startswith("oracle_"):
            continue
        kind = _OURS.get(key)
        if kind is None:
            raise InvalidInput(
                f"there is no parameter {key[:80]!r}", remedy=f"there are {', '.join(_OURS)}"
            )
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise InvalidInput(
                f"parameter {key} is {str(value)[:80]!r}",
                remedy="see docs/inference-protocol.md for what it takes",
            )
    wait = given.get("oracle_wait", 0)
    if not 0 <= float(wait) <= MAX_WAIT:
        raise InvalidInput(
            f"parameter oracle_wait is {wait}", remedy=f"it is seconds, from 0 to {MAX_WAIT:g}"
        )


def _text(given: Parameters, key: str) -> str | None:
    value = given.get(key)
    return str(value) if value is not None else None


def _told(model: StoredModel, subject: bytes, account: Account) -> dict[str, Parameter]:
    """The decision as it stands, in the flat values that parameters are."""
    told: dict[str, Parameter] = {
        "oracle_receipt": "0x" + subject.hex(),
        "oracle_model_id": _version(model),
    }
    if account.request is not None:
        told["oracle_state"] = account.request.state.value
        if account.request.reason:
            told["oracle_reason"] = account.request.reason
    decision = account.decision
    if decision is not None:
        told["oracle_value"] = model.card.value_text(decision.prediction.value)
        told["oracle_verdict"] = verdict_word(decision.verdict)
        told["oracle_transaction"] = "0x" + decision.tx_hash.hex()
    return told


def _version(model: StoredModel) -> str:
    return "0x" + model.model_id.hex()


def _tensor(name: str, dtype: str, shape: Shape) -> TensorMetadata:
    extents = tuple(extent if isinstance(extent, int) else -1 for extent in shape)
    return TensorMetadata(name=name, datatype=datatype_of(dtype), shape=extents)
