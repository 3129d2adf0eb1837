import asyncio
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from oracle.core.errors import InferenceError, InvalidInput, NotFound, Overloaded
from oracle.core.scoring import Outputs
from oracle.core.tensors import encode_tensors
from oracle.inference.engine import Engine
from oracle.inference.runner import Runner
from oracle.inference.spread import measure_spread
from tests.support.graphs import FLOAT, card_of, doubling, endless, info, model_bytes, write

ROW = ("float32", ("rows", 3))


def row(number):
    return encode_tensors([np.array([[number, 2, 3]], np.float32)])


ROWS = tuple(row(i) for i in range(1, 13))


@pytest.fixture
def model(tmp_path):
    card = card_of(doubling(), inputs=[("x", *ROW)], output=("y", *ROW), batching=True)
    return write(tmp_path / "m", card, doubling(), examples=ROWS).model


@pytest.fixture
def endless_model(tmp_path):
    spec = ("float32", (1, 1))
    octets = endless()
    card = card_of(octets, name="endless", inputs=[("x", *spec)], output=("y", *spec))
    return write(tmp_path / "endless", card, octets).model


def counted(monkeypatch):
    sizes = []
    original = Runner.run_many

    def run_many(self, messages):
        sizes.append(len(messages))
        return original(self, messages)

    monkeypatch.setattr(Runner, "run_many", run_many)
    return sizes


async def test_infer__by_id_and_by_name__gives_the_canonical_outputs(model):
    async with Engine([model]) as engine:
        found = await engine.infer(model.model_id, ROWS[4])
        assert found.value == 10_000
        assert await engine.infer("m" if model.name == "m" else model.name, ROWS[4]) == found
    assert found == Runner(model).run(ROWS[4])


async def test_infer__requests_that_arrive_together__run_as_one_batch(model, monkeypatch):
    sizes = counted(monkeypatch)
    async with Engine([model], max_batch=8) as engine:
        found = await asyncio.gather(*(engine.infer(model.model_id, m) for m in ROWS))
    assert sizes == [8, 4]
    assert [each.value for each in found] == [2000 * i for i in range(1, 13)]


async def test_infer__bad_neighbour__fails_alone(model):
    async with Engine([model]) as engine:
        found = await asyncio.gather(
            *(engine.infer(model.model_id, m) for m in (ROWS[0], b"junk", ROWS[1])),
            return_exceptions=True,
        )
    assert [type(each) for each in found] == [Outputs, InvalidInput, Outputs]


async def test_infer_many__longer_than_a_batch__keeps_the_order(model):
    async with Engine([model], max_batch=5) as engine:
        found = await engine.infer_many(model.model_id, [*ROWS, b"", *ROWS])
        assert await engine.infer_many(model.model_id, []) == []
        assert engine.waiting == 0
    assert [each.value for each in found if isinstance(each, Outputs)] == [
        2000 * i for i in (*range(1, 13), *range(1, 13))
    ]
    assert isinstance(found[12], InvalidInput)


async def test_infer__more_than_may_wait__is_refused_at_once(model):
    async with Engine([model], max_waiting=4) as engine:
        found = await asyncio.gather(
            *(engine.infer(model.model_id, m) for m in ROWS[:6]), return_exceptions=True
        )
        assert [type(each) for each in found] == [Outputs] * 4 + [Overloaded] * 2
        assert "limit of 4" in str(found[5])
        with pytest.raises(Overloaded, match="limit of 4"):
            await engine.infer_many(model.model_id, ROWS[:5])
        assert (await engine.infer(model.model_id, ROWS[0])).value == 2000
        assert engine.waiting == 0


async def test_infer__unknown_model__is_not_found(model):
    async with Engine([model]) as engine:
        for call in (engine.infer, engine.infer_many):
            with pytest.raises(NotFound):
                await call(b"\0" * 32, [ROWS[0]] if call == engine.infer_many else ROWS[0])
        with pytest.raises(NotFound):
            engine.check("nothing", b"")


async def test_check__bad_input__is_refused_without_running(model):
    engine = Engine([model])
    engine.check(model.model_id, ROWS[0])
    with pytest.raises(InvalidInput):
        engine.check(model.model_id, ROWS[0] + b"\0")
    given = {"tensors": {"x": [[1, 2, 3]]}}
    assert engine.encode(model.model_id, given) == ROWS[0]


async def test_infer__endless_model__is_ended_while_others_are_served(model, endless_model):
    async with Engine([model, endless_model]) as engine:
        stuck = asyncio.create_task(
            engine.infer("endless", encode_tensors([np.ones((1, 1), np.float32)]))
        )
        await asyncio.sleep(0.1)
        start = time.monotonic()
        assert (await engine.infer(model.model_id, ROWS[0])).value == 2000
        assert time.monotonic() - start < 0.9
        with pytest.raises(InferenceError, match="longer than 1 s"):
            await stuck


async def test_close__while_a_model_runs__leaves_nobody_waiting(endless_model):
    message = encode_tensors([np.ones((1, 1), np.float32)])
    async with Engine([endless_model], threads=1) as engine:
        waiting = [asyncio.create_task(engine.infer("endless", message)) for _ in range(3)]
        await asyncio.sleep(0.05)
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(each, InferenceError) for each in found)
    with pytest.raises(InferenceError, match="not running"):
        await engine.infer("endless", message)


async def test_infer__slow_model_that_may_not_batch__uses_every_thread(model, monkeypatch):
    single = replace(
        model, card=replace(model.card, batching=replace(model.card.batching, allowed=False))
    )
    seen = []
    gate = threading.Barrier(2, timeout=5)
    original = Runner._one

    def one(self, message):
        seen.append(threading.current_thread().name)
        gate.wait()
        return original(self, message)

    async with Engine([single], threads=2) as engine:
        runner = engine._lanes[single.model_id].runner
        runner.quick = False
        monkeypatch.setattr(Runner, "_one", one)
        found = await asyncio.gather(*(engine.infer(single.model_id, m) for m in ROWS[:4]))
    assert [each.value for each in found] == [2000, 4000, 6000, 8000]
    assert len(set(seen)) == 2


@pytest.mark.parametrize(("rows", "inline"), [(1, True), (6, True), (7, False), (200, False)])
async def test_run_tensors__more_than_an_instants_work__leaves_the_event_loop(
    model, monkeypatch, rows, inline
):
    monkeypatch.setattr(Runner, "_measure", lambda self, rows=1: rows * 49e-6)
    seen = []
    original = Runner.run_tensors

    def run_tensors(self, feeds, rows):
        seen.append(threading.current_thread() is threading.main_thread())
        return original(self, feeds, rows)

    monkeypatch.setattr(Runner, "run_tensors", run_tensors)
    feeds = {"x": np.ones((rows, 3), np.float32)}
    async with Engine([model]) as engine:
        (found,) = await engine.run_tensors(model.model_id, feeds, rows)
    assert found.tolist() == [[2, 2, 2]] * rows
    assert seen == [inline]


async def test_self_test__card_with_other_decimals__is_named(model):
    """A value ten times what it was: the golden vectors are of the right card."""
    (output,) = model.card.outputs
    finer = replace(output, decimals=output.decimals + 1)
    wrong = replace(model, card=replace(model.card, outputs=(finer,)))
    async with Engine([wrong]) as engine:
        readiness = await engine.self_test()
    assert not readiness.ready
    assert "the value is 20000, not 2000" in readiness.faults()[0]


async def test_self_test__golden_vectors__pass_and_a_false_one_is_named(model):
    async with Engine([model]) as engine:
        readiness = await engine.self_test()
    assert readiness.ready
    assert readiness.models[0].exact == len(ROWS)
    false = replace(model, vectors=(replace(model.vectors[0], value=7), *model.vectors[1:]))
    async with Engine([false]) as engine:
        readiness = await engine.self_test()
    assert not readiness.ready
    assert readiness.faults() == ["sample: example 0: the value is 2000, not 7"]


async def test_add__one_more_model__is_served(model, tmp_path):
    card = card_of(doubling(), name="other", inputs=[("x", *ROW)], output=("y", *ROW))
    other = write(tmp_path / "other", card, doubling()).model
    async with Engine([model]) as engine:
        engine.add(other)
        assert (await engine.infer("other", ROWS[1])).value == 4000
        assert engine.card("other").name == "other"


def mixing():
    """Every row becomes the mean of all rows of the batch."""
    from onnx import helper

    nodes = [
        helper.make_node("ReduceMean", ["x", "axis"], ["mean"]),
        helper.make_node("Mul", ["x", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "mean"], ["y"]),
    ]
    constants = [
        helper.make_tensor("axis", 7, [1], [0]),
        helper.make_tensor("zero", FLOAT, [1], [0.0]),
    ]
    shape = ["rows", 3]
    return model_bytes(nodes, [info("x", FLOAT, shape)], [info("y", FLOAT, shape)], constants)


def test_spread__model_that_mixes_its_rows__may_not_be_batched(tmp_path):
    octets = mixing()
    card = card_of(octets, inputs=[("x", *ROW)], output=("y", *ROW))
    spread = measure_spread(card, octets, ROWS)
    assert not spread.batching
    assert {v.name: v.disagreeing > 0 for v in spread.variations if v.batch > 1} == {
        "batch 2": True,
        "batch 16": True,
        "batch 64": True,
    }
    assert not write(tmp_path / "m", card, octets, examples=ROWS).model.card.batching.allowed


def test_spread__exact_model__keeps_every_decimal_and_may_be_batched(model):
    spread = measure_spread(model.card, model.onnx, ROWS)
    assert spread.batching
    assert spread.decimals == 6
    assert spread.tolerance == 1
    assert all(v.apart == 0 and not v.failed for v in spread.variations)


def test_spread__too_few_inputs__allow_no_batching(tmp_path, model):
    written = write(tmp_path / "few", model.card, model.onnx, examples=ROWS[:3])
    assert not written.model.card.batching.allowed
    assert "3 distinct inputs" in written.model.card.batching.measured
