"""Logs become records; another contract's are ignored, ours are never skipped."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from oracle.chain.abi import interface
from oracle.chain.events import (
    _BUILDERS,
    _MODEL_EVENTS,
    DecisionLog,
    RequestLog,
    WithdrawalLog,
    decode_log,
    decode_logs,
)
from oracle.chain.wire import Log, checksum, to_log
from oracle.core.errors import Transient

OURS = checksum("0x" + "aa" * 20)
OTHER = checksum("0x" + "bb" * 20)
EVENTS = interface("DecisionContract").events


def log(
    event: str, topics: list[bytes], types: list[str], values: list[object], index: int = 0
) -> Log:
    return Log(
        address=OURS,
        topics=(EVENTS[event].selector, *topics),
        body=encode(types, values),
        block_number=7,
        block_hash=b"\x07" * 32,
        tx_hash=b"\x08" * 32,
        tx_index=0,
        index=index,
    )


def request(index: int = 0) -> Log:
    topics = [b"\x01" * 32, b"\x02" * 32, bytes(12) + b"\xcc" * 20]
    types = ["bytes", "uint24", "uint40", "uint32"]
    return log("DecisionRequested", topics, types, [b"in", 5, 6, 7], index)


def test_request__decoded__has_every_field_and_its_place() -> None:
    found = decode_log(request(3))
    assert found == RequestLog(
        block_number=7,
        block_hash=b"\x07" * 32,
        tx_hash=b"\x08" * 32,
        log_index=3,
        model_id=b"\x01" * 32,
        request_id=b"\x02" * 32,
        requester=checksum("0x" + "cc" * 20),
        input=b"in",
        callback_gas=5,
        deadline=6,
        fee_gwei=7,
    )


def test_decision__negative_value__is_signed() -> None:
    types = ["bytes32", "bytes32", "int128", "uint32", "uint40", "uint8", "uint8"]
    values = [b"\x03" * 32, b"\x04" * 32, -5, 6, 7, 3, 1]
    found = decode_log(log("DecisionMade", [b"\x01" * 32, b"\x02" * 32], types, values))
    assert isinstance(found, DecisionLog)
    assert (found.prediction.value, found.verdict, found.trust_level) == (-5, 3, 1)
    assert found.model_id == b"\x01" * 32


def test_logs__another_contracts__are_ignored_whatever_they_are() -> None:
    spoofed = replace(request(), address=OTHER)
    garbage = replace(request(), address=OTHER, topics=(), body=b"\x01")
    assert decode_logs([spoofed, garbage, request()], OURS) == (decode_log(request()),)


def test_logs__out_of_order__come_in_the_chains_order() -> None:
    found = decode_logs([request(2), request(0), request(1)], OURS)
    assert [each.log_index for each in found] == [0, 1, 2]


def test_withdrawal__is_decoded_but_not_followed() -> None:
    topics = [bytes(12) + b"\x01" * 20, bytes(12) + b"\x02" * 20]
    paid = log("Withdrawn", topics, ["uint256"], [9])
    assert isinstance(decode_log(paid), WithdrawalLog)
    assert decode_logs([paid], OURS) == ()


@pytest.mark.parametrize(
    "broken",
    [
        replace(request(), topics=()),
        replace(request(), topics=(keccak(b"unknown"),)),
        replace(request(), topics=request().topics[:3]),
        replace(request(), body=request().body[:64]),
    ],
)
def test_log__of_ours_malformed__is_an_error(broken: Log) -> None:
    with pytest.raises(Transient, match="malformed"):
        decode_logs([broken], OURS)


def test_every_event__of_the_contract__is_known_here() -> None:
    assert set(EVENTS) == set(_BUILDERS) | _MODEL_EVENTS | {"Withdrawn"}


def test_wire_log__removed__is_refused() -> None:
    with pytest.raises(Transient, match="removed"):
        to_log({"removed": True})
