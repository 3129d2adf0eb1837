"""The README's figures are those that the tests pin."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from tests.integration.chain.test_gas import PINNED

README = (Path(__file__).parents[2] / "README.md").read_text()


@pytest.mark.parametrize("name", [field.name for field in fields(PINNED)])
def test_readme__gas_of_an_operation__is_the_pinned_one(name: str) -> None:
    assert f"{getattr(PINNED, name):,}" in README
