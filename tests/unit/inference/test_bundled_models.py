import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from oracle.core.policy import ThresholdRule, Verdict
from oracle.core.scoring import read_outputs
from oracle.inference.bench import LIMIT, measure
from oracle.inference.engine import Engine
from oracle.inference.runner import Runner
from oracle.inference.store import CardStore

ROOT = Path(__file__).resolve().parents[3] / "models"
STORE = CardStore.open(ROOT)
MODELS = pytest.mark.parametrize("model", list(STORE), ids=lambda model: model.name)


def test_models__cover_three_fields_and_three_kinds():
    kinds = {(type(m.card.head).__name__, len(m.card.labels)) for m in STORE}
    assert {("ScoreHead", 0), ("ClassHead", 2), ("ClassHead", 3)} <= kinds
    assert {"credit-default", "breast-tumour", "wine-origin", "delivery-time"} == {
        m.name for m in STORE
    }


@MODELS
def test_model__is_ready_to_be_served(model):
    async def ready():
        async with Engine([model]) as engine:
            return await engine.self_test()

    readiness = asyncio.run(ready())
    assert readiness.faults() == []
    assert len(model.vectors) == 10


@MODELS
def test_model__vectors__agree_with_json_input_outputs_and_policy(model):
    runner = Runner(model)
    assert runner.quick
    for vector in model.vectors:
        assert runner.codec.encode(dict(vector.features)) == vector.input
        assert len(vector.input) <= 64
        found = read_outputs(model.card, vector.outputs)
        assert (found.value, found.confidence) == (vector.value, vector.confidence)
        assert found.output_hash == vector.output_hash
        verdict = model.policy.rule.decide(vector.value, vector.confidence)
        assert verdict.name == vector.verdict


@MODELS
def test_model__batches__equal_single_runs(model):
    assert model.card.batching.allowed
    runner = Runner(model)
    messages = [vector.input for vector in model.vectors]
    assert runner.run_many(messages * 3) == [runner.run(message) for message in messages] * 3


@MODELS
def test_model__policy__knows_every_label_and_uses_every_verdict_it_explains(model):
    rule = model.policy.rule
    if isinstance(rule, ThresholdRule):
        assert rule.band > 0
    else:
        assert len(rule.verdicts) == len(model.card.labels)
    seen = {vector.verdict for vector in model.vectors}
    assert {Verdict.ACCEPT.name, Verdict.REJECT.name} <= seen


@MODELS
def test_train__again__gives_the_same_files(model, tmp_path):
    script = model.folder / "train.py"
    environment = {**os.environ, "PYTHONHASHSEED": "99", "PYTHONPATH": str(ROOT.parent)}
    subprocess.run(
        [sys.executable, script, "--into", tmp_path],
        check=True,
        capture_output=True,
        env=environment,
        timeout=120,
    )
    for name in ("model.onnx", "card.json", "policy.json", "vectors.json", "README.md"):
        assert (tmp_path / name).read_bytes() == (model.folder / name).read_bytes(), name


def test_batches__of_64__run_within_a_quarter_of_the_bare_runtime():
    measured = asyncio.run(measure(STORE.find("credit-default"), rounds=60))
    assert measured.ratio <= LIMIT
