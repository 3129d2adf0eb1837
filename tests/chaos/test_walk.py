"""Short random walks on a hostile chain; ``make soak`` walks for as long as asked."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.support.walk import take, tell

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(400)]


@pytest.mark.parametrize("seed", [2, 7])
async def test_walk__healed__kept_every_promise(tmp_path: Path, seed: int) -> None:
    begun = time.monotonic()
    walk, promises = await take(seed, tmp_path, requests=400, faults=60)
    story = tell(walk, promises, time.monotonic() - begun)
    print(story)
    assert promises.decisions > 100
    assert not promises.broken + promises.open, story
