"""The same comparison with Triton's own client, whose own time is most of what it measures.

``python -m tests.bench_inference.triton PORT MODEL CONNECTIONS SECONDS < BODY`` prints the figures.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from dataclasses import asdict
from typing import Any

import numpy as np
from tritonclient.http import InferInput, InferRequestedOutput
from tritonclient.http.aio import InferenceServerClient
from tritonclient.utils import triton_to_np_dtype

from tests.bench_inference.load import Load, load_of

JSON = {"Content-Type": "application/json"}
"""Which MLServer wants to be told, and Triton's client does not say."""


def drive(port: int, model: str, body: bytes, *, connections: int, seconds: float) -> Load:
    """Keep so many of its calls under way for so long, in a process of their own."""
    command = [sys.executable, "-m", __name__, *map(str, (port, model, connections, seconds))]
    done = subprocess.run(command, check=True, input=body, stdout=subprocess.PIPE)
    return Load(**json.loads(done.stdout))


async def _drive(
    port: int, model: str, asked: dict[str, Any], connections: int, seconds: float
) -> Load:
    inputs = []
    for each in asked["inputs"]:
        tensor = InferInput(each["name"], each["shape"], each["datatype"])
        values = np.array(each["data"], triton_to_np_dtype(each["datatype"]))
        inputs.append(tensor.set_data_from_numpy(values.reshape(each["shape"]), binary_data=False))
    wanted = [InferRequestedOutput(each["name"], binary_data=False) for each in asked["outputs"]]
    async with InferenceServerClient(f"127.0.0.1:{port}", conn_limit=connections) as client:
        took: list[float] = []
        started = time.perf_counter()

        async def ask() -> None:
            while (began := time.perf_counter()) < started + seconds:
                await client.infer(model, inputs, outputs=wanted, headers=JSON)
                took.append(time.perf_counter() - began)

        await asyncio.gather(*(ask() for _ in range(connections)))
        return load_of(took, time.perf_counter() - started)


if __name__ == "__main__":
    port, model, connections, seconds = sys.argv[1:]
    asked = json.load(sys.stdin)
    found = asyncio.run(_drive(int(port), model, asked, int(connections), float(seconds)))
    print(json.dumps(asdict(found)))
