"""A JSON-RPC proxy that lies, stalls and breaks, between a node and its chain.

Each request is forwarded honestly or meets one fault, drawn from a seeded generator. What is
injected is counted by name. ``fair`` turns every fault off at once.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
from aiohttp import web

Answer = dict[str, Any]
READS = {"eth_getBlockByNumber", "eth_getBlockByHash", "eth_getLogs", "eth_chainId"}


class HostileRpc:
    """One endpoint of a chain.

    Args:
        upstream: the honest endpoint.
        seed: of the generator that draws the faults.
        rate: share of requests that meet a fault.
        stall: seconds that a stalled answer takes: longer than the node's patience.
        only: names of the faults to draw from; all of them where it is empty.
    """

    def __init__(
        self,
        upstream: str,
        *,
        seed: int,
        rate: float = 0.15,
        stall: float = 1.5,
        only: Collection[str] = (),
    ) -> None:
        self.url = ""
        self.injected: Counter[str] = Counter()
        self.rate = rate
        self._upstream = upstream
        self._random = random.Random(seed)
        self._stall = stall
        self._only = only
        self._session: aiohttp.ClientSession | None = None
        self._earlier: dict[str, Answer] = {}

    def fair(self) -> None:
        """Forward everything honestly from now on."""
        self.rate = 0.0

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One HTTP request of the node."""
        asked = await request.json()
        if self._random.random() >= self.rate:
            return web.json_response(await self._forward(asked))
        faults = [each for each in self._faults() if not self._only or each[0] in self._only]
        name, fault = self._random.choice(faults)
        self.injected[name] += 1
        return await fault(request, asked)

    def _faults(self) -> list[tuple[str, Callable[..., Any]]]:
        return [
            ("latency", self._slow),
            ("no answer", self._no_answer),
            ("no answer after it was taken", self._taken_without_answer),
            ("connection dropped", self._dropped),
            ("connection dropped after it was taken", self._taken_then_dropped),
            ("too many requests", self._too_many),
            ("bad gateway", self._bad_gateway),
            ("garbage", self._garbage),
            ("cut off", self._cut_off),
            ("internal error", self._internal_error),
            ("null", self._changed(_null)),
            ("wrong chain id", self._changed(_wrong_chain)),
            ("wrong block", self._changed(_wrong_block)),
            ("stale block", self._stale),
            ("missing logs", self._changed(_missing_logs)),
            ("duplicated logs", self._changed(_duplicated_logs)),
            ("another contract's logs", self._changed(_foreign_logs)),
        ]

    async def _forward(self, asked: Any) -> Any:
        assert self._session is not None
        async with self._session.post(self._upstream, json=asked) as reply:
            answer = await reply.json(content_type=None)
        for call, given in _pairs(asked, answer):
            if call.get("method") == "eth_getBlockByNumber" and "latest" in call.get("params", []):
                self._earlier.setdefault("latest", given)
                if self._random.random() < 0.2:
                    self._earlier["latest"] = given
        return answer

    async def _slow(self, _: web.Request, asked: Any) -> web.StreamResponse:
        await asyncio.sleep(self._random.uniform(0.05, 0.5))
        return web.json_response(await self._forward(asked))

    async def _no_answer(self, *_: Any) -> web.StreamResponse:
        await asyncio.sleep(self._stall)
        return web.Response(status=504)

    async def _taken_without_answer(self, _: web.Request, asked: Any) -> web.StreamResponse:
        await self._forward(asked)
        await asyncio.sleep(self._stall)
        return web.Response(status=504)

    async def _dropped(self, request: web.Request, _: Any) -> web.StreamResponse:
        if request.transport is not None:  # None where the caller went first
            request.transport.close()
        return web.Response(status=502)

    async def _taken_then_dropped(self, request: web.Request, asked: Any) -> web.StreamResponse:
        await self._forward(asked)
        return await self._dropped(request, asked)

    async def _too_many(self, *_: Any) -> web.StreamResponse:
        return web.Response(status=429, headers={"Retry-After": "1"})

    async def _bad_gateway(self, *_: Any) -> web.StreamResponse:
        return web.Response(status=502, text="<html>Bad Gateway</html>", content_type="text/html")

    async def _garbage(self, *_: Any) -> web.StreamResponse:
        noise = self._random.randbytes(64)
        return web.Response(body=noise, content_type="application/json")

    async def _cut_off(self, _: web.Request, asked: Any) -> web.StreamResponse:
        text = json.dumps(await self._forward(asked))
        return web.Response(text=text[: len(text) // 2], content_type="application/json")

    async def _internal_error(self, _: web.Request, asked: Any) -> web.StreamResponse:
        def refuse(call: Answer) -> Answer:
            error = {"code": -32603, "message": "internal error"}
            return {"jsonrpc": "2.0", "id": call.get("id"), "error": error}

        answer = [refuse(call) for call in asked] if isinstance(asked, list) else refuse(asked)
        return web.json_response(answer)

    async def _stale(self, _: web.Request, asked: Any) -> web.StreamResponse:
        """The head as it was a while ago: an endpoint that lags."""
        answer = await self._forward(asked)
        for call, given in _pairs(asked, answer):
            if call.get("method") == "eth_getBlockByNumber" and "latest" in call.get("params", []):
                given["result"] = self._earlier["latest"]["result"]
        return web.json_response(answer)

    def _changed(self, change: Callable[[Answer, Answer], None]) -> Callable[..., Any]:
        async def answer_with_change(_: web.Request, asked: Any) -> web.StreamResponse:
            answer = await self._forward(asked)
            for call, given in _pairs(asked, answer):
                if call.get("method") in READS:
                    change(call, given)
            return web.json_response(answer)

        return answer_with_change


def _pairs(asked: Any, answer: Any) -> list[tuple[Answer, Answer]]:
    if isinstance(asked, list) and isinstance(answer, list):
        return list(zip(asked, answer, strict=False))
    return [(asked, answer)] if isinstance(answer, dict) else []


def _null(_: Answer, given: Answer) -> None:
    given["result"] = None


def _wrong_chain(call: Answer, given: Answer) -> None:
    if call["method"] == "eth_chainId":
        given["result"] = "0x1"


def _wrong_block(call: Answer, given: Answer) -> None:
    if isinstance(given.get("result"), dict) and call["method"] != "eth_getBlockByNumber":
        given["result"]["hash"] = "0x" + "ab" * 32


def _missing_logs(call: Answer, given: Answer) -> None:
    if call["method"] == "eth_getLogs":
        given["result"] = []


def _duplicated_logs(call: Answer, given: Answer) -> None:
    if call["method"] == "eth_getLogs" and isinstance(given.get("result"), list):
        given["result"] = [entry for entry in given["result"] for _ in range(2)]


def _foreign_logs(call: Answer, given: Answer) -> None:
    """The same events, in the name of a contract that is not ours."""
    if call["method"] == "eth_getLogs" and isinstance(given.get("result"), list):
        forged = [{**entry, "address": "0x" + "66" * 20} for entry in given["result"]]
        given["result"] = [*given["result"], *forged]


@asynccontextmanager
async def hostile_rpc(
    upstream: str, *, seed: int, rate: float = 0.15, only: Collection[str] = ()
) -> AsyncIterator[HostileRpc]:
    """A proxy that serves on a free loopback port until the block ends."""
    proxy = HostileRpc(upstream, seed=seed, rate=rate, only=only)
    app = web.Application(client_max_size=16 * 2**20)
    app.router.add_post("/{path:.*}", proxy.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    proxy.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with aiohttp.ClientSession() as session:
        proxy._session = session
        try:
            yield proxy
        finally:
            with suppress(Exception):
                await runner.cleanup()
