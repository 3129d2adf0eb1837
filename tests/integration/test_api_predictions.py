"""``/api/predictions`` over a real node on Anvil: promised, anchored, decided on, kept private."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio
from eth_utils.crypto import keccak

from oracle.api.access import ApiKeys
from oracle.api.app import create_app
from oracle.chain.local import local_chain
from oracle.core.private_input import show_only
from oracle.core.receipt import HiddenField, PrivateInput, Receipt, ShownField
from oracle.core.receipt_reader import parse_receipt
from oracle.node.metrics import Metrics
from oracle.node.node import Node
from oracle.verify import verify
from tests.support.asgi import client
from tests.support.harness import World, deployed_world, running_node, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = "a-key-of-sixteen-characters"
WITH_KEY = {"authorization": f"Bearer {KEY}"}


@dataclass
class Api:
    """Two faces of one node: without keys, and with one."""

    world: World
    node: Node
    http: httpx.AsyncClient
    guarded: httpx.AsyncClient

    def example(self, number: int = 0) -> dict[str, str]:
        return dict(self.world.model.vectors[number].features)

    async def predict(self, *, key: str | None = None, **fields: Any) -> httpx.Response:
        body = {"model": self.world.model.name, "input": self.example()} | fields
        headers = {"idempotency-key": key} if key else {}
        return await self.http.post("/api/predictions", json=body, headers=headers)

    async def reaches(self, receipt_id: str, state: str) -> dict[str, Any]:
        found: dict[str, Any] = {}

        async def reached() -> bool:
            nonlocal found
            found = (await self.http.get(f"/api/predictions/{receipt_id}")).json()
            return bool(found["state"] == state)

        await until(reached)
        return found

    async def receipt(self, word: str) -> Receipt:
        return parse_receipt((await self.http.get(f"/api/receipts/{word}")).content)

    async def holds(self, receipt: Receipt) -> None:
        model = self.world.model
        files = {"model.onnx": (model.folder / "model.onnx").read_bytes()}
        await verify(receipt, files, self.world.rpc, expected=self.world.contract.address)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    folder = tmp_path_factory.mktemp("api")
    metrics = Metrics()
    async with (
        local_chain(folder=folder) as chain,
        deployed_world(chain.url, anchored=True) as world,
        running_node(world, folder, observers=[metrics], anchor_every=0.3) as node,
        client(create_app(node, metrics)) as http,
        client(create_app(node, metrics, api_keys=ApiKeys([KEY]))) as guarded,
    ):
        yield Api(world=world, node=node, http=http, guarded=guarded)


async def test_predict__is_pending_at_once_then_anchored_then_decided(api: Api):
    reply = await api.predict(subject="loan 1")
    assert reply.status_code == 202
    pending = reply.json()
    assert reply.headers["location"] == f"/api/predictions/{pending['id']}"
    assert (pending["state"], "index" in pending) == ("pending", False)
    assert pending["subject"] == "0x" + keccak(text="loan 1").hex()
    vector = api.world.model.vectors[0]
    assert pending["raw_value"] == str(vector.value)

    anchored = await api.reaches(pending["id"], "anchored")
    assert {k: v for k, v in anchored.items() if k in pending and k != "state"} == {
        k: v for k, v in pending.items() if k != "state"
    }
    assert anchored["transaction"].startswith("0x")
    await api.holds(await api.receipt(pending["id"]))

    asked = await api.http.post(f"/api/predictions/{pending['id']}/decision")
    assert asked.status_code == 202
    decided = await api.reaches(pending["id"], "decided")
    assert decided["decision"]["verdict"] == vector.verdict.lower()
    by_id, by_subject = await api.receipt(pending["id"]), await api.receipt(pending["subject"])
    assert by_id == by_subject
    assert by_id.stage == "decided"
    await api.holds(by_id)
    account = await api.http.get(f"/api/decisions/{pending['subject']}")
    assert account.json()["decision"]["verdict"] == vector.verdict.lower()
    listed = await api.http.get("/api/decisions", params={"subject": pending["subject"]})
    assert [line["subject"] for line in listed.json()["decisions"]] == [pending["subject"]]


async def test_rows__are_one_call_under_one_key(api: Api):
    rows = [{"input": api.example(n), "subject": f"row {n}"} for n in range(3)]
    first = await api.predict(key="rows", input=None, rows=rows)
    assert first.status_code == 202
    ids = [each["id"] for each in first.json()["predictions"]]
    assert len(set(ids)) == 3
    again = await api.predict(key="rows", input=None, rows=rows)
    assert [each["id"] for each in again.json()["predictions"]] == ids
    other = await api.predict(key="rows", input=None, rows=rows[:2])
    assert other.status_code == 409
    about = await api.http.get(
        "/api/predictions", params={"subject": "0x" + keccak(text="row 1").hex()}
    )
    assert [each["id"] for each in about.json()["predictions"]] == [ids[1]]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"input": None}, 422),
        ({"rows": [{"input": []}]}, 422),
        ({"input": None, "rows": []}, 422),
        ({"model": "no-such-model"}, 404),
        ({"input": {"no": 1}}, 422),
        ({"surplus": 1}, 422),
        ({"private": "perhaps"}, 422),
        ({"subject": ""}, 422),
    ],
)
async def test_predict__what_can_not_be__is_refused(api: Api, fields: dict[str, Any], status: int):
    reply = await api.predict(**fields)
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"].startswith("application/problem+json")


@pytest.mark.parametrize("path", ["0x00", "0x" + "00" * 32])
async def test_prediction__unknown__is_said_so(api: Api, path: str):
    assert (await api.http.get(f"/api/predictions/{path}")).status_code in (404, 422)
    assert (await api.http.post(f"/api/predictions/{path}/decision")).status_code in (404, 422)


async def test_decision__before_it_is_anchored__is_a_conflict(api: Api):
    pending = (await api.predict(subject="too early")).json()
    reply = await api.http.post(f"/api/predictions/{pending['id']}/decision")
    assert reply.status_code in (202, 409)  # 202 where the batch was that quick
    if reply.status_code == 409:
        assert "not anchored yet" in reply.text


async def test_plain_input__without_a_key__has_no_receipt(api: Api):
    pending = (await api.predict(subject="plain")).json()
    reply = await api.guarded.get(f"/api/receipts/{pending['id']}")
    assert reply.status_code == 409
    assert (await api.guarded.post("/api/predictions", json={})).status_code == 401
    with_key = await api.guarded.get(f"/api/receipts/{pending['id']}", headers=WITH_KEY)
    assert with_key.status_code == 200


async def test_private__is_committed_to__shown_to_key_holders__redacted_and_forgotten(
    api: Api, caplog: pytest.LogCaptureFixture
):
    vector = api.world.model.vectors[-1]
    made = [(await api.predict(input=api.example(-1), private=True)).json() for _ in range(2)]
    assert made[0]["subject"] != made[1]["subject"]  # nothing links two of the same input
    anchored = await api.reaches(made[0]["id"], "anchored")
    await api.http.post(f"/api/predictions/{anchored['id']}/decision")
    await api.reaches(anchored["id"], "decided")

    whole = await api.receipt(anchored["id"])
    assert isinstance(whole.input, PrivateInput)
    assert all(isinstance(field, ShownField) for field in whole.input.fields)
    assert whole.prediction.input_hash != keccak(vector.input)
    await api.holds(whole)
    names = [field.name for field in whole.input.fields]
    await api.holds(show_only(whole, names[:1]))
    for word in (anchored["id"], anchored["subject"]):
        hidden = parse_receipt((await api.guarded.get(f"/api/receipts/{word}")).content)
        assert isinstance(hidden.input, PrivateInput)
        assert all(isinstance(field, HiddenField) for field in hidden.input.fields)
        assert hidden.prediction == whole.prediction
    head = await api.world.rpc.block("latest")
    for number in range(head.number + 1):
        block = await api.world.rpc.call("eth_getBlockByNumber", [hex(number), True])
        assert all(vector.input.hex() not in each["input"] for each in block["transactions"])
        assert all(keccak(vector.input).hex() not in e["input"] for e in block["transactions"])
    assert vector.input.hex() not in caplog.text

    path = f"/api/decisions/{anchored['subject']}/input"
    assert (await api.guarded.delete(path)).status_code == 401
    assert (await api.http.delete(path)).status_code == 204
    assert (await api.http.get(f"/api/receipts/{anchored['id']}")).status_code == 404
    assert (await api.http.delete(path)).status_code == 404
    still = (await api.http.get(f"/api/predictions/{anchored['id']}")).json()
    assert still["state"] == "decided"
    other = f"/api/decisions/{made[1]['id']}/input"  # by the receipt's id, before it is decided on
    assert (await api.http.delete(other)).status_code == 204


async def test_private__about_a_request_on_chain__is_refused(api: Api):
    (asked,) = await api.world.ask()
    reply = await api.predict(private=True, subject="0x" + asked.hex())
    assert reply.status_code == 422
    assert "plain hash" in reply.text
