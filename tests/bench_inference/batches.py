"""Batches as a client gets them answered, beside bare ONNX Runtime on the same rows.

The model is made here: a network of 128 features with layers of 1024, 512, 256 and 8, and so
790,000 weights, a size that scoring from tables and embeddings takes. A row is 512 bytes, and some
fifteen microseconds. On both sides a run has one thread.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnxruntime
from onnx import helper, numpy_helper

from oracle.core.raw_input import hold
from oracle.inference.folder import load_model
from oracle.inference.protocol.body import HEADER, write_request
from oracle.inference.runner import Runner
from tests.bench_inference.load import drive, post
from tests.bench_inference.servers import Server, ours
from tests.support.graphs import FLOAT, card_of, info, model_bytes, write
from tests.support.harness import MODELS

LAYERS = (128, 1024, 512, 256, 8)
ROWS = (64, 512, 4096)
LANES = (1, 2)
"""Connections to the server, and threads that run the bare session: as many as the server has."""
SECONDS = 1.0
ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Batched:
    """Rows a second, medians of the rounds.

    Attributes:
        rows: of one request.
        lanes: requests at once, of both.
        ratio: of the rounds, in each of which both ran one after the other.
        cpu: the same of rows a second of CPU time, which other programs disturb less.
    """

    rows: int
    lanes: int
    bare: float
    served: float
    ratio: float
    cpu: float


def network(folder: Path) -> Path:
    """The model's folder; its weights are always the same."""
    rng = np.random.default_rng(7)
    nodes, constants, at = [], [], "x"
    for layer, (wide, narrow) in enumerate(zip(LAYERS, LAYERS[1:], strict=False)):
        weights = rng.normal(0, wide**-0.5, (wide, narrow)).astype(np.float32)
        for name, values in ((f"w{layer}", weights), (f"b{layer}", np.zeros(narrow, np.float32))):
            constants.append(numpy_helper.from_array(values, name))
        nodes.append(helper.make_node("Gemm", [at, f"w{layer}", f"b{layer}"], [f"h{layer}"]))
        nodes.append(helper.make_node("Relu", [f"h{layer}"], [f"a{layer}"]))
        at = f"a{layer}"
    nodes[-1] = helper.make_node("Softmax", [f"h{len(LAYERS) - 2}"], ["y"])
    onnx = model_bytes(
        nodes,
        [info("x", FLOAT, ["rows", LAYERS[0]])],
        [info("y", FLOAT, ["rows", LAYERS[-1]])],
        constants,
    )
    card = card_of(
        onnx,
        inputs=[("x", "float32", ("rows", LAYERS[0]))],
        output=("y", "float32", ("rows", LAYERS[-1])),
        name="network",
        max_elements=max(ROWS) * LAYERS[0],
        max_seconds=5,
    )
    write(folder / card.name, card, onnx)
    return folder / card.name


def measure() -> Iterator[Batched]:
    """Every size of batch, by one client at a time and by two."""
    with TemporaryDirectory() as place:
        model = network(Path(place))
        with ours(model) as server:
            for rows in ROWS:
                for lanes in LANES:
                    yield _both(model, server, rows, lanes)


def _both(model: Path, server: Server, rows: int, lanes: int) -> Batched:
    x = np.random.default_rng(rows).normal(size=(rows, LAYERS[0])).astype(np.float32)
    body, json_length = write_request({"x": x}, ["y"])
    about = {HEADER: str(json_length), "Content-Type": "application/octet-stream"}
    request = post(server.port, f"/v2/models/{model.name}/infer", body, **about)
    bare = Bare(model, {"x": x})
    found = []
    for _ in range(ROUNDS):
        alone, before = bare.rate(lanes), server.cpu()
        load = asyncio.run(drive(server.port, request, connections=lanes, seconds=SECONDS))
        spent = (server.cpu() - before) / (load.rate * load.elapsed)
        found.append(
            (alone.rate * rows, load.rate * rows, load.rate / alone.rate, alone.cpu / spent)
        )
    return Batched(rows, lanes, *map(float, np.median(found, axis=0)))


@dataclass(frozen=True, slots=True)
class Alone:
    """Bare runs a second, and seconds of CPU time of each."""

    rate: float
    cpu: float


class Bare:
    """A session as anybody opens one, with a thread to a run."""

    def __init__(self, model: Path, feeds: dict[str, np.ndarray]) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            model / "model.onnx", options, providers=["CPUExecutionProvider"]
        )
        self._feeds = feeds

    def rate(self, lanes: int) -> Alone:
        """What so many threads get done at once."""
        over, spent, started = threading.Event(), time.process_time(), time.perf_counter()
        with ThreadPoolExecutor(lanes) as threads:
            spinning = [threads.submit(self._spin, over) for _ in range(lanes)]
            time.sleep(SECONDS)
            over.set()
            runs = sum(each.result() for each in spinning)
        elapsed = time.perf_counter() - started
        return Alone(runs / elapsed, (time.process_time() - spent) / runs)

    def _spin(self, over: threading.Event) -> int:
        runs = 0
        while not over.is_set():
            self._session.run(["y"], self._feeds)
            runs += 1
        return runs


def held(name: str, rows: int = 64, rounds: int = 2000) -> float:
    """How many times a bare run's time a bundled model's run takes, held to its card: what the
    protocol adds to a batch in this process, without a socket.
    """
    stored = load_model(MODELS / name)
    runner = Runner(stored)
    feeds = {
        key: np.repeat(array, rows, axis=0)
        for key, array in runner.codec.decode(stored.vectors[0].input).items()
    }
    bare, names = runner.session.bare, [spec.name for spec in stored.card.outputs]  # type: ignore[union-attr]
    taken: list[tuple[float, float]] = []
    for _ in range(rounds):
        first = time.perf_counter()
        bare.run(names, feeds)
        second = time.perf_counter()
        runner.run_tensors(hold(stored.card, feeds), rows)
        taken.append((second - first, time.perf_counter() - second))
    alone, served = np.median(taken, axis=0)
    return float(served / alone)
