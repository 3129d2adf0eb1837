"""Fees: quoted within the ceiling, raised enough to replace, never above what the operator pays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.core.errors import InvalidInput
from oracle.core.transaction import BUMP_PERCENT, GWEI, FeePolicy, Fees, answer_gas

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
