"""Small SVG plots: bars beside each other, and lines over a logarithmic axis."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH, LEFT, RIGHT = 720, 250, 90
OURS, THEIRS, LINES = "#1f6f54", "#9aa5ad", ("#1f6f54", "#b4552d", "#3b5b92", "#7a5c99")
_HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
    'font-family="system-ui, sans-serif" font-size="13"><title>{title}</title>'
    '<rect width="100%" height="100%" fill="#fff"/>'
)


def _text(x: float, y: float, words: str, **more: str) -> str:
    extra = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in more.items())
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="#222"{extra}>{escape(words)}</text>'


def bars(title: str, rows: Sequence[tuple[str, float, bool]]) -> str:
    """One bar a row.

    Args:
        rows: label, length, and whether it is ours.
    """
    most = max(value for _, value, _ in rows)
    height = 40 + 22 * len(rows)
    parts = [_HEAD.format(width=WIDTH, height=height, title=escape(title))]
    parts.append(_text(10, 22, title, font_weight="600"))
    for at, (label, value, ours) in enumerate(rows):
        y = 36 + 22 * at
        long = (WIDTH - LEFT - RIGHT) * value / most
        fill = OURS if ours else THEIRS
        parts.append(_text(LEFT - 8, y + 13, label, text_anchor="end"))
        parts.append(
            f'<rect x="{LEFT}" y="{y}" width="{long:.1f}" height="16" rx="2" fill="{fill}"/>'
        )
        parts.append(_text(LEFT + long + 6, y + 13, f"{value:,.0f}"))
    return "\n".join([*parts, "</svg>\n"])


def lines(
    title: str, across: str, up: str, series: Mapping[str, Sequence[tuple[float, float]]]
) -> str:
    """Lines over two logarithmic axes, each point with its value."""
    height, low, high = 340, 290, 60
    xs = [math.log10(x) for points in series.values() for x, _ in points]
    ys = [math.log10(y) for points in series.values() for _, y in points]
    bottom, top = math.floor(min(ys)), math.ceil(max(ys) + 1e-9)
    wide = max(max(xs) - min(xs), 1e-9)

    def place(x: float, y: float) -> tuple[float, float]:
        across_ = 90 + (WIDTH - 240) * (math.log10(x) - min(xs)) / wide
        return across_, low - (low - high) * (math.log10(y) - bottom) / max(top - bottom, 1)

    parts = [_HEAD.format(width=WIDTH, height=height, title=escape(title))]
    parts.append(_text(10, 22, title, font_weight="600"))
    parts.append(_text(10, 42, up, font_size="11"))
    for power in range(bottom, top + 1):
        _, y = place(10 ** min(xs), 10.0**power)
        parts.append(
            f'<line x1="66" y1="{y:.1f}" x2="{WIDTH - 140}" y2="{y:.1f}" stroke="#e3e6e8"/>'
        )
        parts.append(_text(60, y + 4, f"{10.0**power:g}", text_anchor="end", font_size="11"))
    marks = sorted({x for points in series.values() for x, _ in points})
    parts += [
        _text(place(x, 10.0**bottom)[0], low + 18, f"{x:,g}", text_anchor="middle", font_size="11")
        for x in marks
    ]
    parts.append(_text((WIDTH - 150) / 2, low + 38, across, text_anchor="middle", font_size="11"))
    for at, (name, points) in enumerate(series.items()):
        colour = LINES[at % len(LINES)]
        places = [place(x, y) for x, y in points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for (x, y), (_, value) in zip(places, points, strict=True):
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>')
            parts.append(_text(x, y - 7, f"{value:,.3g}", text_anchor="middle", font_size="10"))
        parts.append(_text(places[-1][0] + 10, places[-1][1] + 4, name, font_size="11"))
    return "\n".join([*parts, "</svg>\n"])
