"""What a node will not even try, with the reason that the requester's operator reads."""

from __future__ import annotations

import pytest
from eth_utils.crypto import keccak

from oracle.chain.errors import BlockUnknown
from oracle.core.errors import ChainError, InferenceError, InvalidInput, Reverted
from oracle.core.lifecycle import Failed, Origin, Refused, Request, State, Vouched
from oracle.core.prediction import request_id
from oracle.node import answer, vouch
from oracle.node.parts import NodeOptions

MODEL = b"m" * 32
INPUT = b"\x01\x02\x03"


class Parts:
    options = NodeOptions(max_callback_gas=1_000)
    unfit = {b"u" * 32: "vector 1: the value is 3, not 4"}


def asked(input_: bytes = INPUT, model_id: bytes = MODEL, callback_gas: int = 0) -> Request:
    subject = request_id(
        chain_id=1,
        contract=b"c" * 20,
        requester=b"r" * 20,
        nonce=0,
        model_id=model_id,
        input_hash=keccak(INPUT),
    )
    return Request(
        model_id=model_id,
        subject=subject,
        origin=Origin.CHAIN,
        input=input_,
        state=State.CONFIRMED,
        deadline=10,
        callback_gas=callback_gas,
    )


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (asked(callback_gas=1_001), "callback gas 1001 is above this node's limit of 1000"),
        (asked(b"other"), "not the one that the request names"),
        (asked(model_id=b"u" * 32), "the value is 3, not 4"),
    ],
)
def test_refusal__what_the_node_will_not_try__names_the_reason(
    request_: Request, words: str
) -> None:
    refusal = answer.Answer(Parts())._refusal(request_)  # type: ignore[arg-type]
    assert refusal is not None
    assert words in refusal


def test_refusal__a_request_with_its_own_input__is_tried() -> None:
    assert answer.Answer(Parts())._refusal(asked(callback_gas=1_000)) is None  # type: ignore[arg-type]


def test_judged__an_overloaded_engine__is_tried_again_and_a_bad_input_is_not() -> None:
    assert isinstance(answer._judged(asked(), InferenceError("full"), 1, b"i" * 32), Failed)
    assert isinstance(answer._judged(asked(), InvalidInput("3 bytes"), 1, b"i" * 32), Refused)


@pytest.mark.parametrize(
    ("error", "event"),
    [
        (None, Vouched),
        (Reverted("x", error="NotAttestor"), Refused),
        (Reverted("x", error="ModelIsPaused"), Failed),
        (Reverted("x", error="AlreadyDecided"), Failed),
        (ChainError("gas above the block's limit"), Failed),
    ],
)
def test_objection__a_simulations_outcome__is_an_event(
    error: ChainError | None, event: type
) -> None:
    assert type(Vouched() if error is None else vouch.objection(error)) is event


def test_objection__an_endpoint_that_lags__is_no_verdict_on_the_prediction() -> None:
    with pytest.raises(BlockUnknown):
        vouch.objection(BlockUnknown("block 7"))
