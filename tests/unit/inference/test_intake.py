"""Models that none of our scripts made: those inside the onnx package, and made-up ones."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from oracle.core.errors import InferenceError, InvalidInput, NotFound
from oracle.core.model_card import ClassHead, ScoreHead
from oracle.core.tensors import encode_tensors
from oracle.inference.intake import propose, write
from oracle.inference.runner import Runner
from tests.support.graphs import FLOAT, INT64, STRING, endless, info, model_bytes
from tests.unit.inference.test_folder import with_external
from tests.unit.inference.test_runner import zipmap

SHIPPED = Path(onnx.__file__).parent / "backend" / "test" / "data"


def taken_in(path, folder, answers=None):
    written = write(propose(path), answers or {}, folder)
    return Runner(written.model)


def saved(tmp_path, octets):
    path = tmp_path / "Some Model.v2.onnx"
    path.write_bytes(octets)
    return path


def test_intake__shipped_linear_model__answers_as_its_own_test_data_say(tmp_path):
    folder = SHIPPED / "pytorch-converted" / "test_Linear_no_bias"
    proposal = propose(folder / "model.onnx")
    answers = {"head": "score", "index": "3, 7", "name": "linear"}
    runner = Runner(write(proposal, answers, tmp_path / "linear").model)
    given, expected = (
        numpy_helper.to_array(onnx.load_tensor(folder / "test_data_set_0" / f"{side}_0.pb"))
        for side in ("input", "output")
    )
    found = runner.run(encode_tensors([given]))
    assert abs(found.value / 1000 - float(expected[3, 7])) <= 0.001
    assert found.rounded[0].shape == expected.shape


def test_intake__shipped_image_classifier__is_recognised(tmp_path):
    proposal = propose(SHIPPED / "light" / "light_squeezenet.onnx")
    card = proposal.card()
    assert isinstance(card.head, ClassHead) or card.outputs[0].shape[1] == 1000
    runner = Runner(write(proposal, {}, tmp_path / "m").model)
    assert runner.model.vectors[0].note == "zeros"
    assert runner.run(runner.model.vectors[0].input).value == runner.model.vectors[0].value


def test_intake__shipped_text_model__says_what_is_missing():
    path = SHIPPED / "simple" / "test_strnorm_model_nostopwords_nochangecase" / "model.onnx"
    proposal = propose(path)
    assert proposal.found.inputs[0].dtype == "string"
    with pytest.raises(InvalidInput, match="name every label"):
        proposal.card()
    with pytest.raises(InvalidInput, match="one label from y of shape"):
        proposal.card({"labels": "monday, tuesday"})


def test_intake__texts__go_in_and_labels_come_out(tmp_path):
    nodes = [
        helper.make_node("LabelEncoder", ["grade"], ["points"], domain="ai.onnx.ml",
                         keys_strings=["A", "B"], values_int64s=[1, 2], default_int64=0),
        helper.make_node("LabelEncoder", ["points"], ["word"], domain="ai.onnx.ml",
                         keys_int64s=[1, 2], values_strings=["good", "fair"],
                         default_string="poor"),
    ]  # fmt: skip
    octets = model_bytes(
        nodes,
        [info("grade", STRING, [None, 1])],
        [info("word", STRING, [None, 1])],
        opsets={"": 18, "ai.onnx.ml": 3},
    )
    answers = {"labels": "good, fair, poor", "verdicts": "ACCEPT, REVIEW, REJECT"}
    runner = taken_in(saved(tmp_path, octets), tmp_path / "m", answers)
    found = runner.run(runner.codec.encode({"tensors": {"grade": [["B"]]}}))
    assert (found.value, found.confidence) == (1, 0)
    assert runner.model.vectors[0].value == 2


def test_intake__shipped_sequence_models__run_or_are_left_out_with_a_note(tmp_path):
    proposal = propose(SHIPPED / "simple" / "test_sequence_model1" / "model.onnx")
    assert taken_in(SHIPPED / "simple" / "test_sequence_model1" / "model.onnx", tmp_path / "m")
    assert len(proposal.found.inputs) >= 2


def test_intake__operators_the_runtime_no_longer_has__are_converted(tmp_path):
    folder = SHIPPED / "pytorch-converted" / "test_PReLU_1d"
    proposal = propose(folder / "model.onnx")
    assert any("converted to operator set 13" in note for note in proposal.notes)
    runner = Runner(write(proposal, {"index": "0, 0, 0"}, tmp_path / "m").model)
    given, expected = (
        numpy_helper.to_array(onnx.load_tensor(folder / "test_data_set_0" / f"{side}_0.pb"))
        for side in ("input", "output")
    )
    units = runner.run(encode_tensors([given])).rounded[0]
    assert np.abs(units / 1000 - expected).max() <= 0.0006


def test_intake__operators_of_an_unknown_domain__are_refused():
    with pytest.raises(InvalidInput, match="ai.onnx.preview.training"):
        propose(SHIPPED / "simple" / "test_gradient_of_add" / "model.onnx")


def test_intake__operators_nobody_knows__are_refused_with_the_first_error(tmp_path):
    octets = model_bytes(
        [helper.make_node("Nonsense", ["x"], ["y"])],
        [info("x", FLOAT, [1])],
        [info("y", FLOAT, [1])],
    )
    with pytest.raises(InferenceError, match="Nonsense"):
        propose(saved(tmp_path, octets))


def test_intake__zipmap_classifier__keeps_its_labels(tmp_path):
    proposal = propose(saved(tmp_path, zipmap()))
    card = proposal.card()
    assert card.name == "some-model-v2"
    assert card.labels == ("cat", "dog")
    assert card.head.scores == "probability"
    runner = taken_in(saved(tmp_path, zipmap()), tmp_path / "m", {"verdicts": "ACCEPT, REJECT"})
    message = runner.codec.encode({"tensors": {"x": [[0, 3]]}})
    found = runner.run(message)
    assert runner.card.value_text(found.value) == "dog"
    assert found.confidence == 953_000
    assert runner.model.policy.rule.decide(found.value, found.confidence).name == "REJECT"


def test_intake__several_int64_inputs__become_packed_integers(tmp_path):
    nodes = [
        helper.make_node("Add", ["a", "b"], ["sum"]),
        helper.make_node("Cast", ["sum"], ["y"], to=FLOAT),
    ]
    shape = [None, 1]
    octets = model_bytes(
        nodes, [info("a", INT64, shape), info("b", INT64, shape)], [info("y", FLOAT, shape)]
    )
    answers = {"encoding": "packed", "threshold": "100", "decimals": "0"}
    runner = taken_in(saved(tmp_path, octets), tmp_path / "m", answers)
    assert [f.solidity_type for f in runner.card.input.features] == ["int64", "int64"]
    found = runner.run(runner.codec.encode({"a": -(2**40), "b": 5}))
    assert found.value == round(float(np.float32(5 - 2**40)))
    assert runner.model.policy.rule.decide(99, 0).name == "REJECT"


def test_intake__packed_floats__take_names_and_decimals(tmp_path):
    octets = model_bytes(
        [helper.make_node("ReduceSum", ["x", "axis"], ["y"])],
        [info("x", FLOAT, [None, 2])],
        [info("y", FLOAT, [None, 1])],
        [helper.make_tensor("axis", INT64, [1], [1])],
    )
    answers = {"encoding": "packed", "features": "width, height", "feature_decimals": "2"}
    runner = taken_in(saved(tmp_path, octets), tmp_path / "m", answers)
    assert isinstance(runner.card.head, ScoreHead)
    assert runner.card.batching.allowed
    assert runner.run(runner.codec.encode({"width": "1.25", "height": -3})).value == -1750


def test_intake__questions__apply_only_where_they_make_sense(tmp_path):
    proposal = propose(saved(tmp_path, zipmap()))
    by_key = {question.key: question for question in proposal.questions}
    assert by_key["verdicts"].applies({"head": "class"})
    assert not by_key["threshold"].applies({"head": "class"})
    assert by_key["output"].choices == ("label", "odds")
    assert by_key["labels"].default == "cat, dog"
    with pytest.raises(InvalidInput, match="nobody asked for colour"):
        proposal.card({"colour": "red"})


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"output": "nothing"}, "output is 'nothing'"),
        ({"head": "both"}, "head is 'both'"),
        ({"decimals": "many"}, "decimals is 'many'"),
        ({"decimals": "13"}, "decimals is '13'"),
        ({"labels": "cat, dog, cow"}, "3 labels"),
        ({"labels": "cat, cat"}, "labels"),
        ({"name": "Not A Name"}, "card.name"),
        ({"max_seconds": "0"}, "max_seconds is '0'"),
        ({"verdicts": "ACCEPT"}, "verdicts is 'ACCEPT'"),
        ({"encoding": "packed", "features": "one"}, "features is 'one'"),
    ],
)
def test_intake__answer_that_can_not_be__is_refused(tmp_path, answers, words):
    proposal = propose(saved(tmp_path, zipmap()))
    with pytest.raises(InvalidInput) as refusal:
        write(proposal, answers, tmp_path / "m")
    assert words in refusal.value.what
    assert not (tmp_path / "m").exists()


def test_intake__examples__become_golden_vectors(tmp_path):
    proposal = propose(saved(tmp_path, zipmap()))
    examples = [{"tensors": {"x": [[1, 0]]}}, {"tensors": {"x": [[0, 1]]}}]
    model = write(proposal, {}, tmp_path / "m", examples=examples).model
    assert [vector.value for vector in model.vectors] == [0, 1]


def test_intake__input_without_a_shape__is_refused(tmp_path):
    octets = model_bytes(
        [helper.make_node("Neg", ["x"], ["y"])], [info("x", FLOAT, None)], [info("y", FLOAT, None)]
    )
    with pytest.raises(InvalidInput, match="no shape"):
        propose(saved(tmp_path, octets))


def test_intake__weights_beside_the_file__come_along__weights_elsewhere_do_not(tmp_path):
    octets, weights = with_external("weights.bin")
    with pytest.raises(NotFound, match="weights.bin"):
        propose(saved(tmp_path, octets))
    (tmp_path / "weights.bin").write_bytes(weights)
    runner = taken_in(saved(tmp_path, octets), tmp_path / "m", {"head": "score", "index": "0, 2"})
    assert runner.run(encode_tensors([np.ones((1, 3), np.float32)])).value == 4000
    with pytest.raises(InvalidInput, match="lie in"):
        propose(saved(tmp_path, with_external("../weights.bin")[0]))


def test_intake__model_that_needs_some_length__is_tried_with_it(tmp_path):
    octets = model_bytes(
        [helper.make_node("Gather", ["x", "place"], ["y"], axis=1)],
        [info("x", FLOAT, ["batch", "length"])],
        [info("y", FLOAT, ["batch", 1])],
        [helper.make_tensor("place", INT64, [1], [100])],
    )
    proposal = propose(saved(tmp_path, octets))
    assert proposal.found.trial["x"].shape == (1, 512)


def test_intake__endless_model__is_tried_in_bounded_time(tmp_path, monkeypatch):
    monkeypatch.setattr("oracle.inference.trial.TRY_SECONDS", 0.3)
    proposal = propose(saved(tmp_path, endless()))
    assert any("does not run on zeros" in note for note in proposal.notes)
