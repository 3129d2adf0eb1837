"""How close batched inference comes to bare ONNX Runtime: ``python -m oracle.inference.bench``.

Two ratios to a bare ``InferenceSession.run`` on the same batch with the same options: of the run
itself, as the engine makes it, and of the whole way from input bytes to scored outputs.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from oracle.core.errors import InvalidInput
from oracle.core.scoring import Outputs, score_rows
from oracle.inference.engine import Engine
from oracle.inference.folder import StoredModel
from oracle.inference.runner import Runner
from oracle.inference.session import Session
from oracle.inference.store import CardStore

LIMIT = 1.25
"""The run itself takes at most so many times the bare run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One model at one batch size; microseconds a batch, medians.

    Attributes:
        name, batch: what ran.
        bare: ``InferenceSession.run`` alone.
        run: the engine's own run on tensors.
        scored: rounding, head and encodings of the whole batch.
        hashed: keccak256 of every row's outputs.
        whole: ``engine.infer_many`` from input bytes to outputs.
    """

    name: str
    batch: int
    bare: float
    run: float
    scored: float
    hashed: float
    whole: float

    @property
    def ratio(self) -> float:
        """The engine's run to the bare run; the target is at most 1.25."""
        return self.run / self.bare


async def measure(model: StoredModel, *, batch: int = 64, rounds: int = 300) -> Measured:
    """Measure one model on its golden vectors, repeated to fill the batch.

    Raises:
        InvalidInput: the model has no vectors.
    """
    if not model.vectors:
        raise InvalidInput(f"model {model.name} has no vectors", remedy="add a vectors.json")
    messages = [model.vectors[at % len(model.vectors)].input for at in range(batch)]
    runner = Runner(model)
    feeds = runner.codec.decode_rows(messages)
    names = [spec.name for spec in model.card.outputs]
    assert isinstance(runner.session, Session)
    bare = runner.session.bare
    raw = runner.session.run(feeds)
    scored = [x for x in score_rows(model.card, raw, batch) if isinstance(x, Outputs)]
    bare, run = _pair(lambda: bare.run(names, feeds), lambda: runner.session.run(feeds), rounds)
    async with Engine([model], max_batch=batch) as engine:
        whole = await _timed_await(
            lambda: engine.infer_many(model.model_id, messages), max(rounds // 5, 5)
        )
    return Measured(
        name=model.name,
        batch=batch,
        bare=bare,
        run=run,
        scored=_timed(lambda: score_rows(model.card, raw, batch), max(rounds // 5, 5)),
        hashed=_timed(lambda: [outputs.output_hash for outputs in scored], max(rounds // 5, 5)),
        whole=whole,
    )


async def measure_all(root: Path, *, batch: int = 64) -> list[Measured]:
    """Every model in ``root`` that has vectors and may be batched."""
    models = [m for m in CardStore.open(root) if m.vectors and m.card.batching.allowed]
    return [await measure(model, batch=batch) for model in models]


def table(rows: list[Measured]) -> str:
    """The figures as text, one line a model."""
    heads = ("bare µs", "run µs", "ratio", "score µs", "hash µs", "whole µs", "rows/s")
    lines = [f"{'model':<18}{'batch':>6}" + "".join(f"{head:>10}" for head in heads)]
    for row in rows:
        figures = (
            f"{row.bare:.1f}",
            f"{row.run:.1f}",
            f"{row.ratio:.2f}",
            f"{row.scored:.1f}",
            f"{row.hashed:.1f}",
            f"{row.whole:.1f}",
            f"{row.batch / row.whole * 1e6:,.0f}",
        )
        lines.append(f"{row.name:<18}{row.batch:>6}" + "".join(f"{x:>10}" for x in figures))
    return "\n".join(lines)


def _pair(
    first: Callable[[], object], second: Callable[[], object], rounds: int
) -> tuple[float, float]:
    """Medians of both in microseconds, taken in turns so that both meet the same noise."""
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(rounds + 10):
        for which, call in enumerate((first, second)):
            start = time.perf_counter()
            call()
            if turn >= 10:
                times[which].append(time.perf_counter() - start)
    return statistics.median(times[0]) * 1e6, statistics.median(times[1]) * 1e6


def _timed(call: Callable[[], object], rounds: int) -> float:
    return _pair(call, lambda: None, rounds)[0]


async def _timed_await(call: Callable[[], Awaitable[object]], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        await call()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e6


def main() -> None:
    """Print the table; exit with 1 where a ratio passes the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--batch", type=int, default=64)
    arguments = parser.parse_args()
    rows = asyncio.run(measure_all(arguments.models, batch=arguments.batch))
    print(table(rows))  # noqa: T201 - a script's answer
    if any(row.ratio > LIMIT for row in rows):
        sys.exit(f"a run takes more than {LIMIT} times the bare run")


if __name__ == "__main__":
    main()
