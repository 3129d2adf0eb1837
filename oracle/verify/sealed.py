"""A round of sealed votes: counted again from the receipt alone, and held to the chain's events."""

from __future__ import annotations

from oracle.chain.errors import RangeRefused
from oracle.chain.quorum import committee_at
from oracle.chain.rpc import RpcPool
from oracle.chain.sealed import history, round_events, rounds_about
from oracle.chain.wire import BlockRef
from oracle.core.errors import NotFound, VerificationError
from oracle.core.quorum import Committee
from oracle.core.receipt import ContractEvidence, Receipt
from oracle.core.sealed import RoundKey, SealedCommittee, round_of
from oracle.core.sealed_round import round_of as folded
from oracle.core.shown_round import ShownRound, count_again, opened_votes, show_round
from oracle.verify.report import Report, same

LEVEL = 3
REMEDY = "do not rely on this receipt; or ask another endpoint with --rpc"


async def shown_round(
    rpc: RpcPool, committee: SealedCommittee, key: RoundKey, *, last: int
) -> ShownRound:
    """The round that decided, read from the chain.

    Args:
        last: the decision's block.

    Raises:
        NotFound: the endpoint does not have its events.
        ChainError: the chain can not be read.
    """
    found = await rounds_about(
        rpc, committee, key.model_id, key.subject, from_round=key.number, last=last
    )
    if not found or found[0].closed is None or not found[0].sealed:
        raise NotFound(
            f"the endpoint has no events of round {key.number} about 0x{key.subject.hex()}",
            remedy="use an endpoint that keeps old logs: --rpc",
        )
    return show_round(found[0])


def check_votes(receipt: Receipt, committee: Committee, report: Report) -> None:
    """The votes, each as it was sealed, and what they decide, counted here.

    Raises:
        VerificationError: the first that does not hold.
    """
    evidence, decision = _evidence(receipt), receipt.decision
    assert decision is not None
    shown = evidence.round
    if shown is None:
        report.skip(
            "votes", f"the receipt shows none: only the contract {evidence.attestor} can tell"
        )
        return
    with report.check("votes") as finding:
        key = _key(receipt)
        votes = opened_votes(shown, committee, key)
        finding.says(
            f"{len(shown.votes)} of {len(committee.members)} members sealed, {len(votes)} opened "
            "the very vote that they had sealed"
        )
    with report.check("tally") as finding:
        outcome, agreed = count_again(shown, committee, key)
        said = receipt.prediction
        for name, found, wanted in (
            ("input hash", said.input_hash, outcome.input_hash),
            ("output hash", said.output_hash, outcome.output_hash),
            ("value", said.value, outcome.value),
            ("confidence", said.confidence, outcome.confidence),
            ("time", said.predicted_at, outcome.predicted_at),
        ):
            same(f"the prediction's {name}, by the votes,", found, wanted)
        same("the trust level", decision.trust_level, LEVEL)
        if decision.place.timestamp < shown.counted.timestamp:
            raise VerificationError(
                f"the decision is of {decision.place.timestamp}, before the round was counted at "
                f"{shown.counted.timestamp}",
                remedy="no contract decides so: do not rely on this receipt",
            )
        finding.says(f"{len(agreed)} members agreed on it, {committee.threshold} had to")


async def check_round(receipt: Receipt, rpc: RpcPool, report: Report, *, at: BlockRef) -> None:
    """The terms and the events of the round, as the chain has them; nothing where none is shown.

    Args:
        at: where the attestor's terms are read.

    Raises:
        VerificationError: the first that does not hold.
        ChainError: the chain can not be read.
    """
    evidence = receipt.decision.evidence if receipt.decision else None
    if not isinstance(evidence, ContractEvidence) or evidence.round is None:
        return
    shown = evidence.round
    with report.check("round") as finding:
        committee = await committee_at(rpc, evidence.attestor.lower(), block=at)
        if not isinstance(committee, SealedCommittee):
            raise VerificationError(
                f"{evidence.attestor} takes no sealed votes", remedy="do not rely on this receipt"
            )
        terms = committee.terms
        same("the window for sealing", shown.commit_window, terms.commit_window)
        same("the window for revealing", shown.reveal_window, terms.reveal_window)
        same("the tolerance", shown.tolerance, terms.tolerance)
        key = _key(receipt)
        try:
            logs = await history(
                rpc,
                committee.attestor,
                first=shown.opened.block_number,
                last=shown.counted.block_number,
                about=(key.model_id, key.subject),
            )
        except RangeRefused as error:
            raise VerificationError(error.what, remedy="ask another endpoint with --rpc") from error
        events = [e for e in await round_events(rpc, logs) if e.key == key]
        told = folded(committee, key, events)
        if told.closed is None or not told.sealed:
            raise VerificationError(
                f"in blocks {shown.opened.block_number} to {shown.counted.block_number} no round "
                f"{key.number} was counted",
                remedy=REMEDY,
            )
        same("the prediction of the event", told.closed.prediction, receipt.prediction)
        _same_round(shown, show_round(told))
        finding.says("the attestor's events are these seals, openings and this outcome")


def _same_round(shown: ShownRound, told: ShownRound) -> None:
    same("the block of the first seal", shown.opened, told.opened)
    same("the block of the tally", shown.counted, told.counted)
    same("the number of sealed votes", len(shown.votes), len(told.votes))
    for place, (mine, theirs) in enumerate(zip(shown.votes, told.votes, strict=True)):
        same(f"seal {place}", mine.seal, theirs.seal, remedy=REMEDY)
        same(f"the opening of seal {place}", mine.opening, theirs.opening, remedy=REMEDY)
        same(f"whether vote {place} is void", mine.void, theirs.void, remedy=REMEDY)


def _evidence(receipt: Receipt) -> ContractEvidence:
    assert receipt.decision is not None
    evidence = receipt.decision.evidence
    assert isinstance(evidence, ContractEvidence)
    return evidence


def _key(receipt: Receipt) -> RoundKey:
    said = receipt.prediction
    number = round_of(_evidence(receipt).octets)
    return RoundKey(model_id=said.model_id, subject=said.subject, number=number)
