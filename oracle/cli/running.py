"""Async commands: one event loop, and one way to stop it that lets everything clean up."""

from __future__ import annotations

import signal
import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")

STARTED = time.monotonic()
"""When this process began to do something, monotonic seconds."""


def run(command: Coroutine[Any, Any, T]) -> T:
    """Run a command to its end; Ctrl-C, SIGTERM and a closed terminal cancel it.

    Raises:
        KeyboardInterrupt: it was stopped; its clean-up is done.
    """
    import asyncio

    async def supervised() -> T:
        loop = asyncio.get_running_loop()
        task = asyncio.ensure_future(command)
        stopped = False

        def stop() -> None:
            nonlocal stopped
            stopped = True
            task.cancel()

        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with suppress(NotImplementedError, ValueError, RuntimeError):
                loop.add_signal_handler(name, stop)
        try:
            return await task
        except asyncio.CancelledError:
            if stopped:
                raise KeyboardInterrupt from None
            raise

    return asyncio.run(supervised())


def first(error: BaseException) -> BaseException:
    """The first leaf of an exception group; any other exception as it is."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
