"""Long work as a list of steps: a spinner while one runs, a tick and its time once it is done."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text

from oracle.cli.console import seconds

WIDTH = 11


class Step:
    """A step under way; ``said`` is what its line will say."""

    def __init__(self, name: str, said: str) -> None:
        self.name = name
        self.said = said


class Steps:
    """Prints steps one below the other.

    Args:
        console: where to; nothing is printed where it is None.
    """

    def __init__(self, console: Console | None) -> None:
        self._console = console
        self.began = time.monotonic()

    @contextmanager
    def step(self, name: str, doing: str) -> Iterator[Step]:
        """One step; a failure leaves a cross and goes on as the error it is."""
        step, began = Step(name, doing), time.monotonic()
        if self._console is None:
            yield step
            return
        status = self._console.status(f"[quiet]{name}[/quiet] {doing}", spinner="dots")
        status.start()
        try:
            yield step
        except BaseException:
            status.stop()
            self._line("✗", "bad", step, None)
            raise
        status.stop()
        self._line("✓", "good", step, time.monotonic() - began)

    def done(self, name: str, said: str) -> None:
        """The line of a step that took no time."""
        if self._console is not None:
            self._line("✓", "good", Step(name, said), None)

    def _line(self, sign: str, style: str, step: Step, took: float | None) -> None:
        assert self._console is not None
        line = Text.assemble(
            "  ", (sign, style), " ", (step.name.ljust(WIDTH), "quiet"), " ", step.said
        )
        if took is not None and took >= 0.1:
            line.append(f"  {seconds(took)}", style="quiet")
        self._console.print(line, soft_wrap=True)
