"""Who vouched for a decision, and what follows from it, as far as the receipt itself proves it."""

from __future__ import annotations

from oracle.chain.abi import interface
from oracle.chain.signed import read_signed
from oracle.chain.wire import checksum
from oracle.core.anchor import encode_evidence
from oracle.core.errors import VerificationError
from oracle.core.policy import Rule, Verdict
from oracle.core.prediction import Prediction
from oracle.core.quorum import Committee
from oracle.core.receipt import ContractEvidence, Receipt, SignedTransaction
from oracle.verify.evidence import prediction_of, read_evidence
from oracle.verify.report import Report, same
from oracle.verify.sealed import check_votes

QUORUM_LEVEL = 2


def check_vouching(receipt: Receipt, report: Report, *, rule: Rule | None = None) -> None:
    """The decision's evidence and verdict.

    Args:
        rule: the model's policy as the checker knows it, besides the one in the receipt.

    Raises:
        VerificationError: the first that does not hold.
    """
    decision, said = receipt.decision, receipt.prediction
    assert decision is not None
    with report.check("decided in time") as finding:
        if decision.place.timestamp < said.predicted_at:
            raise VerificationError(
                f"the block is of {decision.place.timestamp}, before the prediction was made at "
                f"{said.predicted_at}",
                remedy="no contract decides so: do not rely on this receipt",
            )
        finding.says(f"{decision.place.timestamp - said.predicted_at} s after the prediction")
    evidence = decision.evidence
    if isinstance(evidence, SignedTransaction):
        _transaction(receipt, evidence, report)
    elif evidence.kind == "quorum":
        _quorum(receipt, evidence, report)
    elif evidence.kind == "sealed":
        check_votes(receipt, _committee(receipt, evidence), report)
    elif evidence.kind == "anchor":
        _anchored(receipt, evidence, report)
    else:
        report.skip("evidence", f"only the contract {evidence.attestor} can check it")
    _verdict(receipt, report, rule)


def _transaction(receipt: Receipt, evidence: SignedTransaction, report: Report) -> None:
    assert receipt.decision is not None
    with report.check("signed transaction") as finding:
        call = read_signed(evidence.raw)
        same("the transaction's hash", call.hash, receipt.decision.place.transaction)
        same("the transaction's chain", call.chain_id, receipt.chain_id)
        same("the contract it calls", call.to.lower(), receipt.contract.lower())
        same("who signed it", call.sender.lower(), str(receipt.operator).lower())
        said = _called(call.calldata)
        if receipt.prediction not in said:
            raise VerificationError(
                "the signed transaction is about another prediction",
                remedy="somebody took another decision's transaction: do not rely on this receipt",
            )
        same("the trust level", receipt.decision.trust_level, 1)
        others = f" and {len(said) - 1} others" if len(said) > 1 else ""
        finding.says(f"of exactly this prediction{others}, by the operator {call.sender}")


def _called(calldata: bytes) -> list[Prediction]:
    """What the operator's transaction decides on: one prediction, or several."""
    name, arguments = interface("DecisionContract").decode_call(calldata)
    if name == "makeDecisions":
        return [prediction_of(fields) for fields in arguments["predictions"]]
    same("what it calls", name, "makeDecision")
    return [prediction_of(arguments["prediction"])]


def _quorum(receipt: Receipt, evidence: ContractEvidence, report: Report) -> None:
    assert receipt.decision is not None
    with report.check("signatures") as finding:
        committee = _committee(receipt, evidence)
        signatures = read_evidence(committee, receipt.prediction, evidence.octets)
        wrong = [each.member for each in signatures if each.holds is False]
        if wrong:
            raise VerificationError(
                f"the signature of {', '.join(wrong)} is not over this prediction",
                remedy="do not rely on this receipt",
            )
        same("the number of signatures", len(signatures), committee.threshold)
        same("the trust level", receipt.decision.trust_level, QUORUM_LEVEL)
        asked = sum(each.holds is None for each in signatures)
        finding.says(
            f"{len(signatures)} of {len(committee.members)} members signed this prediction"
            + (f"; {asked} of them are contracts, which only the chain can ask" if asked else "")
        )


def _committee(receipt: Receipt, evidence: ContractEvidence) -> Committee:
    return Committee(
        attestor=checksum(evidence.attestor.lower()),
        chain_id=receipt.chain_id,
        members=tuple(str(checksum(member.lower())) for member in evidence.members),
        threshold=evidence.threshold,
    )


def _anchored(receipt: Receipt, evidence: ContractEvidence, report: Report) -> None:
    with report.check("evidence") as finding:
        if receipt.anchor is None:
            raise VerificationError(
                "the decision rests on an anchored batch, and the receipt has none",
                remedy="ask for the whole receipt",
            )
        anchor = receipt.anchor
        same("the attestor", evidence.attestor.lower(), anchor.log.lower())
        wanted = encode_evidence(anchor.batch, anchor.index, anchor.proof)
        same("the evidence", evidence.octets, wanted)
        finding.says("the anchored batch, whose proof is checked above")


def _verdict(receipt: Receipt, report: Report, known: Rule | None) -> None:
    decision, said = receipt.decision, receipt.prediction
    assert decision is not None
    rules = [rule for rule in (decision.policy.rule, known) if rule is not None]
    if not rules:
        report.skip("verdict", f"only the policy {decision.policy.contract} can compute it")
        return
    with report.check("verdict") as finding:
        for rule in rules:
            verdict = rule.decide(said.value, said.confidence)
            same("the verdict", Verdict(decision.verdict).name, verdict.name)
        finding.says(f"{Verdict(decision.verdict).name.lower()} follows from the policy's rule")
