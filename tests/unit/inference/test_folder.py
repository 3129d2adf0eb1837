import json
import shutil

import numpy as np
import onnx
import pytest
from onnx import helper

from oracle.core.card_json import card_to_json
from oracle.core.errors import Conflict, InvalidInput, NotFound, VerificationError
from oracle.core.tensors import encode_tensors
from oracle.inference.folder import digest_of, load_model
from oracle.inference.graph import read_graph
from oracle.inference.runner import Runner
from oracle.inference.store import CardStore
from tests.support.graphs import FLOAT, card_of, doubling, info, model_bytes, write

ROW = ("float32", ("rows", 3))


@pytest.fixture
def folder(tmp_path):
    onnx_bytes = doubling()
    card = card_of(onnx_bytes, inputs=[("x", *ROW)], output=("y", *ROW))
    example = encode_tensors([np.array([[1, 2, 3]], np.float32)])
    write(tmp_path / "sample", card, onnx_bytes, examples=(example,))
    return tmp_path / "sample"


def edit_card(folder, change):
    card = json.loads((folder / "card.json").read_text())
    change(card)
    (folder / "card.json").write_text(json.dumps(card))


def test_load__written_folder__is_the_same_model(folder):
    model = load_model(folder)
    assert model.name == "sample"
    assert len(model.vectors) == 1
    assert model.graph.opsets == {"ai.onnx": 18}


def test_load__one_bit_of_the_file_changed__is_refused(folder):
    octets = bytearray((folder / "model.onnx").read_bytes())
    octets[-1] ^= 1
    (folder / "model.onnx").write_bytes(octets)
    with pytest.raises(VerificationError, match="SHA-256"):
        load_model(folder)


def test_load__file_longer_than_the_card_says__is_refused(folder):
    with (folder / "model.onnx").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(VerificationError, match="the card says"):
        load_model(folder)


def test_load__file_missing__is_refused(folder):
    (folder / "model.onnx").unlink()
    with pytest.raises(VerificationError, match="missing"):
        load_model(folder)
    (folder / "card.json").unlink()
    with pytest.raises(NotFound):
        load_model(folder)


def test_load__link_out_of_the_folder__is_refused(folder, tmp_path):
    shutil.move(folder / "model.onnx", tmp_path / "elsewhere.onnx")
    (folder / "model.onnx").symlink_to(tmp_path / "elsewhere.onnx")
    with pytest.raises(InvalidInput, match="leads out"):
        load_model(folder)


@pytest.mark.parametrize("name", ["../x.onnx", "/etc/passwd", "a/b", "..", ".hidden"])
def test_load__path_in_the_card__is_refused(folder, name):
    edit_card(folder, lambda card: card["model"].update(file=name))
    with pytest.raises(InvalidInput, match="file"):
        load_model(folder)


def with_external(location):
    """A model whose constant lies in another file."""
    graph = helper.make_graph(
        [helper.make_node("Mul", ["x", "w"], ["y"])],
        "g",
        [info("x", FLOAT, ["rows", 3])],
        [info("y", FLOAT, ["rows", 3])],
        [helper.make_tensor("w", FLOAT, [3], [2.0, 3.0, 4.0])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    tensor = model.graph.initializer[0]
    weights = np.array([2, 3, 4], np.float32).tobytes()
    tensor.ClearField("float_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", str(len(weights)))):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value
    return model.SerializeToString(), weights


@pytest.mark.parametrize("location", ["../weights", "/tmp/weights", "a/b.bin", "..", ""])
def test_graph__weights_outside_the_folder__are_refused(location):
    with pytest.raises(InvalidInput, match="weights 'w' lie in"):
        read_graph(with_external(location)[0])


def test_load__weights_beside_the_model__are_verified_and_used(tmp_path):
    onnx_bytes, weights = with_external("weights.bin")
    card = card_of(onnx_bytes, inputs=[("x", *ROW)], output=("y", *ROW))
    folder = tmp_path / "sample"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(onnx_bytes)
    (folder / "weights.bin").write_bytes(weights)
    given = card_to_json(card)
    digest = digest_of("weights.bin", weights)
    (folder / "card.json").write_text(json.dumps(given))
    with pytest.raises(InvalidInput, match=r"weights\.bin, which its card lacks"):
        load_model(folder)
    given["model"]["external"] = [
        {"file": digest.file, "sha256": digest.sha256, "size": digest.size}
    ]
    (folder / "card.json").write_text(json.dumps(given))
    row = encode_tensors([np.array([[1, 1, 1]], np.float32)])
    assert Runner(load_model(folder)).run(row).rounded[0].tolist() == [[2000, 3000, 4000]]
    (folder / "weights.bin").write_bytes(weights[::-1])
    with pytest.raises(VerificationError, match="SHA-256"):
        load_model(folder)


def test_graph__custom_operator__is_refused_even_in_a_subgraph():
    inner = helper.make_graph(
        [helper.make_node("Run", [], ["z"], domain="evil.ops")], "b", [], [info("z", FLOAT, [1])]
    )
    other = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["z"])], "b", [], [info("z", FLOAT, [1])]
    )
    nodes = [
        helper.make_node("Cast", ["x"], ["c"], to=9),
        helper.make_node("If", ["c"], ["y"], then_branch=inner, else_branch=other),
    ]
    octets = model_bytes(
        nodes, [info("x", FLOAT, [1])], [info("y", FLOAT, [1])], opsets={"": 18, "evil.ops": 1}
    )
    with pytest.raises(InvalidInput, match=r"operator Run is of the domain 'evil.ops'"):
        read_graph(octets)


@pytest.mark.parametrize("octets", [b"", b"not onnx", b"\x08\x07", b"\xff" * 100])
def test_graph__no_onnx__is_refused(octets):
    with pytest.raises(InvalidInput):
        read_graph(octets)


def test_store__finds_by_name_and_id__and_names_what_it_knows(folder):
    store = CardStore.open(folder.parent)
    model = store.find("sample")
    assert store.find(model.model_id) is model
    assert store.find("0x" + model.model_id.hex()) is model
    with pytest.raises(NotFound, match="known are: sample"):
        store.find("simple")
    with pytest.raises(NotFound):
        store.find(b"\0" * 32)


def test_store__two_models_of_one_name__are_refused(folder):
    other = folder.parent / "other"
    shutil.copytree(folder, other)
    edit_card(other, lambda card: card.update(title="Another"))
    with pytest.raises(Conflict, match="two models are named sample"):
        CardStore.open(folder.parent)


def test_store__no_folder__is_refused(tmp_path):
    with pytest.raises(NotFound):
        CardStore.open(tmp_path / "nowhere")
