"""Answers that are ready at once: simulated as they will be sent, and queued, each once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import encode

from oracle.chain.abi import interface
from oracle.chain.contracts import DecisionContract
from oracle.chain.signing import LocalKey
from oracle.core.errors import Transient
from oracle.core.lifecycle import Inferred, Origin, Request, State
from oracle.core.prediction import Prediction
from oracle.core.transaction import GWEI, FeePolicy, Purpose, Transaction, TxState, answers_gas
from oracle.journal import Journal, promises, requests, transactions
from oracle.journal.promises import Promised
from oracle.node.parts import NodeOptions, Parts
from oracle.node.vouch import Ready, alone, key_of, record, vouch
from tests.support.fake_chain import OPERATOR
from tests.support.fake_rpc import FakeProvider, Refusal, pool_of

MODEL = b"m" * 32
ADDRESS = "0x" + "cc" * 20
CODEC = interface("DecisionContract")
GAS, MORE = 150_000, 210_794


def word(number: int) -> bytes:
    return number.to_bytes(32, "big")


def revert(name: str, *values: Any) -> Refusal:
    entry = next(each for each in CODEC.errors.values() if each.name == name)
    body = entry.selector + encode(entry.input_types, values)
    return Refusal(3, "execution reverted", "0x" + body.hex())


class Contract:
    """What the contract says to each subject, alone and with others, as JSON-RPC shows it.

    Attributes:
        refused: the error that a subject's answer meets.
        crowded: subjects that are refused beside others only, as one that leaves too little gas.
        most_gas: what the endpoint allows a call.
    """

    def __init__(self) -> None:
        self.refused: dict[int, Refusal] = {}
        self.crowded: set[int] = set()
        self.block = "latest"
        self.has_together = True
        self.most_gas = 10_000_000
        self.away = False
        self.asked: list[tuple[str, list[int], int]] = []

    def answer(self, method: str, params: Sequence[Any]) -> Any:
        if self.away:
            raise ConnectionError
        assert method == "eth_call"
        message, block = params
        assert (message["from"], block) == (OPERATOR.address, self.block)
        name, arguments = CODEC.decode_call(bytes.fromhex(message["data"][2:]))
        said = arguments.get("predictions") or [arguments["prediction"]]
        subjects = [int.from_bytes(each["subject"], "big") for each in said]
        self.asked.append((name, subjects, int(message["gas"], 16)))
        if int(message["gas"], 16) > self.most_gas:
            raise Refusal(-32000, "too much gas for a call")
        if name == "makeDecisions":
            if not self.has_together:
                raise Refusal(3, "execution reverted", "0x")
            closed = self.crowded | set(self.refused)
            return "0x" + encode(("bool[]",), ([each not in closed for each in subjects],)).hex()
        if subjects[0] in self.refused:
            raise self.refused[subjects[0]]
        return "0x"

    def alone(self) -> list[int]:
        """Whose answers were simulated by themselves."""
        return [subjects[0] for name, subjects, _ in self.asked if name != "makeDecisions"]


class Bench:
    """Requests whose predictions are recorded, and what becomes of them."""

    def __init__(self, journal: Journal, parts: Parts, chain: Contract) -> None:
        self.journal, self.parts, self.chain = journal, parts, chain
        self.told: list[tuple[str, Request | None]] = []
        parts.observers.append(lambda stage, request: self.told.append((stage, request)))

    async def infer(self, *subjects: int, **changes: object) -> list[Request]:
        found = [inferred(each, **changes) for each in subjects]
        await self.journal.write(
            lambda db: requests.save_all(db, [(each, "") for each in found], at=1)
        )
        return found

    async def vouch(self, asked: Sequence[Request], gas: Mapping[int, int] | None = None) -> None:
        await vouch(self.parts, [ready(each, (gas or {}).get(number(each), GAS)) for each in asked])

    async def queued(self) -> list[Transaction]:
        return await self.journal.read(lambda db: transactions.in_states(db, {TxState.QUEUED}))

    async def carried(self) -> list[list[int]]:
        """The subjects that each queued transaction decides on."""
        return [
            [int.from_bytes(subject, "big") for _, subject in each.answers]
            for each in await self.queued()
        ]

    async def request(self, subject: int) -> Request:
        found = await self.journal.read(lambda db: requests.find(db, MODEL, word(subject)))
        assert found is not None
        return found

    async def states(self, *subjects: int) -> list[State]:
        return [(await self.request(each)).state for each in subjects]


def inferred(subject: int, **changes: object) -> Request:
    said = Prediction(
        model_id=MODEL,
        subject=word(subject),
        input_hash=b"i" * 32,
        output_hash=b"o" * 32,
        value=subject,
        confidence=0,
        predicted_at=1,
    )
    request = Request(
        model_id=MODEL,
        subject=word(subject),
        origin=Origin.CHAIN,
        input=b"x",
        state=State.INFERRED,
        deadline=10**10,
        prediction=said,
    )
    return replace(request, **changes)  # type: ignore[arg-type]


def promised(subject: int) -> Promised:
    said = inferred(subject).prediction
    assert said is not None
    return Promised(
        receipt_id=word(subject),
        prediction=said,
        input=b"x",
        outputs=b"y",
        runtime="{}",
        log=ADDRESS,
        anchor_by=600,
        signature=b"s" * 64,
        accepted_at=1,
        body_hash=b"b" * 32,
    )


def number(request: Request) -> int:
    return int.from_bytes(request.subject, "big")


def ready(request: Request, gas: int = GAS) -> Ready:
    assert request.prediction is not None
    calldata = DecisionContract.encode_make_decision(request.prediction)
    return Ready(request=request, calldata=calldata, gas=gas)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Bench]:
    chain = Contract()
    async with (
        await Journal.at(folder / "journal.db").open({}) as journal,
        pool_of(FakeProvider(chain.answer)) as rpc,
    ):
        parts = Parts(
            rpc=rpc,
            contract=DecisionContract(rpc, ADDRESS),
            journal=journal,
            engine=None,  # type: ignore[arg-type]
            account=LocalKey(OPERATOR),
            chain_id=31337,
            fees=FeePolicy(ceiling=100 * GWEI, priority=GWEI),
            options=NodeOptions(),
        )
        yield Bench(journal, parts, chain)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with opened(tmp_path) as made:
        yield made


async def test_vouch__three_at_once__share_a_transaction_and_are_simulated_as_it(
    bench: Bench,
) -> None:
    asked = await bench.infer(1, 2, 3)
    await bench.vouch(asked)
    (shared,) = await bench.queued()
    assert bench.chain.asked == [("makeDecisions", [1, 2, 3], shared.gas)]
    assert (shared.purpose, shared.gas) == (Purpose.ANSWERS, answers_gas(GAS, 3))
    calls = [ready(each).calldata for each in asked]
    assert shared.data == DecisionContract.encode_make_decisions(calls, GAS)
    assert shared.to == bytes.fromhex(ADDRESS[2:])
    assert (shared.model_id, shared.subject) == (bytes(32), bytes(32)), "about several"
    assert await bench.carried() == [[1, 2, 3]]
    assert await bench.states(1, 2, 3) == [State.VOUCHED] * 3
    assert bench.told == [("vouched", await bench.request(each)) for each in (1, 2, 3)]
    assert bench.parts.to_send.is_set()


async def test_vouch__one_alone__goes_as_ever(bench: Bench) -> None:
    (asked,) = await bench.infer(1)
    await bench.vouch([asked])
    (queued,) = await bench.queued()
    assert bench.chain.asked == [("makeDecision", [1], GAS)]
    assert (queued.purpose, queued.data) == (Purpose.ANSWER, ready(asked).calldata)


async def test_vouch__idle_chain__is_simulated_on_the_pending_block(bench: Bench) -> None:
    bench.parts.options = NodeOptions(idle_chain=True)
    bench.chain.block = "pending"
    bench.chain.refused[2] = revert("DeadlinePassed", word(2), 7)
    await bench.vouch(await bench.infer(1, 2, 3))
    assert [name for name, _, _ in bench.chain.asked] == ["makeDecisions", "makeDecision"]


async def test_vouch__two_callback_gases__are_two_shared_transactions(bench: Bench) -> None:
    asked = await bench.infer(1, 2, 3, 4, 5)
    await bench.vouch(asked, {2: MORE, 4: MORE})
    first, second = await bench.queued()
    assert await bench.carried() == [[1, 3, 5], [2, 4]]
    assert (first.gas, second.gas) == (answers_gas(GAS, 3), answers_gas(MORE, 2))
    assert DecisionContract.decode_make_decisions(second.data)[1] == MORE


async def test_vouch__sixty_at_once__are_two_full_ones_and_a_rest(bench: Bench) -> None:
    await bench.vouch(await bench.infer(*range(1, 61)))
    assert await bench.carried() == [
        list(range(1, 26)),
        list(range(26, 51)),
        list(range(51, 61)),
    ]


async def test_vouch__one_is_refused__goes_back_with_its_reason_and_the_others_go(
    bench: Bench,
) -> None:
    bench.chain.refused[2] = revert("DeadlinePassed", word(2), 7)
    await bench.vouch(await bench.infer(1, 2, 3))
    assert await bench.carried() == [[1, 3]]
    assert bench.chain.alone() == [2], "asked by itself, since it tells why"
    assert await bench.states(1, 2, 3) == [State.VOUCHED, State.CONFIRMED, State.VOUCHED]
    left = await bench.request(2)
    assert left.tries == 1
    assert "DeadlinePassed" in left.reason


async def test_vouch__no_business_of_this_operators__is_refused_and_the_others_go(
    bench: Bench,
) -> None:
    bench.chain.refused[1] = revert("NotAttestor", OPERATOR.address, ADDRESS)
    await bench.vouch(await bench.infer(1, 2))
    assert await bench.carried() == [[2]]
    assert await bench.states(1, 2) == [State.REFUSED, State.VOUCHED]
    assert "NotAttestor" in (await bench.request(1)).reason
    assert [each.purpose for each in await bench.queued()] == [Purpose.ANSWER]


async def test_vouch__one_passes_only_by_itself__goes_alone(bench: Bench) -> None:
    bench.chain.crowded = {3}
    await bench.vouch(await bench.infer(1, 2, 3, 4))
    assert await bench.carried() == [[1, 2, 4], [3]]
    assert await bench.states(1, 2, 3, 4) == [State.VOUCHED] * 4


async def test_vouch__a_contract_that_decides_one_at_a_time__gets_each_alone(
    bench: Bench,
) -> None:
    bench.chain.has_together = False
    await bench.vouch(await bench.infer(1, 2, 3))
    assert await bench.carried() == [[1], [2], [3]]
    assert {each.purpose for each in await bench.queued()} == {Purpose.ANSWER}
    assert await bench.states(1, 2, 3) == [State.VOUCHED] * 3


async def test_vouch__an_endpoint_that_allows_a_call_less_gas__gets_each_alone(
    bench: Bench,
) -> None:
    bench.chain.most_gas = GAS
    await bench.vouch(await bench.infer(1, 2, 3))
    assert await bench.carried() == [[1], [2], [3]]


async def test_vouch__relayed_for_a_committee__never_shares(bench: Bench) -> None:
    asked = await bench.infer(1, 2)
    relayed = []
    for each in asked:
        assert each.prediction is not None
        calldata = DecisionContract.encode_relay_decision(each.prediction, b"evidence")
        relayed.append(replace(ready(each), calldata=calldata))
    await vouch(bench.parts, relayed)
    assert await bench.carried() == [[1], [2]]
    assert [name for name, _, _ in bench.chain.asked] == ["relayDecision"] * 2


async def test_vouch__the_chain_moved_on_meanwhile__what_is_left_goes_and_nobody_with_it(
    bench: Bench,
) -> None:
    asked = await bench.infer(1, 2, 3)
    for subject, state in ((1, State.ORPHANED), (3, State.EXPIRED)):
        await bench.infer(subject, state=state)
    await bench.vouch(asked)
    assert await bench.carried() == [[2]]
    assert [each.purpose for each in await bench.queued()] == [Purpose.ANSWER]
    assert await bench.states(1, 2, 3) == [State.ORPHANED, State.VOUCHED, State.EXPIRED]


async def test_vouch__queued_together_before__is_never_queued_twice(bench: Bench) -> None:
    """They left the chain and came back: the transaction that waits carries them."""
    asked = await bench.infer(1, 2)
    await bench.vouch(asked)
    again = await bench.infer(1, 2, 3, 4)
    await bench.vouch(again)
    assert await bench.carried() == [[1, 2], [3, 4]]
    assert await bench.states(1, 2, 3, 4) == [State.SUBMITTED] * 2 + [State.VOUCHED] * 2
    told = await bench.journal.read(lambda db: requests.story(db, MODEL, word(1)))
    assert (told[-1].state, told[-1].note) == (State.SUBMITTED, "already on its way")


async def test_vouch__tried_again__is_another_transaction(bench: Bench) -> None:
    await bench.vouch(await bench.infer(1, 2))
    await bench.vouch(await bench.infer(1, 2, tries=1))
    assert await bench.carried() == [[1, 2], [1, 2]]
    keys = {each.key for each in await bench.queued()}
    assert len(keys) == 2


async def test_vouch__no_endpoint_answers__records_nothing(bench: Bench) -> None:
    asked = await bench.infer(1, 2)
    bench.chain.away = True
    with pytest.raises(Transient):
        await bench.vouch(asked)
    assert await bench.queued() == []
    assert await bench.states(1, 2) == [State.INFERRED] * 2


async def test_alone__of_a_shared_one__is_each_answer_as_it_would_have_gone(bench: Bench) -> None:
    asked = await bench.infer(1, 2, 3)
    await bench.vouch(asked, {2: MORE})
    shared, lone = await bench.queued()
    assert lone.data == ready(asked[1]).calldata
    parts = alone(shared)
    assert [(each.subject, each.data, each.gas, each.to) for each in parts] == [
        (each.subject, ready(each).calldata, GAS, shared.to) for each in (asked[0], asked[2])
    ]
    assert {(each.purpose, each.key) for each in parts} == {(Purpose.ANSWER, "")}


async def test_record__a_prediction_and_its_promise__are_kept_in_one_change_and_told(
    bench: Bench,
) -> None:
    (asked,) = await bench.infer(1, state=State.CONFIRMED, prediction=None)
    made = promised(1)
    step = asked, Inferred(made.prediction)
    taken = await record(bench.parts, [step], promised={key_of(asked): made})
    kept = await bench.request(1)
    assert (kept.state, kept.prediction) == (State.INFERRED, made.prediction)
    assert taken == [kept]
    assert bench.told == [("inferred", kept)]
    assert await bench.journal.read(lambda db: promises.said(db, made.prediction)) == made
    told = await bench.journal.read(lambda db: requests.story(db, MODEL, word(1)))
    assert (told[-1].state, told[-1].note) == (State.INFERRED, "")


@pytest.mark.parametrize("state", [State.ORPHANED, State.EXPIRED])
async def test_record__the_chain_moved_on_meanwhile__promises_and_tells_nothing(
    bench: Bench, state: State
) -> None:
    (asked,) = await bench.infer(1, state=State.CONFIRMED, prediction=None)
    await bench.infer(1, state=state, prediction=None)
    made = promised(1)
    step = asked, Inferred(made.prediction)
    assert await record(bench.parts, [step], promised={key_of(asked): made}) == []
    assert await bench.states(1) == [state]
    assert bench.told == []
    assert await bench.journal.read(lambda db: promises.said(db, made.prediction)) is None
