"""The codec: calls, outputs, events and errors by name, and what is refused."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_utils.crypto import keccak
from hypothesis import example, given
from hypothesis import strategies as st

from oracle.chain.abi import Interface, describe_revert, interface, known_errors, type_of
from oracle.chain.contracts import DecisionContract, ModelConfig
from oracle.chain.wire import Log
from oracle.core.errors import InvalidInput, Transient
from oracle.core.prediction import Prediction

PREDICTION = Prediction(
    model_id=b"\x01" * 32,
    subject=b"\x02" * 32,
    input_hash=b"\x03" * 32,
    output_hash=b"\x04" * 32,
    value=-(2**127),
    confidence=1_000_000,
    predicted_at=2**40 - 1,
)
DECISION = interface("DecisionContract")


def test_make_decision__calldata__is_selector_and_seven_words() -> None:
    calldata = DecisionContract.encode_make_decision(PREDICTION)
    signature = "makeDecision((bytes32,bytes32,bytes32,bytes32,int128,uint32,uint40))"
    assert calldata[:4] == keccak(text=signature)[:4]
    assert len(calldata) == 4 + 7 * 32
    name, arguments = DECISION.decode_call(calldata)
    assert name == "makeDecision"
    assert arguments["prediction"]["value"] == PREDICTION.value
    assert arguments["prediction"]["modelId"] == PREDICTION.model_id


@pytest.mark.parametrize(
    "calldata",
    [
        DecisionContract.encode_relay_decision(PREDICTION, b"evidence"),
        DecisionContract.encode_request_decision(b"\x01" * 32, b"in", callback_gas=1, deadline=2),
        DecisionContract.encode_request_by_hash(
            b"\x01" * 32, b"\x02" * 32, "ipfs://x", callback_gas=1, deadline=2
        ),
        DecisionContract.encode_register_model(
            b"\x01" * 32, ModelConfig(attestor="0x" + "11" * 20, policy="0x" + "22" * 20), "uri"
        ),
        DecisionContract.encode_retry_callback(b"\x01" * 32, b"\x02" * 32, "0x" + "11" * 20, 3),
        DecisionContract.encode_withdraw("0x" + "11" * 20),
    ],
)
def test_calldata__decoded_and_encoded__is_the_same(calldata: bytes) -> None:
    name, arguments = DECISION.decode_call(calldata)
    values = [tuple(v.values()) if isinstance(v, dict) else v for v in arguments.values()]
    assert DECISION.encode(name, *values) == calldata


@pytest.mark.parametrize("calldata", [b"", b"\x00" * 4, b"\xff" * 36])
def test_decode_call__not_ours__is_refused(calldata: bytes) -> None:
    with pytest.raises(InvalidInput, match="no function"):
        DECISION.decode_call(calldata)


def test_decode_call__cut_short__is_refused() -> None:
    with pytest.raises(InvalidInput, match="malformed calldata of makeDecision"):
        DECISION.decode_call(DecisionContract.encode_make_decision(PREDICTION)[:-32])


def test_constructor__wrong_arguments__are_refused() -> None:
    with pytest.raises(InvalidInput, match="constructor"):
        interface("ThresholdPolicy").encode_constructor(1)


def test_output__cut_short__is_transient() -> None:
    with pytest.raises(Transient, match="output of decisionOf"):
        DECISION.decode_output("decisionOf", bytes(32))


def log_of(event: str, *, topics: int, body: bytes) -> Log:
    entry = DECISION.events[event]
    return Log(
        address="0x" + "11" * 20,  # type: ignore[arg-type]
        topics=(entry.selector, *[b"\x01" * 32] * topics),
        body=body,
        block_number=1,
        block_hash=bytes(32),
        tx_hash=bytes(32),
        tx_index=0,
        index=0,
    )


@pytest.mark.parametrize(("topics", "body"), [(1, bytes(224)), (2, bytes(10)), (2, b"\xff" * 224)])
def test_event__malformed__is_an_error(topics: int, body: bytes) -> None:
    with pytest.raises(Transient, match="malformed"):
        DECISION.decode_event(log_of("DecisionMade", topics=topics, body=body))


WORDS = {
    "bytes": st.binary(max_size=100),
    "bytes32": st.binary(min_size=32, max_size=32),
    "address": st.binary(min_size=20, max_size=20).map(lambda octets: "0x" + octets.hex()),
    "bool": st.booleans(),
    "uint8": st.integers(0, 2**8 - 1),
    "uint256": st.integers(0, 2**256 - 1),
    "int8": st.integers(-(2**7), 2**7 - 1),
    "int128": st.integers(-(2**127), 2**127 - 1),
    "int256": st.integers(-(2**255), 2**255 - 1),
}


def said(kinds: Sequence[str], body: bytes) -> tuple[Interface, Log]:
    inputs = [{"name": f"n{at}", "type": k, "indexed": False} for at, k in enumerate(kinds)]
    codec = Interface([{"type": "event", "name": "Said", "inputs": inputs}])
    log = log_of("DecisionMade", topics=0, body=body)
    return codec, replace(log, topics=(codec.events["Said"].selector,))


@given(kinds=st.lists(st.sampled_from(sorted(WORDS)), min_size=1, max_size=8), seed=st.data())
def test_event__words__are_read_as_eth_abi_reads_them(
    kinds: list[str], seed: st.DataObject
) -> None:
    body = encode(kinds, [seed.draw(WORDS[kind]) for kind in kinds])
    codec, log = said(kinds, body)
    decoded = codec.decode_event(log)
    assert decoded is not None
    expected = [str(each).lower() for each in decode(kinds, body)]
    assert [str(each).lower() for each in decoded[1].values()] == expected


def agrees_with_eth_abi(kinds: Sequence[str], body: bytes) -> None:
    codec, log = said(kinds, body)
    try:
        expected = decode(kinds, body)
    except (DecodingError, OverflowError):
        with pytest.raises(Transient, match="malformed"):
            codec.decode_event(log)
        return
    decoded = codec.decode_event(log)
    assert decoded is not None
    shown = [str(each).lower() for each in expected]
    assert [str(each).lower() for each in decoded[1].values()] == shown


@example(kind="bytes", word=bytes(32))
@example(kind="bytes", word=bytes(31) + b"\x20")
@given(kind=st.sampled_from(sorted(WORDS)), word=st.binary(min_size=32, max_size=32))
def test_event__any_word__is_refused_where_eth_abi_refuses_it(kind: str, word: bytes) -> None:
    agrees_with_eth_abi([kind], word)


@given(
    octets=st.binary(max_size=70),
    place=st.integers(0, 191),
    to=st.integers(0, 255),
    length=st.integers(0, 192),
)
def test_event__a_byte_changed_or_cut_off__is_refused_where_eth_abi_refuses_it(
    octets: bytes, place: int, to: int, length: int
) -> None:
    body = bytearray(encode(["bytes", "uint8"], [octets, 7]))
    body[place % len(body)] = to
    agrees_with_eth_abi(["bytes", "uint8"], bytes(body[: max(length, 64)]))


def test_event__unknown_topic__is_none() -> None:
    interface_ = Interface([])
    assert interface_.decode_event(log_of("DecisionMade", topics=2, body=bytes(224))) is None


def _zero(kind: str) -> Any:
    if kind.endswith("[]"):
        return []
    if kind.startswith("("):
        return tuple(_zero(each) for each in kind[1:-1].split(","))
    zeros = {"address": "0x" + "00" * 20, "string": "", "bool": False, "bytes": b""}
    if kind in zeros:
        return zeros[kind]
    return bytes(int(kind.removeprefix("bytes"))) if kind.startswith("bytes") else 0


def test_revert__every_custom_error__is_decoded_by_name() -> None:
    errors = known_errors()
    assert {"UnknownModel", "InputMismatch", "ModelChangeDue"} <= {e.name for e in errors.values()}
    for selector, entry in errors.items():
        body = selector + encode(entry.input_types, [_zero(kind) for kind in entry.input_types])
        assert describe_revert(body, what="call").error == entry.name


@pytest.mark.parametrize(
    ("body", "error", "text"),
    [
        (b"", "unknown", "without a reason"),
        (b"\x12\x34\x56\x78", "unknown", "unknown error 0x12345678"),
        (bytes.fromhex("08c379a0") + encode(["string"], ["no"]), "Error", "call: no"),
        (bytes.fromhex("4e487b71") + encode(["uint256"], [0x11]), "Panic", "overflow"),
        (bytes.fromhex("08c379a0") + b"\xff" * 40, "unknown", "unknown error"),
        (keccak(text="UnknownModel(bytes32)")[:4] + b"\x01", "unknown", "unknown error"),
    ],
)
def test_revert__other_forms__are_told_apart(body: bytes, error: str, text: str) -> None:
    fault = describe_revert(body, what="call")
    assert fault.error == error
    assert text in fault.what


def test_type_of__nested_structs__are_tuples() -> None:
    inner = {"type": "tuple", "components": [{"type": "uint8"}, {"type": "bytes32[]"}]}
    outer = {"type": "tuple[2]", "components": [inner, {"type": "bool"}]}
    assert type_of(outer) == "((uint8,bytes32[]),bool)[2]"


def test_codec__thousands__are_fast() -> None:
    body = encode(
        ["bytes32", "bytes32", "int128", "uint32", "uint40", "uint8", "uint8"],
        [bytes(32), bytes(32), 1, 2, 3, 2, 1],
    )
    log = log_of("DecisionMade", topics=2, body=body)
    begun = time.perf_counter()
    for _ in range(1000):
        DECISION.decode_event(log)
        DecisionContract.encode_make_decision(PREDICTION)
    assert time.perf_counter() - begun < 5
