"""What to try next, as commands that work where the reader stands."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.text import Text


def activation() -> str | None:
    """The command that puts ``oracle`` on the path of a new terminal; None where none is needed."""
    if sys.prefix == sys.base_prefix or "VIRTUAL_ENV" in os.environ:
        return None
    script = Path(sys.prefix) / "bin" / "activate"
    here = Path.cwd()
    return f". {script.relative_to(here) if script.is_relative_to(here) else script}"


def try_next(things: Sequence[tuple[str, str]]) -> Text:
    """Commands to try in another terminal, each with what it does."""
    first = activation()
    shown = [("so that it finds oracle", first), *things] if first else [*things]
    lines = [Text("\nTry, in another terminal:", style="head")]
    for what, command in shown:
        lines += [Text(f"\n  {what}", style="quiet"), Text(f"    {command}")]
    return Text("\n").join([*lines, Text("\nCtrl-C stops everything.\n", style="quiet")])
