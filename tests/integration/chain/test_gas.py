"""The gas of every path, to the unit: a change of these numbers needs a reason in its commit."""

from __future__ import annotations

from dataclasses import fields

from tests.support.gas import Gas, measure_gas
from tests.support.world import World

PINNED = Gas(
    make_decision=56_483,
    request=56_866,
    answer=48_056,
    answers_of_25=15_940,
    round_trip=137_893,
    quorum_3_of_4=79_465,
    quorum_6_of_9=94_664,
    quorum_11_of_16=119_766,
    first_commit=47_947,
    commit=31_139,
    reveal=39_602,
    tally=116_279,
    sealed_relay=66_182,
    anchor=49_902,
    anchored_relay=80_771,
)
LIMITS = Gas(
    make_decision=58_000,
    request=57_000,
    answer=52_000,
    answers_of_25=30_000,
    round_trip=138_000,
    quorum_3_of_4=80_000,
    quorum_6_of_9=95_000,
    quorum_11_of_16=120_000,
    first_commit=48_000,
    commit=48_000,
    reveal=52_000,
    tally=130_000,
    sealed_relay=70_000,
    anchor=50_000,
    anchored_relay=85_000,
)


async def test_gas__every_path__is_as_pinned_and_within_its_limit(world: World) -> None:
    measured = await measure_gas(world)
    assert measured == PINNED
    for field in fields(Gas):
        assert getattr(measured, field.name) <= getattr(LIMITS, field.name), field.name
