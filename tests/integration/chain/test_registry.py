"""The registry's entry points on a real chain: who registers, changes, pauses and owns a model."""

from __future__ import annotations

import pytest

from oracle.chain.contracts import ModelConfig
from oracle.chain.deployment import ModelSpec
from oracle.chain.events import (
    ModelLog,
)
from oracle.core.errors import Reverted
from oracle.core.prediction import subject_of
from tests.support.world import (
    DEPLOYER,
    OPERATOR,
    REQUESTER,
    SCORE_MODEL,
    STRANGER,
    THRESHOLD,
    World,
    address_of,
    models,
)

NOBODY = "0x" + "00" * 20


async def test_register_model__twice__model_exists(world: World) -> None:
    spec: ModelSpec = models()[0]
    calldata = world.contract.encode_register_model(spec.model_id, spec.config, "")
    with pytest.raises(Reverted) as caught:
        await world.send(STRANGER, calldata)
    assert caught.value.error == "ModelExists"
    assert caught.value.arguments["owner"] == address_of(DEPLOYER)


async def test_register_model__policy_is_no_contract__is_refused(world: World) -> None:
    config = ModelConfig(attestor=address_of(OPERATOR), policy=address_of(STRANGER))
    with pytest.raises(Reverted) as caught:
        await world.send(
            DEPLOYER, world.contract.encode_register_model(bytes(31) + b"1", config, "")
        )
    assert caught.value.error == "NotPolicy"


async def test_model_change__after_the_delay__is_applied_by_anyone(world: World) -> None:
    config = ModelConfig(attestor=address_of(STRANGER), policy=THRESHOLD.address, fee_gwei=7)
    receipt = await world.send(DEPLOYER, world.contract.encode_propose_change(SCORE_MODEL, config))
    (proposed,) = world.logs(receipt)
    assert isinstance(proposed, ModelLog)
    assert proposed.event == "ModelChangeProposed"
    change = await world.contract.model_change_of(SCORE_MODEL, block=receipt.block_hash)
    assert change is not None
    assert change.config == config
    apply = world.contract.encode("applyModelChange", SCORE_MODEL)
    with pytest.raises(Reverted) as early:
        await world.send(STRANGER, apply)
    assert early.value.error == "ChangeNotDue"

    delay = await world.contract.change_delay(block=receipt.block_hash)
    assert delay == 2 * 86_400
    await world.pass_time(delay + 1)
    with pytest.raises(Reverted) as due:
        await world.decide(subject_of("x"))
    assert due.value.error == "ModelChangeDue"
    applied = await world.send(STRANGER, apply)
    model = await world.contract.model_of(SCORE_MODEL, block=applied.block_hash)
    assert model is not None
    assert model.config == config
    assert model.change_at == 0


async def test_model_change__cancelled__leaves_the_rules(world: World) -> None:
    spec = models()[0]
    other = ModelConfig(attestor=address_of(STRANGER), policy=THRESHOLD.address)
    await world.send(DEPLOYER, world.contract.encode_propose_change(SCORE_MODEL, other))
    receipt = await world.send(DEPLOYER, world.contract.encode("cancelModelChange", SCORE_MODEL))
    model = await world.contract.model_of(SCORE_MODEL, block=receipt.block_hash)
    assert model is not None
    assert (model.config, model.change_at) == (spec.config, 0)
    assert await world.contract.model_change_of(SCORE_MODEL, block=receipt.block_hash) is None
    with pytest.raises(Reverted) as caught:
        await world.send(DEPLOYER, world.contract.encode("cancelModelChange", SCORE_MODEL))
    assert caught.value.error == "NoPendingChange"


async def test_pause__stops_requests_but_not_open_ones(world: World) -> None:
    asked, _ = await world.request()
    await world.send(DEPLOYER, world.contract.encode("pauseModel", SCORE_MODEL))
    with pytest.raises(Reverted) as caught:
        await world.request()
    assert caught.value.error == "ModelIsPaused"
    await world.decide(asked)
    await world.send(DEPLOYER, world.contract.encode("unpauseModel", SCORE_MODEL))
    await world.request()


async def test_pause__by_a_stranger__not_model_owner(world: World) -> None:
    with pytest.raises(Reverted) as caught:
        await world.send(STRANGER, world.contract.encode("pauseModel", SCORE_MODEL))
    assert caught.value.error == "NotModelOwner"


async def test_ownership__offered_and_accepted__moves(world: World) -> None:
    offer = world.contract.encode("transferModelOwnership", SCORE_MODEL, address_of(STRANGER))
    await world.send(DEPLOYER, offer)
    accept = world.contract.encode("acceptModelOwnership", SCORE_MODEL)
    with pytest.raises(Reverted) as caught:
        await world.send(REQUESTER, accept)
    assert caught.value.error == "NotPendingOwner"
    receipt = await world.send(STRANGER, accept)
    model = await world.contract.model_of(SCORE_MODEL, block=receipt.block_hash)
    assert model is not None
    assert (model.owner, model.pending_owner) == (address_of(STRANGER), NOBODY)
