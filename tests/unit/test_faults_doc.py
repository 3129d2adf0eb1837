"""Every fault has its row, and every test that a promise rests on exists."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import named_tests

DOCS = Path(__file__).parents[2] / "docs"
NEVER = "Can not occur: "


def rows() -> list[list[str]]:
    """The cells of the rows whose first cell is a number."""
    lines = (DOCS / "faults.md").read_text().splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "|" in line]
    return [row for row in cells if row[0].isdigit()]


def test_faults__all_seventy_five__have_a_guard_and_a_test_or_a_reason() -> None:
    assert [int(row[0]) for row in rows()] == list(range(1, 76))
    for number, fault, guard, held_by in rows():
        assert fault, number
        if held_by.startswith(NEVER):
            assert len(held_by) > len(NEVER) + 30, number
            continue
        named = named_tests.spans(held_by)
        assert guard, number
        assert named, number
        assert set(named) <= named_tests.defined(), number


@pytest.mark.parametrize("name", ["guarantees.md", "threat-model.md"])
def test_page__names_only_tests_that_exist(name: str) -> None:
    named = named_tests.names_in((DOCS / name).read_text())
    assert len(named) > 10
    assert set(named) <= named_tests.defined()
