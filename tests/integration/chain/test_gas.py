"""The gas of every path, to the unit: a change of these numbers needs a reason in its commit."""

from __future__ import annotations

from tests.support.gas import Gas, measure_gas
from tests.support.world import World

PINNED = Gas(make_decision=56_419, request=56_829, answer=47_992, round_trip=137_792)
LIMITS = Gas(make_decision=58_000, request=57_000, answer=52_000, round_trip=138_000)


async def test_gas__every_path__is_as_pinned_and_within_its_limit(world: World) -> None:
    measured = await measure_gas(world)
    assert measured == PINNED
    for name in ("make_decision", "request", "answer", "round_trip"):
        assert getattr(measured, name) <= getattr(LIMITS, name), name
