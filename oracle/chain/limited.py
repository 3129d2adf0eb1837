"""Reading what others send, and no more of it than is wanted."""

from __future__ import annotations

import httpx


async def read_at_most(response: httpx.Response, most: int) -> bytes:
    """The body of a streamed answer.

    Raises:
        httpx.DecodingError: it has more than ``most`` bytes.
    """
    found = bytearray()
    async for part in response.aiter_bytes():
        found += part
        if len(found) > most:
            raise httpx.DecodingError(f"more than {most} bytes")
    return bytes(found)
