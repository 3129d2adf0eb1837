"""A decision computed again from files and chain alone, with no word of the node's taken.

Each check either holds or raises; what holds is returned in words, in the order of the chain of
evidence: file → card → input → outputs → value → verdict → event → stored decision.
"""

from __future__ import annotations

from dataclasses import dataclass

from eth_utils.crypto import keccak

from oracle.chain.abi import interface
from oracle.chain.artifacts import load_artifact
from oracle.chain.contracts import DecisionContract
from oracle.chain.deployment import require_code
from oracle.chain.events import DecisionLog, decode_logs
from oracle.core.card_json import model_id
from oracle.core.errors import VerificationError
from oracle.inference.folder import StoredModel, load_model
from oracle.inference.runner import Runner

REMEDY = "somebody changed something: do not rely on this decision"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One check that held."""

    name: str
    what: str


async def recheck(
    contract: DecisionContract,
    model: StoredModel,
    subject: bytes,
    input_bytes: bytes,
    tx_hash: bytes,
) -> list[Held]:
    """Check a decision from the model's files and the chain.

    Args:
        model: which folder to load again; nothing else of it is used.
        input_bytes: the input that the decision is said to be about.
        tx_hash: of the transaction that decided.

    Raises:
        VerificationError: the first check that does not hold, with both values.
    """
    fresh = load_model(model.folder)
    digest = fresh.card.model.onnx
    held = [Held(name="model file", what=f"{digest.file} has the SHA-256 that its card names")]

    log = await _event(contract, fresh.model_id, subject, tx_hash)
    said = log.prediction
    _same("model id", model_id(fresh.card), said.model_id)
    held.append(Held(name="model card", what="hashes to the model id on chain"))
    _same("input hash", keccak(input_bytes), said.input_hash)
    held.append(Held(name="input", what="its bytes hash to the input hash"))

    outputs = Runner(fresh).run(input_bytes)
    _same("output hash", outputs.output_hash, said.output_hash)
    held.append(Held(name="outputs", what="the model, run again, gives the same output hash"))
    _same("value", outputs.value, said.value)
    _same("confidence", outputs.confidence, said.confidence)
    held.append(Held(name="value", what="value and confidence follow from the outputs"))
    held.append(await _verdict(contract, fresh, log))

    await _code(contract)
    held.append(
        Held(name="event", what=f"of {contract.address[:8]}…, whose code is this release's")
    )
    stored = await contract.decision_of(fresh.model_id, subject, block=log.block_hash)
    if stored is None:
        raise VerificationError("the contract has no such decision", remedy=REMEDY)
    _same("stored value", (stored.value, stored.verdict), (said.value, log.verdict))
    held.append(Held(name="contract", what="its storage says the same as the event"))
    return held


async def _event(
    contract: DecisionContract, model: bytes, subject: bytes, tx_hash: bytes
) -> DecisionLog:
    """The decision's event, from the receipt; only this contract's own logs count."""
    (receipt,) = await contract.rpc.receipts([tx_hash])
    for entry in decode_logs(receipt.logs, contract.address) if receipt else ():
        if isinstance(entry, DecisionLog) and entry.prediction.subject == subject:
            _same("the event's model", entry.model_id, model)
            return entry
    raise VerificationError(
        f"transaction 0x{tx_hash.hex()} has no decision about 0x{subject.hex()}", remedy=REMEDY
    )


async def _verdict(contract: DecisionContract, model: StoredModel, log: DecisionLog) -> Held:
    """The policy contract is asked, and so is the rule in the model's folder."""
    registered = await contract.model_of(model.model_id, block=log.block_hash)
    if registered is None:
        raise VerificationError("the model is not registered", remedy=REMEDY)
    codec = interface("IPolicy")
    calldata = codec.encode("decide", log.prediction.as_abi())
    body = await contract.rpc.eth_call(registered.policy, calldata, block=log.block_hash)
    (verdict,) = codec.decode_output("decide", body).values()
    _same("the policy's verdict", int(verdict), log.verdict)
    if model.policy is not None:
        said = log.prediction
        rule = model.policy.rule.decide(said.value, said.confidence)
        _same("the rule's verdict", int(rule), log.verdict)
    return Held(name="verdict", what="the policy contract and the rule in the folder say the same")


async def _code(contract: DecisionContract) -> None:
    code = await contract.rpc.code(contract.address, "latest")
    require_code(load_artifact("DecisionContract"), contract.address, code)


def _same(name: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise VerificationError(
            f"{name} is {_shown(wanted)} on chain and {_shown(found)} when computed again",
            remedy=REMEDY,
        )


def _shown(value: object) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
