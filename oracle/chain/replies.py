"""What an endpoint's error means: try elsewhere, ask for less, or take it as the answer.

Nodes agree on JSON-RPC's shape and on little else, so the words of geth, Erigon, Nethermind, Besu,
Reth, Anvil, Hardhat and the public gateways are matched here and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from oracle.chain.abi import describe_revert
from oracle.chain.errors import BlockUnknown, MethodMissing, RangeRefused
from oracle.core.errors import ChainError, Reverted, Transient

_RATE = re.compile(
    r"rate.?limit|too many requests|exceeded.*(capacity|quota|compute)|throttl", re.IGNORECASE
)
_UNKNOWN_BLOCK = re.compile(
    r"unknown block|header not found|block not found|header for hash not found|missing trie node"
    r"|resource not found|not currently canonical|could not find block|BlockOutOfRange"
    r"|invalid block tag|blockHash cannot be found|block .{0,90}(not found|does.?n.t exist)|pruned",
    re.IGNORECASE,
)
_OUT_OF_GAS = re.compile(
    r"out.?of.?gas|intrinsic gas|gas too low|gas required exceeds", re.IGNORECASE
)
_RANGE = re.compile(
    r"(block|log).*range|range.*(block|large|wide|exceed)|query returned more than"
    r"|response size|too many (results|logs|blocks)|limited to|max(imum)? results|query timeout",
    re.IGNORECASE,
)


def fault_of(error: object, method: str) -> ChainError:
    """The typed error for the ``error`` member of a JSON-RPC reply."""
    fields = error if isinstance(error, Mapping) else {}
    code, message = fields.get("code"), str(fields.get("message", ""))[:300]
    what = f"{method}: {message or 'error without a message'} (code {code})"
    if code == -32601 or (code == -32004 and "not supported" in message):
        return MethodMissing(what, remedy="use an RPC endpoint that offers this method")
    if code in (429, -32097) or _RATE.search(message):
        return RateLimited(what, remedy="wait, or use an endpoint with a higher limit")
    revert = revert_bytes(fields)
    if revert is not None or "revert" in message.lower():
        return describe_revert(revert or b"", what=f"{method} reverted")
    if _OUT_OF_GAS.search(message) and method in ("eth_call", "eth_estimateGas"):
        return Reverted(f"{method}: {message}", error="OutOfGas", remedy="give more gas")
    if method == "eth_getLogs" and (code == -32005 or _RANGE.search(message)):
        return RangeRefused(what, remedy="ask for fewer blocks at a time")
    if code == -32001 or _UNKNOWN_BLOCK.search(message):
        return BlockUnknown(what, remedy="wait for the endpoint to catch up")
    if code == -32005:
        return RateLimited(what, remedy="wait, or use an endpoint with a higher limit")
    if code in (-32603, -32000, -32002) or not isinstance(code, int):
        return Transient(what, remedy="try again, or use another RPC endpoint")
    return ChainError(what, remedy="the request itself was refused; repeating it will not help")


class RateLimited(Transient):
    """The endpoint asks for fewer calls; it says so before doing anything."""


class Unreachable(Transient):
    """No connection was made, so nothing was sent."""


def revert_bytes(error: Mapping[str, Any]) -> bytes | None:
    """The revert data of an error, wherever the node put it; None where there is none."""
    content: object = error.get("data")
    for _ in range(3):
        if isinstance(content, Mapping):
            content = content.get("data", content.get("result"))
    if isinstance(content, str):
        found = re.search(r"0x([0-9a-fA-F]{2})*$", content)
        if found and (len(found.group()) > 2 or error.get("code") == 3):
            return bytes.fromhex(found.group()[2:])
    return None


class SendOutcome(StrEnum):
    """What an endpoint said to a signed transaction."""

    ACCEPTED = "accepted"
    ALREADY_KNOWN = "already known"
    MAYBE_SENT = "maybe sent"
    NONCE_TOO_LOW = "nonce too low"
    UNDERPRICED = "underpriced"
    INSUFFICIENT_FUNDS = "insufficient funds"
    FEE_CAP = "fee cap"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Broadcast:
    """The outcome of a broadcast.

    Attributes:
        tx_hash: keccak256 of the signed bytes, known whatever happened.
        why: the endpoint's words where it did not simply accept.
    """

    outcome: SendOutcome
    tx_hash: bytes
    why: str = ""


_SENDS: tuple[tuple[SendOutcome, re.Pattern[str]], ...] = (
    (
        SendOutcome.ALREADY_KNOWN,
        re.compile(
            r"already.?known|known transaction|already (imported|in the? ?(pool|mempool)|exists)"
            r"|ALREADY_EXISTS|tx already in mempool",
            re.IGNORECASE,
        ),
    ),
    (
        SendOutcome.FEE_CAP,
        re.compile(r"exceeds the configured cap|fee cap exceed|tx fee .* exceeds", re.IGNORECASE),
    ),
    (
        SendOutcome.UNDERPRICED,
        re.compile(
            r"underpriced|less than block base fee|fee.?too.?low|replacement.?not.?allowed"
            r"|could not replace|below configured minimum|too low for the next block"
            r"|gas price (is )?too low|minimum needed",
            re.IGNORECASE,
        ),
    ),
    (
        SendOutcome.NONCE_TOO_LOW,
        re.compile(r"nonce (is )?too low|old nonce|NONCE_TOO_LOW", re.IGNORECASE),
    ),
    (
        SendOutcome.INSUFFICIENT_FUNDS,
        re.compile(
            r"insufficient.?(funds|balance)|(does.?n.t|not) have enough funds|UPFRONT_COST",
            re.IGNORECASE,
        ),
    ),
    (
        SendOutcome.REFUSED,
        re.compile(
            r"exceeds .*gas limit|intrinsic gas|floor data gas|invalid (sender|chain|signature)"
            r"|oversized data|invalid transaction|decode|rlp|type not supported|initcode"
            r"|nonce too high"
            r"|requires at least \d+ gas|replay.?protected|eip-3607"
            r"|(priority ?fee|tip) .*(higher|greater|bigger)|maxPriorityFeePerGas .*bigger",
            re.IGNORECASE,
        ),
    ),
)


def send_outcome(error: object) -> tuple[SendOutcome, str]:
    """What the ``error`` of ``eth_sendRawTransaction`` means; the unknown is ``MAYBE_SENT``."""
    fields = error if isinstance(error, Mapping) else {}
    message = str(fields.get("message", ""))[:300]
    for outcome, pattern in _SENDS:
        if pattern.search(message):
            return outcome, message
    if fields.get("code") == -32602:
        return SendOutcome.REFUSED, message or "invalid parameters"
    return SendOutcome.MAYBE_SENT, message or "the endpoint gave an error without a message"
