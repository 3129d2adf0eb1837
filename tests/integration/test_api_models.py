"""The API over a real node on Anvil: models, figures, readiness, metrics, documentation."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from oracle.api.app import create_app
from oracle.api.context import Context
from oracle.chain.rpc import RpcPool
from oracle.core.errors import Transient
from oracle.inference.folder import load_model
from oracle.node.metrics import Metrics
from tests.support.api import Api
from tests.support.asgi import client
from tests.unit.inference.test_folder import with_external
from tests.unit.inference.test_intake import saved, taken_in

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_model__chain_away__is_shown_as_it_was_read_last(
    api: Api, monkeypatch: pytest.MonkeyPatch
):
    path = f"/api/models/{api.model}"
    before = (await api.http.get(path)).json()["on_chain"]

    async def gone(*_: object, **__: object) -> None:
        raise Transient("no RPC endpoint answers", remedy="wait")

    monkeypatch.setattr(RpcPool, "eth_call", gone)
    found = (await api.http.get(path)).json()["on_chain"]
    assert before["current"]
    assert found == before | {"current": False}
    unread = next(model.name for model in api.world.store if model.name != api.model)
    async with client(create_app(api.node, Metrics())) as fresh:
        assert (await fresh.get(f"/api/models/{unread}")).status_code == 503


async def test_figures__count_what_was_decided(api: Api):
    path = f"/api/models/{api.model}/figures"
    before = (await api.http.get(path)).json()
    account = (await api.decide(subject="counted")).json()
    after = (await api.http.get(path)).json()

    verdict = account["decision"]["verdict"]
    assert after["decided"] == before["decided"] + 1
    assert after["verdicts"][verdict] == before["verdicts"][verdict] + 1
    assert sum(after["verdicts"].values()) == after["decided"]
    assert after["recent"][0] == {
        "value": account["decision"]["value"],
        "text": account["decision"]["text"],
        "verdict": verdict,
    }
    assert 40_000 < after["median_gas"] < 60_000
    assert after["committee"] is None
    assert "| figure |" in after["held_out"]
    assert (await api.http.get("/api/models/nope/figures")).status_code == 404


async def test_models__card_policy_and_file__are_those_on_chain(api: Api):
    listed = (await api.http.get("/api/models")).json()["models"]
    assert {line["name"] for line in listed} == {model.name for model in api.world.store}

    model = api.world.model
    for name in (model.name, "0x" + model.model_id.hex()):
        found = (await api.http.get(f"/api/models/{name}")).json()
        assert found["id"] == "0x" + model.model_id.hex()
        assert found["card"]["model"]["sha256"] == model.card.model.onnx.sha256
        assert found["example"] == model.vectors[0].features
        assert found["on_chain"]["registered"]
        assert found["on_chain"]["attested_here"]
        assert found["on_chain"]["fee_gwei"] == model.policy.fee_gwei
        assert "accept" in found["on_chain"]["policy"]["words"]
        assert set(found["meaning"]) == {"ACCEPT", "REJECT", "REVIEW"}
        file = await api.http.get(found["file"])
        assert hashlib.sha256(file.content).hexdigest() == model.card.model.onnx.sha256
        cached = await api.http.get(found["file"], headers={"if-none-match": file.headers["etag"]})
        assert cached.status_code == 304
        assert not cached.content
        named = await api.http.get(f"/api/models/{name}/files/{model.card.model.onnx.file}")
        assert named.content == file.content
    assert (await api.http.get("/api/models/nope/file")).status_code == 404
    other = await api.http.get(f"/api/models/{model.name}/files/card.json")
    assert (other.status_code, other.json()["remedy"]) == (404, "its card names: model.onnx")


async def test_models__weights_of_their_own__are_served_by_their_names(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    octets, weights = with_external("weights.bin")
    (tmp_path / "weights.bin").write_bytes(weights)
    taken_in(saved(tmp_path, octets), tmp_path / "m", {"head": "score", "index": "0, 2"})
    stored = load_model(tmp_path / "m")
    monkeypatch.setattr(Context, "model", lambda *_: stored)

    for digest in (stored.card.model.onnx, *stored.card.model.external):
        reply = await api.http.get(f"/api/models/{stored.name}/files/{digest.file}")
        assert hashlib.sha256(reply.content).hexdigest() == digest.sha256
        assert reply.headers["etag"] == f'"sha256:{digest.sha256}"'
    assert reply.content == weights


async def test_models__every_policy__is_put_into_words(api: Api):
    for model in api.world.store:
        policy = (await api.http.get(f"/api/models/{model.name}")).json()["on_chain"]["policy"]
        assert policy["kind"] in ("threshold", "class")
        assert "accept" in policy["words"]
        assert "reject" in policy["words"]


async def test_health_and_readiness__of_a_node_at_work(api: Api):
    alive = await api.http.get("/healthz")
    assert alive.json()["status"] == "ok"
    ready = (await api.http.get("/readyz")).json()
    assert ready["ready"] is True
    assert ready["not_ready"] == []
    assert {"running", "chain", "journal", "funds"} <= {check["name"] for check in ready["checks"]}
    assert ready["network"]["contract"] == api.world.contract.address


async def test_readiness__with_trouble__is_503_and_says_what_without_addresses(api: Api):
    api.node.parts.trouble["send"] = "no answer from https://rpc.example/secret"
    try:
        reply = await api.guarded.get("/readyz")
    finally:
        del api.node.parts.trouble["send"]

    assert reply.status_code == 503
    assert reply.json()["not_ready"] == ["loop:send"]
    assert "rpc.example" not in reply.text


async def test_metrics__count_what_happened(api: Api):
    await api.decide()
    text = (await api.http.get("/metrics")).text

    assert 'oracle_stages_total{stage="accepted"}' in text
    assert 'oracle_requests{state="final"}' in text


async def test_openapi__has_typed_answers_and_examples_of_the_served_models(api: Api):
    schema = (await api.guarded.get("/openapi.json")).json()
    ask = schema["paths"]["/api/decisions"]["post"]

    assert {"200", "202", "401", "409", "413", "422", "503"} <= set(ask["responses"])
    body = ask["requestBody"]["content"]["application/json"]
    assert body["examples"][api.model]["value"]["input"] == api.example()
    assert ask["security"] == [{"key": []}]
    assert "$ref" in str(ask["responses"]["202"]["content"])


async def test_docs__is_one_page_without_scripts_or_anything_from_elsewhere(api: Api):
    page = await api.http.get("/docs")

    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for word in ("<script", "https://", "src="):
        assert word not in page.text
    for word in ("POST", "/api/decisions/{subject}", "decision.verdict", api.model, "409"):
        assert word in page.text
