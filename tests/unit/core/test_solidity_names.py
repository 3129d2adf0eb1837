"""Whatever a card calls things, the contract written from it compiles and says so in one line."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.core.solidity_names import RESERVED, Names, comment


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("income", "income"),
        ("net income (EUR)", "net_income_EUR"),
        ("3rd party", "_3rd_party"),
        ("größe", "gr_e"),
        ("mapping", "mapping_"),
        ("uint", "uint_"),
        ("bytes32", "bytes32_"),
        ("uint8x", "uint8x"),
        ("!!!", "feature"),
        ("", "feature"),
    ],
)
def test_member__any_text__is_a_name_close_to_it(text: str, name: str) -> None:
    assert Names().member(text) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [("part-time", "PartTime"), ("iPhone", "IPhone"), ("3 rooms", "_3Rooms"), ("–", "Other")],
)
def test_kind__any_text__is_a_type(text: str, name: str) -> None:
    assert Names().kind(text) == name


def test_names__alike__get_numbers_and_never_one_that_is_taken() -> None:
    names = Names("Label", "Label2")
    assert [names.kind("label") for _ in range(2)] == ["Label3", "Label4"]
    assert [names.member(text) for text in ("a b", "a_b", "a-b")] == ["a_b", "a_b2", "a_b3"]


@given(st.lists(st.text(max_size=12), max_size=20))
def test_members__of_any_texts__are_identifiers_and_differ(texts: list[str]) -> None:
    names = Names()
    found = [names.member(text) for text in texts]
    assert len(set(found)) == len(found)
    assert all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) for name in found)
    assert not RESERVED.intersection(found)


def test_comment__other_lines_tags_and_directions__are_gone() -> None:
    assert comment("a\nb @dev\u202e c\t d") == "a b (at)dev c d"
