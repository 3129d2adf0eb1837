"""Gasless reads of predictions that are anchored and not decided: the proof is checked on chain."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from oracle.node.anchoring.filed import filed
from oracle.node.anchoring.promise import Asked, promise
from tests.support.gateway import Gateway, open_gateway
from tests.support.harness import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    async with open_gateway(tmp_path_factory.mktemp("anchored"), anchored=True) as opened:
        yield opened


@pytest.mark.parametrize("client", ["ethers", "viem"])
async def test_find__anchored_and_not_decided__is_proved(gateway: Gateway, client: str) -> None:
    model, parts = gateway.world.model, gateway.node.parts
    rows = [
        Asked(input=vector.input, reference=f"{client} {number}")
        for number, vector in enumerate(model.vectors[:3])
    ]
    made = await promise(parts, model.model_id, rows)

    async def anchored() -> bool:
        return all([(await filed(parts, each.receipt_id)).is_anchored for each in made])

    await until(anchored)
    for each, vector in zip(made, model.vectors, strict=False):
        said = each.prediction
        decided = await gateway.world.contract.decision_of(
            model.model_id, said.subject, block="latest"
        )
        assert decided is None
        reading = await gateway.read_with(client, "find", said.subject, max_age=3600)
        assert int(reading["value"]) == vector.value
        assert int(reading["asOf"]) == said.predicted_at
        assert int(reading["trustLevel"]) == 1


async def test_ask__model_whose_predictions_are_anchored__says_what_to_do(
    gateway: Gateway,
) -> None:
    found = await gateway.read_with("ethers", "ask", gateway.world.model.vectors[0].input)
    assert "vouched for by" in found["message"]
