"""The whole API, fuzzed from its own OpenAPI: no 500, and every refusal says what to do."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from oracle.api.app import create_app
from oracle.api.server import bind, serve, url_of
from oracle.chain.local import local_chain
from oracle.node.metrics import Metrics
from tests.support.harness import deployed_world, running_node

ENDLESS = "/api/stream"
CASES = 12


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A node with its API on a thread of its own, since the fuzzer is synchronous."""
    folder: Path = tmp_path_factory.mktemp("fuzz")
    ready, over = threading.Event(), threading.Event()
    found: list[str] = []

    async def run() -> None:
        patient = httpx.AsyncHTTPTransport(retries=8)
        async with (
            local_chain(folder=folder) as chain,
            deployed_world(chain.url) as world,
            running_node(world, folder) as node,
        ):
            listener = bind("127.0.0.1", 0)
            found.append(url_of(listener))
            serving = asyncio.create_task(serve(create_app(node, Metrics()), listener))
            async with httpx.AsyncClient(transport=patient) as client:
                await client.get(f"{found[0]}/healthz")
            ready.set()
            while not over.is_set():
                await asyncio.sleep(0.05)
            serving.cancel()
            await asyncio.wait([serving])

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    try:
        assert ready.wait(60)
        yield found[0]
    finally:
        over.set()
        thread.join(30)


def test_every_operation__whatever_is_sent__is_answered_or_refused_with_a_remedy(url: str):
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    seen = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.path == ENDLESS:
            continue
        seen += 1

        @settings(
            max_examples=CASES,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def check(case: schemathesis.Case) -> None:
            reply = case.call(base_url=url, timeout=30)
            place = f"{case.method} {case.path} {reply.status_code} {reply.text[:300]}"
            assert reply.status_code != 500, place
            if 400 <= reply.status_code < 500:
                said = json.loads(reply.text)
                assert said.get("remedy") or "—" in said.get("error", ""), place

        check()
    assert seen > 15
