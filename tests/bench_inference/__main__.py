"""The inference protocol beside MLServer, in batches beside bare ONNX Runtime, and gasless reads.

``make bench-serving``, or ``python -m tests.bench_inference --mlserver FOLDER`` with a virtual
environment that has MLServer; without one the rest is measured.

Both servers run at the same time, over the same model file, and are asked in turns by the same
client in this process: one row as JSON, on so many connections. Once more by Triton's own client,
for what its users see. Everything shares one machine, so give it one that is idle. Ratios are
medians of the rounds; those of CPU time hold on a busy machine, too.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import structlog
from rich.console import Console
from rich.table import Table

from oracle.inference.folder import StoredModel, load_model
from oracle.inference.runner import Runner
from tests.bench_inference import batches, load, reads, servers, triton
from tests.bench_inference.load import Load
from tests.bench_inference.servers import Server
from tests.support.harness import MODELS

CONNECTIONS = (16, 64)
COLUMNS = ("a second", "p99 ms", "CPU µs")
SECONDS, ROUNDS = 2.0, 5
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


def clients_of(name: str, body: bytes) -> dict[str, Callable[[int, int, float], Load]]:
    """Who asks for one row, given a port, the connections and the seconds: a bare socket, which
    costs the machine least, and Triton's own client, which people use.
    """

    def by_load(port: int, connections: int, seconds: float) -> Load:
        request = load.post(port, f"/v2/models/{name}/infer", body, Content_Type="application/json")
        return asyncio.run(load.drive(port, request, connections=connections, seconds=seconds))

    def by_triton(port: int, connections: int, seconds: float) -> Load:
        return triton.drive(port, name, body, connections=connections, seconds=seconds)

    return {"a socket": by_load, "tritonclient": by_triton}


def one_row(console: Console, name: str, environment: Path | None) -> bool:
    """Requests a second of both servers; whether ours holds what is promised."""
    folder = MODELS / name
    body = body_of(load_model(folder))

    table = Table(title=f"One row of {name} as JSON, over HTTP", title_justify="left")
    for heading in ("client", "connections", *COLUMNS, *(f"MLServer: {c}" for c in COLUMNS), "×"):
        table.add_column(heading, justify="left" if heading == "client" else "right")
    table.add_column("× by CPU time", justify="right")
    kept = True
    with ExitStack() as running:
        opened = [running.enter_context(servers.ours(folder))]
        if environment is not None:
            opened.append(running.enter_context(servers.mlserver(environment, folder)))
        for client, asking in clients_of(name, body).items():
            for connections in CONNECTIONS:
                rounds = in_turns(asking, opened, connections)
                cells = [client, str(connections)]
                for each in zip(*rounds, strict=True):
                    rate, p99, cpu = np.median(
                        [(a.rate, a.p99, spent) for a, spent in each], axis=0
                    )
                    cells += [f"{rate:,.0f}", f"{p99 * 1e3:.1f}", f"{cpu * 1e6:.0f}"]
                if environment is not None:
                    rate, p99, cpu = np.median(
                        [
                            (a.rate / b.rate, a.p99 / b.p99, theirs / mine)
                            for (a, mine), (b, theirs) in rounds
                        ],
                        axis=0,
                    )
                    cells += [f"{rate:.1f}", f"{cpu:.1f}"]
                    if client == "a socket":
                        kept &= bool(rate >= TIMES_MLSERVER and p99 < 1)
                table.add_row(*cells)
    console.print(table)
    return kept


def in_turns(
    asking: Callable[[int, int, float], Load], opened: Sequence[Server], connections: int
) -> list[list[tuple[Load, float]]]:
    """Round by round, what each server bore, and its seconds of CPU time for an answer."""
    for each in opened:
        asking(each.port, connections, 0.5)
    rounds = []
    for _ in range(ROUNDS):
        found = []
        for each in opened:
            before = each.cpu()
            bore = asking(each.port, connections, SECONDS)
            found.append((bore, (each.cpu() - before) / (bore.rate * bore.elapsed)))
        rounds.append(found)
    return rounds


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
    console = Console(width=150)
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
