"""A committee that votes on chain, in four processes: three have to agree, one may do anything."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.committee import Members, committee

pytestmark = [pytest.mark.chaos, pytest.mark.xdist_group("committee")]

COMMIT, REVEAL, BOND = 6, 6, 10**16
TERMS = (COMMIT, REVEAL, BOND)


async def decided_once(members: Members, ids: Sequence[bytes], *, within: float = 60) -> None:
    made = await members.world.decided(ids, within=within)
    assert sorted(m.prediction.subject for m in made) == sorted(ids), "each exactly once"
    assert {m.trust_level for m in made} == {3}
    honest = {v.input_hash: v.value for v in members.world.model.vectors}
    assert all(each.prediction.value == honest[each.prediction.input_hash] for each in made)


async def test_sealed__all_honest__decides_with_trust_level_three(tmp_path: Path) -> None:
    async with committee(tmp_path, sealed=TERMS) as members:
        ids = await members.world.ask(3)
        await decided_once(members, ids)
