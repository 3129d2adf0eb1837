import time
from dataclasses import replace
from types import SimpleNamespace

import ml_dtypes
import numpy as np
import pytest
from onnx import TensorProto, helper

from oracle.core.errors import InferenceError, InvalidInput
from oracle.core.scoring import Outputs
from oracle.core.tensors import encode_tensors
from oracle.inference import runtime
from oracle.inference.readiness import Readiness
from oracle.inference.runner import Runner
from oracle.inference.runtime import check_runtime, open_session, runtime_record
from oracle.inference.session import Session
from oracle.node import readiness
from tests.support.graphs import (
    FLOAT,
    INT64,
    STRING,
    card_of,
    doubling,
    endless,
    info,
    model_bytes,
    write,
)

ROW = ("float32", ("rows", 3))


def runner_of(tmp_path, onnx_bytes, **card):
    return Runner(write(tmp_path / "m", card_of(onnx_bytes, **card), onnx_bytes).model)


def row(*numbers):
    return encode_tensors([np.array([numbers], np.float32)])


def test_run__one_input__is_rounded_and_scored(tmp_path):
    runner = runner_of(tmp_path, doubling(), inputs=[("x", *ROW)], output=("y", *ROW))
    found = runner.run(row(0.12345, 2, 3))
    assert found.rounded[0].tolist() == [[247, 4000, 6000]]
    assert found.value == 247


def test_run_many__a_bad_one_among_good__fails_alone(tmp_path):
    model = doubling()
    card = card_of(model, inputs=[("x", *ROW)], output=("y", *ROW), batching=True)
    good = tuple(row(i, i, i) for i in range(1, 10))
    written = write(tmp_path / "m", card, model, examples=good)
    assert written.model.card.batching.allowed
    runner = Runner(written.model)
    nan = encode_tensors([np.array([[1, np.nan, 1]], np.float32)])
    two_rows = encode_tensors([np.ones((2, 3), np.float32)])
    huge = row(3e38, 1, 1)  # doubles to infinity
    found = runner.run_many([good[0], b"junk", nan, good[1], two_rows, huge, good[2]])
    kinds = [type(each) for each in found]
    assert kinds == [
        Outputs,
        InvalidInput,
        InvalidInput,
        Outputs,
        Outputs,
        InferenceError,
        Outputs,
    ]
    assert [found[at].value for at in (0, 3, 6)] == [2000, 4000, 6000]
    assert found[4].rounded[0].shape == (2, 3)
    for place in (0, 3, 6):
        assert found[place] == runner.run([good[0], good[1], good[2]][place // 3])


def test_run__endless_loop__is_ended_in_time(tmp_path):
    spec = ("float32", (1, 1))
    runner = runner_of(
        tmp_path, endless(), inputs=[("x", *spec)], output=("y", *spec), max_seconds=1
    )
    assert not runner.quick
    start = time.monotonic()
    with pytest.raises(InferenceError, match="longer than 1 s"):
        runner.run(row(1))
    assert time.monotonic() - start < 5


def test_run__input_larger_than_the_limit__is_refused_unread(tmp_path):
    runner = runner_of(
        tmp_path,
        doubling(width="width"),
        inputs=[("x", "float32", ("rows", "width"))],
        output=("y", "float32", (None, None)),
        max_elements=10,
    )
    assert runner.run(encode_tensors([np.ones((1, 10), np.float32)])).value == 2000
    with pytest.raises(InvalidInput, match="beyond 10 elements"):
        runner.run(encode_tensors([np.ones((1, 11), np.float32)]))
    bomb = bytes([1, 2]) + (2**31 - 1).to_bytes(4, "big") * 2
    with pytest.raises(InvalidInput, match="elements"):
        runner.run(bomb)


def test_run__output_larger_than_the_limit__is_refused(tmp_path):
    nodes = [helper.make_node("Expand", ["x", "shape"], ["y"])]
    onnx_bytes = model_bytes(
        nodes,
        [info("x", FLOAT, [1, 1])],
        [info("y", FLOAT, [1, 2000])],
        [helper.make_tensor("shape", INT64, [2], [1, 2000])],
    )
    runner = runner_of(
        tmp_path,
        onnx_bytes,
        inputs=[("x", "float32", (1, 1))],
        output=("y", "float32", (1, 2000)),
        max_elements=1000,
    )
    with pytest.raises(InferenceError, match="2000 elements"):
        runner.run(row(1))


def test_run__shape_that_the_input_asks_for__can_not_eat_the_memory(tmp_path):
    nodes = [
        helper.make_node("ConstantOfShape", ["n"], ["big"]),
        helper.make_node("ReduceSum", ["big"], ["y"], keepdims=0),
    ]
    octets = model_bytes(nodes, [info("n", INT64, [1])], [info("y", FLOAT, [])])
    runner = runner_of(tmp_path, octets, inputs=[("n", "int64", (1,))], output=("y", "float32", ()))
    assert runner.run(encode_tensors([np.array([1000])])).value == 0
    for size in (2**31, 2**40, 2**62):
        with pytest.raises(InferenceError, match="failed"):
            runner.run(encode_tensors([np.array([size])]))
    assert runner.run(encode_tensors([np.array([1000])])).value == 0


def test_run__texts_and_integers_and_several_inputs(tmp_path):
    nodes = [
        helper.make_node("LabelEncoder", ["t"], ["code"], domain="ai.onnx.ml",
                         keys_strings=["yes", "no"], values_int64s=[10, 20], default_int64=-1),
        helper.make_node("Mul", ["code", "n"], ["y"]),
    ]  # fmt: skip
    onnx_bytes = model_bytes(
        nodes,
        [info("t", STRING, [1]), info("n", INT64, [1])],
        [info("y", INT64, [1])],
        opsets={"": 18, "ai.onnx.ml": 3},
    )
    runner = runner_of(
        tmp_path,
        onnx_bytes,
        inputs=[("t", "string", (1,)), ("n", "int64", (1,))],
        output=("y", "int64", (1,)),
    )
    message = runner.codec.encode({"tensors": {"t": ["yes"], "n": [str(2**40 + 1)]}})
    assert runner.run(message).value == 10 * (2**40 + 1)


@pytest.mark.parametrize(
    ("dtype", "name"),
    [
        (np.float16, "float16"),
        (ml_dtypes.bfloat16, "bfloat16"),
        (ml_dtypes.float8_e4m3fn, "float8_e4m3fn"),
        (ml_dtypes.float8_e5m2, "float8_e5m2"),
    ],
)
def test_run__short_floats__go_in_and_come_out(tmp_path, dtype, name):
    code = {"float16": "FLOAT16", "bfloat16": "BFLOAT16"}.get(name, name.upper().replace("8_", "8"))
    kind = TensorProto.DataType.Value(code)
    nodes = [
        helper.make_node("Cast", ["x"], ["wide"], to=FLOAT),
        helper.make_node("Mul", ["wide", "wide"], ["square"]),
        helper.make_node("Cast", ["square"], ["y"], to=kind),
    ]
    octets = model_bytes(nodes, [info("x", kind, [2])], [info("y", kind, [2])], opsets={"": 19})
    runner = runner_of(
        tmp_path, octets, inputs=[("x", name, (2,))], output=("y", name, (2,)), decimals=3
    )
    found = runner.run(encode_tensors([np.array([1.5, 2.0], dtype=dtype)]))
    exact = np.array([2.25, 4.0], dtype=dtype).astype(np.float64)
    assert found.rounded[0].tolist() == np.rint(exact * 1000).astype(int).tolist()


def zipmap():
    nodes = [
        helper.make_node("LinearClassifier", ["x"], ["label", "scores"], domain="ai.onnx.ml",
                         classlabels_strings=["cat", "dog"], coefficients=[1.0, 0.0, 0.0, 1.0],
                         intercepts=[0.0, 0.0], post_transform="SOFTMAX"),
        helper.make_node("ZipMap", ["scores"], ["odds"], domain="ai.onnx.ml",
                         classlabels_strings=["cat", "dog"]),
    ]  # fmt: skip
    graph = helper.make_graph(
        nodes,
        "g",
        [info("x", FLOAT, [None, 2])],
        [
            info("label", STRING, [None]),
            helper.make_value_info(
                "odds",
                helper.make_sequence_type_proto(
                    helper.make_map_type_proto(STRING, helper.make_tensor_type_proto(FLOAT, []))
                ),
            ),
        ],
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)],
        ir_version=9,
    )
    return model.SerializeToString()


@pytest.fixture
def zipmap_card():
    card = card_of(
        zipmap(),
        inputs=[("x", "float32", (None, 2))],
        output=("odds", "float32", (None, 2)),
        labels=("cat", "dog"),
    )
    return replace(card, outputs=(replace(card.outputs[0], keys=("cat", "dog")),))


def test_run__zipmap__becomes_a_matrix_in_the_cards_order(tmp_path, zipmap_card):
    runner = Runner(write(tmp_path / "m", zipmap_card, zipmap()).model)
    assert runner.run(row(0, 3)).value == 1
    spec = replace(zipmap_card.outputs[0], keys=("cat", "cow"))
    other = Session(replace(zipmap_card, outputs=(spec,)), zipmap())
    with pytest.raises(InferenceError, match="has the keys"):
        other.run({"x": np.zeros((1, 2), np.float32)})


def test_session__zipmap_without_keys_in_the_card__is_refused(zipmap_card):
    plain = replace(zipmap_card, outputs=(replace(zipmap_card.outputs[0], keys=None),))
    with pytest.raises(InvalidInput, match="output odds"):
        Session(plain, zipmap())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"inputs": [("x", "float64", ("rows", 3))]}, "input x"),
        ({"inputs": [("x", "float32", ("rows", 4))]}, "input x"),
        ({"inputs": [("z", "float32", ("rows", 3))]}, "asks for"),
        ({"output": ("z", "float32", ("rows", 3))}, "no output 'z'"),
        ({"output": ("y", "int64", ("rows", 3))}, "output y"),
    ],
)
def test_session__card_of_another_model__is_refused(change, words):
    given = {"inputs": [("x", *ROW)], "output": ("y", *ROW), **change}
    with pytest.raises(InvalidInput, match=words):
        Session(card_of(doubling(), **given), doubling())


def test_session__what_the_runtime_refuses__says_so():
    with pytest.raises(InferenceError, match="refuses the model"):
        open_session(model_bytes([helper.make_node("Nonsense", ["x"], ["y"])],
                                 [info("x", FLOAT, [1])], [info("y", FLOAT, [1])]))  # fmt: skip


def test_runtime__is_the_pinned_one_and_passes_its_test():
    assert check_runtime() == []
    record = runtime_record()
    assert record["version"] == "1.32.0"
    assert all(isinstance(value, str) for value in record.values())


@pytest.mark.parametrize("version", ["1.31.0", "1.33.0", ""])
def test_runtime__another_version__is_named_and_keeps_the_node_from_being_ready(
    version, monkeypatch
):
    monkeypatch.setattr(runtime.onnxruntime, "__version__", version)
    (fault,) = check_runtime()
    assert fault == f"ONNX Runtime is {version}, pinned is 1.32.0"
    found = Readiness(runtime_faults=(fault,), models=())
    (check,) = readiness._models(SimpleNamespace(models=found))
    assert (check.ok, check.what) == (False, fault)


def test_runtime__that_computes_wrongly__is_named(monkeypatch):
    """As 1.21 to 1.31 do on x86: the 64-bit maximum of 32-bit halves."""
    wrong = SimpleNamespace(run=lambda *_: [np.array([7, 3], np.int64)])
    monkeypatch.setattr(runtime, "open_session", lambda _: wrong)
    (fault,) = check_runtime()
    assert "int64 Max" in fault
    assert "gives [7, 3]" in fault
