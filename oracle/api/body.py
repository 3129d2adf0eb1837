"""Request bodies: read up to a limit, in time, and parsed as JSON that loses no digits."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from fastapi import Request
from starlette.types import Receive

from oracle.api.problems import Refusal

MAX_BYTES = 8 * 2**20
MAX_SECONDS = 15.0
EXACT = 2**53


async def read_json(
    request: Request, *, max_bytes: int = MAX_BYTES, max_seconds: float = MAX_SECONDS
) -> Any:
    """The body as JSON.

    Raises:
        Refusal: as ``read_body``; 400 where it is not JSON.
    """
    return parse_json(await read_body(request, max_bytes=max_bytes, max_seconds=max_seconds))


async def read_body(
    request: Request, *, max_bytes: int = MAX_BYTES, max_seconds: float = MAX_SECONDS
) -> bytes:
    """The body's bytes.

    Raises:
        Refusal: 413 too large, as soon as that is known; 408 too slow; 400 cut short.
    """
    stated = request.headers.get("content-length", "")
    return await read_octets(request.receive, stated, max_bytes=max_bytes, max_seconds=max_seconds)


async def read_octets(
    receive: Receive,
    stated: str,
    *,
    max_bytes: int = MAX_BYTES,
    max_seconds: float = MAX_SECONDS,
) -> bytes:
    """The same, of a request that is still the server's.

    Args:
        stated: the length that its headers state.
    """
    if stated.isdecimal() and int(stated) > max_bytes:
        raise _too_large(max_bytes)
    chunks: list[bytes] = []
    left, more = max_bytes, True
    try:
        async with asyncio.timeout(max_seconds):
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Refusal(
                        400,
                        "Cut short",
                        "the body ended before its length",
                        remedy="send it whole",
                    )
                chunks.append(message.get("body", b""))
                left -= len(chunks[-1])
                if left < 0:
                    raise _too_large(max_bytes)
                more = message.get("more_body", False)
    except TimeoutError:
        raise Refusal(
            408,
            "Request timeout",
            f"the body did not arrive within {max_seconds:g} s",
            remedy="send it faster, or send less",
            headers={"Connection": "close"},
        ) from None
    return b"".join(chunks)


def parse_json(body: bytes) -> Any:
    """JSON without NaN or infinity.

    Raises:
        Refusal: 400, with the place of the fault.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as fault:
        raise Refusal(
            400,
            "Malformed JSON",
            f"the body is not JSON: {fault.msg} at line {fault.lineno} column {fault.colno}",
            remedy="send one JSON object; NaN and Infinity are not JSON",
        ) from None


def lost_digits(value: object) -> bool:
    """Whether a number of a flat input is too large for JSON readers to keep all its digits."""
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(
        isinstance(item, int | float) and not isinstance(item, bool) and abs(item) > EXACT
        for item in items
    )


def _too_large(max_bytes: int) -> Refusal:
    return Refusal(
        413,
        "Body too large",
        f"the body is larger than {max_bytes} bytes",
        remedy="send a smaller input, or request by hash on chain",
        headers={"Connection": "close"},
    )
