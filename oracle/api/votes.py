"""``/api/decisions/{subject}/votes``: the sealed votes about a decision, as the chain has them."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from oracle.api.context import context_of, word_of
from oracle.api.examples import PROBLEMS
from oracle.api.receipts import Model
from oracle.api.schemas import Hash
from oracle.api.views import hex_of, value_of
from oracle.core.model_card import ModelCard
from oracle.core.sealed_round import Leaked, Revealed, Round, Sealed, Told
from oracle.node.committee.voting import rounds_of_subject
from oracle.verify.votes import Vote, votes_in

router = APIRouter(prefix="/api/decisions", tags=["decisions"])


class PlaceView(BaseModel):
    """Where something is on the chain."""

    at: int = Field(description="The block's time, Unix seconds.")
    block_number: int
    tx_hash: Hash


class SealView(PlaceView):
    """A commitment."""

    seal: Hash


class OpeningView(PlaceView):
    """A vote that was opened."""

    value: str = Field(description="int128, units of the card's last decimal.")
    text: str = Field(description="With its decimals, or the label's name.")
    confidence_ppm: int
    input_hash: Hash
    output_hash: Hash
    salt: Hash
    holds: bool | None = Field(description="Whether it opens the member's seal.")


class LeakView(PlaceView):
    """A vote that was given away before it could be opened: it is void."""

    reporter: str
    reward_wei: str


class VoteView(BaseModel):
    """One member's part in a round."""

    member: str
    index: int
    sealed: SealView | None
    revealed: OpeningView | None
    leaked: LeakView | None
    agreed: bool = Field(description="Whether it is among those who agreed with the outcome.")
    bond_lost: bool


class RoundView(BaseModel):
    """One round of votes."""

    round: int
    attestor: str
    threshold: int
    bond_wei: str
    opened_at: int | None
    seal_until: int
    reveal_until: int
    decided: bool | None = Field(description="Null before the votes are counted.")
    closed: PlaceView | None
    votes: list[VoteView]


class RoundList(BaseModel):
    """The rounds about a subject, the first one first."""

    rounds: list[RoundView]


@router.get(
    "/{subject}/votes",
    response_model=RoundList,
    summary="The sealed votes about a decision",
    responses=PROBLEMS,
)
async def votes(request: Request, subject: str, model: Model = None) -> RoundList:
    """Who sealed and who opened a vote, when, in which transaction, and what it said; whose was
    given away or never opened. Empty where no committee votes on chain with this node in it.
    """
    context = context_of(request)
    word = word_of(subject, "the subject")
    model_id = await context.find(word, model)
    found = await rounds_of_subject(context.node.parts, model_id, word)
    return RoundList(rounds=round_views(found, context.card(model_id)))


def round_views(rounds: Sequence[Round], card: ModelCard | None) -> list[RoundView]:
    """Rounds as JSON."""
    return [
        RoundView(
            round=found.key.number,
            attestor=found.committee.attestor,
            threshold=found.committee.threshold,
            bond_wei=str(found.committee.terms.bond),
            opened_at=found.opened_at,
            seal_until=found.seal_until,
            reveal_until=found.reveal_until,
            decided=None if found.closed is None else found.closed.prediction is not None,
            closed=PlaceView(**_place(found.closed)) if found.closed else None,
            votes=[_vote(vote, card) for vote in votes_in(found)],
        )
        for found in rounds
    ]


def _vote(vote: Vote, card: ModelCard | None) -> VoteView:
    return VoteView(
        member=vote.member,
        index=vote.index,
        sealed=_sealed(vote.sealed) if vote.sealed else None,
        revealed=_revealed(vote.revealed, vote.holds, card) if vote.revealed else None,
        leaked=_leaked(vote.leaked) if vote.leaked else None,
        agreed=vote.agreed,
        bond_lost=vote.lost or vote.leaked is not None,
    )


def _sealed(told: Sealed) -> SealView:
    return SealView(**_place(told), seal=hex_of(told.seal))


def _revealed(told: Revealed, holds: bool | None, card: ModelCard | None) -> OpeningView:
    opening = told.opening
    return OpeningView(
        **_place(told),
        value=str(opening.value),
        text=value_of(opening.value, card).text,
        confidence_ppm=opening.confidence,
        input_hash=hex_of(opening.input_hash),
        output_hash=hex_of(opening.output_hash),
        salt=hex_of(opening.salt),
        holds=holds,
    )


def _leaked(told: Leaked) -> LeakView:
    return LeakView(**_place(told), reporter=told.reporter, reward_wei=str(told.reward))


def _place(told: Told) -> dict[str, int | str]:
    return {"at": told.at, "block_number": told.block_number, "tx_hash": hex_of(told.tx_hash)}
