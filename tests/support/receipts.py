"""Receipts of a bundled model, made as a node makes them, on a chain that is not there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from eth_account import Account
from eth_utils.address import to_checksum_address

from oracle.chain.contracts import DecisionContract
from oracle.core.anchor import Batch, leaf_of
from oracle.core.anchor import encode_evidence as encode_anchor
from oracle.core.merkle import MerkleTree
from oracle.core.prediction import Prediction, subject_of
from oracle.core.private_input import commitment_of, seal_input, show_only
from oracle.core.promise import Promise, promise_digest
from oracle.core.quorum import Committee, encode_evidence
from oracle.core.receipt import (
    Anchor,
    ContractEvidence,
    Decided,
    Evidence,
    Judgement,
    Place,
    PlainInput,
    Receipt,
    SignedTransaction,
)
from oracle.core.sealed import RoundKey, encode_round, opening_of, seal_of
from oracle.core.shown_round import Moment, ShownRound, ShownVote
from oracle.inference.folder import StoredModel, load_model
from tests.support.signatures import sign

ROOT = Path(__file__).resolve().parents[2]
OPERATOR = Account.from_key(b"\x11" * 32)
MEMBERS = [Account.from_key(bytes([n]) * 32) for n in (0x21, 0x22, 0x23)]
LATE = [Account.from_key(bytes([n]) * 32) for n in (0x24, 0x25)]
SECRET = b"\x5e" * 32
CHAIN_ID = 31337
CONTRACT = "0x" + "c0" * 20
LOG = "0x" + "a0" * 20
QUORUM = "0x" + "90" * 20
PREDICTED_AT = 1_900_000_000
RUNTIME = {"runtime": "onnxruntime", "version": "1.32.0", "threads": "intra 1, inter 1"}
ANCHOR_BY = PREDICTED_AT + 600


@cache
def model() -> StoredModel:
    return load_model(ROOT / "models" / "credit-default")


def prediction(vector: int = 0, reference: str = "loan 1") -> Prediction:
    said = model().vectors[vector]
    return Prediction(
        model_id=model().model_id,
        subject=subject_of(reference),
        input_hash=said.input_hash,
        output_hash=said.output_hash,
        value=said.value,
        confidence=said.confidence,
        predicted_at=PREDICTED_AT,
    )


def place(number: int = 100, *, timestamp: int = PREDICTED_AT + 60) -> Place:
    return Place(
        transaction=bytes([number % 256]) * 32,
        block_number=number,
        block_hash=bytes([number % 256 + 1]) * 32,
        timestamp=timestamp,
    )


def pending(vector: int = 0, reference: str = "loan 1") -> Receipt:
    said = prediction(vector, reference)
    digest = promise_digest(chain_id=CHAIN_ID, log=LOG, prediction=said, anchor_by=ANCHOR_BY)
    return Receipt(
        card=model().card,
        input=PlainInput(octets=model().vectors[vector].input),
        outputs=model().vectors[vector].outputs,
        prediction=said,
        runtime=RUNTIME,
        chain_id=CHAIN_ID,
        contract=CONTRACT,
        operator=str(OPERATOR.address),
        promise=Promise(log=LOG, anchor_by=ANCHOR_BY, signature=sign(OPERATOR, digest)),
    )


def anchored(vector: int = 0, *, count: int = 5, place_in_batch: int = 2) -> Receipt:
    """The third of five predictions of the log's second batch."""
    first = 7
    leaves = [
        leaf_of(first + n, prediction(n, f"loan {n}" if n != place_in_batch else "loan 1"))
        for n in range(count)
    ]
    tree = MerkleTree(leaves)
    receipt = pending(vector=place_in_batch)
    batch = Batch(number=1, first_index=first, count=count, root=tree.root, previous=b"\x07" * 32)
    return receipt.with_anchor(
        Anchor(
            log=LOG,
            batch=batch,
            index=first + place_in_batch,
            proof=tree.proof(place_in_batch),
            place=place(),
        )
    )


def decided(vector: int = 0, *, beside: Sequence[int] = ()) -> Receipt:
    """By one operator, by its own transaction.

    Args:
        beside: the vectors of predictions that share the transaction, before this one.
    """
    receipt = pending(vector)
    alone = DecisionContract.encode_make_decision(receipt.prediction)
    others = [
        DecisionContract.encode_make_decision(prediction(each, f"loan {each + 10}"))
        for each in beside
    ]
    together = DecisionContract.encode_make_decisions([*others, alone], 150_000)
    signed = OPERATOR.sign_transaction(
        {
            "type": 2,
            "chainId": CHAIN_ID,
            "nonce": 3,
            "gas": 100_000,
            "maxFeePerGas": 10**9,
            "maxPriorityFeePerGas": 10**9,
            "to": to_checksum_address(CONTRACT),
            "value": 0,
            "data": together if beside else alone,
        }
    )
    where = replace(place(), transaction=bytes(signed.hash))
    evidence = SignedTransaction(raw=bytes(signed.raw_transaction))
    return replace(receipt, promise=None, decision=_decision(receipt, where, 1, evidence))


def from_anchor() -> Receipt:
    """Decided by relaying an anchored prediction."""
    receipt = anchored()
    anchor = receipt.anchor
    assert anchor is not None
    octets = encode_anchor(anchor.batch, anchor.index, anchor.proof)
    evidence = ContractEvidence(kind="anchor", attestor=LOG, octets=octets)
    where = place(101, timestamp=PREDICTED_AT + 90)
    return receipt.with_decision(_decision(receipt, where, 1, evidence))


def by_quorum(vector: int = 0) -> Receipt:
    """By two of three members."""
    receipt = pending(vector)
    committee = Committee(
        attestor=to_checksum_address(QUORUM),
        chain_id=CHAIN_ID,
        members=tuple(str(key.address) for key in MEMBERS),
        threshold=2,
    )
    digest = committee.vote_digest(receipt.prediction)
    votes = {str(key.address): sign(key, digest) for key in MEMBERS[:2]}
    evidence = ContractEvidence(
        kind="quorum",
        attestor=QUORUM,
        octets=encode_evidence(committee, votes, receipt.prediction.subject),
        members=committee.members,
        threshold=2,
    )
    decision = _decision(receipt, place(), 2, evidence)
    return replace(receipt, promise=None, operator=None, decision=decision)


def sealed_committee() -> Committee:
    return Committee(
        attestor=to_checksum_address(QUORUM),
        chain_id=CHAIN_ID,
        members=tuple(str(key.address) for key in [*MEMBERS, *LATE]),
        threshold=2,
    )


def by_sealed_round(vector: int = 0, *, shown: bool = True) -> Receipt:
    """By the second round of sealed votes of five members: two agree word for word, one is a unit
    apart, one gave its vote away, and one did not reveal.

    Args:
        shown: whether the receipt shows the votes.
    """
    receipt = pending(vector)
    committee, said = sealed_committee(), receipt.prediction
    key = RoundKey(model_id=said.model_id, subject=said.subject, number=1)
    votes = []
    for index in (2, 0, 4, 1, 3):
        apart = replace(said, value=said.value + 1) if index == 1 else said
        opening = opening_of(apart, bytes([index + 1]) * 32)
        seal = seal_of(committee, key, committee.members[index], opening)
        secret = index in (3, 4)
        votes.append(ShownVote(seal=seal, opening=None if secret else opening, void=index == 4))
    opened = PREDICTED_AT - 60
    evidence = ContractEvidence(
        kind="sealed",
        attestor=QUORUM,
        octets=encode_round(key.number),
        members=committee.members,
        threshold=committee.threshold,
        round=ShownRound(
            commit_window=60,
            reveal_window=30,
            tolerance=1,
            opened=Moment(block_number=90, timestamp=opened),
            counted=Moment(block_number=99, timestamp=PREDICTED_AT + 40),
            votes=tuple(votes),
        )
        if shown
        else None,
    )
    decision = _decision(receipt, place(), 3, evidence)
    return replace(receipt, promise=None, operator=None, decision=decision)


def private(*shown: str) -> Receipt:
    """Of a private input: all of it shown, or only these fields."""
    receipt = pending()
    sealed = seal_input(model().card, model().vectors[0].input, SECRET)
    said = replace(receipt.prediction, input_hash=commitment_of(sealed))
    digest = promise_digest(chain_id=CHAIN_ID, log=LOG, prediction=said, anchor_by=ANCHOR_BY)
    whole = replace(
        receipt,
        input=sealed,
        prediction=said,
        promise=Promise(log=LOG, anchor_by=ANCHOR_BY, signature=sign(OPERATOR, digest)),
    )
    return show_only(whole, shown) if shown else whole


def files() -> dict[str, bytes]:
    """The model's files by name."""
    return {model().card.model.onnx.file: model().onnx}


def _decision(receipt: Receipt, where: Place, level: int, evidence: Evidence) -> Decided:
    policy = model().policy
    assert policy is not None
    said = receipt.prediction
    return Decided(
        place=where,
        log_index=0,
        verdict=policy.rule.decide(said.value, said.confidence),
        trust_level=level,
        policy=Judgement(contract="0x" + "b0" * 20, rule=policy.rule),
        evidence=evidence,
    )
