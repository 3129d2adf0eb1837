"""A round without events for each test: ``chain``."""

from __future__ import annotations

import pytest

from tests.support.rounds import Chain


@pytest.fixture
def chain() -> Chain:
    return Chain()
