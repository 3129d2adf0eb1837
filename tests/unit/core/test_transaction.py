"""Fees: quoted within the ceiling, raised enough to replace, never above what the operator pays;
and what goes into one transaction.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.core.errors import InvalidInput
from oracle.core.transaction import (
    BUMP_PERCENT,
    GWEI,
    MOST_GAS_TOGETHER,
    MOST_TOGETHER,
    FeePolicy,
    Fees,
    answer_gas,
    answers_gas,
    share,
)

POLICY = FeePolicy(ceiling=100 * GWEI, priority=GWEI)
wei = st.integers(min_value=0, max_value=10**13)


def test_quote__calm_base_fee__survives_a_doubling() -> None:
    assert POLICY.quote(10 * GWEI) == Fees(max_fee=21 * GWEI, priority_fee=GWEI)


def test_quote__base_fee_above_the_ceiling__waits() -> None:
    assert POLICY.quote(100 * GWEI) is None


def test_policy__ceiling_below_the_tip__is_refused() -> None:
    with pytest.raises(InvalidInput, match="max_fee_gwei"):
        FeePolicy(ceiling=1, priority=2)


@given(base_fee=wei, ceiling=wei, priority=wei)
def test_quote__any_fees__is_payable_and_within_the_ceiling(
    base_fee: int, ceiling: int, priority: int
) -> None:
    if ceiling < priority:
        return
    fees = FeePolicy(ceiling=ceiling, priority=priority).quote(base_fee)
    if fees is None:
        assert base_fee + priority > ceiling
    else:
        assert base_fee + fees.priority_fee <= fees.max_fee <= ceiling


@given(last=wei, tip=wei, base_fee=wei)
def test_bump__any_attempt__raises_both_fees_or_waits(last: int, tip: int, base_fee: int) -> None:
    last_fees = Fees(max_fee=last + tip, priority_fee=tip)
    bumped = POLICY.bump(last_fees, base_fee)
    if bumped is None:
        assert last_fees.max_fee * (100 + BUMP_PERCENT) // 100 + 1 > POLICY.ceiling or (
            tip * (100 + BUMP_PERCENT) // 100 + 1 > POLICY.ceiling
        )
        return
    assert bumped.max_fee <= POLICY.ceiling
    assert bumped.priority_fee <= bumped.max_fee
    assert bumped.max_fee > last_fees.max_fee
    assert bumped.priority_fee > last_fees.priority_fee
    assert bumped.max_fee * 100 >= last_fees.max_fee * (100 + BUMP_PERCENT)


def test_answer_gas__callback__leaves_the_exact_gas_behind_63_64() -> None:
    assert (answer_gas(630_000) - answer_gas(0)) * 63 // 64 >= 630_000


@pytest.mark.parametrize(
    ("last", "base_fee", "bumped"),
    [
        (Fees(max_fee=100, priority_fee=10), 0, Fees(max_fee=125, priority_fee=13)),
        (Fees(max_fee=100, priority_fee=10), 57, Fees(max_fee=125, priority_fee=13)),
        (Fees(max_fee=100, priority_fee=10), 58, Fees(max_fee=126, priority_fee=13)),
        (Fees(max_fee=0, priority_fee=0), 0, Fees(max_fee=1, priority_fee=1)),
        (Fees(max_fee=5, priority_fee=4), 0, Fees(max_fee=7, priority_fee=5)),
    ],
)
def test_bump__of_either_bound__is_a_quarter_more_or_as_quoted_anew(
    last: Fees, base_fee: int, bumped: Fees
) -> None:
    assert POLICY.bump(last, base_fee) == bumped


def test_bump__at_the_ceiling__is_the_ceiling_or_waits() -> None:
    policy = FeePolicy(ceiling=125, priority=1)
    last = Fees(max_fee=100, priority_fee=10)
    assert policy.bump(last, 10**6) == Fees(max_fee=125, priority_fee=13)
    assert policy.bump(Fees(max_fee=101, priority_fee=10), 0) is None
    whole = Fees(max_fee=125, priority_fee=125)
    assert policy.bump(Fees(max_fee=100, priority_fee=100), 0) == whole
    assert policy.bump(Fees(max_fee=100, priority_fee=101), 0) is None


def test_answer_gas__is_the_contracts_own_work_and_what_the_callback_needs() -> None:
    assert answer_gas(0) == 150_000
    assert answer_gas(63) == 150_000 + 64 + 10_000
    assert answer_gas(1) == 150_000 + 1 + 10_000


@pytest.mark.parametrize(
    ("gas", "parts"),
    [
        ([], []),
        ([150_000], []),
        ([150_000, 200_000], []),
        ([150_000] * 2, [[0, 1]]),
        ([150_000, 200_000, 150_000, 200_000, 150_000], [[0, 2, 4], [1, 3]]),
        ([200_000, 150_000, 200_000], [[0, 2]]),
    ],
)
def test_share__of_equal_gas__in_order_and_nobody_alone(
    gas: list[int], parts: list[list[int]]
) -> None:
    assert share(gas) == parts


def test_share__more_than_go_into_one__fill_one_after_the_other() -> None:
    parts = share([150_000] * (2 * MOST_TOGETHER + 1))
    assert parts == [list(range(25)), list(range(25, 50))], "the last one goes alone"
    assert share([150_000] * 52)[-1] == [50, 51]


@pytest.mark.parametrize(
    ("gas_each", "most"), [(191_215, 24), (191_216, 23), (2_424_516, 2), (2_424_517, 1)]
)
def test_share__of_much_gas__fills_up_to_the_limit(gas_each: int, most: int) -> None:
    parts = share([gas_each] * most)
    assert parts == ([list(range(most))] if most > 1 else [])
    assert answers_gas(gas_each, most) <= MOST_GAS_TOGETHER < answers_gas(gas_each, most + 1)
    assert all(len(part) < most + 1 for part in share([gas_each] * (most + 1)))


def test_share__of_more_gas_than_any_may_have__goes_alone() -> None:
    assert share([MOST_GAS_TOGETHER] * 3) == []


@given(
    gas=st.lists(st.sampled_from([150_000, 160_000, 700_000, 2_500_000, 9_000_000]), max_size=90)
)
def test_share__any_answers__each_in_one_part_at_most_and_within_the_limits(
    gas: list[int],
) -> None:
    parts = share(gas)
    places = [place for part in parts for place in part]
    assert len(places) == len(set(places))
    for part in parts:
        (each,) = {gas[place] for place in part}
        assert part == sorted(part)
        assert 2 <= len(part) <= MOST_TOGETHER
        assert answers_gas(each, len(part)) <= MOST_GAS_TOGETHER
    alone = [gas[place] for place in range(len(gas)) if place not in places]
    for each in set(alone):
        fits_two = answers_gas(each, 2) <= MOST_GAS_TOGETHER
        assert alone.count(each) == 1 if fits_two else True


@given(
    gas_each=st.integers(min_value=100_000, max_value=2_400_000),
    count=st.integers(min_value=2, max_value=MOST_TOGETHER),
)
def test_answers_gas__each_takes_all_that_it_may__the_last_one_still_gets_as_much(
    gas_each: int, count: int
) -> None:
    words = 7 * 32 * count + 3 * 32 + 4
    left = answers_gas(gas_each, count) - 21_000 - 16 * words
    for _ in range(count):
        left -= 3_000  # its memory, and the call's own cost
        assert left - left // 64 >= gas_each, "EIP-150"
        left -= gas_each


@pytest.mark.parametrize(("gas_each", "count", "gas"), [(63, 2, 74_128), (150_000, 25, 4_159_500)])
def test_answers_gas__is_a_base_and_a_share_for_each(gas_each: int, count: int, gas: int) -> None:
    assert answers_gas(gas_each, count) == gas
