"""``/api/decisions/{subject}/callback``: why a requester could not be told, and trying again."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from oracle.api.context import context_of, word_of
from oracle.api.examples import PROBLEMS
from oracle.api.receipts import Model
from oracle.api.views import hex_of
from oracle.node.callbacks import failed_callback

router = APIRouter(prefix="/api/decisions", tags=["decisions"])


class RetryView(BaseModel):
    """A transaction that anybody may send."""

    to: str
    data: str = Field(description="Calldata of `retryCallback`.")


class FailedCallbackView(BaseModel):
    """How a failed callback stands now."""

    requester: str
    gas: int = Field(description="What the requester asked for.")
    fault: str | None = Field(
        description="Why it would fail again now; null where it would be delivered."
    )
    retry: RetryView | None = Field(
        description="Null where the request is not among the requester's latest ten thousand."
    )


@router.get(
    "/{subject}/callback",
    response_model=FailedCallbackView,
    summary="A callback that failed",
    responses=PROBLEMS,
)
async def callback(request: Request, subject: str, model: Model = None) -> FailedCallbackView:
    """Why the requester could not be told, found by calling it again without a transaction, at the
    latest block; and the transaction that tries again. Refused (409) where no callback failed.
    """
    context = context_of(request)
    word = word_of(subject, "the subject")
    parts = context.node.parts
    found = await failed_callback(parts, await context.find(word, model), word)
    return FailedCallbackView(
        requester=found.requester,
        gas=found.gas,
        fault=found.fault,
        retry=RetryView(to=parts.contract.address, data=hex_of(found.retry))
        if found.retry
        else None,
    )
