"""Who vouched for a decision, read from the transaction that made it and checked again here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from oracle.chain.abi import interface
from oracle.chain.contracts import DecisionContract, Model
from oracle.chain.quorum import committee_at
from oracle.chain.wire import BlockRef, checksum, to_bytes
from oracle.core.errors import ChainError, InvalidInput, NotFound, VerificationError
from oracle.core.prediction import Prediction
from oracle.core.quorum import COMPACT_SIGNATURE, Committee, signers_of
from oracle.core.sealed import SealedCommittee, round_of
from oracle.core.signatures import signer_of

HEAD = 8
"""Bytes before the signatures: two bitmaps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One member's signature in a piece of evidence.

    Attributes:
        holds: whether it is the member's over this very prediction; None for a contract's
            (EIP-1271), which only the chain can ask.
    """

    member: str
    holds: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouched:
    """How a decision was vouched for.

    Attributes:
        attestor: the model's, when it was decided.
        sender: who sent the transaction.
        committee: None where one operator vouched, or the evidence is of another kind.
        signatures: in the contract's order; empty without a committee that signs.
        round: the number of the round that decided, where the committee votes on chain.
    """

    attestor: str
    sender: str
    committee: Committee | None = None
    signatures: tuple[Signature, ...] = ()
    round: int | None = None


def read_evidence(
    committee: Committee, prediction: Prediction, evidence: bytes
) -> tuple[Signature, ...]:
    """The signatures in a quorum's evidence, each held to the prediction.

    Raises:
        InvalidInput: it is no evidence of this committee.
    """
    signers = signers_of(committee, evidence)
    wallets = int.from_bytes(evidence[4:HEAD], "big")
    digest = committee.vote_digest(prediction)
    found, at = [], HEAD
    for member in signers:
        if wallets >> committee.members.index(member) & 1:
            at += 2 + int.from_bytes(evidence[at : at + 2], "big")
            found.append(Signature(member=member, holds=None))
            continue
        signature = evidence[at : at + COMPACT_SIGNATURE]
        at += COMPACT_SIGNATURE
        found.append(Signature(member=member, holds=_holds(digest, signature, member)))
    if at != len(evidence):
        raise InvalidInput(
            f"evidence of {len(evidence)} bytes names {len(found)} signers, who need {at}",
            remedy="give the evidence of a decision by this committee",
        )
    return tuple(found)


def _holds(digest: bytes, signature: bytes, member: str) -> bool:
    try:
        return signer_of(digest, signature) == member
    except VerificationError:
        return False


async def vouched_in(
    contract: DecisionContract, model_id: bytes, tx_hash: bytes, block: int
) -> Vouched:
    """Who vouched in the transaction that decided.

    Raises:
        NotFound: the endpoint does not know the transaction or the model.
        InvalidInput: the transaction decided something else, or calls through another contract.
        Transient: no endpoint answers.
    """
    rpc = contract.rpc
    transaction = await rpc.call("eth_getTransactionByHash", ["0x" + tx_hash.hex()])
    if not isinstance(transaction, Mapping):
        raise NotFound(
            f"transaction 0x{tx_hash.hex()} is not known to the endpoint",
            remedy="use an endpoint that keeps old transactions: --rpc",
        )
    sender = checksum(str(transaction["from"]))
    if str(transaction.get("to")).lower() != contract.address.lower():
        raise InvalidInput(
            f"it was relayed through the contract {transaction.get('to')}",
            remedy="trace the transaction to see its evidence",
        )
    calldata = to_bytes(transaction["input"], "calldata")
    name, arguments = interface("DecisionContract").decode_call(calldata)
    model, at = await model_then(contract, model_id, block)
    vouched = Vouched(attestor=model.attestor, sender=sender)
    if name != "relayDecision":
        return vouched
    committee = await committee_at(rpc, model.attestor, block=at)
    if committee is None:
        return vouched
    prediction = prediction_of(next(v for v in arguments.values() if isinstance(v, Mapping)))
    if prediction.model_id != model_id:
        raise InvalidInput(f"the transaction decided about model 0x{prediction.model_id.hex()}")
    evidence = next(v for v in arguments.values() if isinstance(v, bytes))
    if isinstance(committee, SealedCommittee):
        return replace(vouched, committee=committee, round=round_of(evidence))
    return Vouched(
        attestor=model.attestor,
        sender=sender,
        committee=committee,
        signatures=read_evidence(committee, prediction, evidence),
    )


async def model_then(
    contract: DecisionContract, model_id: bytes, block: int
) -> tuple[Model, BlockRef]:
    """The model's rules at that block; at the latest one where old state is not kept."""
    at: BlockRef = block
    try:
        model = await contract.model_of(model_id, block=at)
    except ChainError:
        at = "latest"
        model = await contract.model_of(model_id, block=at)
    if model is None:
        raise NotFound(f"model 0x{model_id.hex()} is not registered on this chain")
    return model, at


def prediction_of(fields: Mapping[str, Any]) -> Prediction:
    """A prediction from the decoded struct of the ABI."""
    return Prediction(
        model_id=fields["modelId"],
        subject=fields["subject"],
        input_hash=fields["inputHash"],
        output_hash=fields["outputHash"],
        value=fields["value"],
        confidence=fields["confidence"],
        predicted_at=fields["predictedAt"],
    )
