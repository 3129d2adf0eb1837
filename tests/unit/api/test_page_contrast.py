"""The page's colours can be read: WCAG 2.2, 1.4.3 and 1.4.11, by light and in the dark."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

STYLE = (Path(__file__).parents[3] / "dapp/page/page.css").read_text()
TEXT, GRAPHICS = 4.5, 3.0
PAIRS = [
    *((ink, ground, TEXT) for ink in ("ink", "quiet", "mark") for ground in ("ground", "sheet")),
    *((word, f"{word}-soft", TEXT) for word in ("accept", "reject", "review", "open")),
    *((word, "sheet", GRAPHICS) for word in ("accept", "reject", "review", "mark")),
    ("ink", "mark-soft", TEXT),
    ("ink", "review-soft", TEXT),
    ("sheet", "mark", TEXT),
]


def colours(scheme: str) -> dict[str, str]:
    """The variables of ``:root``, as the scheme sets them."""
    light, dark = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    blocks = light if scheme == "light" else light + dark
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", blocks))


def luminance(colour: str) -> float:
    """Relative luminance, as WCAG defines it."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground", "least"), PAIRS)
def test_colours__of_text_and_ground__contrast(scheme: str, ink: str, ground: str, least: float):
    found = colours(scheme)
    assert contrast(found[ink], found[ground]) >= least
