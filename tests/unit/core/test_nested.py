"""JSON to tensors without guessing: what JSON can say exactly, and a refusal for all else."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
import pytest

from oracle.core import dtypes
from oracle.core.errors import InvalidInput
from oracle.core.nested import array_of


@pytest.mark.parametrize(
    ("value", "dtype", "want"),
    [
        (3, "int8", np.int8(3)),
        ([[1, "-2"], ["9223372036854775807", 4.0]], "int64", [[1, -2], [2**63 - 1, 4]]),
        (["18446744073709551615"], "uint64", [2**64 - 1]),
        ([1, 0.5, "-Infinity"], "float32", [1, 0.5, -math.inf]),
        ([True, False], "bool", [True, False]),
        ([["a"], ["ü"]], "string", [["a"], ["ü"]]),
        ([], "float64", []),
        ([[], []], "int32", [[], []]),
        ([2.0**53], "int64", [2**53]),
    ],
)
def test_array__what_the_type_can_hold__is_it(value: Any, dtype: str, want: Any) -> None:
    found = array_of(value, dtype, "x", max_elements=4)
    assert found.dtype == dtypes.numpy_dtype(dtype)
    assert found.tolist() == np.array(want, dtype=found.dtype).tolist()
    assert found.shape == np.array(want, dtype=found.dtype).shape


def test_array__nan__is_one_where_it_is_written_as_text() -> None:
    assert np.isnan(array_of(["NaN"], "float64", "x", max_elements=1)[0])


@pytest.mark.parametrize(
    ("value", "dtype", "words"),
    [
        ([[[[[[[[[1]]]]]]]]], "int8", "nested too deeply"),
        ([1, 2, 3, 4, 5], "int8", "more than 4 elements"),
        ([[1, 2], [3]], "int8", "ragged"),
        ([[1, 2], 3], "int8", "ragged"),
        ([1, [2]], "int8", "nested unevenly"),
        (1, "complex64", "x is complex64"),
        ([128], "int8", "x holds 128"),
        ([-1], "uint8", "x holds -1"),
        ([True], "int8", "x holds 'True'"),
        ([1.5], "int8", "x holds '1.5'"),
        ([2.0**53 + 2], "int64", "x holds"),
        (["1e3"], "int64", "x holds '1e3'"),
        (["01"], "int64", "x holds '01'"),
        ([True], "float32", "x holds 'True'"),
        (["nan"], "float32", "x holds 'nan'"),
        ([10**400], "float64", "x holds 1000"),
        ([1e39], "float32", "beyond float32"),
        ([1], "bool", "x holds '1'"),
        ([1], "string", "x holds '1'"),
        ([None], "string", "x holds 'None'"),
    ],
)
def test_array__anything_else__is_refused_with_a_remedy(value: Any, dtype: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as refusal:
        array_of(value, dtype, "x", max_elements=4)
    assert refusal.value.remedy


def test_dtypes__of_another_name__are_refused_with_those_there_are() -> None:
    with pytest.raises(InvalidInput, match="'float128' is not an element type") as refusal:
        dtypes.code_of("float128")
    assert "float16" in str(refusal.value.remedy)
    with pytest.raises(InvalidInput, match="'datetime64' is not an element type"):
        dtypes.name_of(np.dtype("datetime64"))


def test_dtypes__of_arrays__are_those_of_the_model() -> None:
    for name in dtypes.CODES:
        if name.startswith(("bfloat", "float8")):
            assert dtypes.kind_of(name) == "float"
            continue
        assert dtypes.name_of(dtypes.numpy_dtype(name)) == name
    assert dtypes.name_of(np.dtype("U5")) == "string"
    assert dtypes.name_of(np.dtype(">i4")) == "int32"


def test_dtypes__smaller_floats__are_numpys_where_the_package_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert dtypes.numpy_dtype("bfloat16").itemsize == 2
    assert dtypes.name_of(dtypes.numpy_dtype("float8_e4m3fn")) == "float8_e4m3fn"
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    with pytest.raises(InvalidInput, match="bfloat16 needs the package ml_dtypes"):
        dtypes.numpy_dtype("bfloat16")
