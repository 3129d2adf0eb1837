"""A member's standing among sealed votes: what was sealed, revealed, agreed with and lost."""

from __future__ import annotations

from oracle.core.sealed_round import Round
from oracle.node.committee.voting import voting_standing
from tests.support.rounds import COMMITTEE, MODEL, A, B, C, Chain, D


def decided(*revealed: str, sealed: str = "", apart: str = "", lost: int = 0) -> Round:
    """A round in which these revealed; ``sealed`` and ``apart`` name members by letter."""
    chain = Chain()
    names = dict(zip("ABCD", COMMITTEE.members, strict=True))
    others = [names[letter] for letter in sealed]
    for member in [*revealed, *others]:
        chain.seal(member)
    for member in revealed:
        chain.reveal(member)
    agreeing = [m for m in revealed if m not in [names[letter] for letter in apart]]
    chain.close(agreed=sum(1 << COMMITTEE.members.index(m) for m in agreeing), lost=lost)
    return chain.rounds()[0]


def test_standing__no_round__says_so() -> None:
    standing = voting_standing(COMMITTEE, A, MODEL, [])
    assert (standing.agreement, standing.share, standing.sound) == (None, None, True)
    assert "no round yet" in standing.words()


def test_standing__all_agree__is_sound() -> None:
    standing = voting_standing(COMMITTEE, A, MODEL, [decided(A, B, C, D)] * 4)
    assert (standing.agreement, standing.share) == (1.0, 1.0)
    assert standing.sound
    assert B not in standing.words()


def test_standing__mostly_apart__is_not_sound() -> None:
    rounds = [decided(A, B, C, D, apart="A")] * 3 + [decided(A, B, C, D)]
    standing = voting_standing(COMMITTEE, A, MODEL, rounds)
    assert standing.agreement == 0.25
    assert not standing.sound


def test_standing__a_few_apart__tell_nothing_yet() -> None:
    assert voting_standing(COMMITTEE, A, MODEL, [decided(A, B, C, D, apart="A")] * 2).sound


def test_standing__a_peer_that_hides__is_named_with_what_it_did() -> None:
    rounds = [decided(A, B, C, sealed="D", lost=0b1000), decided(A, B, C)]
    standing = voting_standing(COMMITTEE, A, MODEL, rounds)
    assert f"{D}: 1 without a vote, 1 bonds lost" in standing.words()
    (peer,) = [p for p in standing.peers if p.member == D]
    assert (peer.sealed, peer.revealed, peer.lost) == (1, 0, 1)


def test_standing__own_bond_lost__says_so() -> None:
    standing = voting_standing(COMMITTEE, D, MODEL, [decided(A, B, C, sealed="D", lost=0b1000)])
    assert "lost 1 bonds" in standing.words()
    assert standing.share == 0.0
