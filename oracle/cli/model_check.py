"""``oracle model check``: a model's spread, drawn, and what the card should say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from oracle.cli.console import err, facts, say, show_json, table
from oracle.cli.exits import ExitCode
from oracle.core.errors import ConfigError
from oracle.core.model_card import ModelCard
from oracle.inference.adjust import Proposal, inputs_for, measure, propose, write_adjusted
from oracle.inference.fit import committee_fit
from oracle.inference.folder import StoredModel
from oracle.inference.spread import Spread, Variation
from oracle.inference.writing import Written

WIDTH = 24
FINEST = -9
"""Differences are drawn by their order of magnitude, from 1e-9 to 1."""


def check_model(
    model: StoredModel, *, count: int, runtimes: Sequence[Path], write: bool, json: bool
) -> ExitCode:
    """Measure, show, and write where asked; FAILED where a committee would split.

    Raises:
        InvalidInput: there are no inputs, or the policy does not fit fewer decimals.
        ConfigError: the model's folder can not be written.
    """
    with err.status("measuring …"):
        inputs = inputs_for(model, count)
        spread = measure(model, inputs, runtimes)
    proposal = propose(spread, model.card)
    reason = committee_fit(spread, model.card, model.graph.operators)
    wanted = changes(model.card, proposal)
    written = _write(model, proposal, inputs) if write and wanted else None
    if written is not None:
        reason = committee_fit(
            measure(written.model, inputs, runtimes), written.model.card, model.graph.operators
        )
    if json:
        show_json(_as_json(model, spread, proposal, reason, written))
    else:
        _print(model, spread, proposal, reason, written)
    return ExitCode.OK if reason is None else ExitCode.FAILED


def _write(model: StoredModel, proposal: Proposal, inputs: Sequence[bytes]) -> Written:
    try:
        return write_adjusted(model, proposal, inputs)
    except OSError as error:
        raise ConfigError(
            f"{model.folder} can not be written: {error.strerror}",
            remedy="copy the model's folder, and name its parent with --models",
        ) from None


def bar(largest: float, width: int = WIDTH) -> str:
    """A difference as a bar, by its order of magnitude; empty for none."""
    if largest <= 0:
        return ""
    share = (math.log10(largest) - FINEST) / -FINEST
    return "█" * max(1, round(width * min(1.0, share)))


def changes(card: ModelCard, proposal: Proposal) -> list[str]:
    """What the proposal would change in the card, in words."""
    found = []
    decimals = max((spec.decimals for spec in card.outputs), default=0)
    if proposal.decimals is not None and proposal.decimals < decimals:
        found.append(f"decimals {decimals} → {proposal.decimals}")
    if proposal.tolerance != card.tolerance:
        found.append(f"tolerance {card.tolerance} → {proposal.tolerance}")
    if proposal.batching != card.batching.allowed:
        allowed = {True: "allowed", False: "not allowed"}
        found.append(f"batching {allowed[card.batching.allowed]} → {allowed[proposal.batching]}")
    return found


def _print(
    model: StoredModel,
    spread: Spread,
    proposal: Proposal,
    reason: str | None,
    written: Written | None,
) -> None:
    card = model.card
    wanted = changes(card, proposal)
    say("", Text.assemble((model.name, "head"), f"  {spread.inputs} inputs under each set-up\n"))
    say(_drawn(spread.variations))
    say(
        "",
        facts(
            [
                ("decimals", _decimals(spread)),
                ("tolerance", f"{proposal.tolerance}" if proposal.tolerance else None),
                ("batching", "gives the same answers" if spread.batching else "changes answers"),
                ("the card", "; ".join(wanted) if wanted else "says so already"),
                ("committee", _fit(reason)),
            ]
        ),
        "",
    )
    if written is not None:
        say(
            Text.assemble(("✓ ", "good"), ("written", "head"), f" to {model.folder}"),
            facts(
                [("was", "0x" + model.model_id.hex()), ("is", "0x" + written.model.model_id.hex())]
            ),
            Text(
                "  A card's words are the model's identity: with another id it is another model,\n"
                "  to be registered anew (oracle deploy); the old one stays on chain as it is.\n",
                style="quiet",
            ),
        )
    elif wanted:
        say(
            Text.assemble(
                ("  Next: ", "quiet"),
                (f"oracle model check {model.name} --write", "head"),
                " puts that into the card; the model's id changes with it.\n",
            )
        )


def _fit(reason: str | None) -> Text:
    if reason is None:
        return Text("members would agree", style="good")
    return Text(f"refused: {reason}", style="bad")


def _decimals(spread: Spread) -> str | None:
    if spread.decimals is None:
        return None
    return f"nothing rounds apart up to {spread.decimals}"


def _drawn(variations: Sequence[Variation]) -> Table:
    grid = table(
        "set-up", "largest difference", "", "round apart", "disagree", right=["round apart"]
    )
    for each in variations:
        if each.failed:
            grid.add_row(each.name, Text(each.failed, style="bad"), "", "", "")
            continue
        style = "bad" if each.disagreeing else "warn" if each.apart else "good"
        grid.add_row(
            each.name,
            Text(bar(each.largest), style=style),
            f"{each.largest:.1g}" if each.largest else "none",
            str(each.apart),
            Text(str(each.disagreeing), style=style),
        )
    return grid


def _as_json(
    model: StoredModel,
    spread: Spread,
    proposal: Proposal,
    reason: str | None,
    written: Written | None,
) -> dict[str, Any]:
    return {
        "name": model.name,
        "id": "0x" + model.model_id.hex(),
        "inputs": spread.inputs,
        "variations": [
            {
                "name": each.name,
                "largest": each.largest,
                "apart": each.apart,
                "disagreeing": each.disagreeing,
                "failed": each.failed or None,
            }
            for each in spread.variations
        ],
        "proposal": {
            "decimals": proposal.decimals,
            "tolerance": proposal.tolerance,
            "batching": proposal.batching,
            "changes": changes(model.card, proposal),
        },
        "committee": {"fit": reason is None, "reason": reason},
        "written": "0x" + written.model.model_id.hex() if written else None,
    }
