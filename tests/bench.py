"""``make bench``: gas beside others' figures, inference beside bare ONNX Runtime, backlog, batch.

Gas is exact. Times are medians of one run on this machine; compare ratios, not microseconds.
"""

from __future__ import annotations

import asyncio
import logging
import statistics
import sys
import tempfile
import time
from pathlib import Path
from shutil import which

import structlog
from rich.console import Console
from rich.table import Table

from oracle.chain.local import HARDFORK, local_chain
from oracle.core.lifecycle import State
from oracle.inference import bench as inference
from oracle.journal import requests
from tests.support import batch_bench
from tests.support.committee import committee
from tests.support.gas import measure_gas, rows
from tests.support.harness import MODELS, OPERATOR, deployed_world, running_node, until
from tests.support.world import deploy_models, open_world

LIMITS = {
    "make_decision": (58_000, "the article's limit 100k; a bare authorised slot + event 46.6k"),
    "request": (57_000, "Airnode 86k, Operator 120k, Infernet 156k, ORA 202k"),
    "answer": (52_000, "Operator 49k (slot reused), Airnode 62k, ORA 89k, Infernet 117k"),
    "round_trip": (138_000, "Airnode 148k, Operator 170k, Infernet 273k, ORA 291k"),
    "quorum_3_of_4": (80_000, "OCR2 104k; Scribe 81k with 5 signers, no decision stored"),
    "quorum_6_of_9": (95_000, "OCR2 131k; Keystone 122k with 4 signers"),
    "quorum_11_of_16": (120_000, "OCR2 179k"),
    "first_commit": (48_000, "Reality 101k"),
    "commit": (48_000, "Reality 101k"),
    "reveal": (52_000, "Reality 84k"),
    "tally": (130_000, "of four votes"),
    "sealed_relay": (70_000, "the outcome becomes a decision"),
    "anchor": (50_000, "EAS timestamp 45.9k for one item, 2.48M for a hundred"),
    "anchored_relay": (85_000, "at depth 20; Pyth 58k at depth 8, nothing decided"),
}
"""The most that we allow ourselves, and peers' own contracts measured for the same operation."""

BACKLOG = 200
ROUNDS = 20


async def gas_table() -> tuple[Table, bool]:
    """The gas of every path, and whether all are within their limits."""
    table = Table(title=f"Gas, full receipt (Anvil, {HARDFORK} rules)", title_justify="left")
    for heading in ("operation", "gas", "at most", "others"):
        table.add_column(heading, justify="left" if heading in ("operation", "others") else "right")
    with tempfile.TemporaryDirectory() as folder:
        async with local_chain(folder=Path(folder)) as chain:
            deployed = await deploy_models(chain)
            async with open_world(chain, deployed) as world:
                measured = await measure_gas(world)
    within = True
    for name, gas in rows(measured):
        limit, others = LIMITS[name]
        within &= gas <= limit
        table.add_row(name.replace("_", " "), f"{gas:,}", f"{limit:,}", others)
    return table, within


async def backlog_rate() -> tuple[float, float]:
    """Seconds to answer a backlog of on-chain requests, and to send as many bare transactions."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        async with local_chain(folder=path) as chain, deployed_world(chain.url) as world:
            ids = await world.ask(BACKLOG)
            started = time.perf_counter()
            async with running_node(world, path / "node", poll=0.02) as node:

                async def all_final() -> bool:
                    counts = await node.parts.journal.read(requests.counts)
                    return counts.get(State.FINAL) == len(ids)

                await until(all_final, within=120)
                answered = time.perf_counter() - started
                sender = OPERATOR
                nonce = await world.rpc.nonce(node.parts.operator, block="pending")
            raws = [
                bytes(
                    sender.sign_transaction(
                        {
                            "type": 2,
                            "chainId": chain.chain_id,
                            "nonce": nonce + number,
                            "to": sender.address,
                            "value": 0,
                            "gas": 21_000,
                            "maxFeePerGas": 10**11,
                            "maxPriorityFeePerGas": 10**9,
                        }
                    ).raw_transaction
                )
                for number in range(BACKLOG)
            ]
            started = time.perf_counter()
            await world.rpc.broadcast_many(raws)

            async def mined() -> bool:
                spent = await world.rpc.nonce(sender.address, block="latest")
                return spent == nonce + BACKLOG

            await until(mined, pause=0.01)
            return answered, time.perf_counter() - started


async def committee_latency() -> float:
    """Median seconds from a request's block to the decision, four members, three to agree."""
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        async with committee(Path(folder)) as members:
            for _ in range(ROUNDS):
                (asked,) = await members.world.ask()
                started = time.perf_counter()
                await members.world.decided([asked])
                seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


async def main() -> int:
    """Print everything; 1 where a figure misses its limit."""
    console = Console(width=120)
    table, within = await gas_table()
    console.print(table)
    console.print("\n[bold]Inference: batch of 64, engine to bare ONNX Runtime[/bold]")
    figures = await inference.measure_all(MODELS)
    console.print(inference.table(figures), highlight=False)
    within &= all(row.ratio <= inference.LIMIT for row in figures)
    answered, bare = await backlog_rate()
    console.print(
        f"\n[bold]Backlog of {BACKLOG} requests[/bold]: answered at {BACKLOG / answered:.0f} a "
        f"second; as many bare pre-signed sends to the same chain at {BACKLOG / bare:.0f} a second",
        highlight=False,
    )
    latency = await committee_latency()
    console.print(
        f"\n[bold]Committee, 3 of 4[/bold]: {latency * 1000:.0f} ms from a request's block to the "
        f"decision, median of {ROUNDS} (at most 1500)",
        highlight=False,
    )
    within &= latency <= 1.5
    grid, held = batch_bench.table_of(1_000_000, ["linear", "forest"], spark=bool(which("java")))
    console.print()
    console.print(grid)
    within &= held
    return 0 if within else 1


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    sys.exit(asyncio.run(main()))
