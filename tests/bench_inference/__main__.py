"""The inference protocol beside MLServer, and in batches beside bare ONNX Runtime.

``python -m tests.bench_inference --mlserver FOLDER`` with a virtual environment that has MLServer:

    python -m venv FOLDER
    FOLDER/bin/pip install mlserver==1.7.1 onnxruntime==1.32.0 uvloop==0.21.0

Both serve the same model on this machine, one after the other, to the same client in a process of
its own, which sends one row as JSON. MLServer runs without parallel workers and without gzip, which
is where it is fastest.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np

from oracle.core.raw_input import hold
from oracle.inference.folder import load_model
from oracle.inference.protocol.messages import InferRequest
from oracle.inference.runner import Runner
from tests.bench_inference.load import drive, http_request
from tests.support.harness import MODELS

HERE = Path(__file__).parent
SECONDS = 4.0
CONNECTIONS = (16, 64)


@contextmanager
def ours(model: str) -> Iterator[int]:
    """Our server in a process of its own; gives its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench_inference.serve_ours", model],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline().rpartition(":")[2])
    finally:
        process.terminate()
        process.wait()


@contextmanager
def mlserver(folder: Path, model: str) -> Iterator[int]:
    """MLServer in a process of its own; gives its port."""
    ports = []
    for _ in range(3):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            ports.append(free.getsockname()[1])
    with tempfile.TemporaryDirectory() as place:
        settings = {
            "host": "127.0.0.1", "http_port": ports[0], "grpc_port": ports[1],
            "metrics_port": ports[2], "parallel_workers": 0, "gzip_enabled": False,
            "debug": False, "use_structured_logging": False,
        }  # fmt: skip
        (Path(place) / "settings.json").write_text(json.dumps(settings))
        about = {
            "name": model, "implementation": "runtime.OnnxModel",
            "parameters": {"uri": str(MODELS / model / "model.onnx")},
        }  # fmt: skip
        (Path(place) / "model-settings.json").write_text(json.dumps(about))
        process = subprocess.Popen(
            [folder / "bin" / "mlserver", "start", place],
            env=os.environ | {"PYTHONPATH": str(HERE)},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            for _ in range(300):
                try:
                    httpx.get(f"http://127.0.0.1:{ports[0]}/v2/health/ready").raise_for_status()
                    break
                except httpx.HTTPError:
                    time.sleep(0.2)
            yield ports[0]
        finally:
            process.terminate()
            process.wait()


def rows_of(model: str, rows: int) -> dict[str, np.ndarray]:
    """A golden vector as tensors, so many times."""
    stored = load_model(MODELS / model)
    feeds = Runner(stored).codec.decode(stored.vectors[0].input)
    return {name: np.repeat(array, rows, axis=0) for name, array in feeds.items()}


def body_of(feeds: dict[str, np.ndarray]) -> bytes:
    """A request of JSON."""
    inputs = [
        {"name": name, "datatype": "FP32", "shape": [*array.shape], "data": array.ravel().tolist()}
        for name, array in feeds.items()
    ]
    return json.dumps({"inputs": inputs}).encode()


def batched(model: str, rows: int = 64) -> float:
    """How much longer a batch takes, held to the card, than in bare ONNX Runtime."""
    stored = load_model(MODELS / model)
    runner = Runner(stored)
    feeds = rows_of(model, rows)
    bare = runner.session.bare
    names = [spec.name for spec in stored.card.outputs]
    request = InferRequest(inputs=feeds)

    def of(call: object, rounds: int = 2000) -> float:
        times = []
        for _ in range(rounds):
            started = time.perf_counter()
            call()  # type: ignore[operator]
            times.append(time.perf_counter() - started)
        return statistics.median(times)

    alone = of(lambda: bare.run(names, feeds))
    served = of(lambda: runner.run_tensors(hold(stored.card, request.inputs), rows))
    return served / alone


def measure(port: int, model: str, body: bytes) -> dict[int, tuple[float, float]]:
    """Requests a second and p99 at each concurrency."""
    request = http_request("127.0.0.1", port, f"/v2/models/{model}/infer", body)
    asyncio.run(drive("127.0.0.1", port, request, connections=4, seconds=0.5))
    return {
        connections: asyncio.run(
            drive("127.0.0.1", port, request, connections=connections, seconds=SECONDS)
        )
        for connections in CONNECTIONS
    }


def main() -> int:
    """Print the comparison; 1 where it misses what is promised."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mlserver", type=Path, help="its virtual environment")
    parser.add_argument("--model", default="delivery-time")
    given = parser.parse_args()
    body = body_of(rows_of(given.model, 1))
    with ours(given.model) as port:
        mine = measure(port, given.model, body)
    theirs = {}
    if given.mlserver:
        with mlserver(given.mlserver, given.model) as port:
            theirs = measure(port, given.model, body)
    kept = True
    for connections, (rate, p99) in mine.items():
        line = f"{connections:>3} connections: {rate:6,.0f} a second, p99 {p99 * 1e3:5.1f} ms"
        if connections in theirs:
            other, their_p99 = theirs[connections]
            line += f"; MLServer {other:6,.0f}, p99 {their_p99 * 1e3:5.1f} ms; {rate / other:.1f} ×"
            kept &= rate >= 3 * other and p99 < their_p99
        print(line)
    ratio = batched(given.model)
    print(f"64 rows at once: {ratio:.2f} × bare ONNX Runtime's time")
    return 0 if kept and ratio <= 1.25 else 1


if __name__ == "__main__":
    sys.exit(main())
