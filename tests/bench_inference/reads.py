"""How long a node takes to answer a gasless read (``/ccip``), asked from its own machine."""

from __future__ import annotations

import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from oracle.chain.gateway import AskCall, write_call
from tests.bench_inference.load import Load, drive, get
from tests.support.gateway import open_gateway
from tests.support.harness import CHAIN_ID

SECONDS = 3.0


async def measure() -> Load:
    """One client after the other's answer, a new prediction each time, signed."""
    with tempfile.TemporaryDirectory() as folder:
        async with open_gateway(Path(folder)) as gateway:
            model, port = gateway.world.model, urlsplit(gateway.api).port
            assert port is not None
            call = AskCall(
                chain_id=CHAIN_ID,
                model_id=model.model_id,
                input=model.vectors[0].input,
                as_of=await gateway.world.rpc.timestamp("latest"),
            )
            request = get(port, f"/ccip/{gateway.address}/0x{write_call(call).hex()}")
            await drive(port, request, connections=1, seconds=0.5)
            return await drive(port, request, connections=1, seconds=SECONDS)
