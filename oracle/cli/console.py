"""How everything looks in a terminal: one theme, a few shapes, and JSON for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text
from rich.theme import Theme

from oracle.core.errors import OracleError

THEME = Theme(
    {
        "head": "bold",
        "quiet": "grey58",
        "id": "cyan",
        "number": "default",
        "good": "green",
        "bad": "red",
        "warn": "yellow",
        "step": "bold cyan",
        "verdict.accept": "bold green",
        "verdict.reject": "bold red",
        "verdict.review": "bold yellow",
        "verdict.none": "grey58",
    },
    inherit=True,
)

out = Console(theme=THEME, highlight=False, soft_wrap=False)
err = Console(theme=THEME, highlight=False, stderr=True)


def show_json(value: Any) -> None:
    """Print one JSON document, for programs; nothing else goes to the standard output then."""
    import orjson

    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n")
    sys.stdout.flush()


def show_error(error: OracleError) -> None:
    """What was wrong in one line, and the remedy below it."""
    from oracle.api.reverts import remedy_for

    say(Text.assemble(("✗ ", "bad"), (error.what, "bold")), console=err)
    remedy = remedy_for(error)
    if remedy:
        say(Text.assemble(("  → ", "quiet"), remedy), console=err)


def table(*columns: str, right: Iterable[str] = ()) -> Table:
    """A table without boxes: a quiet head, and air between the columns."""
    grid = Table(box=None, padding=(0, 2, 0, 0), header_style="quiet", pad_edge=False)
    for name in columns:
        grid.add_column(name, justify="right" if name in set(right) else "left")
    return grid


def facts(rows: Sequence[tuple[str, Any]] | Mapping[str, Any], indent: int = 2) -> Text:
    """Names and values below each other; rows whose value is None are left out.

    One line each, however long: a hash that is broken over two lines can not be copied.
    """
    pairs = [
        (name, value)
        for name, value in (rows.items() if isinstance(rows, Mapping) else rows)
        if value is not None
    ]
    width = max((len(name) for name, _ in pairs), default=0)
    lines = []
    for name, value in pairs:
        shown = value if isinstance(value, Text) else Text(str(value))
        lines.append(Text.assemble(" " * indent, (name.ljust(width), "quiet"), "  ", shown))
    return Text("\n").join(lines)


def say(*parts: RenderableType, console: Console | None = None) -> None:
    """Print, below each other; text is never broken, tables are fitted to the terminal."""
    for part in parts:
        (console or out).print(part, soft_wrap=isinstance(part, str | Text))


def verdict(word: str | None) -> Text:
    """A verdict in its colour."""
    return Text(word or "—", style=f"verdict.{word}" if word in _VERDICTS else "quiet")


_VERDICTS = ("accept", "reject", "review", "none")

STATE_STYLE = {"final": "good", "refused": "bad", "expired": "bad", "orphaned": "warn"}


def state(word: str) -> Text:
    """A request's state in its colour."""
    return Text(word, style=STATE_STYLE.get(word, "default"))


def short(hexadecimal: str, keep: int = 8) -> str:
    """A hash cut in the middle: ``0x12345678…9abcdef0``; short ones as they are."""
    if len(hexadecimal) <= 2 * keep + 4:
        return hexadecimal
    return f"{hexadecimal[: keep + 2]}…{hexadecimal[-keep:]}"


def begin(hexadecimal: str) -> str:
    """The first eight bytes: enough to tell requests apart, which all begin with the same four."""
    return f"{hexadecimal[:18]}…" if len(hexadecimal) > 19 else hexadecimal


def seconds(value: float) -> str:
    """A duration: ``180 ms``, ``2.4 s``, ``3 min 5 s``."""
    if value < 1:
        return f"{value * 1000:.0f} ms"
    if value < 90:
        return f"{value:.1f} s"
    return f"{int(value // 60)} min {int(value % 60)} s"


def ether(text: str, digits: int = 4) -> str:
    """An amount with a few significant digits: ``0.00009553``; exact ones are for programs."""
    number = Decimal(text)
    if number == 0:
        return "0"
    places = max(0, digits - 1 - number.adjusted())
    return f"{number:.{places}f}".rstrip("0").rstrip(".") if places else f"{number:f}"


def ago(value: float) -> str:
    """How long ago, coarsely: ``8 s``, ``5 min``, ``3 h``, ``2 days``."""
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if value >= size * 1.5 or (value >= size and unit != "days"):
            return f"{value / size:.0f} {unit} ago"
    return f"{max(0.0, value):.0f} s ago"


def mark(ok: bool) -> Text:
    """A tick or a cross."""
    return Text("✓", style="good") if ok else Text("✗", style="bad")
