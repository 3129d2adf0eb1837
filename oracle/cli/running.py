"""Async commands: one event loop, and one way to stop it that lets everything clean up."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")

STARTED = time.monotonic()
"""When this process began to do something, monotonic seconds."""


_bells: list[asyncio.Event] = []


@contextmanager
def gently() -> Iterator[asyncio.Event]:
    """Within the block the first signal rings this bell; only a second one cancels the command."""
    import asyncio

    bell = asyncio.Event()
    _bells.append(bell)
    try:
        yield bell
    finally:
        _bells.remove(bell)


def run(command: Coroutine[Any, Any, T]) -> T:
    """Run a command to its end; Ctrl-C, SIGTERM and a closed terminal cancel it, or ask it to end.

    Raises:
        KeyboardInterrupt: it was stopped; its clean-up is done. Not where SIGTERM asked it to end
            and it did: that is how services are stopped.
    """
    import asyncio

    async def supervised() -> T:
        loop = asyncio.get_running_loop()
        task = asyncio.ensure_future(command)
        stopped: signal.Signals | None = None

        def stop(by: signal.Signals) -> None:
            nonlocal stopped
            asked, stopped = stopped is not None, by
            if _bells and not asked:
                _bells[-1].set()
            else:
                task.cancel()

        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with suppress(NotImplementedError, ValueError, RuntimeError):
                loop.add_signal_handler(name, stop, name)
        try:
            ended = await task
        except asyncio.CancelledError:
            if stopped is not None:
                raise KeyboardInterrupt from None
            raise
        if stopped in (signal.SIGINT, signal.SIGHUP):
            raise KeyboardInterrupt
        return ended

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(supervised())


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """An event loop in C where there is one: a fifth less time for an answer. Not on Windows."""
    try:
        from uvloop import new_event_loop
    except ImportError:
        return None
    return new_event_loop


def first(error: BaseException) -> BaseException:
    """The first leaf of an exception group; any other exception as it is."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
