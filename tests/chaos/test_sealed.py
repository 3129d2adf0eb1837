"""A committee that votes on chain, in four processes: three have to agree, one may do anything."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from oracle.chain.abi import interface
from oracle.chain.quorum import committee_at
from oracle.chain.sealed import rounds_about
from oracle.chain.signer import AccountSigner
from oracle.core.sealed import SealedCommittee
from oracle.core.sealed_round import Round
from oracle.core.transaction import GWEI
from tests.support.committee import ADDRESSES, Members, committee
from tests.support.harness import REQUESTER, until

pytestmark = [pytest.mark.chaos, pytest.mark.xdist_group("committee")]

BOND = 10**16
HONEST = ("honest",) * 4


async def decided_once(members: Members, ids: Sequence[bytes], *, within: float = 180) -> None:
    made = await members.world.decided(ids, within=within)
    assert sorted(m.prediction.subject for m in made) == sorted(ids), "each exactly once"
    assert {m.trust_level for m in made} == {3}
    honest = {v.input_hash: v.value for v in members.world.model.vectors}
    assert all(each.prediction.value == honest[each.prediction.input_hash] for each in made)


async def attestor_of(members: Members) -> SealedCommittee:
    world = members.world
    model = await world.contract.model_of(world.model.model_id, block="latest")
    assert model is not None
    found = await committee_at(world.rpc, model.attestor, block="latest")
    assert isinstance(found, SealedCommittee)
    return found


async def rounds(members: Members, subject: bytes) -> list[Round]:
    """The rounds about a subject in which anybody sealed."""
    world = members.world
    found = await rounds_about(world.rpc, await attestor_of(members), world.model.model_id, subject)
    return [each for each in found if each.sealed]


async def credits_of(members: Members) -> list[int]:
    """What each member can withdraw at the attestor, wei."""
    rpc, attestor = members.world.rpc, (await attestor_of(members)).attestor
    codec = interface("SealedVoteAttestor")
    found = []
    for member in ADDRESSES:
        body = await rpc.eth_call(attestor, codec.encode("creditOf", member), block="latest")
        found.append(int.from_bytes(body, "big"))
    return found


async def voted(members: Members, subject: bytes, *, sealed: int, revealed: int = 0) -> None:
    """Wait until so many have sealed and revealed."""

    async def enough() -> bool:
        found = await rounds(members, subject)
        if not found:
            return False
        return len(found[-1].sealed) >= sealed and len(found[-1].revealed) >= revealed

    await until(enough, within=60)


async def pass_time(members: Members, seconds: int) -> None:
    await members.world.rpc.call("evm_increaseTime", [seconds])
    await members.world.rpc.call("evm_mine")


async def test_sealed__all_honest__decides_with_trust_level_three(tmp_path: Path) -> None:
    """Everybody seals and reveals, so that nothing waits for a window."""
    async with committee(tmp_path, HONEST, sealed=(300, 300, BOND)) as members:
        ids = await members.world.ask(3)
        await decided_once(members, ids)
        for subject in ids:
            (only,) = await rounds(members, subject)
            assert set(only.revealed) == set(only.agreed) == set(ADDRESSES)
        assert await credits_of(members) == [3 * BOND] * 4
        policy = members.world.model.policy
        assert policy is not None
        earned = await members.world.contract.credit_of(
            (await attestor_of(members)).attestor, block="latest"
        )
        assert earned == 3 * policy.fee_gwei * GWEI, "one fee each"


async def test_sealed__one_never_reveals__loses_its_bond_and_stalls_nobody(tmp_path: Path) -> None:
    behaviours = ("never reveals", "honest", "honest", "honest")
    async with committee(tmp_path, behaviours, sealed=(300, 4, BOND)) as members:
        (asked,) = await members.world.ask()
        await voted(members, asked, sealed=4, revealed=3)
        await pass_time(members, 305)
        await decided_once(members, [asked])
        (only,) = await rounds(members, asked)
        assert set(only.lost) == {ADDRESSES[0]}
        assert set(only.agreed) == set(ADDRESSES[1:])
        assert await credits_of(members) == [0, BOND, BOND, BOND]


async def test_sealed__one_votes_otherwise__the_others_decide_and_it_keeps_its_bond(
    tmp_path: Path,
) -> None:
    behaviours = ("lies", "honest", "honest", "honest")
    async with committee(
        tmp_path, behaviours, name="delivery-time", sealed=(300, 300, BOND)
    ) as members:
        ids = await members.world.ask(2)
        await decided_once(members, ids)
        (only,) = await rounds(members, ids[0])
        assert set(only.revealed) == set(ADDRESSES)
        assert set(only.agreed) == set(ADDRESSES[1:])
        assert await credits_of(members) == [2 * BOND] * 4


@pytest.mark.parametrize("journal", ["kept", "lost"])
async def test_sealed__one_silent_and_one_killed_before_it_reveals__is_decided_all_the_same(
    tmp_path: Path, journal: str
) -> None:
    """Three are needed: the killed one has to come back and open what it sealed."""
    async with committee(tmp_path, (None, *HONEST[1:]), sealed=(60, 300, BOND)) as members:
        (asked,) = await members.world.ask()
        await voted(members, asked, sealed=3)
        await members.kill(3)
        if journal == "lost":
            shutil.rmtree(members.folder(3))
        await pass_time(members, 61)
        await members.start(3)
        await decided_once(members, [asked])
        (only,) = await rounds(members, asked)
        assert set(only.agreed) == set(ADDRESSES[1:])
        assert await credits_of(members) == [0, BOND, BOND, BOND]


async def test_sealed__too_few_are_left__bonds_and_the_fee_come_back(tmp_path: Path) -> None:
    async with committee(tmp_path, (*HONEST[:2], None, None), sealed=(60, 60, BOND)) as members:
        world = members.world
        (asked,) = await world.ask(lifetime=300)
        await voted(members, asked, sealed=2)
        await pass_time(members, 61)

        async def counted() -> bool:
            return (await rounds(members, asked))[0].closed is not None

        await until(counted, within=60)
        await pass_time(members, 300)
        (first, *_) = await rounds(members, asked)
        assert not first.revealed, "nobody shows a vote that can not count"
        refund = world.contract.encode_refund(world.model.model_id, asked)
        await AccountSigner(world.rpc, REQUESTER).send_transaction(
            to=world.contract.address, calldata=refund
        )
        assert world.model.policy is not None
        credit = await world.contract.credit_of(REQUESTER.address, block="latest")
        assert credit == world.model.policy.fee_gwei * GWEI

        async def all_back() -> bool:
            found = await rounds(members, asked)
            paid = [sum(member in each.spoken for each in found) * BOND for member in ADDRESSES]
            if any(each.closed is None for each in found):
                await pass_time(members, 61)  # a vote that was on its way may open a round so late
            return await credits_of(members) == paid

        await until(all_back, within=60, pause=2)
        assert await world.decisions() == []
