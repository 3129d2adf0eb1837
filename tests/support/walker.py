"""A node in a process of its own for the random walk: it takes decisions over a socket, too.

python -m tests.support.walker '{"rpc": […], "contract": …, "folder": …, "port": …}'
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from oracle.api.app import create_app
from oracle.api.server import bind, serve
from oracle.core.errors import ConfigError, Transient
from oracle.node.metrics import Metrics
from tests.support.harness import OPTIONS, wired_node


async def main(options: dict[str, Any]) -> None:
    """Run it. A start that finds no endpoint, or none of its chain, is made again, as a service's
    supervisor does (``deploy/``); nothing that the node does later may end it.
    """
    listener = bind("127.0.0.1", options["port"])
    while True:
        try:
            await run(options, listener)
        except (Transient, ConfigError) as error:
            print("not started:", error, flush=True)
            await asyncio.sleep(0.2)


async def run(options: dict[str, Any], listener: socket.socket) -> None:
    """One start, and the run after it.

    Raises:
        Transient, ConfigError: it could not start.
    """
    async with wired_node(
        rpc_url=options["rpc"],
        contract=options["contract"],
        folder=Path(options["folder"]),
        options=replace(
            OPTIONS,
            poll=0.05,
            resend_after=1.0,
            replace_after=3.0,
            confirmations=2,
            finality=options["finality"],
            in_flight=256,
            idle_chain=False,
        ),
        rpc_timeout=1.0,
    ) as node:
        metrics = Metrics()
        node.parts.observers.append(metrics)
        async with asyncio.TaskGroup() as group:
            group.create_task(serve(create_app(node, metrics), listener))
            group.create_task(node.run())


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
