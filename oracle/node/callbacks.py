"""A callback that failed: what the requester says when it is called again, and who may retry how.

The contract copies nothing of what a requester returns, so why a callback failed is not on the
chain. But the call can be simulated at any block, as the contract makes it: from the same sender,
with the same words, with exactly the gas that was asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from eth_abi.abi import encode as abi_encode
from eth_utils.crypto import keccak

from oracle.chain.abi import interface
from oracle.chain.contracts import CallbackStatus, Decision
from oracle.chain.wire import from_block
from oracle.core.errors import ChainError, Conflict, NotFound, Reverted
from oracle.core.lifecycle import Origin, Request
from oracle.core.prediction import REQUEST_TAG
from oracle.journal import requests
from oracle.node.parts import Parts

MOST_NONCES = 10_000
"""Of a requester's latest requests, among which a failed one's nonce is looked for."""
_HEAD = 16
_INTRINSIC, _ZERO, _OTHER = 21_000, 4, 16
"""Gas of a transaction itself, and of its calldata's bytes (EIP-2028)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedCallback:
    """How a failed callback stands.

    Attributes:
        requester: the contract that was to be told.
        gas: what it asked for.
        fault: why it would fail again; None where it would be delivered now.
        retry: calldata for the decision contract, which anybody may send; None where the request
            is not among the requester's latest.
    """

    requester: str
    gas: int
    fault: str | None
    retry: bytes | None


async def failed_callback(parts: Parts, model_id: bytes, subject: bytes) -> FailedCallback:
    """What a callback that failed would do now.

    Raises:
        NotFound: this node knows no such request.
        Conflict: its callback did not fail.
        Transient: the chain is away.
    """
    request = await parts.journal.read(lambda db: requests.find(db, model_id, subject))
    if request is None or request.origin is not Origin.CHAIN:
        raise NotFound(
            f"no request 0x{subject.hex()} on chain is known here",
            remedy="check the id; only requests on chain have callbacks",
        )
    block = (await parts.rpc.block("latest")).hash
    decision = await parts.contract.decision_of(model_id, subject, block=block)
    if decision is None or decision.callback is not CallbackStatus.FAILED:
        raise Conflict(
            f"the callback of 0x{subject.hex()} has not failed",
            remedy="it was delivered, none was asked for, or nothing is decided yet",
        )
    nonce = await _nonce(parts, request, block)
    return FailedCallback(
        requester=request.requester,
        gas=request.callback_gas,
        fault=await _fault(parts, request, decision, block),
        retry=None
        if nonce is None
        else parts.contract.encode_retry_callback(model_id, subject, request.requester, nonce),
    )


async def _fault(parts: Parts, request: Request, decision: Decision, block: bytes) -> str | None:
    if not await parts.rpc.code(request.requester, block):
        return "there is no contract at the requester's address"
    calldata = interface("IDecisionConsumer").encode(
        "onDecision",
        request.model_id,
        request.subject,
        (
            decision.value,
            decision.confidence,
            decision.decided_at,
            decision.verdict,
            decision.trust_level,
            CallbackStatus.DELIVERED,
        ),
    )
    call = {
        "from": parts.contract.address,
        "to": request.requester,
        "data": "0x" + calldata.hex(),
    }
    itself = _INTRINSIC + sum(_OTHER if byte else _ZERO for byte in calldata)
    exact = call | {"gas": hex(itself + request.callback_gas)}
    where = from_block(block)
    amply, exactly = await parts.rpc.batch(
        [("eth_call", [call, where]), ("eth_call", [exact, where])]
    )
    if isinstance(amply, ChainError):
        return _refusal(amply)
    if isinstance(exactly, ChainError):
        return f"it needs more than the {request.callback_gas:,} gas that it asked for"
    return None


def _refusal(error: ChainError) -> str:
    """The requester's reason, without what was tried."""
    if not isinstance(error, Reverted):
        return str(error)
    _, _, reason = error.what.partition(": ")
    return f"it refuses: {reason}" if reason else "it refuses, and does not say why"


async def _nonce(parts: Parts, request: Request, block: bytes) -> int | None:
    """Which of the requester's requests it is, as the id was derived from (``RequestIdLib``)."""
    made = await parts.contract.nonce_of(request.requester, block=block)
    for nonce in range(made - 1, max(-1, made - 1 - MOST_NONCES), -1):
        if _head(parts, request, nonce) == request.subject[:_HEAD]:
            return nonce
    return None


def _head(parts: Parts, request: Request, nonce: int) -> bytes:
    words: Any = (
        parts.chain_id,
        parts.contract.address,
        request.requester,
        nonce,
        request.model_id,
    )
    types = ("uint256", "address", "address", "uint256", "bytes32")
    return REQUEST_TAG + keccak(abi_encode(types, words))[: _HEAD - len(REQUEST_TAG)]
