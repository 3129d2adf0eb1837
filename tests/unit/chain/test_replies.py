"""Every node's words for the same thing, and how an unknown one is taken."""

from __future__ import annotations

from typing import Any

import pytest

from oracle.chain.errors import BlockUnknown, MethodMissing, RangeRefused
from oracle.chain.replies import RateLimited, SendOutcome, fault_of, revert_bytes, send_outcome
from oracle.core.errors import ChainError, Reverted, Transient

OUTCOMES = [
    (SendOutcome.ALREADY_KNOWN, "already known"),
    (SendOutcome.ALREADY_KNOWN, "AlreadyKnown"),
    (SendOutcome.ALREADY_KNOWN, "Known transaction"),
    (SendOutcome.ALREADY_KNOWN, "transaction already imported"),
    (SendOutcome.ALREADY_KNOWN, "ALREADY_EXISTS: already known"),
    (SendOutcome.NONCE_TOO_LOW, "nonce too low: next nonce 7, tx nonce 5"),
    (SendOutcome.NONCE_TOO_LOW, "Nonce too low. Expected nonce to be 1 but got 0."),
    (SendOutcome.NONCE_TOO_LOW, "OldNonce: old nonce"),
    (SendOutcome.UNDERPRICED, "replacement transaction underpriced"),
    (SendOutcome.UNDERPRICED, "transaction underpriced: gas tip cap 1, minimum needed 25000000"),
    (SendOutcome.UNDERPRICED, "max fee per gas less than block base fee"),
    (SendOutcome.UNDERPRICED, "FeeTooLow, MaxFeePerGas too low"),
    (SendOutcome.UNDERPRICED, "ReplacementNotAllowed"),
    (SendOutcome.UNDERPRICED, "could not replace existing tx"),
    (SendOutcome.UNDERPRICED, "Gas price below configured minimum gas price"),
    (SendOutcome.INSUFFICIENT_FUNDS, "insufficient funds for gas * price + value"),
    (SendOutcome.INSUFFICIENT_FUNDS, "Sender doesn't have enough funds to send tx."),
    (SendOutcome.INSUFFICIENT_FUNDS, "InsufficientFunds, Balance is zero"),
    (SendOutcome.FEE_CAP, "tx fee (1.20 ether) exceeds the configured cap (1.00 ether)"),
    (SendOutcome.REFUSED, "intrinsic gas too low"),
    (SendOutcome.REFUSED, "exceeds block gas limit"),
    (SendOutcome.REFUSED, "invalid sender"),
    (SendOutcome.REFUSED, "only replay-protected (EIP-155) transactions allowed over RPC"),
    (SendOutcome.REFUSED, "max priority fee per gas higher than max fee per gas"),
    (SendOutcome.MAYBE_SENT, "txpool is full"),
    (SendOutcome.MAYBE_SENT, "internal error"),
    (SendOutcome.MAYBE_SENT, "VM Exception while processing transaction: reverted"),
    (SendOutcome.MAYBE_SENT, ""),
]


@pytest.mark.parametrize(("outcome", "message"), OUTCOMES)
def test_send_outcome__words_of_many_nodes__are_typed(outcome: SendOutcome, message: str) -> None:
    assert send_outcome({"code": -32000, "message": message})[0] is outcome


@pytest.mark.parametrize("error", [None, "text", 7, [], {}, {"message": None}])
def test_send_outcome__malformed_error__is_maybe_sent(error: Any) -> None:
    assert send_outcome(error)[0] is SendOutcome.MAYBE_SENT


FAULTS: list[tuple[type[ChainError], str, int, str]] = [
    (MethodMissing, "eth_x", -32601, "the method eth_x does not exist/is not available"),
    (MethodMissing, "eth_x", -32004, "Method eth_x is not supported"),
    (RateLimited, "eth_call", 429, "Too Many Requests"),
    (RateLimited, "eth_call", -32005, "daily request count exceeded, request rate limited"),
    (
        RateLimited,
        "eth_call",
        -32000,
        "Your app has exceeded its compute units per second capacity",
    ),
    (RangeRefused, "eth_getLogs", -32005, "query returned more than 10000 results"),
    (RangeRefused, "eth_getLogs", -32602, "Log response size exceeded."),
    (RangeRefused, "eth_getLogs", -32614, "eth_getLogs is limited to a 10,000 range"),
    (RangeRefused, "eth_getLogs", -32000, "block range is too wide"),
    (RangeRefused, "eth_getLogs", -32000, "exceed maximum block range: 5000"),
    (BlockUnknown, "eth_getLogs", -32000, "unknown block"),
    (BlockUnknown, "eth_call", -32000, "header not found"),
    (BlockUnknown, "eth_call", -32000, "hash 0x12 is not currently canonical"),
    (BlockUnknown, "eth_call", -32000, "missing trie node 12 (path )"),
    (BlockUnknown, "eth_call", -32001, "Resource not found"),
    (Transient, "eth_call", -32603, "internal error"),
    (Transient, "eth_call", -32000, "something went wrong"),
    (ChainError, "eth_call", -32602, "invalid argument 0: hex string without 0x prefix"),
    (ChainError, "eth_call", -32600, "invalid request"),
    (Reverted, "eth_call", 3, "execution reverted"),
    (Reverted, "eth_call", -32000, "out of gas"),
]


@pytest.mark.parametrize(("kind", "method", "code", "message"), FAULTS)
def test_fault__words_of_many_nodes__are_typed(
    kind: type[ChainError], method: str, code: int, message: str
) -> None:
    fault = fault_of({"code": code, "message": message}, method)
    assert type(fault) is kind
    assert fault.remedy or isinstance(fault, Reverted)


@pytest.mark.parametrize("error", [None, "text", [], {}, {"code": "x", "message": 7}])
def test_fault__malformed_error__is_transient(error: Any) -> None:
    assert type(fault_of(error, "eth_call")) is Transient


@pytest.mark.parametrize(
    ("error", "body"),
    [
        ({"code": 3, "data": "0x1234"}, b"\x12\x34"),
        ({"code": 3, "data": "0x"}, b""),
        ({"code": -32000, "data": "Reverted 0x1234"}, b"\x12\x34"),
        ({"code": -32603, "data": {"message": "reverted", "data": "0x1234"}}, b"\x12\x34"),
        ({"code": -32603, "data": {"data": {"data": "0x1234"}}}, b"\x12\x34"),
        ({"code": -32000, "data": "nothing"}, None),
        ({"code": -32000, "data": {"message": "unknown block"}}, None),
        ({"code": -32000}, None),
    ],
)
def test_revert_bytes__wherever_the_node_puts_them__are_found(
    error: dict[str, Any], body: bytes | None
) -> None:
    assert revert_bytes(error) == body
