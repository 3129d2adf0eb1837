"""Numbers in words: exact, without floats."""

from __future__ import annotations

import pytest

from oracle.api.words import (
    confidence_text,
    decimal_text,
    ether_text,
    percent_text,
    verdict_word,
)


@pytest.mark.parametrize(
    ("units", "decimals", "text"),
    [
        (0, 3, "0"),
        (7, 3, "0.007"),
        (-7, 3, "-0.007"),
        (1000, 3, "1"),
        (1050, 3, "1.05"),
        (-(2**127), 0, str(-(2**127))),
        (2**127 - 1, 18, "170141183460469231731.687303715884105727"),
    ],
)
def test_decimal_text__keeps_every_digit(units, decimals, text):
    assert decimal_text(units, decimals) == text


def test_words__say_what_the_contract_means():
    assert [verdict_word(n) for n in range(4)] == ["none", "reject", "accept", "review"]
    assert verdict_word(9) == "unknown 9"
    assert confidence_text(0) is None
    assert confidence_text(934_000) == "0.934"
    assert percent_text(999_500) == "100.0 %"
    assert ether_text(41_203 * 10**9) == "0.000041203"
