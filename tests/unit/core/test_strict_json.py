"""Strict JSON: each field once, of its kind, and nothing left over."""

from __future__ import annotations

import pytest

from oracle.core.errors import InvalidInput
from oracle.core.strict_json import Fields


def fields(**content: object) -> Fields:
    return Fields(content, "letter")


def test_fields__of_their_kinds__are_given() -> None:
    read = fields(on=False, names={"a": "b"}, empty={}, list=[1, 3])
    assert read.flag("on") is False
    assert read.texts_by_name("names") == {"a": "b"}
    assert read.texts_by_name("empty") == {}
    assert read.integers("list", low=1, high=3) == (1, 3)
    read.done()


@pytest.mark.parametrize("value", [0, 1, "true", None, []])
def test_flag__no_truth_value__is_refused(value: object) -> None:
    with pytest.raises(InvalidInput, match=r"letter\.on") as refusal:
        fields(on=value).flag("on")
    assert "true or false" in str(refusal.value)


@pytest.mark.parametrize("value", [[], "a", {"a": 1}, {"a": "b", "c": None}])
def test_texts_by_name__anything_but_texts__is_refused(value: object) -> None:
    with pytest.raises(InvalidInput, match=r"letter\.names"):
        fields(names=value).texts_by_name("names")


@pytest.mark.parametrize("value", [[0], [4], [True], ["1"], [1.0], 1])
def test_integers__out_of_range_or_none__are_refused(value: object) -> None:
    with pytest.raises(InvalidInput, match=r"letter\.list"):
        fields(list=value).integers("list", low=1, high=3)
