"""Examples in documents, as they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PART = re.compile(r"^###? (.+)$|^```(\w*)\n([\s\S]*?)^```$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """A fenced block.

    Attributes:
        place: the heading that it is below.
        language: as the fence says; empty for a terminal.
    """

    place: str
    language: str
    text: str

    @property
    def lines(self) -> list[str]:
        """Those that say something."""
        return [line for line in self.text.splitlines() if line.strip()]


def snippets(document: Path) -> Iterator[Snippet]:
    """Every fenced block of a document, in order."""
    place = ""
    for heading, language, text in _PART.findall(document.read_text(encoding="utf-8")):
        if heading:
            place = heading
        else:
            yield Snippet(place=place, language=language, text=text)
