"""``/api/models/{name}/figures``: what a model decided lately, and how its committee agrees."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import asdict
from statistics import median_low
from typing import cast

from fastapi import APIRouter, Request

from oracle.api.context import context_of
from oracle.api.examples import PROBLEMS
from oracle.api.schemas import (
    CommitteeView,
    ModelFigures,
    PeerView,
    RecentValue,
    VerdictCounts,
    VerdictWord,
    VoterView,
)
from oracle.api.views import value_of
from oracle.api.words import verdict_word
from oracle.inference.folder import StoredModel
from oracle.journal import chain_view, transactions
from oracle.journal.chain_view import DecisionRecord
from oracle.node.committee.standing import standings
from oracle.node.committee.voting import VotingStanding, voting_standings
from oracle.node.parts import Parts

RECENT = 500
"""Latest decisions whose values are told."""

_HELD_OUT = re.compile(r"^## Figures\s*\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)

router = APIRouter(prefix="/api/models", tags=["models"])


@router.get(
    "/{name}/figures", response_model=ModelFigures, summary="A model's record", responses=PROBLEMS
)
async def figures(request: Request, name: str) -> ModelFigures:
    """How often it decided which way, its latest values, and how far the committee agrees."""
    context = context_of(request)
    model = context.model(name)
    parts = context.node.parts
    counts, recent, gas = await parts.journal.read(
        lambda db: (
            chain_view.verdict_counts(db, model.model_id),
            chain_view.latest_decisions(db, model.model_id, RECENT),
            transactions.latest_gas(db, model.model_id, RECENT),
        )
    )
    by_word = Counter({verdict_word(verdict): count for verdict, count in counts.items()})
    return ModelFigures(
        decided=sum(counts.values()),
        verdicts=VerdictCounts(
            accept=by_word["accept"], reject=by_word["reject"], review=by_word["review"]
        ),
        recent=[_recent(each, model) for each in recent],
        median_gas=median_low(gas) if gas else None,
        committee=await _committee(parts, model.model_id),
        held_out=_held_out(model),
    )


def _recent(record: DecisionRecord, model: StoredModel) -> RecentValue:
    value = record.prediction.value
    return RecentValue(
        value=str(value),
        text=value_of(value, model.card).text,
        verdict=cast("VerdictWord", verdict_word(record.verdict)),
    )


async def _committee(parts: Parts, model_id: bytes) -> CommitteeView | None:
    """Our standing in the model's committee; None where the node is in none."""
    for signing in await standings(parts):
        if signing.model_id == model_id:
            return CommitteeView(
                threshold=signing.committee.threshold,
                members=list(signing.committee.members),
                decided=signing.decided,
                agreed=signing.agreed,
                apart=signing.apart,
                voted=signing.voted,
                peers=[
                    PeerView(member=each.member, heard=each.heard, apart=each.apart)
                    for each in signing.peers
                ],
            )
    for voting in await voting_standings(parts):
        if voting.model_id == model_id:
            return _voting(voting)
    return None


def _voting(standing: VotingStanding) -> CommitteeView:
    members = standing.committee.members
    records = sorted(
        (standing.own, *standing.peers), key=lambda record: members.index(record.member)
    )
    return CommitteeView(
        threshold=standing.committee.threshold,
        members=list(members),
        decided=standing.decided,
        agreed=standing.own.agreed,
        apart=standing.own.apart,
        voted=standing.own.revealed,
        peers=[],
        rounds=standing.closed,
        voters=[VoterView(**asdict(record)) for record in records],
    )


def _held_out(model: StoredModel) -> str | None:
    """The README's section on figures, as Markdown; None where it has none."""
    readme = model.folder / "README.md"
    if not readme.is_file():
        return None
    found = _HELD_OUT.search(readme.read_text(encoding="utf-8", errors="replace"))
    return found[1].strip() if found else None
