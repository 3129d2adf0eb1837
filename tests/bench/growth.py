"""How cost grows: with requests, members, batch size and model size."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from eth_utils.crypto import keccak
from sklearn.datasets import load_breast_cancer

from oracle.chain.local import local_chain
from oracle.core.model_card import ModelCard
from oracle.core.scoring import score_rows
from oracle.inference import bench as inference
from oracle.inference.folder import load_model
from oracle.inference.runner import Runner
from oracle.inference.session import Session
from tests.bench.node import answer, backlog
from tests.bench.plot import lines
from tests.bench.sheet import Sheet
from tests.support.batch_bench import make_model
from tests.support.committee_gas import quorum_gas
from tests.support.gas import INPUT, NOW, _prediction
from tests.support.harness import MODELS
from tests.support.world import deploy_models, open_world

REQUESTS = (10, 100, 1_000, 3_000)
MEMBERS = ((2, 3), (3, 4), (6, 9), (11, 16))
BATCHES = (1, 4, 16, 64, 256)
TREES = (1, 10, 100, 500)
MODEL = "breast-tumour"


async def measure(scratch: Path) -> Sheet:
    """Measure all four."""
    sheet = Sheet(name="growth", title="How cost grows", command="make bench ONLY=growth")
    await _requests(sheet, scratch)
    await _members(sheet, scratch / "members")
    await _batches(sheet)
    await asyncio.to_thread(_models, sheet, scratch)
    return sheet


async def _requests(sheet: Sheet, scratch: Path) -> None:
    rows, points = [], []
    for count in REQUESTS:
        folder = scratch / f"requests-{count}"
        async with backlog(folder, count) as (chain, world, asked):
            began = time.perf_counter()
            run = await answer(chain, world, folder / "node", asked)
            seconds = time.perf_counter() - began - 2.0 - run.ready
        seconds = max(seconds, 1e-2)
        points.append((float(count), seconds))
        rows.append([f"{count:,}", f"{seconds:.2f} s", f"{run.peak_mb:.0f} MB"])
    sheet.say("**Requests.** From the node's first answers, which come many at once, to its last.")
    sheet.table(("open requests", "seconds", "memory"), rows)
    sheet.plot(
        "requests",
        "Seconds by the number of requests",
        lines("A backlog", "open requests", "seconds", {"answered": points}),
    )


async def _members(sheet: Sheet, folder: Path) -> None:
    said = _prediction(keccak(b"members"), keccak(INPUT))
    found = []
    async with local_chain(folder=folder) as chain:
        deployed = await deploy_models(chain)
        async with open_world(chain, deployed) as world:
            await world.rpc.call("evm_setNextBlockTimestamp", [NOW])
            for threshold, members in MEMBERS:
                gas = await quorum_gas(world, said, threshold=threshold, members=members)
                found.append((threshold, members, gas))
    rows = [[f"{threshold} of {members}", f"{gas:,}"] for threshold, members, gas in found]
    points = [(float(threshold), float(gas)) for threshold, _, gas in found]
    sheet.say("**Members.** Gas of a decision with so many signatures in its transaction.")
    sheet.table(("signatures", "gas"), rows)
    sheet.plot(
        "members",
        "Gas by the number of signatures",
        lines("A quorum's decision", "signatures", "gas", {"relayDecision": points}),
    )


async def _batches(sheet: Sheet) -> None:
    model = load_model(MODELS / MODEL)
    found = [await inference.measure(model, batch=size, rounds=150) for size in BATCHES]
    series = {
        "bare ONNX Runtime": [(float(f.batch), f.bare / f.batch) for f in found],
        "whole": [(float(f.batch), f.whole / f.batch) for f in found],
    }
    sheet.say(f"**Batch size.** Microseconds a row of `{MODEL}`.")
    sheet.table(
        ("rows", "bare", "run", "whole"),
        [[f"{f.batch}", *(f"{x / f.batch:.2f}" for x in (f.bare, f.run, f.whole))] for f in found],
    )
    sheet.plot(
        "rows",
        "Microseconds a row by batch size",
        lines("Rows that run together", "rows", "µs a row", series),
    )


def _models(sheet: Sheet, scratch: Path) -> None:
    numbers = load_breast_cancer().data[:64].astype(np.float32)
    rows = []
    series: dict[str, list[tuple[float, float]]] = {"bare ONNX Runtime": [], "run and scored": []}
    for trees in TREES:
        model = load_model(make_model("small-forest", scratch / f"trees-{trees}", trees=trees))
        runner = Runner(model)
        assert isinstance(runner.session, Session)
        names = [spec.name for spec in model.card.outputs]
        feeds = {"features": numbers}
        session, bare = runner.session, runner.session.bare
        alone = _median(partial(bare.run, names, feeds)) / 64
        whole = _median(partial(_scored, session, model.card, feeds))
        size = len(model.onnx) / 1e6
        rows.append([f"{trees}", f"{size:.2f} MB", f"{alone:.2f}", f"{whole / 64:.2f}"])
        series["bare ONNX Runtime"].append((float(trees), alone))
        series["run and scored"].append((float(trees), whole / 64))
    sheet.say(
        "**Model size.** Forests over 30 features, 64 rows at a time; microseconds a row. What is "
        "ours is the same for every size, so its share falls."
    )
    sheet.table(("trees", "file", "bare", "run and scored"), rows)
    sheet.plot(
        "trees",
        "Microseconds a row by model size",
        lines("A larger model", "trees", "µs a row", series),
    )


def _scored(session: Session, card: ModelCard, feeds: dict[str, np.ndarray]) -> object:
    return score_rows(card, session.run(feeds), 64)


def _median(call: Callable[[], object], rounds: int = 100) -> float:
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1e6
