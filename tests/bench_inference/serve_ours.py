"""Our server over one bundled model, without a chain: ``python -m … MODEL`` prints its address."""

from __future__ import annotations

import asyncio
import sys

from oracle.inference.folder import load_model
from tests.support.harness import MODELS
from tests.support.inference import serving


async def main(name: str) -> None:
    async with serving([load_model(MODELS / name)]) as running:
        print(running.http, flush=True)
        await asyncio.Event().wait()


asyncio.run(main(sys.argv[1]))
