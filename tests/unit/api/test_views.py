"""What the API shows of transactions: how many decisions share one, and all of its cost."""

from __future__ import annotations

import pytest

from oracle.api.views import account_view
from oracle.core.transaction import GWEI, Purpose, Transaction, TxState
from oracle.node.accept import Account

MODEL, SUBJECT = b"m" * 32, b"s" * 32


def shown(purpose: Purpose, *answers: bytes) -> dict[str, object]:
    transaction = Transaction(
        key="key",
        model_id=MODEL,
        subject=SUBJECT,
        to=b"c" * 20,
        data=b"",
        gas=400_000,
        purpose=purpose,
        answers=tuple((MODEL, each) for each in answers),
        state=TxState.FINAL,
        gas_used=100_000,
        gas_price=GWEI,
        succeeded=True,
        mined_hash=b"t" * 32,
    )
    account = Account(request=None, decision=None, transactions=(transaction,), timeline=())
    view = account_view(account, model_id=MODEL, subject=SUBJECT, card=None, trusted=False)
    (found,) = view.model_dump()["transactions"]
    return found


@pytest.mark.parametrize(
    ("purpose", "answers", "number"),
    [
        (Purpose.ANSWER, [SUBJECT], 1),
        (Purpose.ANSWERS, [b"r" * 32, SUBJECT, b"q" * 32], 3),
        (Purpose.RELAY, [], 1),
        (Purpose.COMMIT, [], 0),
        (Purpose.REVEAL, [], 0),
        (Purpose.TALLY, [], 0),
        (Purpose.ANCHOR, [], 0),
    ],
)
def test_transaction__of_any_purpose__says_how_many_it_decides(
    purpose: Purpose, answers: list[bytes], number: int
) -> None:
    found = shown(purpose, *answers)
    assert (found["purpose"], found["answers"]) == (str(purpose), number)
    assert (found["gas_used"], found["fee_wei"]) == (100_000, str(100_000 * GWEI))
