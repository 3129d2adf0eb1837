"""What peers said, remembered: two words of one member are proof, a flood of them is no load."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from oracle.core.peer import Opinion
from oracle.core.prediction import Prediction
from oracle.journal import Journal, votes
from oracle.journal.votes import MOST_VARIANTS

SAID = Prediction(
    model_id=b"m" * 32,
    subject=b"s" * 32,
    input_hash=b"i" * 32,
    output_hash=b"o" * 32,
    value=1,
    confidence=0,
    predicted_at=9,
)


def opinion(value: int) -> Opinion:
    return Opinion(
        member="0x" + "11" * 20, prediction=replace(SAID, value=value), signature=bytes([1]) * 64
    )


async def test_hear__a_flood_of_variants__keeps_a_few_and_calls_each_a_contradiction(
    tmp_path: Path,
) -> None:
    async with await Journal.at(tmp_path / "journal.db").open({}) as journal:
        heard = await journal.write(
            lambda db: [votes.hear(db, opinion(value), 1) for value in range(100)]
        )
        again = await journal.write(lambda db: votes.hear(db, opinion(0), 1))
        (proof,) = await journal.read(votes.equivocations)
    assert heard == [False] + [True] * 99
    assert again
    assert len(proof.said) == MOST_VARIANTS


async def test_hear__the_same_again__is_no_contradiction(tmp_path: Path) -> None:
    async with await Journal.at(tmp_path / "journal.db").open({}) as journal:
        heard = await journal.write(lambda db: [votes.hear(db, opinion(1), at) for at in (1, 2)])
        assert await journal.read(votes.equivocations) == []
    assert heard == [False, False]
