"""Four members in processes of their own, three have to agree: one may do whatever it likes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from oracle.chain.signer import AccountSigner
from oracle.core.transaction import GWEI
from oracle.journal import Journal, votes
from tests.support.committee import ADDRESSES, SIZE, TURN, Members, committee
from tests.support.harness import REQUESTER, until
from tests.support.member import LIE

pytestmark = [pytest.mark.chaos, pytest.mark.xdist_group("committee")]


async def decided_once(members: Members, ids: Sequence[bytes], *, within: float = 90) -> None:
    made = await members.world.decided(ids, within=within)
    assert sorted(m.prediction.subject for m in made) == sorted(ids), "each exactly once"
    assert {m.trust_level for m in made} == {2}
    honest = {v.input_hash: v.value for v in members.world.model.vectors}
    for each in made:
        allowed = members.world.model.card.tolerance if not members.world.model.card.labels else 0
        assert abs(each.prediction.value - honest[each.prediction.input_hash]) <= allowed


async def test_committee__all_honest__decides_with_trust_level_quorum(tmp_path: Path) -> None:
    async with committee(tmp_path) as members:
        ids = await members.world.ask(4)
        await decided_once(members, ids)


@pytest.mark.parametrize("behaviour", ["silent", "lies", "garbage", "equivocates"])
async def test_committee__one_misbehaves__the_others_decide_the_honest_value(
    tmp_path: Path, behaviour: str
) -> None:
    async with committee(
        tmp_path, (behaviour, "honest", "honest", "honest"), name="delivery-time"
    ) as members:
        ids = await members.world.ask(4)
        await decided_once(members, ids)


async def test_committee__one_differs_in_the_last_digit__still_agrees(tmp_path: Path) -> None:
    """Two say 7, two say 8: no three the same, yet all within tolerance."""
    async with committee(
        tmp_path, ("last digit", "last digit", "honest", "honest"), name="delivery-time"
    ) as members:
        ids = await members.world.ask(3)
        await decided_once(members, ids)


async def test_committee__one_equivocates__is_shown_with_both_signatures(tmp_path: Path) -> None:
    async with committee(
        tmp_path, ("equivocates", "honest", "honest", None), name="delivery-time"
    ) as members:
        await members.world.ask(2)

        async def caught() -> bool:
            for index in (1, 2):
                journal = Journal.at(members.folder(index) / "journal.db")
                async with await journal.open({}) as opened:
                    found = await opened.read(votes.equivocations)
                if any(e.member == ADDRESSES[0] and len(e.said) > 1 for e in found):
                    return True
            return False

        await until(caught, within=60, pause=0.3)


@pytest.mark.parametrize("behaviour", ["dies after collecting", "holds back"])
async def test_committee__the_first_collector_fails__a_backup_relays(
    tmp_path: Path, behaviour: str
) -> None:
    async with committee(tmp_path, (behaviour, "honest", "honest", "honest")) as members:
        ids: list[bytes] = []
        while not any(members.first_collector(each) == 0 for each in ids):
            ids += await members.world.ask(1)
        await decided_once(members, ids)


async def test_committee__two_collect_at_once__one_decision_and_one_fee(tmp_path: Path) -> None:
    async with committee(tmp_path, ("everybody's turn",) * SIZE) as members:
        world = members.world
        ids = await world.ask(5)
        await decided_once(members, ids)
        assert world.model.policy is not None
        model = await world.contract.model_of(world.model.model_id, block="latest")
        assert model is not None
        earned = await world.contract.credit_of(model.attestor, block="latest")
        assert earned == len(ids) * world.model.policy.fee_gwei * GWEI


async def test_committee__a_member_restarts_mid_round__keeps_its_word(tmp_path: Path) -> None:
    async with committee(tmp_path) as members:
        ids = await members.world.ask(3)
        await members.kill(1)
        ids += await members.world.ask(3)
        await members.start(1)
        ids += await members.world.ask(3)
        await decided_once(members, ids)


async def test_committee__too_few_are_left__no_decision_and_the_fee_comes_back(
    tmp_path: Path,
) -> None:
    async with committee(tmp_path, ("honest", "honest", None, None)) as members:
        world = members.world
        (asked,) = await world.ask(lifetime=60)
        await asyncio.sleep(4 * TURN)
        assert await world.decisions() == []
        await world.rpc.call("evm_increaseTime", [61])
        await world.rpc.call("evm_mine")
        refund = world.contract.encode_refund(world.model.model_id, asked)
        await AccountSigner(world.rpc, REQUESTER).send_transaction(
            to=world.contract.address, calldata=refund
        )
        assert world.model.policy is not None
        credit = await world.contract.credit_of(REQUESTER.address, block="latest")
        assert credit == world.model.policy.fee_gwei * GWEI


async def test_committee__a_majority_lies_differently__nothing_is_decided(tmp_path: Path) -> None:
    async with committee(
        tmp_path, ("lies", "last digit", "garbage", "silent"), name="delivery-time"
    ) as members:
        await members.world.ask(1)
        await asyncio.sleep(4 * TURN)
        assert await members.world.decisions() == []
        assert members.world.model.card.tolerance < LIE


async def test_committee__two_hundred_at_once__are_all_decided(tmp_path: Path) -> None:
    async with committee(tmp_path) as members:
        ids = await members.world.ask(200)
        await decided_once(members, ids, within=120)
