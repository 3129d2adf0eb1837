"""The two servers, each in a process of its own over the same model file.

``python -m tests.bench_inference.servers FOLDER`` is ours, without a chain; it prints its address.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from oracle.cli.running import run
from oracle.inference.folder import load_model
from tests.support.inference import serving

HERE = Path(__file__).parent
START_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Server:
    """A running server.

    Attributes:
        pid: of its process.
    """

    port: int
    pid: int

    def cpu(self) -> float:
        """Seconds of CPU time that it took so far; NaN where the system does not tell."""
        try:
            told = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return math.nan
        return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def ours(model: Path) -> Iterator[Server]:
    """Our server."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench_inference.servers", model],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield Server(int(process.stdout.readline().rpartition(":")[2]), process.pid)
    finally:
        process.terminate()
        process.wait()


@contextmanager
def mlserver(environment: Path, model: Path) -> Iterator[Server]:
    """MLServer as it is fastest: without parallel workers and without gzip.

    Raises:
        RuntimeError: it does not get ready, with the end of what it said.
    """
    ports = _free_ports(3)
    with tempfile.TemporaryDirectory() as place, (Path(place) / "log").open("w+") as said:
        settings = {
            "host": "127.0.0.1", "http_port": ports[0], "grpc_port": ports[1],
            "metrics_port": ports[2], "parallel_workers": 0, "gzip_enabled": False,
            "debug": False, "use_structured_logging": False,
        }  # fmt: skip
        (Path(place) / "settings.json").write_text(json.dumps(settings))
        about = {
            "name": model.name, "implementation": "runtime.OnnxModel",
            "parameters": {"uri": str(model / "model.onnx")},
        }  # fmt: skip
        (Path(place) / "model-settings.json").write_text(json.dumps(about))
        process = subprocess.Popen(
            [environment / "bin" / "mlserver", "start", place],
            env=os.environ | {"PYTHONPATH": str(HERE)}, stdout=said, stderr=said,
        )  # fmt: skip
        try:
            if not _ready(process, f"http://127.0.0.1:{ports[0]}/v2/models/{model.name}/ready"):
                said.seek(0)
                raise RuntimeError(f"MLServer does not get ready: {said.read()[-2000:]}")
            yield Server(ports[0], process.pid)
        finally:
            process.terminate()
            process.wait()


def _ready(process: subprocess.Popen[bytes], url: str) -> bool:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx.get(url).is_success:
                return True
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    return False


def _free_ports(count: int) -> list[int]:
    opened = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [each.getsockname()[1] for each in opened]
    finally:
        for each in opened:
            each.close()


async def _serve(folder: Path) -> None:
    async with serving([load_model(folder)]) as running:
        print(running.http, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):  # stopped
        run(_serve(Path(sys.argv[1])))
