"""``/api/receipts`` and ``/api/inputs``: what makes a decision checkable without this node."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from oracle.api.body import read_body
from oracle.api.context import context_of, is_trusted_caller, word_of
from oracle.api.examples import PROBLEMS
from oracle.core.receipt import Receipt
from oracle.core.receipt_json import write_receipt
from oracle.node.anchoring.receipts import promised_receipt
from oracle.node.inputs import put_input
from oracle.node.receipts import decision_receipt, forget_input

router = APIRouter(prefix="/api", tags=["receipts"])

Model = Annotated[
    str | None, Query(description="Name or 0x id; needed where several decided on it.")
]


class InputKept(BaseModel):
    """An input that is kept."""

    input_hash: str = Field(description="keccak256 of the bytes, 0x hex.")
    size: int = Field(description="Bytes.")


@router.get(
    "/receipts/{subject}",
    summary="A decision's receipt",
    response_class=Response,
    responses={
        200: {"content": {"application/json": {}}, "description": "Canonical JSON (RFC 8785)."},
        **PROBLEMS,
    },
)
async def one(request: Request, subject: str, model: Model = None) -> Response:
    """Everything that is needed to check the decision offline and on chain: `docs/receipts.md` and
    `docs/receipt.schema.json` describe it, `oracle verify` checks it. A promised prediction is
    found by its id as well, and has a receipt before it is decided on.

    Of a private input all fields are hidden, unless the caller may see what is not on chain.
    """
    context = context_of(request)
    word = word_of(subject, "the subject")
    trusted = is_trusted_caller(request)
    model_id = context.model_id(model) if model is not None else None
    promised = await promised_receipt(context.node.parts, word, model_id, trusted=trusted)
    if promised is not None:
        return _json(promised)
    receipt = await decision_receipt(
        context.node.parts,
        await context.find(word, model),
        word,
        trusted=trusted,
    )
    return _json(receipt)


@router.put(
    "/inputs",
    status_code=201,
    response_model=InputKept,
    summary="Keep an input",
    responses=PROBLEMS,
    openapi_extra={"requestBody": {"required": True, "content": {"application/octet-stream": {}}}},
)
async def put(request: Request) -> InputKept:
    """Put an input's bytes into the evidence store, for requests that name it by its hash
    (`requestDecisionByHash`). It is kept under keccak256 and shown to nobody.
    """
    octets = await read_body(request)
    digest = await put_input(context_of(request).node.parts, octets)
    return InputKept(input_hash="0x" + digest.hex(), size=len(octets))


@router.delete(
    "/decisions/{subject}/input",
    status_code=204,
    summary="Forget a private input",
    responses=PROBLEMS,
)
async def forget(request: Request, subject: str, model: Model = None) -> None:
    """Delete the input of a decision that was asked for as private, and its salt. What is on chain
    then leads nowhere; a receipt that was given out before still shows what it shows.
    """
    context = context_of(request)
    word = word_of(subject, "the subject")
    await forget_input(context.node.parts, await context.find(word, model), word)


def _json(receipt: Receipt) -> Response:
    return Response(
        write_receipt(receipt), media_type="application/json", headers={"Cache-Control": "no-store"}
    )
