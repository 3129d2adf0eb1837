"""Inputs from words, files and standard input."""

from __future__ import annotations

import io
import sys

import pytest

from oracle.cli.inputs import for_model, read_input
from oracle.core.errors import InvalidInput


@pytest.mark.parametrize(
    ("words", "given"),
    [
        (["a=1", "b=0.5", "c=owner"], {"a": "1", "b": "0.5", "c": "owner"}),
        (["a=123456789012345678901234567890"], {"a": "123456789012345678901234567890"}),
        (["a=-0.25"], {"a": "-0.25"}),
        (["a=1e3"], {"a": 1000.0}),
        (["x=[[1, 2.5]]"], {"x": [[1, 2.5]]}),
        (["note=a=b"], {"note": "a=b"}),
        (["a="], {"a": ""}),
        (["0x0011"], "0x0011"),
    ],
)
def test_words__keep_their_digits(words, given):
    assert read_input(words, None) == given


def test_file_and_stdin__are_json(tmp_path, monkeypatch):
    file = tmp_path / "input.json"
    file.write_text('{"a": [1, 2]}')
    assert read_input([], str(file)) == {"a": [1, 2]}
    for words, source in (([], "-"), (["-"], None)):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"[1, 2]")))
        assert read_input(words, source) == [1, 2]


@pytest.mark.parametrize(
    ("words", "source"),
    [([], None), (["a=1"], "x.json"), (["a"], None), (["=1"], None), ([], "/does/not/exist")],
)
def test_input__missing_doubled_or_malformed__is_refused(words, source):
    with pytest.raises(InvalidInput) as caught:
        read_input(words, source)
    assert caught.value.remedy


def test_file__not_json__is_refused(tmp_path):
    file = tmp_path / "input.json"
    file.write_text("{")
    with pytest.raises(InvalidInput, match="not JSON"):
        read_input([], str(file))


def test_tensors__are_put_where_the_model_expects_them():
    tensors = {"card": {"input": {"encoding": "tensors"}}}
    packed = {"card": {"input": {"encoding": "packed"}}}
    assert for_model({"x": [[1]]}, tensors) == {"tensors": {"x": [[1]]}}
    assert for_model({"tensors": {"x": [[1]]}}, tensors) == {"tensors": {"x": [[1]]}}
    assert for_model({"x": "1"}, packed) == {"x": "1"}
    assert for_model("0x00", tensors) == "0x00"
