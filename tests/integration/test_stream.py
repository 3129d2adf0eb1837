"""``/api/stream`` of a real node: what arrives, what is caught up, and what ends it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import pytest_asyncio
from eth_utils.crypto import keccak

import oracle.api.stream
from oracle.api.stream import LISTENERS
from oracle.node.metrics import Metrics
from tests.support.page import Served, served_node, serving

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with served_node(tmp_path_factory.mktemp("stream")) as opened:
        yield opened


class Events:
    """Server-sent events, as a browser reads them."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines
        self.last_id: str | None = None
        self.comments: list[str] = []

    async def next(self, *, within: float = 20.0) -> tuple[str, Any]:
        """Name and body of the next event."""
        name, body = "", ""
        async with asyncio.timeout(within):
            async for line in self._lines:
                field, _, value = line.partition(": ")
                match field:
                    case "event":
                        name = value
                    case "data":
                        body = value
                    case "id":
                        self.last_id = value
                    case "":
                        if value:
                            self.comments.append(value)
                        elif name:
                            return name, json.loads(body)
        raise EOFError

    async def decision(self, subject: str, state: str) -> dict[str, Any]:
        """Wait for a line about a subject in that state."""
        while True:
            name, body = await self.next()
            if name == "decision" and (body["subject"], body["state"]) == (subject, state):
                return body


@asynccontextmanager
async def listening(url: str, *, after: str | None = None) -> AsyncIterator[Events]:
    headers = {"last-event-id": after} if after else {}
    async with (
        httpx.AsyncClient(timeout=30) as http,
        http.stream("GET", f"{url}/api/stream", headers=headers) as reply,
    ):
        assert reply.status_code == 200
        assert reply.headers["content-type"].startswith("text/event-stream")
        events = Events(reply.aiter_lines())
        assert (await events.next())[0] == "open"
        yield events


async def ask(served: Served, subject: str, row: int = 0) -> str:
    model = served.world.model
    body = {"model": model.name, "input": dict(model.vectors[row].features), "subject": subject}
    async with httpx.AsyncClient(timeout=30) as http:
        reply = await http.post(f"{served.url}/api/decisions", json=body | {"wait": 15})
    assert reply.status_code == 200
    return str(reply.json()["subject"])


async def test_stream__decision_asked__every_stage_arrives_up_to_the_verdict(served: Served):
    async with listening(served.url) as events:
        subject = await ask(served, "watched")
        states = []
        while "final" not in states:
            name, line = await events.next()
            assert (name, line["subject"]) == ("decision", subject)
            states.append(line["state"])

    assert line["verdict"] in ("accept", "reject", "review")
    assert line["origin"] == "api"
    assert line["text"] == served.world.model.card.value_text(int(line["value"]))


async def test_stream__decision_by_another_transaction__arrives_and_is_listed(served: Served):
    subject = keccak(text="decided elsewhere")
    async with listening(served.url) as events:
        said = await served.decide_elsewhere(subject)
        line = await events.decision("0x" + subject.hex(), "final")

    assert line["origin"] == "other"
    assert line["value"] == str(said.value)
    async with httpx.AsyncClient() as http:
        listed = (await http.get(f"{served.url}/api/decisions")).json()["decisions"]
        account = (await http.get(f"{served.url}/api/decisions/0x{subject.hex()}")).json()
    assert line in listed[:2]  # the chain's clock has whole seconds
    assert account["request"] is None
    assert account["decision"]["tx_hash"] == line["tx_hash"]


async def test_stream__connection_broken__the_missed_ones_come_first(served: Served):
    async with listening(served.url) as events:
        await events.decision(await ask(served, "before the break"), "final")
        behind = events.last_id
    first, second = await ask(served, "missed one"), await ask(served, "missed two")

    async with listening(served.url, after=behind) as events:
        caught_up = [await events.next(), await events.next()]
        live = await ask(served, "live again")
        await events.decision(live, "final")

    assert [(name, line["subject"]) for name, line in caught_up] == [
        ("decision", first),
        ("decision", second),
    ]


@pytest.mark.parametrize("unknown", ["999999999-0-0-", "0-1-1-00000000", "what?", "1-1-1-abc"])
async def test_stream__position_unknown__is_told_to_start_over(served: Served, unknown: str):
    async with listening(served.url, after=unknown) as events:
        assert await events.next() == ("reset", {})


async def test_stream__reorganised__is_told_to_start_over(served: Served):
    async with listening(served.url) as events:
        await events.decision(await ask(served, "in a block that goes"), "final")
        served.node.parts.observe("rewound")
        while (await events.next())[0] != "reset":
            pass


async def test_stream__silence__is_kept_alive(served: Served, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(oracle.api.stream, "KEEP_ALIVE", 0.05)
    async with listening(served.url) as events:
        with pytest.raises(TimeoutError):
            await events.next(within=0.4)
        assert "still here" in events.comments


async def test_stream__too_many_listeners__one_more_is_refused(served: Served):
    async with asyncio.timeout(30):
        opened = [listening(served.url) for _ in range(LISTENERS)]
        for each in opened:
            await each.__aenter__()
        async with httpx.AsyncClient() as http:
            refused = await http.get(f"{served.url}/api/stream")
        for each in opened:
            await each.__aexit__(None, None, None)

    assert refused.status_code == 429
    assert refused.headers["retry-after"]
    assert "listen" in refused.json()["detail"]


async def test_stream__server_stops__its_listeners_are_let_go_at_once(served: Served):
    server = serving(served.node, Metrics())
    url = await server.__aenter__()
    async with listening(url) as events:
        began = time.monotonic()
        await server.__aexit__(None, None, None)
        with pytest.raises(EOFError):
            await events.next()
    assert time.monotonic() - began < 2
    assert (await ask(served, "the others go on")).startswith("0x")
