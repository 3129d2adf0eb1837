"""``/api/decisions``: ask for a decision, list them, read one with its whole account."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import ValidationError

from oracle.api.body import lost_digits, read_json
from oracle.api.context import context_of, is_trusted_caller, word_of
from oracle.api.examples import ASK_EXAMPLES, PROBLEMS
from oracle.api.problems import from_validation
from oracle.api.schemas import (
    Account,
    DecisionAsk,
    DecisionList,
    StateWord,
    VerdictWord,
)
from oracle.api.views import account_view, hex_of, line_view
from oracle.core.errors import InvalidInput
from oracle.core.lifecycle import State
from oracle.core.policy import Verdict
from oracle.inference.engine import Engine
from oracle.inference.folder import StoredModel
from oracle.journal import feed
from oracle.node import accept as accepting

router = APIRouter(prefix="/api/decisions", tags=["decisions"])


@router.post(
    "",
    status_code=202,
    response_model=Account,
    summary="Ask for a decision",
    responses={
        200: {"model": Account, "description": "It was over within `wait`."},
        202: {"description": "Accepted and recorded; `Location` says where to read on."},
        **PROBLEMS,
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": DecisionAsk.model_json_schema(),
                    "examples": ASK_EXAMPLES,
                }
            },
        }
    },
)
async def ask(
    request: Request,
    response: Response,
    idempotency_key: Annotated[
        str | None,
        Header(description="The same key with the same body is the same decision; a UUID does."),
    ] = None,
) -> Account:
    """Run the model on an input and put the decision on chain.

    What is accepted is recorded before the answer goes out, and is decided even if the node is
    killed right after. One (model, subject) is decided once.
    """
    context = context_of(request)
    wanted = _read_ask(await read_json(request))
    model = context.model(wanted.model)
    accepted = await accepting.accept(
        context.node.parts,
        model_id=model.model_id,
        input_bytes=input_bytes(context.node.parts.engine, model, wanted.input),
        reference=wanted.subject,
        idempotency_key=idempotency_key,
        private=wanted.private,
    )
    account = await accepting.wait_for(
        context.node.parts,
        accepted.model_id,
        accepted.subject,
        accepting.is_over,
        float(wanted.wait),
    )
    response.status_code = 200 if accepting.is_over(account) else 202
    where = f"/api/decisions/{hex_of(accepted.subject)}?model={hex_of(accepted.model_id)}"
    response.headers["Location"] = where
    return account_view(
        account,
        model_id=accepted.model_id,
        subject=accepted.subject,
        card=model.card,
        trusted=True,
    )


@router.get("", response_model=DecisionList, summary="The latest decisions", responses=PROBLEMS)
async def latest(
    request: Request,
    model: Annotated[str | None, Query(description="Name or 0x id.")] = None,
    state: Annotated[StateWord | None, Query(description="Only those in this state.")] = None,
    verdict: Annotated[VerdictWord | None, Query(description="Only those decided so.")] = None,
    subject: Annotated[
        str | None,
        Query(description="Only those whose subject begins so.", pattern="^0x[0-9a-fA-F]{1,64}$"),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[
        str | None,
        Query(description="`next` of the page before.", pattern="^[0-9]{1,19}(-[0-9]{1,19}){2}$"),
    ] = None,
) -> DecisionList:
    """Decisions of the served models, newest first: asked by the API, asked on chain, or made by
    another transaction.
    """
    context = context_of(request)
    wanted = feed.Filter(
        model_id=context.model_id(model) if model is not None else None,
        state=State(state) if state else None,
        verdict=Verdict[verdict.upper()] if verdict else None,
        subjects=_beginning(subject[2:]) if subject else None,
    )
    before = _page(cursor) if cursor else None
    found, following = await context.node.parts.journal.read(
        lambda db: feed.newest(db, wanted, limit=limit, before=before)
    )
    return DecisionList(
        decisions=[line_view(line, context.card(line.model_id)) for line in found],
        next=f"{following.request}-{following.block}-{following.log}" if following else None,
    )


@router.get(
    "/{subject}", response_model=Account, summary="One decision's account", responses=PROBLEMS
)
async def one(
    request: Request,
    subject: str,
    model: Annotated[
        str | None, Query(description="Name or 0x id; needed where several decided on it.")
    ] = None,
    wait: Annotated[float, Query(ge=0, le=60, description="Seconds to wait until it is over.")] = 0,
) -> Account:
    """The request, the prediction, the decision, its transactions with gas and fees, and when each
    stage was reached.
    """
    context = context_of(request)
    word = word_of(subject, "the subject")
    model_id = await context.find(word, model)
    parts = context.node.parts
    account = await accepting.wait_for(parts, model_id, word, accepting.is_over, wait)
    return account_view(
        account,
        model_id=model_id,
        subject=word,
        card=context.card(model_id),
        trusted=is_trusted_caller(request),
    )


def _beginning(digits: str) -> tuple[bytes, bytes]:
    """The first and the last subject that begin with these hex digits."""
    return bytes.fromhex(digits.ljust(64, "0")), bytes.fromhex(digits.ljust(64, "f"))


def _page(cursor: str) -> feed.Page:
    """A page's end; beyond everything where the numbers are beyond the journal's."""
    request, block, log = (min(int(part), 2**62) for part in cursor.split("-"))
    return feed.Page(request=request, block=block, log=log)


def _read_ask(body: Any) -> DecisionAsk:
    try:
        return DecisionAsk.model_validate(body)
    except ValidationError as fault:
        raise from_validation(list(fault.errors(include_input=False, include_url=False))) from None


def input_bytes(
    engine: Engine, model: StoredModel, given: dict[str, Any] | list[Any] | str
) -> bytes:
    """The input bytes of what was sent: encoded by the card, or given as they are."""
    if isinstance(given, str):
        try:
            if not given.startswith("0x"):
                raise ValueError
            return bytes.fromhex(given[2:])
        except ValueError:
            raise InvalidInput(
                "the input is a text that is not 0x hex",
                remedy="send features as an object, or the encoded bytes as 0x hex",
            ) from None
    if model.card.input.encoding == "packed" and lost_digits(given):
        raise InvalidInput(
            "the input holds a number beyond 2^53, whose digits JSON readers lose",
            remedy="write it as a string",
        )
    return engine.encode(model.model_id, given)
