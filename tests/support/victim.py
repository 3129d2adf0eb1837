"""A node in a process of its own, for tests that kill it.

    python -m tests.support.victim '{"rpc": …, "kill_at": "signed", …}'

It kills itself with SIGKILL right after the named stage was recorded, as a power cut would; without
``kill_at`` it runs until it is killed from outside. ``api_decision`` accepts one decision of the
operator's own before it starts; with ``quiet`` it logs warnings only.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import structlog

from oracle.core.lifecycle import Request
from oracle.node.accept import accept
from oracle.node.anchoring.promise import Asked, promise
from tests.support.harness import OPTIONS, wired_node


async def main(options: dict[str, object]) -> None:
    if options.get("quiet"):
        level = structlog.make_filtering_bound_logger(logging.WARNING)
        structlog.configure(wrapper_class=level)
    kill_at, skip = options.get("kill_at"), int(str(options.get("skip", 0)))

    def kill(stage: str, _: Request | None) -> None:
        nonlocal skip
        if stage == kill_at:
            if skip == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            skip -= 1

    async with wired_node(
        rpc_url=str(options["rpc"]),
        contract=str(options["contract"]),
        folder=Path(str(options["folder"])),
        observers=[kill],
        options=replace(
            OPTIONS,
            anchor_every=0.2,
            in_flight=int(str(options.get("in_flight", OPTIONS.in_flight))),
        ),
    ) as node:
        api = options.get("api_decision")
        if isinstance(api, dict):
            await accept(
                node.parts,
                model_id=bytes.fromhex(api["model_id"]),
                input_bytes=bytes.fromhex(api["input"]),
                reference=api["reference"],
                idempotency_key=api["reference"],
            )
        promised = options.get("promise")
        if isinstance(promised, dict):
            row = Asked(input=bytes.fromhex(promised["input"]), reference=promised["reference"])
            await promise(
                node.parts,
                bytes.fromhex(promised["model_id"]),
                [row, row],
                idempotency_key=promised["reference"],
            )
        gc.freeze()  # as the command does
        print("running", flush=True)
        await node.run()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
