"""``/api/models``: which models there are, how each is judged, and their files."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from oracle.api.context import Context, context_of
from oracle.api.examples import PROBLEMS
from oracle.api.schemas import ModelLine, ModelList, ModelView, OnChain
from oracle.api.views import hex_of
from oracle.core.card_json import card_to_json
from oracle.core.errors import NotFound, Transient
from oracle.core.model_card import ClassHead, FileDigest
from oracle.inference.folder import StoredModel

router = APIRouter(prefix="/api/models", tags=["models"])


@router.get("", response_model=ModelList, summary="The models of this node")
async def models(request: Request) -> ModelList:
    """Every model that this node serves."""
    served = sorted(context_of(request).models, key=lambda model: model.name)
    return ModelList(models=[line_of(model) for model in served])


@router.get("/{name}", response_model=ModelView, summary="One model", responses=PROBLEMS)
async def model(request: Request, name: str) -> ModelView:
    """A model by name or id: its card, an input to try, its policy and its registration."""
    context = context_of(request)
    found = context.model(name)
    return ModelView(
        **line_of(found).model_dump(),
        description=found.card.description,
        card=dict(card_to_json(found.card)),
        example=example_of(found),
        on_chain=await on_chain(context, found),
        file=f"/api/models/{found.card.name}/file",
    )


@router.get(
    "/{name}/file",
    summary="The model's file",
    response_class=Response,
    responses={**PROBLEMS, 200: {"content": {"application/octet-stream": {}}}},
)
async def file(request: Request, name: str) -> Response:
    """The ``.onnx`` file as it was verified; its SHA-256 is in the card, and is the ETag."""
    found = context_of(request).model(name)
    return _octets(request, found.onnx, found.card.model.onnx, f"{found.name}.onnx")


@router.get(
    "/{name}/files/{part}",
    summary="One of the model's files",
    response_class=Response,
    responses={**PROBLEMS, 200: {"content": {"application/octet-stream": {}}}},
)
async def part(request: Request, name: str, part: str) -> Response:
    """The ``.onnx`` file, or a file of its weights, by the name in the card, as it was verified."""
    found = context_of(request).model(name)
    files = found.card.model
    octets = {files.onnx.file: found.onnx, **found.external}
    for digest in (files.onnx, *files.external):
        if digest.file == part:
            return _octets(request, octets[part], digest, part)
    raise NotFound(
        f"model {found.name} has no file {part[:80]!r}",
        remedy="its card names: " + ", ".join(octets),
    )


def _octets(request: Request, octets: bytes, digest: FileDigest, name: str) -> Response:
    tag = f'"sha256:{digest.sha256}"'
    headers = {"ETag": tag, "Cache-Control": "public, max-age=3600"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return Response(octets, media_type="application/octet-stream", headers=headers)


async def on_chain(context: Context, model: StoredModel) -> OnChain:
    """A model's registration, as it stands; while the chain is away, as it was read last.

    Raises:
        ChainError: no endpoint answers, and it was never read.
    """
    try:
        found = await _registration(context, model)
    except Transient:
        before = context.registrations.get(model.model_id)
        if before is None:
            raise
        return before.model_copy(update={"current": False})
    context.registrations[model.model_id] = found
    return found


async def _registration(context: Context, model: StoredModel) -> OnChain:
    parts = context.node.parts
    registered = await parts.contract.model_of(model.model_id, block="latest")
    if registered is None:
        return OnChain(registered=False, attested_here=False)
    return OnChain(
        registered=True,
        attested_here=parts.is_own(registered.attestor),
        attestor=registered.attestor,
        owner=registered.owner,
        trust_level=registered.trust_level,
        fee_gwei=registered.fee_gwei,
        max_age=registered.max_age,
        paused=registered.paused,
        change_at=registered.change_at or None,
        policy=await context.policy(model, registered.policy),
    )


def line_of(model: StoredModel) -> ModelLine:
    """A model in a list."""
    card = model.card
    return ModelLine(
        name=card.name,
        id=hex_of(model.model_id),
        title=card.title,
        kind="class" if isinstance(card.head, ClassHead) else "score",
        labels=list(card.labels),
        features=[feature.name for feature in card.input.features]
        or [tensor.name for tensor in card.input.tensors],
        meaning=dict(model.policy.meaning) if model.policy else {},
    )


def example_of(model: StoredModel) -> dict[str, str] | str | None:
    """An input to try, from the model's test vectors; None where it has none."""
    if not model.vectors:
        return None
    vector = model.vectors[0]
    return dict(vector.features) or hex_of(vector.input)
