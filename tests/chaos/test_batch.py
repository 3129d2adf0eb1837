"""``oracle batch`` killed with SIGKILL in the middle of either engine, and run again."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from oracle.batch.engine import embedded
from oracle.batch.sample import write_sample
from oracle.chain.anchor import AnchorLog
from oracle.chain.local import LocalChain, local_chain
from oracle.chain.rpc import RpcPool
from tests.support.batch import PREDICTED_AT, ROOT, bundled, run_of
from tests.support.needs import program

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300), pytest.mark.xdist_group("spark")]

MODEL, ROWS, SPANS = "delivery-time", 200_000, 4


async def start(chain: LocalChain, folder: Path, engine: str) -> asyncio.subprocess.Process:
    words = (
        *("batch", MODEL, str(folder / "in.csv"), "-o", str(folder / "out"), "--json"),
        *("--subject", "reference", "--at", str(PREDICTED_AT), "--engine", engine),
        *("--master", "local[2]", "--rpc", chain.url),
    )
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "oracle.cli", *words),
        cwd=ROOT,
        env={**os.environ, "ORACLE_HOME": str(folder / "home"), "XDG_STATE_HOME": str(folder)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )


@pytest.mark.parametrize("engine", ["embedded", "spark"])
async def test_kill_in_the_middle__run_again__same_root_and_no_second_anchor(
    tmp_path: Path, engine: str
):
    if engine == "spark":
        program("java")
    model = bundled(MODEL)
    write_sample(model, ROWS, tmp_path / "in.csv", 7)
    async with local_chain(folder=tmp_path / "chain") as chain:
        victim = await start(chain, tmp_path, engine)
        parts = tmp_path / "out" / "predictions"
        while not list(parts.glob("*.parquet")):
            assert victim.returncode is None
            await asyncio.sleep(0.01)
        with suppress(ProcessLookupError):
            os.killpg(victim.pid, signal.SIGKILL)
        await victim.wait()
        assert not (tmp_path / "out" / "anchor.json").exists(), "it was killed too late"
        said = []
        for _ in range(2 if engine == "embedded" else 1):
            again = await start(chain, tmp_path, engine)
            printed, _ = await again.communicate()
            assert again.returncode == 0
            said.append(json.loads(printed))
        assert said[0] == said[-1]
        async with RpcPool([chain.url], chain_id=chain.chain_id) as rpc:
            log = AnchorLog(rpc, said[0]["log"])
            last = await log.last()
            assert last is not None
            assert (last.number, last.count) == (0, ROWS)
    elsewhere = run_of(model, tmp_path / "in.csv", tmp_path / "elsewhere", column="reference")
    root = await asyncio.to_thread(embedded, elsewhere, lambda _: None)
    assert said[0]["root"] == "0x" + root.hex() == "0x" + last.root.hex()
