"""The page of ``make bench``: sections take each other's place, and plots can be drawn."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from tests.bench.plot import bars, lines
from tests.bench.sheet import Sheet, put

ORDER = ["gas", "node", "start"]


def test_put__sections_measured_in_any_order__stand_in_the_pages_order() -> None:
    page = "# Benchmarks\n\n"
    for name in ("start", "gas", "node"):
        page = put(page, name, f"## {name}\n", ORDER)
    assert [page.index(f"## {name}") for name in ORDER] == sorted(
        page.index(f"## {name}") for name in ORDER
    )


def test_put__measured_again__replaces_that_section_only() -> None:
    page = "# Benchmarks\n\n"
    for name in ORDER:
        page = put(page, name, f"## {name}\nold\n", ORDER)
    again = put(page, "node", "## node\nnew\n", ORDER)
    assert again == page.replace("## node\nold", "## node\nnew")


@pytest.mark.parametrize("held", [True, False])
def test_figure__misses_its_target__is_marked(held: bool) -> None:
    sheet = Sheet(name="gas", title="Gas", command="make bench")
    sheet.figure("a thing", "7", "5", held=held)
    assert ("**missed**" in sheet.markdown("here")) is not held
    assert sheet.missed == ([] if held else ["a thing: 7, promised 5"])


@pytest.mark.parametrize(
    "svg",
    [
        bars("Bars & more", [("<ours>", 10.0, True), ("theirs", 25.5, False)]),
        lines("Lines", "x", "y", {"a": [(1.0, 0.02), (1000.0, 3.0)], "b": [(10.0, 7.0)]}),
        lines("One point", "x", "y", {"a": [(5.0, 5.0)]}),
    ],
)
def test_plot__any__is_an_svg_document_within_its_frame(svg: str) -> None:
    root = ElementTree.fromstring(svg)
    _, _, width, height = (float(each) for each in root.attrib["viewBox"].split())
    for text in root.iter("{http://www.w3.org/2000/svg}text"):
        assert 0 <= float(text.attrib["x"]) <= width
        assert 0 <= float(text.attrib["y"]) <= height
