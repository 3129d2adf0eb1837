"""Every test that docs/invariants.md names exists: a promise whose test is gone is noticed."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"`((?:testFuzz|test|invariant)_\w+|…_\w+)`")
DEFINED = re.compile(r"function ((?:testFuzz|test|invariant)_\w+)\(")


def test_invariants_doc__names_only_tests_that_exist() -> None:
    sources = (ROOT / "tests" / "contracts").rglob("*.t.sol")
    defined = {name for path in sources for name in DEFINED.findall(path.read_text())}
    named = set(NAMED.findall((ROOT / "docs" / "invariants.md").read_text()))
    assert len(named) > 40
    for name in named:
        if name.startswith("…"):
            assert any(test.endswith(name.removeprefix("…_")) for test in defined), name
        else:
            assert name in defined, name
