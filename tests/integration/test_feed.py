"""A feed read by a DeFi contract that was written for Chainlink's: the bytecode as it is published.

It is ERC-4337's TokenPaymaster, whose price of a token is an ``AggregatorV3Interface``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from eth_utils.crypto import keccak

from oracle.chain.abi import Interface
from oracle.chain.artifacts import load_artifact
from oracle.core.errors import Reverted
from tests.support.world import DEPLOYER, OPERATOR, SCORE_MODEL, STRANGER, World, address_of

PUBLISHED = (
    Path(__file__).parents[2] / "node_modules" / "@account-abstraction" / "contracts" / "artifacts"
)
NOBODY = "0x" + "00" * 20
SCALE = 10**26
"""The paymaster's own: wei of gas a token, times this."""
HEARTBEAT = 3600
MAX_ROUND_AGE = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """A contract at an address, with its codec."""

    world: World
    address: str
    codec: Interface

    async def read(self, function: str, *arguments: Any) -> dict[str, Any]:
        body = await self.world.rpc.eth_call(
            self.address, self.codec.encode(function, *arguments), block="latest"
        )
        return self.codec.decode_output(function, body)

    async def send(self, sender: int, function: str, *arguments: Any) -> None:
        await self.world.signer(sender).send_transaction(
            to=self.address, calldata=self.codec.encode(function, *arguments)
        )


async def published(world: World, name: str, *arguments: Any) -> Deployed:
    """Deploy a contract from the package's own bytecode."""
    artifact = json.loads((PUBLISHED / f"{name}.json").read_text())
    codec = Interface(artifact["abi"])
    code = bytes.fromhex(artifact["bytecode"][2:]) + codec.encode_constructor(*arguments)
    receipt = await world.signer(DEPLOYER).send_transaction(to=None, calldata=code)
    assert receipt.contract is not None
    return Deployed(world=world, address=receipt.contract, codec=codec)


async def open_feed(world: World) -> Deployed:
    """The feed of the model that scores, its values with 3 decimals."""
    series = keccak(text="token / gas")
    terms = (world.contract.address, SCORE_MODEL, series, 3, HEARTBEAT, 1, "TOKEN / GAS")
    address, codec = await world.deploy_artifact(load_artifact("DecisionFeed"), *terms)
    return Deployed(world=world, address=address, codec=codec)


async def open_paymaster(world: World, feed: Deployed) -> Deployed:
    """The paymaster with this feed as its price of a token."""
    entry = await published(world, "EntryPoint")
    token = await published(world, "LegacyTokenPaymaster", NOBODY, "TOK", entry.address)
    owner = address_of(DEPLOYER)
    prices = (60, MAX_ROUND_AGE, feed.address, NOBODY, True, False, False, SCALE // 100)
    return await published(
        world,
        "TokenPaymaster",
        token.address,
        entry.address,
        token.address,
        token.address,
        (SCALE * 11 // 10, 0, 40_000, 0),
        prices,
        (0, 3000, 5),
        owner,
    )


async def push(world: World, feed: Deployed, value: int) -> int:
    """Decide the feed's next round; the round."""
    (round_,) = (await feed.read("nextRound")).values()
    (subject,) = (await feed.read("subjectOf", round_)).values()
    prediction = await world.prediction(subject, value=value)
    await world.send(OPERATOR, world.contract.encode_make_decision(prediction))
    return int(round_)


async def test_paymaster__reads_the_feed_as_it_reads_chainlinks(world: World) -> None:
    feed = await open_feed(world)
    paymaster = await open_paymaster(world, feed)
    for value in (1234, 2500):
        await push(world, feed, value)
        await paymaster.send(STRANGER, "updateCachedPrice", True)
        (price,) = (await paymaster.read("cachedPrice")).values()
        assert price == SCALE * value // 1000


async def test_paymaster__feed_without_a_round__has_no_price(world: World) -> None:
    feed = await open_feed(world)
    paymaster = await open_paymaster(world, feed)
    with pytest.raises(Reverted) as refused:
        await paymaster.send(STRANGER, "updateCachedPrice", True)
    assert refused.value.error == "NoRound"


async def test_paymaster__round_older_than_it_allows__refuses_it_by_its_own_rule(
    world: World,
) -> None:
    feed = await open_feed(world)
    paymaster = await open_paymaster(world, feed)
    await push(world, feed, 1234)
    await world.pass_time(MAX_ROUND_AGE + 60)
    with pytest.raises(Reverted, match="TPM: Incomplete round"):
        await paymaster.send(STRANGER, "updateCachedPrice", True)


async def test_paymaster__feed_is_stale__is_told_so(world: World) -> None:
    feed = await open_feed(world)
    paymaster = await open_paymaster(world, feed)
    await push(world, feed, 1234)
    await world.pass_time(HEARTBEAT + 60)
    with pytest.raises(Reverted) as refused:
        await paymaster.send(STRANGER, "updateCachedPrice", True)
    assert refused.value.error == "FeedStale"
    assert refused.value.arguments["maxAge"] == HEARTBEAT


async def test_feed__noted_rounds__are_read_the_same(world: World) -> None:
    feed = await open_feed(world)
    for value in (1000, 1001, 999):
        await push(world, feed, value)
    before = await feed.read("latestRoundData")
    await feed.send(STRANGER, "advance", 10)
    assert await feed.read("latestRoundData") == before
    assert list(before.values())[:2] == [3, 999]
    assert list((await feed.read("getRoundData", 2)).values())[:2] == [2, 1001]
