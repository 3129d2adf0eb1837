"""A sender for each test: ``bench``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from oracle.journal import Journal
from tests.support.sender import Bench


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with await Journal.at(tmp_path / "journal.db").open({}) as journal:
        yield Bench(journal)
