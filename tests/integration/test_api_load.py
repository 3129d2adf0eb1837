"""A thousand connections at once: each is answered, or told to come back."""

from __future__ import annotations

import asyncio
from collections import Counter
from types import SimpleNamespace

from fastapi import FastAPI

from oracle.api.access import Gate
from oracle.api.keys import ApiKeys
from oracle.api.limits import AT_ONCE
from oracle.api.server import allow_files, bind, serve

CONNECTIONS = 1000


async def test_thousand_connections__at_once__no_error_but_429() -> None:
    allow_files()
    app = FastAPI()
    app.state.stream = SimpleNamespace(close=lambda: None)
    app.add_middleware(Gate, keys=ApiKeys())

    @app.get("/slow")
    async def slow() -> str:
        await asyncio.sleep(0.5)
        return "done"

    listener = bind("127.0.0.1", 0)
    port = listener.getsockname()[1]
    serving = asyncio.create_task(serve(app, listener))
    ready = asyncio.Barrier(CONNECTIONS)

    async def ask() -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await ready.wait()
        writer.write(b"GET /slow HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        reply = await reader.read()
        writer.close()
        head = reply.split(b"\r\n\r\n")[0].lower()
        status = int(head.split()[1])
        assert status == 200 or b"retry-after: 1" in head
        return status

    async def listening() -> None:
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.01)
            else:
                writer.close()
                return

    try:
        async with asyncio.timeout(60):
            await listening()
            statuses = Counter(await asyncio.gather(*(ask() for _ in range(CONNECTIONS))))
    finally:
        serving.cancel()
        await asyncio.wait([serving])
    assert set(statuses) <= {200, 429}
    assert statuses[200] >= AT_ONCE
