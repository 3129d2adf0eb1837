"""The inference protocol beside MLServer, in batches beside bare ONNX Runtime, and gasless reads.

``make bench-serving``, or ``python -m tests.bench_inference --mlserver FOLDER`` with a virtual
environment that has MLServer; without one the rest is measured.

Both servers run at the same time, over the same model file, and are asked in turns by the same
client in this process: one row as JSON, on so many connections. Once more by Triton's own client,
for what its users see. Everything shares one machine, so give it one that is idle, and look at
ratios first.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import statistics
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import structlog
from rich.console import Console
from rich.table import Table

from oracle.inference.folder import StoredModel, load_model
from oracle.inference.runner import Runner
from tests.bench_inference import batches, load, reads, servers, triton
from tests.bench_inference.load import Load
from tests.support.harness import MODELS

CONNECTIONS = (16, 64)
SECONDS, ROUNDS = 3.0, 3
TIMES_MLSERVER = 3.0
OF_BARE = 0.75
HELD = 1.25
CCIP_SECONDS = 0.015


def body_of(model: StoredModel) -> bytes:
    """A request of JSON with a golden vector's row."""
    feeds = Runner(model).codec.decode(model.vectors[0].input)
    inputs = [
        {"name": name, "datatype": "FP32", "shape": [*array.shape], "data": array.ravel().tolist()}
        for name, array in feeds.items()
    ]
    outputs = [{"name": spec.name} for spec in model.card.outputs]
    return json.dumps({"inputs": inputs, "outputs": outputs}).encode()


def one_row(console: Console, name: str, environment: Path | None) -> bool:
    """Requests a second of both servers; whether ours holds what is promised."""
    folder = MODELS / name
    body = body_of(load_model(folder))

    def by_load(port: int, connections: int, seconds: float) -> Load:
        request = load.post(port, f"/v2/models/{name}/infer", body, Content_Type="application/json")
        return asyncio.run(load.drive(port, request, connections=connections, seconds=seconds))

    def by_triton(port: int, connections: int, seconds: float) -> Load:
        return triton.drive(port, name, body, connections=connections, seconds=seconds)

    table = Table(title=f"One row of {name} as JSON, over HTTP", title_justify="left")
    for heading in ("client", "connections", "ours a second", "p99 ms", "MLServer", "p99 ms", "×"):
        table.add_column(heading, justify="left" if heading == "client" else "right")
    kept = True
    with ExitStack() as running:
        opened = [running.enter_context(servers.ours(folder))]
        if environment is not None:
            opened.append(running.enter_context(servers.mlserver(environment, folder)))
        ports = [each.port for each in opened]
        for client, asking in (("a socket", by_load), ("tritonclient", by_triton)):
            for connections in CONNECTIONS:
                found = list(in_turns(asking, ports, connections))
                row = [client, str(connections)]
                row += [
                    text
                    for each in found
                    for text in (f"{each.rate:,.0f}", f"{each.p99 * 1e3:.1f}")
                ]
                if len(found) == 2:
                    mine, theirs = found
                    row.append(f"{mine.rate / theirs.rate:.1f}")
                    if client == "a socket":
                        kept &= mine.rate >= TIMES_MLSERVER * theirs.rate and mine.p99 < theirs.p99
                table.add_row(*row)
    console.print(table)
    return kept


def in_turns(
    asking: Callable[[int, int, float], Load], ports: list[int], connections: int
) -> Iterator[Load]:
    """The medians of each server, which were asked one after the other, round by round."""
    for port in ports:
        asking(port, connections, 0.5)
    rounds = [[asking(port, connections, SECONDS) for port in ports] for _ in range(ROUNDS)]
    for found in zip(*rounds, strict=True):
        yield Load(
            *(statistics.median(getattr(each, name) for each in found) for name in Load.__slots__)
        )


def in_batches(console: Console) -> bool:
    """Rows a second beside bare ONNX Runtime; whether the largest batch holds what is promised."""
    table = Table(
        title=f"Batches, raw tensors over HTTP: a network of {'·'.join(map(str, batches.LAYERS))}",
        title_justify="left",
    )
    for heading in ("rows", "clients", "bare rows a second", "served", "of bare", "by CPU time"):
        table.add_column(heading, justify="right")
    found = list(batches.measure())
    for each in found:
        table.add_row(
            f"{each.rows:,}", str(each.lanes), f"{each.bare:,.0f}", f"{each.served:,.0f}",
            f"{each.ratio:.0%}", f"{each.cpu:.0%}",
        )  # fmt: skip
    console.print(table)
    largest = max(each.rows for each in found)
    return all(each.ratio >= OF_BARE for each in found if each.rows == largest)


def main() -> int:
    """Print everything; 1 where a figure misses what is promised."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mlserver", type=Path, help="its virtual environment")
    parser.add_argument("--model", default="delivery-time", help="a bundled one, for single rows")
    given = parser.parse_args()
    console = Console(width=120)
    busy = os.getloadavg()[0]
    console.print(f"{os.cpu_count()} cores, load {busy:.1f} at the start\n", highlight=False)
    kept = one_row(console, given.model, given.mlserver)
    kept &= in_batches(console)
    ratio = batches.held(given.model)
    console.print(
        f"64 rows of {given.model} without a socket, held to the card: {ratio:.2f} × bare ONNX "
        f"Runtime's time (at most {HELD})",
        highlight=False,
    )
    read = asyncio.run(reads.measure())
    console.print(
        f"A gasless read at the node: median {read.median * 1e3:.1f} ms, p99 {read.p99 * 1e3:.1f} "
        f"ms (at most {CCIP_SECONDS * 1e3:.0f})",
        highlight=False,
    )
    kept &= ratio <= HELD and read.median <= CCIP_SECONDS
    console.print("everything holds" if kept else "[bold]something misses what is promised[/bold]")
    return 0 if kept else 1


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    sys.exit(main())
