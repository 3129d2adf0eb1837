"""A decision's receipt, put together from the chain: no word of a node's is taken.

What the chain does not have, the input of an operator's own decision and the outputs, the caller
gives; whether they belong to the decision, the hashes tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from eth_utils.crypto import keccak

from oracle.chain.abi import interface
from oracle.chain.anchor import AnchorLog
from oracle.chain.contracts import DecisionContract
from oracle.chain.events import (
    DecisionLog,
    RequestByHashLog,
    RequestLog,
    decode_log,
    decode_logs,
)
from oracle.chain.quorum import committee_at
from oracle.chain.signed import raw_of
from oracle.chain.views import Model
from oracle.chain.wire import checksum, to_bytes, to_list, to_log
from oracle.core.anchor import decode_evidence
from oracle.core.errors import ChainError, InvalidInput, NotFound, VerificationError
from oracle.core.model_card import ModelCard
from oracle.core.policy import Rule
from oracle.core.prediction import Prediction
from oracle.core.private_input import input_hash_of
from oracle.core.quorum import Committee
from oracle.core.receipt import (
    Anchor,
    ContractEvidence,
    Decided,
    Evidence,
    Judgement,
    Place,
    PlainInput,
    PrivateInput,
    Receipt,
    SignedTransaction,
)
from oracle.core.sealed import RoundKey, SealedCommittee, round_of
from oracle.core.shown_round import ShownRound
from oracle.verify.anchored import read_log
from oracle.verify.evidence import model_then
from oracle.verify.sealed import shown_round

TOPIC = {name: event.selector for name, event in interface("DecisionContract").events.items()}
SEALED, QUORUM = 3, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the chain does not have of a prediction.

    Attributes:
        outputs: rounded, in the ``tensors`` encoding.
        runtime: what ran the model.
        rule: the model's policy, where it is known; it is written down if it gives the verdict.
    """

    card: ModelCard
    input: PlainInput | PrivateInput
    outputs: bytes
    runtime: Mapping[str, str]
    rule: Rule | None = None


async def receipt_of(contract: DecisionContract, log: DecisionLog, said: Said) -> Receipt:
    """The receipt of a decision that was made.

    Raises:
        VerificationError: the input or the outputs are not the decision's.
        NotFound: the endpoint does not know the transaction or the model.
        ChainError: the chain can not be read.
    """
    prediction = log.prediction
    for name, found, wanted in (
        ("input", input_hash_of(said.input), prediction.input_hash),
        ("outputs", keccak(said.outputs), prediction.output_hash),
    ):
        if found != wanted:
            raise VerificationError(
                f"the {name} hash to 0x{found.hex()}, the decision's to 0x{wanted.hex()}",
                remedy="give those that the decision is about",
            )
    block = await contract.rpc.block(log.block_hash)
    model, _ = await model_then(contract, prediction.model_id, log.block_number)
    transaction = await transaction_of(contract, log.tx_hash)
    evidence = await _evidence(contract, log, model, transaction)
    anchor = None
    if isinstance(evidence, ContractEvidence) and evidence.kind == "other":
        anchor = await find_anchor(contract, evidence, prediction)
        if anchor is not None:
            evidence = replace(evidence, kind="anchor")
    rule = said.rule
    if rule is not None and rule.decide(prediction.value, prediction.confidence) != log.verdict:
        rule = None
    by_operator = isinstance(evidence, SignedTransaction)
    return Receipt(
        card=said.card,
        input=said.input,
        outputs=said.outputs,
        prediction=prediction,
        runtime=dict(said.runtime),
        chain_id=contract.rpc.chain_id,
        contract=contract.address,
        operator=str(model.attestor) if by_operator else None,
        anchor=anchor,
        decision=Decided(
            place=Place(
                transaction=log.tx_hash,
                block_number=log.block_number,
                block_hash=log.block_hash,
                timestamp=block.timestamp,
            ),
            log_index=log.log_index,
            verdict=log.verdict,
            trust_level=log.trust_level,
            policy=Judgement(contract=str(model.policy), rule=rule),
            evidence=evidence,
        ),
    )


async def find_anchor(
    contract: DecisionContract, evidence: ContractEvidence, prediction: Prediction
) -> Anchor | None:
    """The batch that evidence is about, and where it was anchored; None where the attestor is no
    anchor log, or has no such batch.
    """
    rpc = contract.rpc
    try:
        found = decode_evidence(evidence.octets, prediction)
        stored = await read_log(rpc, evidence.attestor, "batchIdOf", found.batch.number)
    except (InvalidInput, ChainError):
        return None
    if stored != found.batch.id(rpc.chain_id, evidence.attestor):
        return None
    event = await AnchorLog(rpc, evidence.attestor).anchored(found.batch.number)
    if event is None:
        return None
    return Anchor(
        log=evidence.attestor,
        batch=found.batch,
        index=found.index,
        proof=found.proof,
        place=Place(
            transaction=event.tx_hash,
            block_number=event.block_number,
            block_hash=event.block_hash,
            timestamp=(await rpc.block(event.block_hash)).timestamp,
        ),
    )


async def decision_in(
    contract: DecisionContract, tx_hash: bytes, subject: bytes | None = None
) -> DecisionLog:
    """The decision that a transaction made; of several the one about ``subject``.

    Raises:
        NotFound: the transaction is unknown, or decided nothing of the kind.
        InvalidInput: it decided several subjects; say which.
    """
    (receipt,) = await contract.rpc.receipts([tx_hash])
    logs = decode_logs(receipt.logs, contract.address) if receipt else ()
    found = [
        log
        for log in logs
        if isinstance(log, DecisionLog) and subject in (None, log.prediction.subject)
    ]
    if not found:
        raise NotFound(
            f"transaction 0x{tx_hash.hex()} decided nothing at {contract.address}",
            remedy="check the hash, the network and --contract",
        )
    if len(found) > 1:
        raise InvalidInput(
            f"transaction 0x{tx_hash.hex()} made {len(found)} decisions",
            remedy="name the subject of one: "
            + ", ".join("0x" + log.prediction.subject.hex() for log in found),
        )
    return found[0]


async def decision_about(
    contract: DecisionContract, subject: bytes, model_id: bytes | None = None
) -> DecisionLog:
    """The decision about a subject, from the contract's events.

    Raises:
        NotFound: there is none.
        InvalidInput: several models decided about it.
        RangeRefused: the endpoint does not search the whole chain.
    """
    found = [
        log
        for log in await _events(contract, [TOPIC["DecisionMade"]], subject)
        if isinstance(log, DecisionLog) and model_id in (None, log.model_id)
    ]
    if not found:
        raise NotFound(
            f"there is no decision about 0x{subject.hex()} at {contract.address}",
            remedy="check the subject, the network and --contract",
        )
    if len(found) > 1:
        raise InvalidInput(
            f"{len(found)} models decided about 0x{subject.hex()}",
            remedy="name one with --model, or the transaction",
        )
    return found[0]


async def request_about(
    contract: DecisionContract, model_id: bytes, subject: bytes
) -> RequestLog | RequestByHashLog | None:
    """The on-chain request of that id; None where it is the operator's own subject."""
    topics = [TOPIC["DecisionRequested"], TOPIC["DecisionRequestedByHash"]]
    for log in await _events(contract, topics, subject):
        if isinstance(log, RequestLog | RequestByHashLog) and log.model_id == model_id:
            return log
    return None


async def _events(
    contract: DecisionContract, topics: Sequence[bytes], subject: bytes
) -> list[object]:
    """The contract's events of these kinds about a subject, of the whole chain."""
    wanted = {
        "address": contract.address,
        "fromBlock": "0x0",
        "toBlock": "latest",
        "topics": [["0x" + topic.hex() for topic in topics], None, "0x" + subject.hex()],
    }
    logs = to_list(await contract.rpc.call("eth_getLogs", [wanted]), "logs")
    ours = (to_log(log) for log in logs)
    return [decode_log(log) for log in ours if log.address == contract.address]


async def transaction_of(contract: DecisionContract, tx_hash: bytes) -> Mapping[str, Any]:
    """The transaction as JSON-RPC gives it.

    Raises:
        NotFound: the endpoint does not know it.
    """
    found = await contract.rpc.call("eth_getTransactionByHash", ["0x" + tx_hash.hex()])
    if not isinstance(found, Mapping):
        raise NotFound(
            f"transaction 0x{tx_hash.hex()} is not known to the endpoint",
            remedy="use an endpoint that keeps old transactions: --rpc",
        )
    return found


async def _evidence(
    contract: DecisionContract, log: DecisionLog, model: Model, transaction: Mapping[str, Any]
) -> Evidence:
    """Who vouched, as the transaction shows it."""
    if not model.verifies:
        return SignedTransaction(raw=raw_of(transaction))
    octets = _relayed(contract, log, transaction)
    committee = None
    if log.trust_level in (QUORUM, SEALED):
        committee = await committee_at(contract.rpc, model.attestor, block=log.block_hash)
    if committee is None:
        return ContractEvidence(kind="other", attestor=str(model.attestor), octets=octets)
    return ContractEvidence(
        kind="quorum" if log.trust_level == QUORUM else "sealed",
        attestor=str(model.attestor),
        octets=octets,
        members=committee.members,
        threshold=committee.threshold,
        round=await _round(contract, log, committee, octets),
    )


async def _round(
    contract: DecisionContract, log: DecisionLog, committee: Committee, octets: bytes
) -> ShownRound | None:
    if log.trust_level != SEALED or not isinstance(committee, SealedCommittee):
        return None
    said = log.prediction
    key = RoundKey(model_id=said.model_id, subject=said.subject, number=round_of(octets))
    return await shown_round(contract.rpc, committee, key, last=log.block_number)


def _relayed(contract: DecisionContract, log: DecisionLog, transaction: Mapping[str, Any]) -> bytes:
    """The evidence in the calldata of ``relayDecision``."""
    if checksum(str(transaction.get("to"))) != contract.address:
        raise InvalidInput(
            f"it was relayed through the contract {transaction.get('to')}",
            remedy="trace the transaction to see its evidence",
        )
    calldata = to_bytes(transaction["input"], "calldata")
    _name, arguments = interface("DecisionContract").decode_call(calldata)
    evidence = [value for value in arguments.values() if isinstance(value, bytes)]
    if not evidence:
        raise NotFound(f"transaction 0x{log.tx_hash.hex()} carries no evidence")
    return bytes(evidence[-1])
