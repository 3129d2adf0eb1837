"""A transport that sends an answer's head together with its body.

The server writes them one after the other. Sent so, each is a system call and a packet, and the
client is woken for a head that it can do nothing with.
"""

from __future__ import annotations

import asyncio
from typing import Any

HEAD = b"HTTP/1.1 "
SMALL = 64 * 1024
"""Beyond it, joining would cost more than another call."""


class Joined:
    """Keeps a head back until what follows it, or the loop's next turn.

    Bytes leave in the order in which they were written; everything else is the transport's own.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._head = b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send, or keep back a head."""
        if self._head:
            if len(data) <= SMALL:
                data = self._head + data
                self._head = b""
            else:
                self.flush()
        elif data.startswith(HEAD):
            self._head = data
            self._loop.call_soon(self.flush)
            return
        self._transport.write(data)

    def flush(self) -> None:
        """Send a head that is kept back."""
        head, self._head = self._head, b""
        if head:
            self._transport.write(head)

    def close(self) -> None:
        """Close, once everything is sent."""
        self.flush()
        self._transport.close()
