"""``/api/predictions``: answered at once, promised to be anchored, and decided on later."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from oracle.api.body import read_json
from oracle.api.context import context_of, is_trusted_caller, word_of
from oracle.api.decisions import input_bytes
from oracle.api.examples import PROBLEMS
from oracle.api.problems import Refusal, from_validation
from oracle.api.views import hex_of
from oracle.core.errors import InvalidInput
from oracle.core.policy import Verdict
from oracle.node.anchoring.filed import Filed, filed, filed_about, filed_newest
from oracle.node.anchoring.promise import MAX_ROWS, Asked, promise
from oracle.node.anchoring.receipts import relay

router = APIRouter(prefix="/api/predictions", tags=["predictions"])


class Row(BaseModel):
    """One input, and what it is about."""

    model_config = ConfigDict(extra="forbid")

    input: dict[str, Any] | list[Any] | str = Field(
        description="Features by name or in order, or the encoded bytes as 0x hex."
    )
    subject: str | None = Field(
        None,
        max_length=1000,
        description="What it is about: any text, 32 bytes as 0x hex, or an on-chain request's id.",
    )


class PredictionAsk(BaseModel):
    """One prediction, or several of one model."""

    model_config = ConfigDict(extra="forbid")

    model: str = Field(description="Name or 0x id.")
    input: dict[str, Any] | list[Any] | str | None = Field(None, description="Of one prediction.")
    subject: str | None = Field(None, max_length=1000)
    rows: list[Row] | None = Field(
        None, min_length=1, max_length=MAX_ROWS, description="Instead of input and subject."
    )
    private: bool = Field(
        False,
        description="Commit to the inputs with a salt for each field, instead of their plain hash.",
    )


class PredictionView(BaseModel):
    """A promised prediction, as far as it has come."""

    id: str = Field(description="Names it and its receipt, 0x hex.")
    state: str = Field(description="pending, anchored, or decided.")
    model: str
    model_id: str
    subject: str
    value: str = Field(description="In the card's words.")
    raw_value: str = Field(description="int128, units of the card's last decimal.")
    decimals: int = Field(description="The raw value's unit is 10**-decimals.")
    confidence: int = Field(description="Parts per million; 0 means not stated.")
    predicted_at: int
    anchor_by: int = Field(description="Unix seconds; promised to be on chain by then.")
    log: str = Field(description="The anchor log.")
    signature: str = Field(description="The operator's, over the promise (EIP-712).")
    receipt: str = Field(description="Path of its receipt.")
    index: int | None = Field(None, description="In the log, once its batch is closed.")
    batch: int | None = Field(None, description="Its number.")
    transaction: str | None = Field(None, description="That anchored it, once it is mined.")
    block: int | None = None
    decision: RelayView | None = Field(None, description="What brings it on chain.")


class RelayView(BaseModel):
    """The decision on a prediction, or the transaction that is to make it."""

    state: str = Field(description="Of the transaction, or decided.")
    transaction: str | None = None
    block: int | None = None
    succeeded: bool | None = None
    verdict: str | None = Field(None, description="Once it is decided.")


class PredictionList(BaseModel):
    """Several predictions."""

    predictions: list[PredictionView]
    next: str | None = Field(None, description="The cursor of the next page; absent on the last.")
    log: str | None = Field(None, description="Where this node anchors; absent where it does not.")


PredictionView.model_rebuild()


@router.post(
    "",
    status_code=202,
    response_model=PredictionView | PredictionList,
    response_model_exclude_none=True,
    summary="Predict, with a promise to anchor",
    responses=PROBLEMS,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": PredictionAsk.model_json_schema()}},
        }
    },
)
async def ask(
    request: Request,
    response: Response,
    idempotency_key: Annotated[
        str | None, Header(description="The same key with the same body is the same prediction.")
    ] = None,
) -> PredictionView | PredictionList:
    """Run the model and answer at once, with the operator's signature that the prediction will be
    in the anchor log by `anchor_by`. What is answered is recorded before the answer goes out.

    Of `rows` all or none are promised.
    """
    context = context_of(request)
    wanted = _read(await read_json(request))
    model = context.model(wanted.model)
    engine = context.node.parts.engine
    if (wanted.input is None) == (wanted.rows is None):
        raise InvalidInput("neither input nor rows, or both", remedy="send one of them")
    rows = wanted.rows or [Row(input=wanted.input or [], subject=wanted.subject)]
    asked = [
        Asked(
            input=input_bytes(engine, model, row.input),
            reference=row.subject,
            private=wanted.private,
        )
        for row in rows
    ]
    parts = context.node.parts
    made = await promise(parts, model.model_id, asked, idempotency_key=idempotency_key)
    views = [_view(request, await filed(parts, each.receipt_id)) for each in made]
    if wanted.rows is not None:
        return PredictionList(predictions=views)
    response.headers["Location"] = f"/api/predictions/{views[0].id}"
    return views[0]


@router.get(
    "",
    response_model=PredictionList,
    response_model_exclude_none=True,
    summary="The latest predictions, or those about a subject",
    responses=PROBLEMS,
)
async def latest(
    request: Request,
    subject: Annotated[
        str | None, Query(description="32 bytes, 0x hex: all about it, oldest first.")
    ] = None,
    model: Annotated[str | None, Query(description="Name or 0x id.")] = None,
    state: Annotated[
        Literal["pending", "anchored"] | None, Query(description="Only those in this state.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[
        str | None, Query(description="`next` of the page before.", pattern="^[0-9]{1,18}$")
    ] = None,
) -> PredictionList:
    """Those that this node promised, newest first. What was said is not on chain: where the node
    has API keys, only who sends one gets the list; whoever knows a subject may ask about it.
    """
    context = context_of(request)
    parts = context.node.parts
    model_id = context.model_id(model) if model is not None else None
    if subject is not None:
        found = await filed_about(parts, word_of(subject, "the subject"), model_id)
        return PredictionList(predictions=[_view(request, each) for each in found])
    if not is_trusted_caller(request):
        raise Refusal(
            401,
            "No API key",
            "what this node promised and said is not on chain, and not shown to everybody",
            remedy="send a key: Authorization: Bearer KEY; or ask about a subject that you know",
            headers={"WWW-Authenticate": "Bearer"},
        )
    found, following = await filed_newest(
        parts,
        limit=limit,
        before=int(cursor) if cursor else None,
        model_id=model_id,
        anchored=None if state is None else state == "anchored",
    )
    return PredictionList(
        predictions=[_view(request, each) for each in found],
        next=None if following is None else str(following),
        log=parts.anchor_log.address if parts.anchor_log else None,
    )


@router.get(
    "/{receipt_id}",
    response_model=PredictionView,
    response_model_exclude_none=True,
    summary="One prediction",
    responses=PROBLEMS,
)
async def one(request: Request, receipt_id: str) -> PredictionView:
    """How far it has come."""
    parts = context_of(request).node.parts
    return _view(request, await filed(parts, word_of(receipt_id, "the id")))


@router.post(
    "/{receipt_id}/decision",
    status_code=202,
    response_model=PredictionView,
    response_model_exclude_none=True,
    summary="Decide on an anchored prediction",
    responses=PROBLEMS,
)
async def decide(request: Request, receipt_id: str) -> PredictionView:
    """Bring it on chain with its proof (`relayDecision`): policy and callback as for any other
    decision. Its model must have the anchor log as attestor. Again changes nothing.
    """
    parts = context_of(request).node.parts
    word = word_of(receipt_id, "the id")
    await relay(parts, await filed(parts, word))
    return _view(request, await filed(parts, word))


def _read(body: Any) -> PredictionAsk:
    try:
        return PredictionAsk.model_validate(body)
    except ValidationError as fault:
        raise from_validation(list(fault.errors(include_input=False, include_url=False))) from None


def _view(request: Request, each: Filed) -> PredictionView:
    context = context_of(request)
    promised, said = each.promised, each.promised.prediction
    card = context.card(said.model_id)
    anchored = each.transaction if each.is_anchored else None
    return PredictionView(
        id=hex_of(promised.receipt_id),
        state=each.stage,
        model=card.name if card else hex_of(said.model_id),
        model_id=hex_of(said.model_id),
        subject=hex_of(said.subject),
        value=card.value_text(said.value) if card else str(said.value),
        raw_value=str(said.value),
        decimals=card.decimals if card else 0,
        confidence=said.confidence,
        predicted_at=said.predicted_at,
        anchor_by=promised.anchor_by,
        log=promised.log,
        signature=hex_of(promised.signature),
        receipt=f"/api/receipts/{hex_of(promised.receipt_id)}",
        index=each.index,
        batch=each.batch.number if each.batch else None,
        transaction=hex_of(anchored.mined_hash) if anchored else None,
        block=anchored.block_number if anchored else None,
        decision=_relay_view(each),
    )


def _relay_view(each: Filed) -> RelayView | None:
    """What brought it on chain, or is to bring it there."""
    made, sent = each.decision, each.relay
    if made is not None:
        return RelayView(
            state="decided",
            transaction=hex_of(made.tx_hash),
            block=made.block_number,
            succeeded=True,
            verdict=Verdict(made.verdict).name.lower(),
        )
    if sent is None:
        return None
    return RelayView(
        state=str(sent.state),
        transaction=hex_of(sent.mined_hash) if sent.mined_hash else None,
        block=sent.block_number,
        succeeded=sent.succeeded,
    )
