"""A late parcel pays by itself: ``contracts/examples/DeliveryCover.sol`` on Anvil."""

from enum import IntEnum

import pytest
from eth_utils.crypto import keccak

from oracle.chain.deployment import ContractSpec
from oracle.core.errors import Reverted
from tests.support.dapps import ETHER, GWEI, Dapp, answer, deploy_dapp, register
from tests.support.world import World, address_of

PARCEL = keccak(text="parcel 4711")
FEATURES = bytes(range(16))
PREMIUM, PAYOUT, FEE = ETHER // 100, ETHER, GWEI
HOLDER, CARRIER = 4, 5

POLICY = ContractSpec(contract="ThresholdPolicy", arguments=(240, 20, True, 0))
"""Hours of delay with one decimal: from 26 late, below 22 on time, again in between."""
LATE, UNCLEAR, EARLY = 300, 240, -35


class Cover(IntEnum):
    NONE = 0
    ACTIVE = 1
    ASKED = 2
    PAID = 3
    ON_TIME = 4


@pytest.fixture
async def model_id(world: World) -> bytes:
    return await register(world, POLICY, fee_gwei=FEE // GWEI)


@pytest.fixture
async def cover(world: World, model_id: bytes) -> Dapp:
    terms = (model_id, address_of(CARRIER), PREMIUM, PAYOUT)
    return await deploy_dapp(world, "DeliveryCover", *terms, value=PAYOUT)


async def report(cover: Dapp) -> bytes:
    return await cover.ask(CARRIER, "report", PARCEL, FEATURES, value=FEE)


async def buy_and_report(cover: Dapp) -> bytes:
    await cover.send(HOLDER, "buy", PARCEL, value=PREMIUM)
    return await report(cover)


async def status_of(cover: Dapp) -> Cover:
    return Cover((await cover.read("coverOf", PARCEL))["status"])


async def test_report__late__holder_collects_the_payout(world, model_id, cover):
    request_id = await buy_and_report(cover)
    assert await status_of(cover) is Cover.ASKED

    await answer(world, model_id, request_id, FEATURES, LATE)

    assert await status_of(cover) is Cover.PAID
    assert await cover.read("dueTo", address_of(HOLDER)) == PAYOUT

    reserve = await cover.balance()
    await cover.send(HOLDER, "collect")
    assert await cover.balance() == reserve - PAYOUT
    assert await cover.read("dueTo", address_of(HOLDER)) == 0
    assert await cover.read("liabilities") == 0


async def test_report__on_time__reserve_is_free_again(world, model_id, cover):
    request_id = await buy_and_report(cover)
    assert await cover.read("liabilities") == PAYOUT
    await answer(world, model_id, request_id, FEATURES, EARLY)
    assert await status_of(cover) is Cover.ON_TIME
    assert await cover.read("dueTo", address_of(HOLDER)) == 0
    assert await cover.read("liabilities") == 0


async def test_report__too_close_to_tell__carrier_reports_again(world, model_id, cover):
    request_id = await buy_and_report(cover)
    await answer(world, model_id, request_id, FEATURES, UNCLEAR)
    assert await status_of(cover) is Cover.ACTIVE

    again = await report(cover)
    assert again != request_id
    await answer(world, model_id, again, FEATURES, LATE)
    assert await status_of(cover) is Cover.PAID


async def test_report__by_the_holder__is_refused(cover):
    await cover.send(HOLDER, "buy", PARCEL, value=PREMIUM)
    with pytest.raises(Reverted) as refusal:
        await cover.send(HOLDER, "report", PARCEL, FEATURES, value=FEE)
    assert refusal.value.error == "NotCarrier"


async def test_report__without_the_fee__is_refused(cover):
    await cover.send(HOLDER, "buy", PARCEL, value=PREMIUM)
    with pytest.raises(Reverted) as refusal:
        await cover.send(CARRIER, "report", PARCEL, FEATURES)
    assert refusal.value.error == "FeeTooLow"


async def test_buy__beyond_the_reserve__is_refused(cover):
    await cover.send(HOLDER, "buy", PARCEL, value=PREMIUM)
    with pytest.raises(Reverted) as refusal:
        await cover.send(HOLDER, "buy", keccak(text="another"), value=PREMIUM)
    assert refusal.value.error == "ReserveTooSmall"


async def test_withdraw_report__no_answer_in_time__carrier_reports_again(world, model_id, cover):
    request_id = await buy_and_report(cover)
    await world.pass_time(3601)
    await cover.send(CARRIER, "withdrawReport", request_id)
    assert await status_of(cover) is Cover.ACTIVE
    await answer(world, model_id, await report(cover), FEATURES, LATE)
    assert await status_of(cover) is Cover.PAID
