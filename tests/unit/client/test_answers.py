"""What the API says, as the Python client's values."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

import oracle
from oracle.client.answers import decision_of, line_of, prediction_of, require_final
from oracle.client.frame import COLUMNS, frame_of
from oracle.core.errors import ChainError, Undecided

WORD = "0x" + "ab" * 32


def line(**changes: Any) -> dict[str, Any]:
    return {
        "model": {"name": "delivery-time", "id": WORD},
        "subject": WORD,
        "origin": "api",
        "state": "final",
        "reason": None,
        "verdict": "accept",
        "value": "2450",
        "decimals": 2,
        "text": "24.50",
        "confidence": None,
        "trust_level": 1,
        "tx_hash": WORD,
        "block_number": 7,
        "at": 1_700_000_000.5,
        **changes,
    }


def account(**changes: Any) -> dict[str, Any]:
    said = {"value": "1", "decimals": 0, "text": "Barolo", "confidence": "0.9000"}
    decision = {"verdict": "review", "trust_level": 2, "block_number": 9, "tx_hash": WORD}
    return {
        "model": {"name": None, "id": WORD},
        "subject": WORD,
        "state": "final",
        "reason": None,
        "request": {"origin": "chain"},
        "prediction": said,
        "decision": said | decision | {"decided_at": 1_700_000_000},
        "timeline": [{"at": 1_700_000_000.0}],
        **changes,
    }


def test_line__of_a_number__keeps_every_digit():
    found = line_of(line(value=str(10**30 + 1)))
    assert found.value == Decimal("10000000000000000000000000000.01")
    assert found.at == datetime(2023, 11, 14, 22, 13, 20, 500_000, tzinfo=UTC)
    assert (found.confidence, found.block) == (None, 7)


def test_account__decided__has_what_a_line_has():
    found = decision_of(account())
    assert (found.verdict, found.text, found.value) == ("review", "Barolo", 1)
    assert (found.origin, found.confidence, found.trust_level, found.block) == ("chain", 0.9, 2, 9)
    assert found.account["decision"]["trust_level"] == 2


@pytest.mark.parametrize("without", ["decision", "prediction"])
def test_account__not_that_far__has_no_verdict(without: str):
    found = decision_of(account(**{"decision": None, without: None}, state="seen"))
    assert (found.verdict, found.block, found.transaction) == (None, None, None)
    assert (found.value is None) == (without == "prediction")


def test_account__of_nobodys_request__is_dated_by_its_block():
    found = decision_of(account(request=None, timeline=[]))
    assert (found.origin, found.at) == ("other", datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC))


def test_prediction__pending__has_no_place_yet():
    found = prediction_of(
        {
            "id": WORD,
            "state": "pending",
            "model": "credit-default",
            "model_id": WORD,
            "subject": WORD,
            "value": "0.131",
            "raw_value": "131",
            "decimals": 3,
            "confidence": 0,
            "predicted_at": 1_700_000_000,
            "anchor_by": 1_700_000_600,
        }
    )
    assert (found.value, found.text, found.confidence) == (Decimal("0.131"), "0.131", None)
    assert (found.index, found.transaction, found.block) == (None, None, None)
    assert (found.anchor_by - found.predicted_at).total_seconds() == 600


@pytest.mark.parametrize(
    ("state", "error"), [("refused", ChainError), ("expired", ChainError), ("sent", Undecided)]
)
def test_account__not_final__is_an_error_that_says_why(state: str, error: type[Exception]):
    with pytest.raises(error, match="no fee.* — what to do"):
        require_final(
            {"state": state, "reason": "no fee"},
            refused="what to do" if error is ChainError else "",
            waiting="what to do" if error is Undecided else "",
        )


def test_frame__of_decisions__has_typed_columns_and_missing_values():
    waiting = line(state="sent", verdict=None, trust_level=None, tx_hash=None, block_number=None)
    frame = frame_of([line_of(line()), line_of(waiting)])
    assert list(frame.columns) == list(COLUMNS)
    assert frame["value"].tolist() == [24.5, 24.5]
    assert frame["block"].dtype == "Int64"
    assert frame["block"].isna().tolist() == frame["verdict"].isna().tolist() == [False, True]
    assert frame["at"].dt.tz is not None


def test_frame__of_nothing__has_the_columns():
    frame = frame_of([])
    assert (len(frame), list(frame.columns)) == (0, list(COLUMNS))


HEAVY = {"web3", "onnxruntime", "pandas", "fastapi", "sqlalchemy"}


@pytest.mark.parametrize(
    ("statement", "without"),
    [("import oracle", HEAVY | {"httpx"}), ("from oracle import Client", HEAVY)],
)
def test_import__takes_only_what_it_needs(statement: str, without: set[str]):
    script = f"{statement}; import sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not without & set(done.stdout.split())


def test_import__of_what_is_not_there__says_so():
    with pytest.raises(AttributeError, match="'Nothing'"):
        oracle.Nothing  # noqa: B018
