"""One line for each decision while a node runs in a terminal, instead of its log."""

from __future__ import annotations

import asyncio
import sys
import time

from rich.text import Text

from oracle.api.words import verdict_word
from oracle.cli.console import begin, say, seconds, state, verdict
from oracle.core.lifecycle import OPEN, Request
from oracle.journal import chain_view, requests
from oracle.node.node import Node


async def show_decisions(node: Node) -> None:
    """Print decisions as they become final, until cancelled; nothing outside a terminal."""
    over: asyncio.Queue[Request] = asyncio.Queue()

    def notice(_stage: str, request: Request | None, /) -> None:
        if request is not None and request.state not in OPEN:
            over.put_nowait(request)

    if sys.stdout.isatty():
        node.parts.observers.append(notice)
    while True:
        say(await _line(node, await over.get()))


async def _line(node: Node, request: Request) -> Text:
    journal = node.parts.journal
    key = (request.model_id, request.subject)
    record = await journal.read(lambda db: chain_view.find_decision(db, *key))
    story = await journal.read(lambda db: requests.story(db, *key))
    model = node.parts.engine.store.find(request.model_id)
    line = Text.assemble((time.strftime("  %H:%M:%S  "), "quiet"), model.name.ljust(16), " ")
    if record is None:
        return line.append_text(state(str(request.state))).append(f"  {request.reason}")
    said = record.prediction
    line.append_text(verdict(verdict_word(record.verdict)))
    line.append(f"  {model.card.value_text(said.value)}  ")
    line.append(begin("0x" + request.subject.hex()), style="id")
    asked = "asked on chain" if request.origin == "chain" else "asked by the API"
    took = seconds(story[-1].at - story[0].at) if story else ""
    return line.append(f"  {asked}, block {record.block_number}, {took}", style="quiet")
