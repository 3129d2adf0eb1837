"""Sealed votes as people and programs read them: who sealed, revealed, agreed; when and where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from rich.text import Text

from oracle.api.votes import round_views
from oracle.api.words import ether_text
from oracle.cli.console import ether, mark
from oracle.core.model_card import ModelCard
from oracle.core.sealed_round import Round, Told
from oracle.verify.votes import Vote, votes_in


def votes_lines(rounds: Sequence[Round], text_of: Callable[[int], str]) -> Text:
    """Every round, and every member's part in it.

    Args:
        text_of: a value in the card's terms.
    """
    lines: list[Text] = []
    for found in rounds:
        lines.append(_head(found))
        for vote in votes_in(found):
            lines += _vote(vote, text_of)
    return Text("\n").join(lines)


def _head(found: Round) -> Text:
    terms, size = found.committee.terms, len(found.committee.members)
    bond = f"{ether(ether_text(terms.bond))} ETH"
    head = Text.assemble(
        "  ",
        (f"round {found.key.number}", "head"),
        f"  {len(found.sealed)} of {size} sealed, {len(found.revealed)} revealed, bond {bond}  ",
    )
    if found.closed is None:
        return head.append("not counted yet", style="warn")
    if found.closed.prediction is None:
        head.append("nothing decided", style="bad")
    else:
        head.append(f"{len(found.agreed)} agreed", style="good")
    return head.append_text(_where("", found.closed))


def _vote(vote: Vote, text_of: Callable[[int], str]) -> list[Text]:
    lines = [Text.assemble((f"    {vote.index:>2}  ", "quiet"), (vote.member, "id"), "  ")]
    lines[0].append_text(_part(vote))
    if vote.sealed is not None:
        lines.append(_where("        sealed    ", vote.sealed))
    if vote.leaked is not None:
        lines.append(_where("        leaked    ", vote.leaked))
        lines[-1].append(f"  reported by {vote.leaked.reporter}", style="quiet")
    if vote.revealed is not None:
        lines.append(_where("        revealed  ", vote.revealed))
        lines[-1].append(f"  {text_of(vote.revealed.opening.value)} ", style="head")
        lines[-1].append_text(mark(vote.holds is True))
    return lines


def _part(vote: Vote) -> Text:
    if vote.sealed is None:
        return Text("did not vote", style="warn")
    if vote.leaked is not None:
        return Text("gave its vote away: void, the bond is lost", style="bad")
    if vote.lost:
        return Text("did not reveal: the bond is lost", style="bad")
    if vote.agreed:
        return Text("agreed", style="good")
    if vote.revealed is None:
        return Text("sealed", style="default")
    return Text("revealed", style="default")


def _where(name: str, told: Told) -> Text:
    at = datetime.fromtimestamp(told.at).astimezone().strftime("%H:%M:%S")
    return Text.assemble(
        (f"{name}", "quiet"),
        f"  {at}" if not name else at,
        f"  block {told.block_number}  ",
        ("0x" + told.tx_hash.hex(), "id"),
    )


def votes_json(rounds: Sequence[Round], card: ModelCard | None) -> list[dict[str, Any]]:
    """The same for programs, as the API tells it."""
    return [found.model_dump() for found in round_views(rounds, card)]
