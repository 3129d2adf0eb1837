"""What one decision cost, as people read it: alone, or as one of several in a transaction."""

from __future__ import annotations

from typing import Any

import pytest

from oracle.cli.show import gas, votes


def transaction(purpose: str = "answer", answers: int = 1, used: int | None = 57_000) -> Any:
    fee = None if used is None else "0.000114"
    return {"purpose": purpose, "answers": answers, "gas_used": used, "fee": fee}


@pytest.mark.parametrize(
    ("transactions", "words"),
    [
        ([], None),
        ([transaction(used=None)], None),
        ([transaction()], "57,000 gas, fee 0.000114 ETH"),
        ([transaction("relay")], "57,000 gas, fee 0.000114 ETH"),
        (
            [transaction("answers", 25, 1_050_000)],
            "1,050,000 gas, fee 0.000114 ETH; one of 25 in this transaction",
        ),
        ([transaction("answers", 25, 990_000), transaction()], "57,000 gas, fee 0.000114 ETH"),
        (
            [transaction("answers", 2, 90_000), transaction(used=None)],
            "90,000 gas, fee 0.000114 ETH; one of 2 in this transaction",
        ),
        ([transaction("commit", 0)], None),
    ],
)
def test_gas__of_the_transaction_that_decided__says_who_shares_it(
    transactions: list[Any], words: str | None
) -> None:
    assert gas({"transactions": transactions}) == words


def test_votes__steps_of_a_vote__are_named_beside_it() -> None:
    taken = [transaction("commit", 0, 47_947), transaction("reveal", 0, 9), transaction()]
    assert votes({"transactions": taken}) == "commit 47,947 gas, reveal 9 gas"
