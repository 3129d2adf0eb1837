"""``DecisionGateway``: where it is, who serves a model's reads, and the calls that nodes answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eth_abi.abi import encode

from oracle.chain.abi import interface, type_of
from oracle.chain.deployment import ContractSpec
from oracle.chain.rpc import RpcPool
from oracle.chain.signer import Signer
from oracle.chain.wire import BlockRef
from oracle.core.errors import InvalidInput
from oracle.core.prediction import UINT40_MAX, Prediction

_LOOKUP = interface("IDecisionLookup")
_GATEWAY = interface("DecisionGateway")
_ANSWER = tuple(type_of(each) for each in _LOOKUP.functions["predict"].outputs)
GET_MOST = 2048
"""Most input bytes of models whose reads are got; larger ones do not fit a URL and are posted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskCall:
    """What does the model say about the input?

    Attributes:
        as_of: the asking block's Unix time.
    """

    chain_id: int
    model_id: bytes
    input: bytes
    as_of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FindCall:
    """What is vouched for about the subject, though not decided?"""

    chain_id: int
    model_id: bytes
    subject: bytes


def gateway_spec(contract: str) -> ContractSpec:
    """The gateway to the models of one decision contract; its address follows from it."""
    return ContractSpec(contract="DecisionGateway", arguments=(contract,))


def read_call(calldata: bytes) -> AskCall | FindCall:
    """A call of ``IDecisionLookup``.

    Raises:
        InvalidInput: it is none.
    """
    name, given = _LOOKUP.decode_call(calldata)
    if name == "find":
        return FindCall(
            chain_id=given["chainId"], model_id=given["modelId"], subject=given["subject"]
        )
    if not 0 < given["asOf"] <= UINT40_MAX:
        raise InvalidInput(f"asOf {given['asOf']} is no Unix time", remedy="give a block's time")
    return AskCall(
        chain_id=given["chainId"],
        model_id=given["modelId"],
        input=given["input"],
        as_of=given["asOf"],
    )


def write_call(call: AskCall | FindCall) -> bytes:
    """The calldata of a call; the inverse of ``read_call``."""
    if isinstance(call, FindCall):
        return _LOOKUP.encode("find", call.chain_id, call.model_id, call.subject)
    return _LOOKUP.encode("predict", call.chain_id, call.model_id, call.input, call.as_of)


def write_answer(prediction: Prediction, evidence: bytes) -> bytes:
    """What such a call returns."""
    return encode(_ANSWER, (prediction.as_abi(), evidence))


def url_template(api: str, input_bytes: int | None) -> str:
    """Where a node serves a model's reads, as ERC-3668 writes it.

    Args:
        api: the base URL that clients reach the node's API at.
        input_bytes: of one input, where the card fixes that.
    """
    base = api.rstrip("/") + "/ccip"
    small = input_bytes is not None and input_bytes <= GET_MOST
    return f"{base}/{{sender}}/{{data}}" if small else base


def encode_publish(model_ids: Sequence[bytes], urls: Sequence[str]) -> bytes:
    """Calldata of ``publish``."""
    return _GATEWAY.encode("publish", list(model_ids), list(urls))


async def urls_of(
    rpc: RpcPool, gateway: str, model_id: bytes, *, block: BlockRef
) -> tuple[str, ...]:
    """Where a model's reads are served; empty where nobody said, or there is no gateway.

    Raises:
        Transient: no endpoint answers.
    """
    body = await rpc.eth_call(gateway, _GATEWAY.encode("urlsOf", model_id), block=block)
    if not body:
        return ()
    (urls,) = _GATEWAY.decode_output("urlsOf", body).values()
    return tuple(urls)


async def publish(
    rpc: RpcPool, signer: Signer, gateway: str, served: Mapping[bytes, Sequence[str]]
) -> list[bytes]:
    """Say where models' reads are served, where the gateway says something else so far.

    Args:
        signer: the models' owner.
        served: URL templates by model id.

    Returns:
        The models that were published anew.

    Raises:
        Reverted: the signer does not own a model.
        Transient: no endpoint answers.
    """
    stale: dict[tuple[str, ...], list[bytes]] = {}
    for model_id, urls in served.items():
        if await urls_of(rpc, gateway, model_id, block="latest") != tuple(urls):
            stale.setdefault(tuple(urls), []).append(model_id)
    for urls, model_ids in stale.items():
        await signer.send_transaction(to=gateway, calldata=encode_publish(model_ids, urls))
    return [model_id for model_ids in stale.values() for model_id in model_ids]
