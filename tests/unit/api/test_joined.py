"""An answer's head and body leave together, and nothing changes places."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from oracle.api.joined import SMALL, Joined

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


class Wire:
    """A transport that keeps what was written."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.closed_after = -1

    def write(self, data: bytes) -> None:
        self.sent.append(data)

    def close(self) -> None:
        self.closed_after = len(self.sent)

    def is_closing(self) -> bool:
        return self.closed_after >= 0


@pytest.fixture
async def wire() -> tuple[Wire, Any]:
    found = Wire()
    return found, Joined(found, asyncio.get_running_loop())  # type: ignore[arg-type]


async def test_write__head_then_body__is_one(wire: tuple[Wire, Any]):
    sent, joined = wire
    joined.write(HEAD)
    joined.write(b"body")
    assert sent.sent == [HEAD + b"body"]
    await asyncio.sleep(0)
    assert sent.sent == [HEAD + b"body"]


async def test_write__large_body__goes_after_the_head_as_it_is(wire: tuple[Wire, Any]):
    sent, joined = wire
    large = b"x" * (SMALL + 1)
    joined.write(HEAD)
    joined.write(large)
    assert sent.sent == [HEAD, large]


async def test_write__head_alone__leaves_with_the_loops_next_turn(wire: tuple[Wire, Any]):
    sent, joined = wire
    joined.write(HEAD)
    assert sent.sent == []
    await asyncio.sleep(0)
    assert sent.sent == [HEAD]
    joined.write(b"event")
    assert sent.sent == [HEAD, b"event"]


async def test_write__heads_in_a_row_and_bodies_like_heads__keep_their_order(
    wire: tuple[Wire, Any],
):
    sent, joined = wire
    for part in (HEAD, HEAD, b"body", HEAD, b""):
        joined.write(part)
    joined.close()
    assert b"".join(sent.sent) == HEAD + HEAD + b"body" + HEAD
    assert sent.closed_after == len(sent.sent)
    assert joined.is_closing()
