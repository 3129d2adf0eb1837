"""The API on a port: bound before anything else starts, stopped with whoever runs it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import uvicorn
from fastapi import FastAPI

from oracle.api.joined import Joined
from oracle.core.errors import ConfigError

GRACE_SECONDS = 3
CONNECTIONS = 4096
"""Beyond these a connection is answered 503; who asks for more at once is answered 429 before."""
MAX_HEADER = 64 * 1024
HEADER_SECONDS = 15.0


class _Quiet(uvicorn.Server):
    """A server that leaves signals to the command that runs it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _protocol() -> type[asyncio.Protocol] | Literal["h11"]:
    """httptools, with a limit on headers such as h11 has by itself; h11 where it is missing."""
    try:
        from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
    except ImportError:
        return "h11"

    class Bounded(HttpToolsProtocol):
        """Closes a connection whose headers do not come to an end, by their size or in time."""

        in_headers = False
        octets = 0
        late: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(Joined(transport, self.loop))  # type: ignore[arg-type]
            self.watch()

        def connection_lost(self, exc: Exception | None) -> None:
            self.in_time()
            super().connection_lost(exc)

        def on_message_begin(self) -> None:
            self.in_headers, self.octets = True, 0
            self.watch()
            super().on_message_begin()

        def on_headers_complete(self) -> None:
            self.in_headers = False
            self.in_time()
            super().on_headers_complete()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self.octets += len(data) if self.in_headers else 0
            if self.octets > MAX_HEADER:
                self.transport.close()

        def watch(self) -> None:
            if self.late is None:
                self.late = self.loop.call_later(HEADER_SECONDS, self.transport.close)

        def in_time(self) -> None:
            if self.late is not None:
                self.late.cancel()
                self.late = None

    return Bounded


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Who connects before it is served waits.

    Raises:
        ConfigError: the port is in use, or the host is none of this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio turns Nagle's algorithm off for what is accepted: else an
    # answer's second write waits for the client's delayed acknowledgement, 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(CONNECTIONS)
    except (OSError, OverflowError) as error:
        listener.close()
        raise ConfigError(
            f"the API can not listen on {host}:{port}: {getattr(error, 'strerror', None) or error}",
            remedy="stop what listens there, or choose another port with --port",
        ) from None
    return listener


def allow_files(wanted: int = 2 * CONNECTIONS) -> None:
    """Let this process open as many files, and so connections, as it may give itself."""
    try:
        import resource
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def url_of(listener: socket.socket) -> str:
    """The base URL of a listening socket."""
    host, port = listener.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104
    if ":" in shown and not shown.startswith("["):
        shown = f"[{shown}]"
    return f"http://{shown}:{port}"


async def serve(app: FastAPI, listener: socket.socket) -> None:
    """Serve until cancelled; requests under way get a moment to end."""
    allow_files()
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        limit_concurrency=CONNECTIONS,
        backlog=CONNECTIONS,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=GRACE_SECONDS,
        server_header=False,
        proxy_headers=False,
        h11_max_incomplete_event_size=MAX_HEADER,
        http=_protocol(),
    )
    server = _Quiet(config)
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        app.state.stream.close()
        server.should_exit = True
        await asyncio.wait([serving], timeout=GRACE_SECONDS + 1)
        raise
    finally:
        listener.close()
