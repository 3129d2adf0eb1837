"""A closed round as a receipt shows it: all that was sealed, opened, given away and kept back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from oracle.core.errors import InvalidInput, VerificationError
from oracle.core.receipt import ContractEvidence
from oracle.core.receipt_json import write_receipt
from oracle.core.receipt_reader import parse_receipt
from oracle.core.sealed import RoundKey, SealedCommittee, Terms, member_of
from oracle.core.sealed_round import Closed, Leaked, Revealed, RoundEvent, Sealed, round_of
from oracle.core.shown_round import ShownRound, count_again, show_round
from tests.support import receipts


def shown() -> tuple[ShownRound, RoundKey]:
    receipt = receipts.by_sealed_round()
    assert receipt.decision is not None
    evidence = receipt.decision.evidence
    assert isinstance(evidence, ContractEvidence)
    assert evidence.round is not None
    said = receipt.prediction
    return evidence.round, RoundKey(model_id=said.model_id, subject=said.subject, number=1)


def events_of(found: ShownRound, key: RoundKey, members: tuple[str, ...]) -> list[RoundEvent]:
    """What the chain told of it: a block for each event."""

    def told(block: int, at: int) -> dict[str, object]:
        return {"key": key, "block_number": block, "log_index": 0, "tx_hash": b"t" * 32, "at": at}

    at, block = found.opened.timestamp, found.opened.block_number
    events: list[RoundEvent] = []
    for place, vote in enumerate(found.votes):
        events.append(Sealed(**told(block + place, at + place), seal=vote.seal))  # type: ignore[arg-type]
        member = members[member_of(vote.seal)]
        if vote.void:
            leak = told(block + place + 1, at + place)
            events.append(Leaked(**leak, member=member, reporter=member, reward=0))  # type: ignore[arg-type]
        if vote.opening is not None:
            opened = told(found.counted.block_number - 1, found.seal_until + 1)
            events.append(Revealed(**opened, member=member, opening=vote.opening))  # type: ignore[arg-type]
    last = told(found.counted.block_number, found.counted.timestamp)
    prediction, _ = count_again(found, receipts.sealed_committee(), key)
    events.append(Closed(**last, prediction=prediction, agreed=7, lost=8))  # type: ignore[arg-type]
    return events


def test_round__told_by_its_events__is_shown_whole_and_counts_to_the_same() -> None:
    found, key = shown()
    plain = receipts.sealed_committee()
    committee = SealedCommittee(
        attestor=plain.attestor,
        chain_id=plain.chain_id,
        members=plain.members,
        threshold=plain.threshold,
        terms=Terms(
            commit_window=found.commit_window,
            reveal_window=found.reveal_window,
            bond=1,
            tolerance=found.tolerance,
        ),
    )
    events = events_of(found, key, plain.members)
    assert show_round(round_of(committee, key, reversed(events))) == found
    sealed = round_of(committee, key, events)
    assert sealed.is_sealing_over(0), "all five have sealed"
    assert [sealed.seal_of(member) for member in sealed.spoken] == list(sealed.seals)
    assert sealed.seal_of("0x" + "ff" * 20) is None
    assert sealed.agreed == plain.members[:3]
    assert sealed.lost == plain.members[3:4]
    assert not round_of(committee, key, []).is_sealing_over(10**12), "nobody has"


def test_round_of_labels__written_and_read__has_no_tolerance() -> None:
    receipt = receipts.by_sealed_round()
    found, _ = shown()
    assert receipt.decision is not None
    assert isinstance(receipt.decision.evidence, ContractEvidence)
    evidence = replace(receipt.decision.evidence, round=replace(found, tolerance=None))
    labels = replace(receipt, decision=replace(receipt.decision, evidence=evidence))
    assert b"tolerance" in write_receipt(receipt)
    written = write_receipt(labels)
    assert parse_receipt(written) == labels
    assert b'"tolerance":"' not in written


def test_receipt__of_a_foreign_policy__names_its_contract_alone() -> None:
    receipt = receipts.decided()
    assert receipt.decision is not None
    policy = replace(receipt.decision.policy, rule=None)
    foreign = replace(receipt, decision=replace(receipt.decision, policy=policy))
    assert parse_receipt(write_receipt(foreign)) == foreign


def test_receipt__proof_or_members_of_another_form__are_refused() -> None:
    anchored = write_receipt(receipts.anchored()).decode()
    node = anchored.split('"proof":["')[1][:66]
    with pytest.raises(InvalidInput, match="proof"):
        parse_receipt(anchored.replace(f'"{node}"', f'"{node.upper()}"'))
    quorum = write_receipt(receipts.by_quorum()).decode()
    member = receipts.sealed_committee().members[0]
    with pytest.raises(InvalidInput, match="members"):
        parse_receipt(quorum.replace(f'"{member}"', '"somebody"'))


def test_count__a_seal_of_nobody_or_a_second_one__is_refused() -> None:
    found, key = shown()
    first = found.votes[0]
    nobody = replace(first, seal=first.seal[:31] + b"\x05")
    for votes in ((nobody, *found.votes[1:]), (*found.votes, first)):
        with pytest.raises(VerificationError, match="who is none or has sealed"):
            count_again(replace(found, votes=votes), receipts.sealed_committee(), key)


def test_count__a_vote_that_was_not_sealed__is_refused() -> None:
    found, key = shown()
    place = next(n for n, vote in enumerate(found.votes) if vote.opening is not None)
    opening = found.votes[place].opening
    assert opening is not None
    changed = replace(found.votes[place], opening=replace(opening, value=opening.value + 1))
    votes = (*found.votes[:place], changed, *found.votes[place + 1 :])
    with pytest.raises(VerificationError, match="is not the one that it sealed"):
        count_again(replace(found, votes=votes), receipts.sealed_committee(), key)


def test_count__votes_that_decide_nothing__are_refused() -> None:
    found, key = shown()
    votes = tuple(replace(vote, opening=None, void=True) for vote in found.votes)
    with pytest.raises(VerificationError, match="0 revealed votes decide nothing: 2 have to agree"):
        count_again(replace(found, votes=votes), receipts.sealed_committee(), key)
