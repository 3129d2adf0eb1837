"""What a receipt says of the chain, held to it: blocks, events, storage, attestor, policy."""

from __future__ import annotations

from eth_typing import ChecksumAddress

from oracle.chain.abi import interface
from oracle.chain.artifacts import load_artifact
from oracle.chain.contracts import DecisionContract
from oracle.chain.deployment import require_code
from oracle.chain.events import DecisionLog, decode_log
from oracle.chain.quorum import committee_at
from oracle.chain.rpc import RpcPool
from oracle.chain.views import Model
from oracle.chain.wire import BlockRef, TxReceipt, checksum
from oracle.core.errors import VerificationError
from oracle.core.receipt import Decided, Place, Receipt, SignedTransaction
from oracle.verify.evidence import model_then
from oracle.verify.report import Report, same
from oracle.verify.sealed import check_round

REMEDY = "do not rely on this receipt; or ask another endpoint with --rpc"


async def check_decision(
    receipt: Receipt, rpc: RpcPool, report: Report, *, expected: str | None = None
) -> None:
    """The decision in a canonical block, by the right contract, attestor and policy.

    Args:
        expected: the decision contract that the checker relies on, of whatever release; where None,
            any contract with this release's code.

    Raises:
        VerificationError: the first that does not hold.
        ChainError: the chain can not be read.
    """
    decision = receipt.decision
    assert decision is not None
    contract = DecisionContract(rpc, receipt.contract.lower())
    await check_chain(receipt, rpc, report)
    with report.check("contract") as finding:
        if expected is not None:
            same("the decision contract", contract.address.lower(), expected.lower())
        finding.says(await _code(rpc, contract.address, relied_on=expected is not None))
    mined = await check_place(decision.place, rpc, report, "block of the decision")
    with report.check("event") as finding:
        _event(receipt, decision, mined, contract.address)
        finding.says("DecisionMade says the same, prediction and verdict")
    model, at = await model_then(contract, receipt.prediction.model_id, decision.place.block_number)
    with report.check("attestor") as finding:
        finding.says(await _attestor(receipt, decision, model, rpc, at))
    await check_round(receipt, rpc, report, at=at)
    with report.check("policy") as finding:
        same("the policy", decision.policy.contract.lower(), model.policy.lower())
        codec = interface("IPolicy")
        calldata = codec.encode("decide", receipt.prediction.as_abi())
        body = await rpc.eth_call(model.policy, calldata, block=at)
        (verdict,) = codec.decode_output("decide", body).values()
        same("the policy's verdict", int(verdict), decision.verdict)
        finding.says(f"{model.policy} gives this verdict")
    with report.check("storage") as finding:
        said = receipt.prediction
        stored = await contract.decision_of(said.model_id, said.subject, block="latest")
        if stored is None:
            raise VerificationError("the contract has no such decision", remedy=REMEDY)
        found = (stored.value, stored.confidence, stored.verdict, stored.trust_level)
        wanted = (said.value, said.confidence, decision.verdict, decision.trust_level)
        same("the stored value, confidence, verdict and trust level", found, wanted)
        same("the time of the decision", stored.decided_at, decision.place.timestamp)
        finding.says("the contract's storage says the same as the event")


async def _code(rpc: RpcPool, address: str, *, relied_on: bool) -> str:
    """Whether it is a decision contract; one that the checker named may be of another release."""
    artifact, code = load_artifact("DecisionContract"), await rpc.code(address, "latest")
    if relied_on and code and artifact.code_hash(code) != artifact.code_hash():
        return f"{address}, the one that was named; its code is another release's"
    require_code(artifact, address, code)
    return f"{address} has the code of this release"


async def check_chain(receipt: Receipt, rpc: RpcPool, report: Report) -> None:
    """Whether the endpoint serves the receipt's chain.

    Raises:
        VerificationError: it serves another.
    """
    if any(check.name == "chain" for check in report.checks):
        return
    with report.check("chain") as finding:
        same(
            "the receipt's chain id",
            receipt.chain_id,
            rpc.chain_id,
            remedy="name the receipt's network: --network or --rpc",
        )
        finding.says(f"id {rpc.chain_id}")


async def check_place(place: Place, rpc: RpcPool, report: Report, name: str) -> TxReceipt:
    """Whether a transaction stands in that block, and the block in the chain.

    Returns:
        The transaction's receipt.

    Raises:
        VerificationError: the block was replaced, or the transaction is elsewhere or failed.
    """
    with report.check(name) as finding:
        head = await rpc.block("latest")
        if place.block_number > head.number:
            raise VerificationError(
                f"block {place.block_number} does not exist: the chain ends at {head.number}",
                remedy=REMEDY,
            )
        block = await rpc.block(place.block_number)
        if block.hash != place.block_hash:
            raise VerificationError(
                f"block {place.block_number} is 0x{block.hash.hex()} on the chain; the receipt's, "
                f"0x{place.block_hash.hex()}, is not in it",
                remedy="it was reorganised away: ask for the receipt again",
            )
        same("the block's time", place.timestamp, block.timestamp)
        (mined,) = await rpc.receipts([place.transaction])
        if mined is None or mined.block_hash != place.block_hash or not mined.succeeded:
            raise VerificationError(
                f"transaction 0x{place.transaction.hex()} did not succeed in that block",
                remedy=REMEDY,
            )
        deep = head.number - place.block_number + 1
        finding.says(f"{place.block_number} is in the chain, {deep} deep")
    return mined


def _event(
    receipt: Receipt, decision: Decided, mined: TxReceipt, contract: ChecksumAddress
) -> None:
    entry = next((log for log in mined.logs if log.index == decision.log_index), None)
    if entry is None:
        raise VerificationError(f"the transaction has no log {decision.log_index}", remedy=REMEDY)
    if entry.address != contract:
        raise VerificationError(
            f"log {decision.log_index} is of the contract {entry.address}, not of {contract}",
            remedy="another contract imitates the event: do not rely on this receipt",
        )
    event = decode_log(entry)
    if not isinstance(event, DecisionLog):
        raise VerificationError(f"log {decision.log_index} is no decision", remedy=REMEDY)
    same("the event's prediction", event.prediction, receipt.prediction)
    same("the event's verdict", event.verdict, decision.verdict)
    same("the event's trust level", event.trust_level, decision.trust_level)


async def _attestor(
    receipt: Receipt, decision: Decided, model: Model, rpc: RpcPool, at: BlockRef
) -> str:
    evidence = decision.evidence
    when = "then" if at != "latest" else "today (the endpoint keeps no older state)"
    if isinstance(evidence, SignedTransaction):
        same("the model's attestor", model.attestor.lower(), str(receipt.operator).lower())
        return f"{model.attestor} was the model's attestor {when}"
    same("the model's attestor", model.attestor.lower(), evidence.attestor.lower())
    if evidence.members:
        committee = await committee_at(rpc, model.attestor, block=at)
        found = (committee.members, committee.threshold) if committee else None
        members = tuple(str(checksum(member.lower())) for member in evidence.members)
        same("the committee", (members, evidence.threshold), found)
    codec = interface("IAttestor")
    calldata = codec.encode("verify", receipt.prediction.as_abi(), evidence.octets)
    body = await rpc.eth_call(model.attestor, calldata, block=at)
    (vouched,) = codec.decode_output("verify", body).values()
    if not vouched:
        raise VerificationError(
            f"the attestor {model.attestor} does not take the evidence", remedy=REMEDY
        )
    return f"{model.attestor}, the model's {when}, takes the evidence"
