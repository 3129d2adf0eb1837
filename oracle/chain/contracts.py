"""The decision contract as Python values: calldata in, decoded answers out.

Every read names its block, by preference the hash of one: a report made of several reads is then a
function of that block alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oracle.chain.abi import interface
from oracle.chain.endpoint import Call
from oracle.chain.events import (
    CallbackLog,
    ContractLog,
    DecisionLog,
    ModelLog,
    Place,
    RefundLog,
    RequestByHashLog,
    RequestLog,
    decode_log,
    decode_logs,
)
from oracle.chain.rpc import RpcPool
from oracle.chain.views import (
    CallbackStatus,
    Decision,
    Model,
    ModelChange,
    ModelConfig,
    RequestStatus,
    RequestView,
)
from oracle.chain.wire import BlockRef, checksum, from_block, to_bytes
from oracle.core.errors import ChainError, Transient
from oracle.core.prediction import Prediction

__all__ = [
    "CallbackLog",
    "CallbackStatus",
    "ContractLog",
    "Decision",
    "DecisionContract",
    "DecisionLog",
    "Model",
    "ModelChange",
    "ModelConfig",
    "ModelLog",
    "Place",
    "RefundLog",
    "RequestByHashLog",
    "RequestLog",
    "RequestStatus",
    "RequestView",
    "decode_log",
    "decode_logs",
]

_ABI = interface("DecisionContract")
_ALONE, _TOGETHER = (_ABI.functions[name].selector for name in ("makeDecision", "makeDecisions"))
_LENGTH = 7 * 32
"""Bytes of an encoded ``Prediction``."""


class DecisionContract:
    """Calldata for, and reads of, the decision contract at one address."""

    def __init__(self, rpc: RpcPool, address: str) -> None:
        self.rpc = rpc
        self.address = checksum(address)
        self.address_bytes = to_bytes(self.address, "address", 20)

    @staticmethod
    def encode_make_decision(prediction: Prediction) -> bytes:
        """Calldata of ``makeDecision(Prediction)``."""
        return _ALONE + prediction.encoded()

    @staticmethod
    def encode_make_decisions(calls: Sequence[bytes], gas_each: int) -> bytes:
        """Calldata of ``makeDecisions(Prediction[],uint256)``, of calldata of ``makeDecision``.

        A prediction is encoded the same way in both (a static tuple), so it is taken as it is.
        """
        head = (2 * 32, gas_each, len(calls))
        return b"".join(
            (
                _TOGETHER,
                *(word.to_bytes(32, "big") for word in head),
                *(call[4:] for call in calls),
            )
        )

    @staticmethod
    def decode_make_decisions(calldata: bytes) -> tuple[list[bytes], int]:
        """The calldata of ``makeDecision`` that such calldata was made of, and the gas of each."""
        start, gas_each = 4 + 3 * 32, int.from_bytes(calldata[36:68], "big")
        places = range(start, len(calldata), _LENGTH)
        return [_ALONE + calldata[at : at + _LENGTH] for at in places], gas_each

    @staticmethod
    def is_make_decision(calldata: bytes) -> bool:
        """Whether it is calldata of ``makeDecision``."""
        return calldata[:4] == _ALONE

    @staticmethod
    def encode_relay_decision(prediction: Prediction, evidence: bytes) -> bytes:
        """Calldata of ``relayDecision(Prediction,bytes)``."""
        return _ABI.encode("relayDecision", prediction.as_abi(), evidence)

    @staticmethod
    def encode_request_decision(
        model_id: bytes, input_: bytes, *, callback_gas: int, deadline: int
    ) -> bytes:
        """Calldata of ``requestDecision``; the fee is the transaction's value."""
        return _ABI.encode("requestDecision", model_id, input_, callback_gas, deadline)

    @staticmethod
    def encode_request_by_hash(
        model_id: bytes, input_hash: bytes, evidence_uri: str, *, callback_gas: int, deadline: int
    ) -> bytes:
        """Calldata of ``requestDecisionByHash``; the fee is the transaction's value."""
        return _ABI.encode(
            "requestDecisionByHash", model_id, input_hash, evidence_uri, callback_gas, deadline
        )

    @staticmethod
    def encode_register_model(model_id: bytes, config: ModelConfig, card_uri: str) -> bytes:
        """Calldata of ``registerModel``."""
        return _ABI.encode("registerModel", model_id, config.as_abi(), card_uri)

    @staticmethod
    def encode_propose_change(model_id: bytes, config: ModelConfig) -> bytes:
        """Calldata of ``proposeModelChange``."""
        return _ABI.encode("proposeModelChange", model_id, config.as_abi())

    @staticmethod
    def encode_refund(model_id: bytes, request_id: bytes) -> bytes:
        """Calldata of ``refund``."""
        return _ABI.encode("refund", model_id, request_id)

    @staticmethod
    def encode_withdraw(to: str) -> bytes:
        """Calldata of ``withdraw``."""
        return _ABI.encode("withdraw", to)

    @staticmethod
    def encode_retry_callback(
        model_id: bytes, request_id: bytes, requester: str, nonce: int
    ) -> bytes:
        """Calldata of ``retryCallback``."""
        return _ABI.encode("retryCallback", model_id, request_id, requester, nonce)

    @staticmethod
    def encode(function: str, *arguments: Any) -> bytes:
        """Calldata of any other function of the contract, by its Solidity name."""
        return _ABI.encode(function, *arguments)

    async def _read(self, function: str, *arguments: Any, block: BlockRef) -> dict[str, Any]:
        """A view's outputs by name."""
        calldata = _ABI.encode(function, *arguments)
        body = await self.rpc.eth_call(self.address, calldata, block=block)
        if not body:
            raise Transient(
                f"there is no decision contract at {self.address} on chain {self.rpc.chain_id}",
                remedy="deploy it with `oracle deploy`, or correct the address",
            )
        return _ABI.decode_output(function, body)

    async def _only(self, function: str, *arguments: Any, block: BlockRef) -> Any:
        (value,) = (await self._read(function, *arguments, block=block)).values()
        return value

    async def decision_of(
        self, model_id: bytes, subject: bytes, *, block: BlockRef
    ) -> Decision | None:
        """The decision about a subject, or None."""
        fields = await self._only("decisionOf", model_id, subject, block=block)
        return Decision.from_abi(fields)

    async def request_of(
        self, model_id: bytes, request_id: bytes, *, block: BlockRef
    ) -> RequestView | None:
        """The request, or None where there is none."""
        fields = await self._only("requestOf", model_id, request_id, block=block)
        return RequestView.from_abi(fields)

    async def model_of(self, model_id: bytes, *, block: BlockRef) -> Model | None:
        """The registered model, or None."""
        fields = await self._only("modelOf", model_id, block=block)
        return Model.from_abi(fields)

    async def model_change_of(self, model_id: bytes, *, block: BlockRef) -> ModelChange | None:
        """The model's pending change, or None."""
        fields = await self._only("modelChangeOf", model_id, block=block)
        return ModelChange.from_abi(fields)

    async def request_id_of(
        self, requester: str, nonce: int, model_id: bytes, input_hash: bytes, *, block: BlockRef
    ) -> bytes:
        """The id of a request as the contract derives it, 32 bytes."""
        found: bytes = await self._only(
            "requestIdOf", requester, nonce, model_id, input_hash, block=block
        )
        return found

    async def nonce_of(self, requester: str, *, block: BlockRef) -> int:
        """How many requests an account has made."""
        return int(await self._only("nonceOf", requester, block=block))

    async def credit_of(self, account: str, *, block: BlockRef) -> int:
        """Wei that an account can withdraw."""
        return int(await self._only("creditOf", account, block=block))

    async def change_delay(self, *, block: BlockRef) -> int:
        """Seconds between a proposed change and its application."""
        return int(await self._only("CHANGE_DELAY", block=block))

    async def simulate_many(
        self,
        calls: Sequence[tuple[bytes, int | None]],
        *,
        sender: str,
        block: BlockRef = "latest",
    ) -> list[ChainError | None]:
        """Each call on its own, given as calldata and gas: None where it would go through, else a
        revert, or the endpoint's other refusal of this one call.

        Raises:
            Transient: no endpoint answers.
        """
        replies = await self.rpc.batch([self._call(*each, sender, block) for each in calls])
        return [reply if isinstance(reply, ChainError) else None for reply in replies]

    async def simulate_together(
        self, parts: Sequence[tuple[bytes, int]], *, sender: str, block: BlockRef = "latest"
    ) -> list[Sequence[bool]]:
        """Which predictions each call of ``makeDecisions``, given as calldata and gas, would decide
        on; none where the call fails, as on a contract that does not have it.

        Raises:
            Transient: no endpoint answers, or one with something else.
        """
        replies = await self.rpc.batch([self._call(*each, sender, block) for each in parts])
        return [
            ()
            if isinstance(reply, ChainError)
            else _ABI.decode_output("makeDecisions", to_bytes(reply, "eth_call"))["made"]
            for reply in replies
        ]

    def _call(self, calldata: bytes, gas: int | None, sender: str, block: BlockRef) -> Call:
        message = {"from": sender, "to": self.address, "data": "0x" + calldata.hex()}
        if gas is not None:
            message["gas"] = hex(gas)
        return "eth_call", [message, from_block(block)]
