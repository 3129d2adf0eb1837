"""A decision's account, and lists of them, as people read them in a terminal."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from oracle.cli.console import ago, begin, ether, facts, say, seconds, short, state, table, verdict

Json = Mapping[str, Any]
DECIDES, VOTES = ("answer", "answers", "relay"), ("commit", "reveal", "tally")
"""Purposes of transactions."""


def headline(account: Json) -> Text:
    """``credit-risk  ACCEPT  0.913  confidence 91.3 %``."""
    name = account["model"]["name"] or short(account["model"]["id"])
    decision, said = account["decision"], account["prediction"]
    parts: list[Any] = [(name, "head"), "  "]
    if decision:
        parts += [verdict(decision["verdict"])]
    else:
        parts += [state(account["state"])]
    if said:
        parts += ["  ", (said["text"], "head")]
        if said["confidence"]:
            parts += [("  confidence ", "quiet"), percent(said["confidence_ppm"])]
    return Text.assemble(*parts)


def percent(parts_per_million: int) -> str:
    """``91.3 %``."""
    return f"{parts_per_million / 10_000:.1f} %"


def gas(account: Json) -> str | None:
    """Gas and fee of this node's transaction that was mined and decided, and who shares them."""
    for transaction in reversed(account["transactions"]):
        if transaction["gas_used"] is not None and transaction["purpose"] in DECIDES:
            fee = f", fee {ether(transaction['fee'])} ETH" if transaction["fee"] else ""
            number = transaction["answers"]
            one_of = f"; one of {number} in this transaction" if number > 1 else ""
            return f"{transaction['gas_used']:,} gas{fee}{one_of}"
    return None


def votes(account: Json) -> str | None:
    """What this node's own part in a vote on chain cost: ``commit 47,947 gas, reveal …``."""
    own = [
        f"{transaction['purpose']} {transaction['gas_used']:,} gas"
        for transaction in account["transactions"]
        if transaction["gas_used"] is not None and transaction["purpose"] in VOTES
    ]
    return ", ".join(own) or None


def details(account: Json) -> Text:
    """What a person wants to know next: what, where, for how much."""
    decision, asked = account["decision"], account["request"]
    return facts(
        [
            ("state", state(account["state"])),
            ("why", account["reason"]),
            ("subject", Text(account["subject"], style="id")),
            ("asked by", _asked_by(asked)),
            ("transaction", Text(decision["tx_hash"], style="id") if decision else None),
            ("block", decision["block_number"] if decision else None),
            ("cost", gas(account)),
            ("this node's vote", votes(account)),
            ("callback", _callback(decision, asked)),
            ("took", seconds(account["seconds"]) if account["seconds"] is not None else None),
        ]
    )


def timeline(account: Json) -> Table:
    """Each stage and how long it took to get there."""
    grid = table("stage", "after", "note", right=["after"])
    for stage in account["timeline"]:
        note = Text(_without_long_hashes(stage["note"]), style="quiet")
        grid.add_row(state(stage["state"]), seconds(stage["seconds"]), note)
    return grid


def print_account(account: Json, *more: RenderableType) -> None:
    """Everything about one decision, with air around it.

    Args:
        more: what else is known, before the timeline.
    """
    said = account["prediction"]
    say("", headline(account), details(account))
    if said:
        say(
            facts(
                [
                    ("input hash", Text(said["input_hash"], style="id")),
                    ("output hash", Text(said["output_hash"], style="id")),
                    ("on chain", f"{said['value']}, {said['confidence_ppm']} ppm"),
                ]
            )
        )
    for part in more:
        say("", part)
    if account["timeline"]:
        say("", Padding(timeline(account), (0, 0, 0, 2)))
    say("")


def failed_callback_lines(failed: Json) -> Text:
    """Why a callback failed, and the transaction that tries again."""
    retry = failed["retry"]
    return facts(
        [
            ("called now", failed["fault"] or "the requester would take it"),
            ("to tell it", f"anybody sends {retry['data']} to {retry['to']}" if retry else None),
        ]
    )


def lines(found: Sequence[Json]) -> Table:
    """A list of decisions, newest first."""
    grid = table("subject", "model", "verdict", "value", "state", "asked", "when")
    now = time.time()
    for line in found:
        grid.add_row(
            Text(begin(line["subject"]), style="id", no_wrap=True),
            line["model"]["name"] or short(line["model"]["id"], 4),
            verdict(line["verdict"]),
            line["text"] or "—",
            state(line["state"]),
            {"chain": "chain", "api": "API"}.get(line["origin"], "—"),
            ago(now - line["at"]) if line["at"] else "—",
        )
    return grid


def _asked_by(asked: Json | None) -> str | None:
    if asked is None:
        return "another transaction"
    if asked["origin"] == "api":
        return "the API"
    return f"{asked['requester']}, fee {asked['fee_gwei']:,} gwei"


def _callback(decision: Json | None, asked: Json | None) -> Text | None:
    if decision is None or asked is None or not asked["callback_gas"]:
        return None
    good = decision["callback"] == "delivered"
    return Text(decision["callback"], style="good" if good else "bad")


def _without_long_hashes(note: str) -> str:
    words = note.split(" ")
    return " ".join(short(word) if word.startswith("0x") else word for word in words)
