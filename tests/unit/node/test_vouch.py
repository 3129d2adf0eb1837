"""Answers that are ready at once: simulated as they will be sent, and queued, each once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from oracle.chain.contracts import DecisionContract
from oracle.core.errors import Transient
from oracle.core.lifecycle import Inferred, State
from oracle.core.transaction import Purpose, answers_gas
from oracle.journal import promises, requests
from oracle.node.parts import NodeOptions
from oracle.node.vouch import alone, key_of, record, vouch
from tests.support.fake_chain import OPERATOR
from tests.support.vouching import (
    ADDRESS,
    GAS,
    MODEL,
    MORE,
    Bench,
    opened,
    promised,
    ready,
    revert,
    word,
)


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
