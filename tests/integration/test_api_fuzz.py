"""The whole API, fuzzed: no 5xx of a node that is ready, and every refusal says what to do."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from oracle.chain.gateway import AskCall, FindCall, write_call
from tests.support.gateway import open_gateway
from tests.support.harness import CHAIN_ID

CASES = 12
SETTINGS = settings(
    max_examples=CASES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fuzzed:
    """A running node, its gateway, and texts that it knows something about.

    Attributes:
        calls: good calldata of ``/ccip``.
        words: a decision's subject and a prediction's id.
    """

    url: str
    gateway: str
    calls: tuple[bytes, ...]
    words: tuple[str, ...]

    def judge(self, reply: httpx.Response, place: str) -> None:
        """Hold an answer to what is promised."""
        place = f"{place} {reply.status_code} {reply.text[:300]}"
        if reply.status_code >= 500:
            ready = httpx.get(f"{self.url}/readyz", timeout=30)
            assert reply.status_code == 503, place
            assert not ready.json()["ready"], place
        if 400 <= reply.status_code < 500:
            said = json.loads(reply.text)
            assert said.get("remedy") or "—" in said.get("error", ""), place


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzzed]:
    """A node with its API on a thread of its own, since the fuzzer is synchronous."""
    folder: Path = tmp_path_factory.mktemp("fuzz")
    ready, over = threading.Event(), threading.Event()
    found: list[Fuzzed] = []

    async def run() -> None:
        patient = httpx.AsyncHTTPTransport(retries=8)
        with suppress(asyncio.CancelledError):
            async with (
                open_gateway(folder, anchored=True) as gateway,
                httpx.AsyncClient(transport=patient, base_url=gateway.api, timeout=30) as client,
            ):
                model = gateway.world.model
                example = "0x" + model.vectors[0].input.hex()
                body = {"model": model.name, "input": example, "subject": "a known one"}
                promised = (await client.post("/api/predictions", json=body)).json()
                head = await gateway.world.rpc.timestamp("latest")
                subject = bytes.fromhex(promised["subject"][2:])
                ask = AskCall(
                    chain_id=CHAIN_ID,
                    model_id=model.model_id,
                    input=model.vectors[0].input,
                    as_of=head,
                )
                find = FindCall(chain_id=CHAIN_ID, model_id=model.model_id, subject=subject)
                found.append(
                    Fuzzed(
                        url=gateway.api,
                        gateway=gateway.address,
                        calls=(write_call(ask), write_call(find)),
                        words=(promised["id"], promised["subject"]),
                    )
                )
                ready.set()
                while not over.is_set():
                    await asyncio.sleep(0.05)

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    try:
        assert ready.wait(60)
        yield found[0]
    finally:
        over.set()
        thread.join(30)


def test_every_operation__whatever_is_sent__is_answered_or_refused_with_a_remedy(node: Fuzzed):
    schema = schemathesis.openapi.from_url(f"{node.url}/openapi.json")
    seen = set()
    for found in schema.get_all_operations():
        operation = found.ok()
        if "text/event-stream" in str(operation.definition.raw["responses"].get("200")):
            continue  # an answer without an end
        seen.add(operation.path)

        @SETTINGS
        @given(case=operation.as_strategy())
        def check(case: schemathesis.Case) -> None:
            reply = case.call(base_url=node.url, timeout=30)
            node.judge(reply, f"{case.method} {case.path}")

        check()
    assert len(seen) > 15
    assert {"/ccip/{sender}/{data}", "/api/receipts/{subject}", "/api/predictions"} <= seen


def mutated(octets: bytes) -> st.SearchStrategy[bytes]:
    """Bytes that are nearly these: some changed, cut short, or with more behind."""
    change = st.tuples(st.integers(0, max(0, len(octets) - 1)), st.integers(0, 255))

    def made(changes: list[tuple[int, int]], end: int, more: bytes) -> bytes:
        changed = bytearray(octets)
        for place, value in changes:
            changed[place] = value
        return bytes(changed[: len(changed) - end]) + more

    return st.builds(
        made, st.lists(change, max_size=3), st.sampled_from([0, 0, 1, 32]), st.binary(max_size=64)
    )


def test_ccip__calls_that_are_nearly_good__are_answered_or_refused(node: Fuzzed):
    senders = st.sampled_from([node.gateway, node.gateway.lower(), "0x" + "0" * 40, "0x", "%00"])
    calls = st.sampled_from(node.calls).flatmap(mutated)
    ends = st.sampled_from(["", ".json", "0", "/", "?data=0x"])

    @settings(SETTINGS, max_examples=120)
    @given(sender=senders, call=calls, end=ends)
    def check(sender: str, call: bytes, end: str) -> None:
        path = f"/ccip/{sender}/0x{call.hex()}{end}"
        node.judge(client.get(path), path)
        body = {"sender": sender, "data": f"0x{call.hex()}{end}"}
        node.judge(client.post("/ccip", json=body), str(body))

    with httpx.Client(base_url=node.url, timeout=30) as client:
        good = client.get(f"/ccip/{node.gateway}/0x{node.calls[1].hex()}")
        assert good.status_code in (200, 404)
        check()


def test_receipts_and_predictions__ids_that_are_nearly_good__are_answered_or_refused(node: Fuzzed):
    known = st.sampled_from(node.words)
    words = st.one_of(
        known,
        known.map(lambda word: bytes.fromhex(word[2:]))
        .flatmap(mutated)
        .map(lambda b: f"0x{b.hex()}"),
        st.text(max_size=80).map(lambda text: text.replace("/", "")),
        st.sampled_from(["0X" + "a" * 64, "0x" + "é" * 32, "..", "%2e%2e", "-1", "null"]),
    )
    models = st.sampled_from([None, "credit-default", "nothing", "", "0x" + "0" * 64, "\0"])
    paths = st.sampled_from(
        [
            "/api/receipts/{}",
            "/api/predictions/{}",
            "/api/decisions/{}",
            "/api/predictions?subject={}",
        ]
    )

    @settings(SETTINGS, max_examples=120)
    @given(path=paths, word=words, model=models)
    def check(path: str, word: str, model: str | None) -> None:
        where = path.format(quote(word, safe="%"))
        if model is not None:
            where += ("&" if "?" in where else "?") + urlencode({"model": model})
        node.judge(client.get(where), where)

    with httpx.Client(base_url=node.url, timeout=30) as client:
        for word in node.words[:1]:
            assert client.get(f"/api/receipts/{word}").status_code == 200
        check()
