"""Votes and what they decide, for ``tests/vectors/tally.json``.

    python -m tests.support.tallies     writes it anew

The contract's library is the judge: ``tests/contracts/TallyVectors.t.sol`` counts them all.
"""

from __future__ import annotations

import json
import random
from typing import Any

from oracle.core.sealed import Opening
from oracle.core.tally import Vote, tally
from tests.support.vectors import FOLDER, octets

INT128 = (-(2**127), 2**127 - 1)


def word(number: int) -> bytes:
    return number.to_bytes(32, "big")


def opening_of(vote: dict[str, Any]) -> Opening:
    return Opening(
        input_hash=octets(vote["inputHash"]),
        output_hash=octets(vote["outputHash"]),
        value=int(vote["value"]),
        confidence=vote["confidence"],
        salt=bytes(32),
    )


def votes_of(case: dict[str, Any]) -> list[Vote]:
    return [Vote(member=vote["member"], opening=opening_of(vote)) for vote in case["votes"]]


def tolerance_of(case: dict[str, Any]) -> int | None:
    return int(case["tolerance"]) if "tolerance" in case else None


def _vote(member: int, asked: int, outputs: int, value: int, confidence: int) -> dict[str, Any]:
    return {
        "member": member,
        "inputHash": "0x" + word(asked).hex(),
        "outputHash": "0x" + word(outputs).hex(),
        "value": str(value),
        "confidence": confidence,
    }


def _written() -> list[tuple[int, int | None, list[tuple[int, int, int, int]]]]:
    """Threshold, tolerance, and votes as (input, outputs, value, confidence)."""
    low, high = INT128
    return [
        (1, None, []),
        (1, 0, []),
        (1, None, [(1, 1, 7, 0)]),
        (2, None, [(1, 1, 0, 9), (1, 1, 1, 9)]),
        (2, None, [(1, 1, 0, 9), (1, 1, 0, 9), (1, 1, 1, 9), (1, 1, 1, 9)]),
        (2, None, [(1, 1, -1, 9), (1, 1, 2, 9), (1, 1, 2, 8)]),
        (2, None, [(1, 1, 0, 9), (2, 1, 0, 9), (2, 1, 0, 9), (1, 1, 0, 9)]),
        (2, 1, [(1, 1, 5, 9), (1, 2, 6, 9)]),
        (2, 1, [(1, 1, 5, 9), (1, 2, 7, 9)]),
        (2, 2, [(1, 1, 5, 9), (1, 2, 7, 9), (2, 2, 7, 9)]),
        (3, 0, [(1, 1, 5, 9), (1, 1, 5, 8), (1, 2, 5, 9), (1, 2, 5, 9), (1, 3, 5, 1)]),
        (3, 0, [(1, 1, 5, 3), (1, 1, 5, 2), (1, 1, 5, 1), (1, 1, 5, 4)]),
        (2, 2**128 - 1, [(1, 1, low, 0), (1, 1, high, 0)]),
        (2, 2**128 - 2, [(1, 1, low, 0), (1, 1, high, 0)]),
        (3, 2**128 - 1, [(1, 1, high, 0), (1, 1, low, 0), (1, 1, high, 0)]),
        (1, None, [(1, 1, high, 0), (1, 1, low, 0), (1, 1, high, 0)]),
    ]


def cases(seed: int = 7, count: int = 44) -> list[dict[str, Any]]:
    """Some that were thought of, and some drawn: of small numbers, so that much is equal."""
    dice = random.Random(seed)
    drawn = []
    for _ in range(count):
        size = dice.choice((2, 3, 3, 4, 5, 6, 7))
        votes = [
            (
                dice.choice((1, 1, 1, 1, 2)),
                dice.choice((1, 1, 2)),
                dice.randint(-2, 2),
                dice.choice((0, 9, 9)),
            )
            for _ in range(size)
        ]
        drawn.append((dice.randint(1, size), dice.choice((None, 0, 1, 2)), votes))
    found = []
    for threshold, tolerance, votes in [*_written(), *drawn]:
        members = dice.sample(range(31), len(votes))
        case: dict[str, Any] = {
            "threshold": threshold,
            "votes": [_vote(m, *said) for m, said in zip(members, votes, strict=True)],
        }
        if tolerance is not None:
            case["tolerance"] = str(tolerance)
        outcome = tally(votes_of(case), threshold, tolerance)
        if outcome is not None:
            said = outcome.opening
            case["outcome"] = {
                "inputHash": "0x" + said.input_hash.hex(),
                "outputHash": "0x" + said.output_hash.hex(),
                "value": str(said.value),
                "confidence": said.confidence,
                "agreed": list(outcome.agreed),
                "bitmap": sum(1 << member for member in outcome.agreed),
            }
        found.append(case)
    return found


if __name__ == "__main__":
    comment = "Votes and what they decide: contracts/libraries/TallyLib.sol and its two ports."
    text = json.dumps({"comment": comment, "cases": cases()}, indent=1)
    (FOLDER / "tally.json").write_text(text + "\n", encoding="utf-8")
