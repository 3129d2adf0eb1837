"""What opened votes decide, as ``contracts/libraries/TallyLib.sol`` has it (docs/sealed-vote.md).

Solidity, Python and JavaScript are held to ``tests/vectors/tally.json``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

from oracle.core.sealed import Opening

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """A member's opened vote.

    Attributes:
        member: its index.
    """

    member: int
    opening: Opening


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What votes decide.

    Attributes:
        opening: the vote that stands for all.
        agreed: the indexes of the members who agree with it, lowest first.
    """

    opening: Opening
    agreed: tuple[int, ...]


def tally(votes: Sequence[Vote], threshold: int, tolerance: int | None) -> Outcome | None:
    """The outcome of some votes; None where they decide nothing. Their order does not matter.

    Args:
        threshold: how many have to agree, at least one.
        tolerance: of numbers, units of the last decimal; None for labels.
    """
    asked = _commonest([vote.opening.input_hash for vote in votes])
    same = sorted((vote for vote in votes if vote.opening.input_hash == asked), key=_wording)
    if len(same) < threshold:
        return None
    values = [vote.opening.value for vote in same]
    value = _commonest(values) if tolerance is None else _median(values, tolerance)
    if value is None:
        return None
    agreed = [v.member for v in same if abs(v.opening.value - value) <= (tolerance or 0)]
    if len(agreed) < threshold:
        return None
    standing = _commonest_wording([vote for vote in same if vote.opening.value == value])
    return Outcome(opening=standing.opening, agreed=tuple(sorted(agreed)))


def _wording(vote: Vote) -> tuple[int, int, bytes]:
    return vote.opening.value, vote.opening.confidence, vote.opening.output_hash


def _commonest(keys: Sequence[Key]) -> Key | None:
    """What occurs more often than anything else; None where two occur as often, or nothing does."""
    counts = Counter(keys).most_common(2)
    if not counts or (len(counts) == 2 and counts[0][1] == counts[1][1]):
        return None
    return counts[0][0]


def _median(ordered: Sequence[int], tolerance: int) -> int | None:
    """The middle one; of two the lower, where they are within the tolerance of each other."""
    low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return low if high - low <= tolerance else None


def _commonest_wording(ordered: Sequence[Vote]) -> Vote:
    """The vote that was cast most often word for word; of several, the middle one."""
    wordings = [list(group) for _, group in groupby(ordered, key=_wording)]
    most = max(map(len, wordings))
    commonest = [group[0] for group in wordings if len(group) == most]
    return commonest[(len(commonest) - 1) // 2]
