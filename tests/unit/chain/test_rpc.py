"""The pool: failover, wrong chains, lagging and lying endpoints, and what is never shown."""

from __future__ import annotations

from typing import Any

import pytest
from eth_utils.crypto import keccak

from oracle.chain.errors import BlockUnknown, MethodMissing
from oracle.chain.wire import BlockStamp
from oracle.core.errors import ChainError, Reverted, Transient
from tests.support.fake_rpc import FakeProvider, Refusal, chain, failing, pool_of

ADDRESS = "0x" + "ab" * 20


async def test_block__latest__is_typed() -> None:
    source = chain(3)
    stamp = await pool_of(FakeProvider(source.answer)).block("latest")
    assert stamp == BlockStamp(
        number=2,
        hash=source.hash_at(2),
        parent_hash=source.hash_at(1),
        timestamp=1_002,
        base_fee=7,
    )


@pytest.mark.parametrize(
    "reply",
    [
        "nonsense",
        {"number": "0x1"},
        {"number": 1, "hash": "0x00", "parentHash": "0x00", "timestamp": "0x0"},
        [],
    ],
)
async def test_block__garbage__is_transient_and_next_is_asked(reply: Any) -> None:
    liar = FakeProvider(lambda *_: reply)
    assert (await pool_of(liar, FakeProvider(chain(3).answer)).block("latest")).number == 2
    with pytest.raises(Transient, match="malformed"):
        await pool_of(FakeProvider(lambda *_: reply)).block("latest")


async def test_block__another_block_than_asked__is_not_taken() -> None:
    source = chain(4)
    liar = FakeProvider(lambda *_: source.blocks[1])
    good = FakeProvider(source.answer)
    assert (await pool_of(liar, good).block(3)).number == 3
    assert (await pool_of(liar, good).block(source.hash_at(2))).number == 2


async def test_block__unknown_everywhere__block_unknown() -> None:
    pool = pool_of(FakeProvider(chain(3).answer), FakeProvider(chain(4).answer))
    with pytest.raises(BlockUnknown, match="block 9 is unknown"):
        await pool.block(9)


async def test_block__lagging_first_endpoint__head_never_goes_far_back() -> None:
    ahead, behind = FakeProvider(chain(50).answer), FakeProvider(chain(10).answer)
    pool = pool_of(behind, ahead)
    assert (await pool.block("latest")).number == 9
    assert (await pool.block(49)).number == 49
    pool = pool_of(ahead, behind)
    assert (await pool.block("latest")).number == 49
    ahead.answer = failing(TimeoutError()).answer
    assert (await pool.block("latest")).number == 9, "all that is left"


async def test_logs__lagging_endpoint_says_none__next_is_asked() -> None:
    source = chain(3)
    source.mine(logs=[{"address": ADDRESS, "topics": [], "data": "0x"}])

    def short(method: str, params: Any) -> Any:
        return [] if method == "eth_getLogs" else chain(3).answer(method, params)

    pool = pool_of(FakeProvider(short), FakeProvider(source.answer))
    assert len(await pool.logs(address=ADDRESS, block_hash=source.hash_at(3))) == 1
    logs, last = await pool.logs_between(address=ADDRESS, first=0, last=3)
    assert (len(logs), last.number) == (1, 3)


async def test_logs__bloom_says_there_are__empty_answer_is_doubted() -> None:
    source = chain(3)
    source.mine(logs=[{"address": ADDRESS, "topics": [], "data": "0x"}])
    source.show_bloom(3, ADDRESS)

    def index_is_late(method: str, params: Any) -> Any:
        return [] if method == "eth_getLogs" else source.answer(method, params)

    late, good = FakeProvider(index_is_late), FakeProvider(source.answer)
    assert len(await pool_of(late, good).logs(address=ADDRESS, block_hash=source.hash_at(3))) == 1
    alone = pool_of(late)
    assert await alone.logs(address=ADDRESS, block_hash=source.hash_at(3)) == []
    assert late.methods().count("eth_getLogs") == 3


@pytest.mark.parametrize("hidden", [True, False])
async def test_logs__a_lone_endpoint_with_a_late_index__come_from_the_receipts(
    hidden: bool,
) -> None:
    """Where the filter says so by chance, the receipts have none either."""
    source = chain(3)
    source.mine(logs=[{"address": ADDRESS, "topics": [], "data": "0x"}] if hidden else [])
    source.show_bloom(3, ADDRESS)
    place = {"blockNumber": "0x3", "blockHash": source.blocks[3]["hash"]}
    foreign = {"address": "0x" + "ee" * 20, **LOGGED, **place}
    receipt = {
        "transactionHash": "0x" + "11" * 32,
        "status": "0x1",
        "gasUsed": "0x1",
        **place,
        "logs": [foreign, *source.logs],
    }

    def answer(method: str, params: Any) -> Any:
        if method == "eth_getBlockReceipts":
            return [receipt]
        return [] if method == "eth_getLogs" else source.answer(method, params)

    found = await pool_of(FakeProvider(answer)).logs(address=ADDRESS, block_hash=source.hash_at(3))
    assert [log.address.lower() for log in found] == [ADDRESS.lower()] * hidden


LOGGED = {
    "topics": [],
    "data": "0x",
    "transactionHash": "0x" + "11" * 32,
    "transactionIndex": "0x0",
    "logIndex": "0x0",
    "removed": False,
}


async def test_logs__spoofed_by_another_contract__are_left_out() -> None:
    source = chain(1)
    source.mine(logs=[{"address": "0x" + "ee" * 20, "topics": [], "data": "0x"}])
    pool = pool_of(FakeProvider(source.answer))
    assert await pool.logs(address=ADDRESS, block_hash=source.hash_at(1)) == []


@pytest.mark.parametrize(
    "wrong", [{"blockHash": "0x" + "22" * 32}, {"removed": True}, {"topics": ["0x12"]}]
)
async def test_logs__of_another_block_removed_or_malformed__are_refused(
    wrong: dict[str, Any],
) -> None:
    source = chain(1)
    source.mine(logs=[{"address": ADDRESS, "topics": [], "data": "0x"}])

    def answer(method: str, params: Any) -> Any:
        found = source.answer(method, params)
        return [{**log, **wrong} for log in found] if method == "eth_getLogs" else found

    with pytest.raises(Transient, match="malformed"):
        await pool_of(FakeProvider(answer)).logs(address=ADDRESS, block_hash=source.hash_at(1))


async def test_call__revert__is_taken_at_once_and_decoded() -> None:
    body = "0x" + keccak(text="UnknownModel(bytes32)")[:4].hex() + "11" * 32
    first, second = failing(Refusal(3, "execution reverted", body)), FakeProvider(chain().answer)
    with pytest.raises(Reverted) as caught:
        await pool_of(first, second).eth_call(ADDRESS, b"", block="latest")
    assert caught.value.error == "UnknownModel"
    assert caught.value.arguments == {"modelId": b"\x11" * 32}
    assert second.calls == []


async def test_call__invalid_params__is_definite() -> None:
    first, second = failing(Refusal(-32602, "invalid argument 0")), FakeProvider(chain().answer)
    with pytest.raises(ChainError) as caught:
        await pool_of(first, second).call("eth_call", [1])
    assert not isinstance(caught.value, Transient)
    assert second.calls == []


async def test_call__method_missing_everywhere__says_so() -> None:
    with pytest.raises(MethodMissing):
        await pool_of(FakeProvider(chain().answer)).call("eth_feeHistory")


async def test_batch__mixed__gives_each_its_own() -> None:
    source = chain(3)

    def answer(method: str, params: Any) -> Any:
        if method == "eth_call":
            raise Refusal(3, "execution reverted", "0x")
        return source.answer(method, params)

    found = await pool_of(FakeProvider(answer)).batch(
        [("eth_blockNumber", []), ("eth_call", []), ("eth_getBlockByHash", ["0x" + "00" * 32])]
    )
    assert found[0] == "0x2"
    assert isinstance(found[1], Reverted)
    assert found[2] is None


async def test_batch__longer_than_one__is_split_and_keeps_order() -> None:
    provider = FakeProvider(chain(1).answer)
    provider.answer = lambda method, params: params[0]
    assert await pool_of(provider).batch([("x", [n]) for n in range(250)]) == list(range(250))


async def test_batch__reply_short_or_unordered__is_not_taken() -> None:
    class Short(FakeProvider):
        async def make_batch_request(self, batch_requests: list[tuple[str, Any]]) -> Any:
            return (await super().make_batch_request(batch_requests))[:-1]

    with pytest.raises(Transient, match="number of answers"):
        await pool_of(Short(chain().answer)).batch([("eth_blockNumber", [])] * 3)


async def test_receipts__of_another_transaction__are_refused() -> None:
    receipt = {
        "transactionHash": "0x" + "22" * 32,
        "status": "0x1",
        "blockNumber": "0x1",
        "blockHash": "0x" + "33" * 32,
        "gasUsed": "0x5208",
        "effectiveGasPrice": "0x1",
        "contractAddress": None,
        "logs": [],
    }
    pool = pool_of(FakeProvider(lambda *_: receipt))
    with pytest.raises(Transient, match="transactionHash"):
        await pool.receipts([b"\x11" * 32])
    (found,) = await pool.receipts([b"\x22" * 32])
    assert found is not None
    assert found.succeeded
    assert await pool_of(FakeProvider(lambda *_: None)).receipts([b"\x11" * 32]) == [None]
