"""One section of the page: tables, plots, and figures held against their targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

MISSED = "**missed**"


@dataclass(slots=True, kw_only=True)
class Sheet:
    """What a section measured.

    Attributes:
        name: the word that chooses it: ``make bench ONLY=name``.
        title: its heading.
        command: what measured it, for a reader who wants only that.
        plots: file name and SVG of each plot.
        missed: targets that were not met.
    """

    name: str
    title: str
    command: str
    blocks: list[str] = field(default_factory=list)
    plots: dict[str, str] = field(default_factory=dict)
    missed: list[str] = field(default_factory=list)
    _figures: list[tuple[str, str, str, str]] = field(default_factory=list)

    def say(self, text: str) -> None:
        """A paragraph."""
        self.blocks.append(text)

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table; its columns are numbers but for the first, and any headed by "others"."""
        sides = ["---" if not at or head == "others" else "---:" for at, head in enumerate(heads)]
        lines = [heads, sides, *rows]
        self.blocks.append("\n".join("| " + " | ".join(line) + " |" for line in lines))

    def plot(self, name: str, caption: str, svg: str) -> None:
        """A plot, stored beside the page."""
        self.plots[f"{name}.svg"] = svg
        self.blocks.append(f"![{caption}](benchmarks/{name}.svg)")

    def figure(self, what: str, measured: str, target: str, *, held: bool) -> None:
        """A promised figure."""
        self._figures.append((what, measured, target, "" if held else MISSED))
        if not held:
            self.missed.append(f"{what}: {measured}, promised {target}")

    def markdown(self, setting: str) -> str:
        """The whole section, with where and when it was measured."""
        parts = [f"## {self.title}", f"`{self.command}` · {setting}"]
        if self._figures:
            lines = ["| figure | measured | target | |", "|---|---:|---:|---|"]
            lines += ["| " + " | ".join(row) + " |" for row in self._figures]
            parts.append("\n".join(lines))
        return "\n\n".join([*parts, *self.blocks]) + "\n"


def put(page: str, name: str, section: str, order: Sequence[str]) -> str:
    """The page with a section put in or in the place of its former self."""
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
    body = begin + section + end
    if begin in page:
        head, _, rest = page.partition(begin)
        return head + body + rest.partition(end)[2]
    later = [f"<!-- {each} -->\n" for each in order[order.index(name) + 1 :]]
    place = min((page.index(each) for each in later if each in page), default=len(page))
    return page[:place] + body + "\n" + page[place:]


def store(folder: Path, plots: dict[str, str]) -> None:
    """Write the plots beside the page."""
    folder.mkdir(exist_ok=True)
    for name, svg in plots.items():
        (folder / name).write_text(svg, encoding="utf-8")
