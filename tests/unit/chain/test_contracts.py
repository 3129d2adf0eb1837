"""Several predictions in one call: encoded as any library would, simulated as they will be sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from oracle.chain.abi import interface
from oracle.chain.contracts import DecisionContract
from oracle.core.errors import Transient
from oracle.core.prediction import Prediction
from tests.support.fake_rpc import FakeProvider, Refusal, pool_of

ADDRESS = "0x" + "Cc" * 20
SENDER = "0x" + "11" * 20
STRUCT = "(bytes32,bytes32,bytes32,bytes32,int128,uint32,uint40)"
SELECTOR = keccak(text=f"makeDecisions({STRUCT}[],uint256)")[:4]

word = st.binary(min_size=32, max_size=32)
prediction = st.builds(
    Prediction,
    model_id=word,
    subject=word,
    input_hash=word,
    output_hash=word,
    value=st.integers(min_value=-(2**127), max_value=2**127 - 1),
    confidence=st.integers(min_value=0, max_value=10**6),
    predicted_at=st.integers(min_value=1, max_value=2**40 - 1),
)
SAID = Prediction(
    model_id=b"m" * 32,
    subject=b"s" * 32,
    input_hash=b"i" * 32,
    output_hash=b"o" * 32,
    value=-1,
    confidence=1,
    predicted_at=7,
)
GAS = 150_000


def calls_of(said: Sequence[Prediction]) -> list[bytes]:
    return [DecisionContract.encode_make_decision(each) for each in said]


@given(said=st.lists(prediction, max_size=4), gas_each=st.integers(0, 2**256 - 1))
def test_make_decisions__any_predictions__are_encoded_as_eth_abi_does_and_come_back(
    said: list[Prediction], gas_each: int
) -> None:
    calldata = DecisionContract.encode_make_decisions(calls_of(said), gas_each)
    values = [tuple(each.as_abi()) for each in said]
    assert calldata == SELECTOR + encode((f"{STRUCT}[]", "uint256"), (values, gas_each))
    assert DecisionContract.decode_make_decisions(calldata) == (calls_of(said), gas_each)
    name, arguments = interface("DecisionContract").decode_call(calldata)
    assert name == "makeDecisions"
    assert [each["value"] for each in arguments["predictions"]] == [p.value for p in said]


def test_is_make_decision__of_what_shares_a_transaction__and_of_nothing_else() -> None:
    alone = DecisionContract.encode_make_decision(SAID)
    assert DecisionContract.is_make_decision(alone)
    assert not DecisionContract.is_make_decision(
        DecisionContract.encode_relay_decision(SAID, b"evidence")
    )
    assert not DecisionContract.is_make_decision(
        DecisionContract.encode_make_decisions([alone], GAS)
    )
    assert not DecisionContract.is_make_decision(b"")


class Chain:
    """A contract that knows ``makeDecisions``, or not; replies in the order of the calls."""

    def __init__(self, *replies: Any) -> None:
        self.replies = list(replies)
        self.provider = FakeProvider(self.answer)

    def answer(self, method: str, params: Sequence[Any]) -> Any:
        assert method == "eth_call"
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return "0x" + encode(("bool[]",), (reply,)).hex() if isinstance(reply, list) else reply

    async def simulate(self, *counts: int, block: Any = "latest") -> list[Sequence[bool]]:
        parts = [
            (
                DecisionContract.encode_make_decisions(
                    calls_of([replace(SAID, value=n) for n in range(count)]), GAS
                ),
                10**6 + count,
            )
            for count in counts
        ]
        async with pool_of(self.provider) as rpc:
            contract = DecisionContract(rpc, ADDRESS)
            return await contract.simulate_together(parts, sender=SENDER, block=block)


async def test_simulate_together__several__says_of_each_which_would_be_made() -> None:
    chain = Chain([True, False, True], [False, False])
    found = await chain.simulate(3, 2, block="pending")
    assert [list(each) for each in found] == [[True, False, True], [False, False]]
    asked = [params for method, params in chain.provider.calls if method == "eth_call"]
    assert [(call["from"], call["to"].lower(), block) for call, block in asked] == [
        (SENDER, ADDRESS.lower(), "pending")
    ] * 2
    assert [int(call["gas"], 16) for call, _ in asked] == [10**6 + 3, 10**6 + 2]


@pytest.mark.parametrize(
    "refusal",
    [
        Refusal(3, "execution reverted", "0x"),
        Refusal(-32015, "VM execution error"),
        Refusal(-32000, "out of gas"),
    ],
)
async def test_simulate_together__a_contract_that_fails_or_has_no_such_function__makes_none(
    refusal: Refusal,
) -> None:
    found = await Chain(refusal, [True, True]).simulate(2, 2)
    assert [list(each) for each in found] == [[], [True, True]]


async def test_simulate_together__an_address_without_code__is_no_answer_to_rely_on() -> None:
    with pytest.raises(Transient):
        await Chain("0x").simulate(2)
