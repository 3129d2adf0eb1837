"""A round as the chain tells it: whatever order the events come in, rewound, closed, late."""

from __future__ import annotations

from oracle.core.sealed import (
    RoundKey,
)
from oracle.core.sealed_round import (
    Sealed,
    Stage,
    round_of,
)
from tests.support.rounds import (
    COMMIT,
    COMMITTEE,
    MODEL,
    REVEAL,
    START,
    SUBJECT,
    A,
    B,
    C,
    Chain,
    D,
    sealed_by,
)


def test_round__whatever_order_the_events_come_in__is_the_same(chain: Chain) -> None:
    sealed_by(chain, C, A, B)
    chain.reveal(B)
    chain.reveal(C)
    (found,) = chain.rounds()
    assert round_of(COMMITTEE, found.key, reversed(chain.events)) == found
    assert found.spoken == (C, A, B)
    assert [o.salt for o in found.openings] == [chain.opening(m, 1).salt for m in (C, B)]


def test_round__a_leak__leaves_its_seal_in_the_chain_of_seals(chain: Chain) -> None:
    sealed_by(chain, A, B, C)
    chain.leak(B)
    (found,) = chain.rounds()
    assert len(found.seals) == 3
    assert found.counting == (A, C)
    assert found.due_since() == START + COMMIT + 1


def test_round__rewound__is_what_it_was(chain: Chain) -> None:
    sealed_by(chain, A, B)
    before = chain.rounds()[-1]
    sealed_by(chain, C, D)
    chain.reveal(A)
    chain.close(agreed=0b0111)
    assert chain.rounds()[-1].as_of(2) == before


def test_round__as_of_now__is_itself_closed_or_not(chain: Chain) -> None:
    sealed_by(chain, A, B, C)
    chain.reveal(A)
    chain.close(agreed=0b0111)
    (found,) = chain.rounds()
    assert found.as_of(found.closed.block_number if found.closed else 0) == found
    assert found.key == RoundKey(model_id=MODEL, subject=SUBJECT, number=0)


def test_stage__of_a_closed_round__is_its_outcome(chain: Chain) -> None:
    sealed_by(chain, A, B, C)
    chain.close()
    for member in (A, B, C):
        chain.seal(member, number=1)
    chain.close(1, agreed=0b0111)
    assert [each.stage(chain.now) for each in chain.rounds()] == [Stage.UNDECIDED, Stage.DECIDED]


def test_due_since__of_just_enough_that_count__is_after_the_window(chain: Chain) -> None:
    sealed_by(chain, A, B, C)
    assert chain.rounds()[-1].due_since() == START + COMMIT + REVEAL + 1
    chain.seal(D)
    chain.leak(D)
    assert chain.rounds()[-1].due_since() == START + COMMIT + REVEAL + 1


def test_due_since__all_sealed_and_too_few_count__is_when_the_last_one_sealed(
    chain: Chain,
) -> None:
    sealed_by(chain, A, B)
    chain.now += 1
    chain.leak(A)
    chain.leak(B)
    chain.now += 1
    chain.seal(C)
    chain.now += 1
    chain.seal(D)
    assert chain.rounds()[-1].due_since() == START + 3


def test_round__no_members_seal__is_left_out(chain: Chain) -> None:
    chain.events.append(Sealed(**chain.place(0), seal=b"\x01" * 31 + bytes([9])))
    assert chain.rounds()[-1].sealed == ()
