"""What people read: durations, amounts, hashes."""

from __future__ import annotations

import pytest

from oracle.cli.console import ago, begin, ether, facts, seconds, short
from oracle.cli.show import failed_callback_lines
from oracle.cli.tour import bar, figures_of


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0 ms"), (0.0821, "82 ms"), (2.44, "2.4 s"), (75, "75.0 s"), (185, "3 min 5 s")],
)
def test_seconds(value, text):
    assert seconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-3, "0 s ago"),
        (8, "8 s ago"),
        (300, "5 min ago"),
        (7300, "2 h ago"),
        (200_000, "2 days ago"),
    ],
)
def test_ago(value, text):
    assert ago(value) == text


@pytest.mark.parametrize(
    ("text", "short_text"),
    [
        ("0", "0"),
        ("0.000095531488122725", "0.00009553"),
        ("1.5", "1.5"),
        ("12.3456789", "12.35"),
        ("1234567", "1234567"),
    ],
)
def test_ether(text, short_text):
    assert ether(text) == short_text


def test_hashes__are_cut_for_people():
    word = "0x" + "0123456789abcdef" * 4
    assert short(word) == "0x01234567…89abcdef"
    assert short("0x1234") == "0x1234"
    assert begin(word) == "0x0123456789abcdef…"
    assert begin("0x12") == "0x12"


def test_facts__leave_out_what_is_none_and_line_up():
    assert facts([("a", 1), ("gone", None), ("long", "x")]).plain == "  a     1\n  long  x"


def test_bar__is_full_at_most():
    assert bar(56_000, 100_000, cells=10).plain == "█" * 6 + "░" * 4
    assert bar(2, 1, cells=4).plain == "████"


def test_figures__are_read_from_the_models_page(tmp_path):
    (tmp_path / "README.md").write_text(
        "# M\n\n## Figures\n\nwords\n\n| figure | this model | baseline |\n| --- | --- | --- |\n"
        "| AUC | 0.828 | 0.500 |\n\n## Verdicts\n\n| a | b | c |\n"
    )
    assert figures_of(tmp_path) == [("AUC", "0.828", "0.500")]
    assert figures_of(tmp_path / "none") == []


def test_failed_callback__says_why__and_which_transaction_tells_the_requester():
    failed = {"fault": "it refuses: closed", "retry": {"to": "0xc0", "data": "0x1234"}}
    lines = failed_callback_lines(failed).plain.splitlines()
    assert lines == [
        "  called now  it refuses: closed",
        "  to tell it  anybody sends 0x1234 to 0xc0",
    ]
    mended = failed_callback_lines({"fault": None, "retry": None}).plain
    assert mended == "  called now  the requester would take it"
