"""The decision contract's events, each a frozen record with its place on the chain.

Logs of other contracts are ignored, whatever they look like; a log of ours that can not be decoded
is an error, since to skip it would be to miss a request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eth_typing import ChecksumAddress

from oracle.chain.abi import interface
from oracle.chain.wire import Log, malformed
from oracle.core.prediction import Prediction


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where on the chain a log is.

    Attributes:
        log_index: position within the block.
    """

    block_number: int
    block_hash: bytes
    tx_hash: bytes
    log_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestLog(Place):
    """``DecisionRequested``: the input is in the event.

    Attributes:
        callback_gas: 0 for no callback.
        deadline: Unix seconds; the last second for an answer.
        fee_gwei: escrowed fee in gwei.
    """

    model_id: bytes
    request_id: bytes
    requester: ChecksumAddress
    input: bytes
    callback_gas: int
    deadline: int
    fee_gwei: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestByHashLog(Place):
    """``DecisionRequestedByHash``: the input is elsewhere; fields as in ``RequestLog``."""

    model_id: bytes
    request_id: bytes
    requester: ChecksumAddress
    input_hash: bytes
    evidence_uri: str
    callback_gas: int
    deadline: int
    fee_gwei: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionLog(Place):
    """``DecisionMade``: the prediction that was decided, its verdict and how it was vouched for."""

    prediction: Prediction
    verdict: int
    trust_level: int

    @property
    def model_id(self) -> bytes:
        """The prediction's model."""
        return self.prediction.model_id


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackLog(Place):
    """``CallbackFailed`` (``delivered`` is False) or ``CallbackRetried`` (True)."""

    model_id: bytes
    request_id: bytes
    requester: ChecksumAddress
    delivered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundLog(Place):
    """``RequestRefunded``: nobody answered in time."""

    model_id: bytes
    request_id: bytes
    requester: ChecksumAddress
    fee_gwei: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelLog(Place):
    """Any event that changes a model's rules, state or owner.

    Attributes:
        event: the Solidity name, such as ``"ModelRegistered"``.
        arguments: the event's own, by Solidity name, without ``modelId``.
    """

    model_id: bytes
    event: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalLog(Place):
    """``Withdrawn``: a credit was paid out.

    Attributes:
        amount: wei.
    """

    account: ChecksumAddress
    to: ChecksumAddress
    amount: int


ContractLog = RequestLog | RequestByHashLog | DecisionLog | CallbackLog | RefundLog | ModelLog
"""What a node follows."""

_MODEL_EVENTS = frozenset(
    {
        "ModelRegistered",
        "ModelChangeProposed",
        "ModelChangeCancelled",
        "ModelChangeApplied",
        "ModelPaused",
        "ModelUnpaused",
        "ModelOwnershipTransferStarted",
        "ModelOwnershipTransferred",
    }
)


def _place(log: Log) -> dict[str, Any]:
    return {
        "block_number": log.block_number,
        "block_hash": log.block_hash,
        "tx_hash": log.tx_hash,
        "log_index": log.index,
    }


def _request(log: Log, fields: dict[str, Any]) -> RequestLog:
    return RequestLog(
        **_place(log),
        model_id=fields["modelId"],
        request_id=fields["requestId"],
        requester=fields["requester"],
        input=fields["input"],
        callback_gas=fields["callbackGas"],
        deadline=fields["deadline"],
        fee_gwei=fields["feeGwei"],
    )


def _request_by_hash(log: Log, fields: dict[str, Any]) -> RequestByHashLog:
    return RequestByHashLog(
        **_place(log),
        model_id=fields["modelId"],
        request_id=fields["requestId"],
        requester=fields["requester"],
        input_hash=fields["inputHash"],
        evidence_uri=fields["evidenceURI"],
        callback_gas=fields["callbackGas"],
        deadline=fields["deadline"],
        fee_gwei=fields["feeGwei"],
    )


def _decision(log: Log, fields: dict[str, Any]) -> DecisionLog:
    return DecisionLog(
        **_place(log),
        prediction=Prediction(
            model_id=fields["modelId"],
            subject=fields["subject"],
            input_hash=fields["inputHash"],
            output_hash=fields["outputHash"],
            value=fields["value"],
            confidence=fields["confidence"],
            predicted_at=fields["predictedAt"],
        ),
        verdict=fields["verdict"],
        trust_level=fields["trustLevel"],
    )


def _callback(delivered: bool) -> Callable[[Log, dict[str, Any]], CallbackLog]:
    def build(log: Log, fields: dict[str, Any]) -> CallbackLog:
        return CallbackLog(
            **_place(log),
            model_id=fields["modelId"],
            request_id=fields["requestId"],
            requester=fields["requester"],
            delivered=delivered,
        )

    return build


def _refund(log: Log, fields: dict[str, Any]) -> RefundLog:
    return RefundLog(
        **_place(log),
        model_id=fields["modelId"],
        request_id=fields["requestId"],
        requester=fields["requester"],
        fee_gwei=fields["feeGwei"],
    )


_BUILDERS: Mapping[str, Callable[[Log, dict[str, Any]], ContractLog]] = {
    "DecisionRequested": _request,
    "DecisionRequestedByHash": _request_by_hash,
    "DecisionMade": _decision,
    "CallbackFailed": _callback(delivered=False),
    "CallbackRetried": _callback(delivered=True),
    "RequestRefunded": _refund,
}


def decode_log(log: Log) -> ContractLog | WithdrawalLog:
    """One log of the decision contract.

    Raises:
        Transient: it is none of the contract's events, or malformed.
    """
    decoded = interface("DecisionContract").decode_event(log)
    if decoded is None:
        raise malformed("topic of a log of the decision contract", [t.hex() for t in log.topics])
    name, fields = decoded
    if name in _BUILDERS:
        return _BUILDERS[name](log, fields)
    if name in _MODEL_EVENTS:
        model_id = fields.pop("modelId")
        return ModelLog(**_place(log), model_id=model_id, event=name, arguments=fields)
    if name == "Withdrawn":
        return WithdrawalLog(
            **_place(log), account=fields["account"], to=fields["to"], amount=fields["amount"]
        )
    raise malformed("event of the decision contract", name)


def decode_logs(logs: Sequence[Log], contract: str) -> tuple[ContractLog, ...]:
    """What a node follows among the logs, in the chain's order; other contracts' are left out.

    Raises:
        Transient: one of the contract's own logs can not be decoded.
    """
    ours = sorted(
        (log for log in logs if log.address == contract),
        key=lambda log: (log.block_number, log.index),
    )
    decoded = (decode_log(log) for log in ours)
    return tuple(each for each in decoded if not isinstance(each, WithdrawalLog))
