"""A late parcel pays by itself: ``contracts/examples/DeliveryCover.sol`` on Anvil."""

from enum import IntEnum

import pytest
from eth_utils.crypto import keccak

from oracle.core.errors import Reverted
from tests.support.stage import (
    ALICE,
    BOB,
    ETHER,
    GWEI,
    MODEL_ID,
    Deployed,
    Stage,
    answer,
    events,
    open_stage,
    request_id_in,
)

PARCEL = keccak(text="parcel 4711")
FEATURES = bytes(range(16))
PREMIUM, PAYOUT = ETHER // 100, ETHER
HOLDER, CARRIER = ALICE, BOB


class Cover(IntEnum):
    NONE = 0
    ACTIVE = 1
    ASKED = 2
    PAID = 3
    ON_TIME = 4


@pytest.fixture
async def stage(tmp_path):
    async with open_stage(tmp_path) as stage:
        yield stage


@pytest.fixture
async def oracle(stage: Stage) -> Deployed:
    """Hours of delay with one decimal: from 26 late, below 22 on time, again in between."""
    return await stage.oracle("ThresholdPolicy", 240, 20, True, 0, fee_gwei=1)


@pytest.fixture
async def cover(stage: Stage, oracle: Deployed) -> Deployed:
    return await stage.deploy(
        "DeliveryCover", oracle.address, MODEL_ID, CARRIER, PREMIUM, PAYOUT, value=PAYOUT
    )


async def report(cover: Deployed, oracle: Deployed) -> bytes:
    receipt = await cover.send("report", PARCEL, FEATURES, sender=CARRIER, value=GWEI)
    return request_id_in(receipt, oracle)


async def buy_and_report(cover: Deployed, oracle: Deployed) -> bytes:
    await cover.send("buy", PARCEL, sender=HOLDER, value=PREMIUM)
    return await report(cover, oracle)


async def status_of(cover: Deployed) -> Cover:
    return Cover((await cover.read("coverOf", PARCEL))["status"])


async def test_report__late__holder_collects_the_payout(stage, oracle, cover):
    request_id = await buy_and_report(cover, oracle)
    assert await status_of(cover) is Cover.ASKED

    receipt = await answer(oracle, request_id, FEATURES, value=300)

    assert [name for name, _ in events(receipt, oracle)] == ["DecisionMade"]
    assert await status_of(cover) is Cover.PAID
    assert await cover.read("dueTo", HOLDER) == PAYOUT

    reserve = await stage.rpc.balance(cover.address, "latest")
    await cover.send("collect", sender=HOLDER)
    assert await stage.rpc.balance(cover.address, "latest") == reserve - PAYOUT
    assert await cover.read("dueTo", HOLDER) == 0
    assert await cover.read("liabilities") == 0


async def test_report__on_time__reserve_is_free_again(oracle, cover):
    request_id = await buy_and_report(cover, oracle)
    assert await cover.read("liabilities") == PAYOUT
    await answer(oracle, request_id, FEATURES, value=-35)
    assert await status_of(cover) is Cover.ON_TIME
    assert await cover.read("dueTo", HOLDER) == 0
    assert await cover.read("liabilities") == 0


async def test_report__too_close_to_tell__carrier_reports_again(oracle, cover):
    request_id = await buy_and_report(cover, oracle)
    await answer(oracle, request_id, FEATURES, value=240)
    assert await status_of(cover) is Cover.ACTIVE

    again = await report(cover, oracle)
    assert again != request_id
    await answer(oracle, again, FEATURES, value=300)
    assert await status_of(cover) is Cover.PAID


async def test_report__by_the_holder__is_refused(oracle, cover):
    await cover.send("buy", PARCEL, sender=HOLDER, value=PREMIUM)
    with pytest.raises(Reverted) as refusal:
        await cover.send("report", PARCEL, FEATURES, sender=HOLDER, value=GWEI)
    assert refusal.value.error == "NotCarrier"


async def test_report__without_the_fee__is_refused(oracle, cover):
    await cover.send("buy", PARCEL, sender=HOLDER, value=PREMIUM)
    with pytest.raises(Reverted) as refusal:
        await cover.send("report", PARCEL, FEATURES, sender=CARRIER)
    assert refusal.value.error == "FeeTooLow"


async def test_buy__beyond_the_reserve__is_refused(oracle, cover):
    await cover.send("buy", PARCEL, sender=HOLDER, value=PREMIUM)
    with pytest.raises(Reverted) as refusal:
        await cover.send("buy", keccak(text="another"), sender=HOLDER, value=PREMIUM)
    assert refusal.value.error == "ReserveTooSmall"


async def test_withdraw_report__no_answer_in_time__carrier_reports_again(stage, oracle, cover):
    request_id = await buy_and_report(cover, oracle)
    await stage.pass_time(3601)
    await cover.send("withdrawReport", request_id, sender=CARRIER)
    assert await status_of(cover) is Cover.ACTIVE
    await answer(oracle, await report(cover, oracle), FEATURES, value=300)
    assert await status_of(cover) is Cover.PAID
