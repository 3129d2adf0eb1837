"""The calls that gateways send to nodes, and where nodes are reached."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.chain.gateway import (
    GET_MOST,
    AskCall,
    FindCall,
    gateway_spec,
    read_call,
    url_template,
    write_call,
)
from oracle.core.errors import InvalidInput
from oracle.core.prediction import REQUEST_TAG
from oracle.core.reading import reading_subject

WORD = st.binary(min_size=32, max_size=32)
ASK = st.builds(
    AskCall,
    chain_id=st.integers(1, 2**64),
    model_id=WORD,
    input=st.binary(max_size=200),
    as_of=st.integers(1, 2**40 - 1),
)
FIND = st.builds(FindCall, chain_id=st.integers(1, 2**64), model_id=WORD, subject=WORD)
GATEWAY = "0x1fF6fb0f00782b36f0a285bE01c60BCed2815739"


@given(ASK | FIND)
def test_call__written_and_read__is_the_same(call):
    assert read_call(write_call(call)) == call


@given(ASK | FIND, st.data())
def test_call__damaged__is_read_or_refused(call, data):
    octets = bytearray(write_call(call))
    for _ in range(data.draw(st.integers(1, 4))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(octets)))
    for damaged in (bytes(octets), bytes(octets[:cut])):
        with suppress(InvalidInput):
            read_call(damaged)


def test_call__of_no_time__is_refused():
    call = AskCall(chain_id=1, model_id=bytes(32), input=b"", as_of=0)
    with pytest.raises(InvalidInput, match="asOf 0"):
        read_call(write_call(call))


@pytest.mark.parametrize(
    ("size", "template"),
    [
        (16, "https://node.example/ccip/{sender}/{data}"),
        (GET_MOST, "https://node.example/ccip/{sender}/{data}"),
        (GET_MOST + 1, "https://node.example/ccip"),
        (None, "https://node.example/ccip"),
    ],
)
def test_url__large_or_unknown_input__is_posted(size, template):
    assert url_template("https://node.example/", size) == template


def test_gateway__of_another_contract__is_elsewhere():
    one, other = gateway_spec(GATEWAY), gateway_spec("0x" + "11" * 20)
    assert one.address != other.address


@given(WORD, WORD, st.integers(1, 2**40 - 1))
def test_subject__is_no_requests_id_and_holds_the_time(model_id, input_hash, at):
    bound = {"chain_id": 1, "gateway": GATEWAY, "model_id": model_id, "input_hash": input_hash}
    subject = reading_subject(**bound, predicted_at=at)
    assert len(subject) == 32
    assert not subject.startswith(REQUEST_TAG[:1])
    assert subject != reading_subject(**bound, predicted_at=at - 1)
