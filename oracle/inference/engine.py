"""The engine: every model of a node behind one awaitable call, with batching and bounds.

Requests for one model that are waiting at the same time run together, as far as its card allows:
nothing waits for company, but whatever arrives during a run shares the next one. Models of
microseconds run on the event loop, the others in a bounded executor. What waits is bounded too;
beyond that a caller is told so at once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from numpy.typing import NDArray

from oracle.core.errors import InferenceError, OracleError, Overloaded
from oracle.core.model_card import ModelCard
from oracle.core.model_input import InputCodec
from oracle.core.scoring import Outputs
from oracle.inference.folder import StoredModel
from oracle.inference.readiness import ModelReadiness, Readiness, check_vectors
from oracle.inference.runner import Runner
from oracle.inference.runtime import check_runtime, runtime_record
from oracle.inference.store import CardStore

GRACE_SECONDS = 2.0
"""After its time a run is told to end; one that does not obey so long is given up."""


@dataclass(slots=True)
class _Lane:
    """What waits for one model."""

    runner: Runner
    waiting: deque[tuple[bytes, asyncio.Future[Outputs]]] = field(default_factory=deque)
    awake: bool = False
    runs: int = 0


class Engine:
    """Runs the models of a store. Use it as an async context manager, on one event loop.

    Args:
        models: the store, or any verified models.
        threads: of the executor for models that are not quick.
        max_batch: most inputs that run together.
        max_waiting: most inputs that wait, over all models.

    Raises:
        InferenceError: ONNX Runtime refuses a model.
        InvalidInput: a model's inputs or outputs are not its card's.
    """

    def __init__(
        self,
        models: CardStore | Iterable[StoredModel],
        *,
        threads: int = 2,
        max_batch: int = 64,
        max_waiting: int = 4096,
    ) -> None:
        self.store = models if isinstance(models, CardStore) else CardStore(models)
        self._threads = threads
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._waiting = 0
        self._lanes: dict[bytes, _Lane] = {}
        self._executor: ThreadPoolExecutor | None = None
        self._running: set[asyncio.Task[None]] = set()
        for model in self.store:
            self._lanes[model.model_id] = _Lane(runner=Runner(model))

    async def __aenter__(self) -> Engine:
        self._executor = ThreadPoolExecutor(self._threads, thread_name_prefix="inference")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for lane in self._lanes.values():
            while lane.waiting:
                _, future = lane.waiting.popleft()
                self._waiting -= 1
                if not future.done():
                    future.set_exception(_closed())
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)
            self._executor = None

    @property
    def waiting(self) -> int:
        """Inputs that wait now, over all models."""
        return self._waiting

    def card(self, model: bytes | str) -> ModelCard:
        """The card of a model, by id or name.

        Raises:
            NotFound: the engine has no such model.
        """
        return self.store.find(model).card

    def add(self, model: StoredModel) -> None:
        """Serve one more model.

        Raises:
            Conflict: another model has its name.
            InferenceError, InvalidInput: as at the start.
        """
        lane = _Lane(runner=Runner(model))
        self.store.add(model)
        self._lanes.setdefault(model.model_id, lane)

    def codec(self, model: bytes | str) -> InputCodec:
        """The codec of a model's inputs.

        Raises:
            NotFound: the engine has no such model.
        """
        return self._lane(model).runner.codec

    def runtime(self, model: bytes | str) -> dict[str, str]:
        """What runs a model, for receipts; of another server no more than that it is one.

        Raises:
            NotFound: the engine has no such model.
        """
        remote = self._lane(model).runner.remote
        if remote is None:
            return runtime_record()
        return {"engine": "remote, by the Open Inference Protocol", "model": remote.model}

    def encode(self, model: bytes | str, given: object) -> bytes:
        """Input bytes of what a caller wrote; see ``InputCodec.encode``.

        Raises:
            NotFound: the engine has no such model.
            InvalidInput: it is no input of the model.
        """
        return self._lane(model).runner.codec.encode(given)

    def check(self, model: bytes | str, message: bytes) -> None:
        """Refuse input bytes that the model does not take, without running it.

        Raises:
            NotFound: the engine has no such model.
            InvalidInput: the bytes are no input of the model.
        """
        self._lane(model).runner.codec.decode(message)

    async def infer(self, model: bytes | str, message: bytes) -> Outputs:
        """What the model says about one input.

        Args:
            model: its id or name.
            message: the input bytes.

        Raises:
            NotFound: the engine has no such model.
            InvalidInput: the bytes are no input of the model.
            InferenceError: the model failed or ran too long.
            Overloaded: too much is waiting already.
        """
        lane = self._lane(model)
        self._admit(1)
        future: asyncio.Future[Outputs] = asyncio.get_running_loop().create_future()
        lane.waiting.append((message, future))
        self._wake(lane)
        return await future

    async def infer_many(
        self, model: bytes | str, messages: Sequence[bytes]
    ) -> list[Outputs | OracleError]:
        """One element for each input, in order: its outputs, or the error that refused it.

        Raises:
            NotFound: the engine has no such model.
            InferenceError: too much is waiting already.
        """
        lane = self._lane(model)
        self._admit(len(messages))
        found: list[Outputs | OracleError] = []
        try:
            for start in range(0, len(messages), self._max_batch):
                if start:
                    await asyncio.sleep(0)
                found += await self._run(lane, messages[start : start + self._max_batch])
        finally:
            self._waiting -= len(messages)
        return found

    async def run_tensors(
        self, model: bytes | str, feeds: dict[str, NDArray[Any]], rows: int
    ) -> list[NDArray[Any]]:
        """The raw outputs for the model's own inputs, held to the card by the caller.

        Raises:
            NotFound: the engine has no such model.
            InferenceError: the model failed or ran too long.
            Overloaded: too much is waiting already.
        """
        lane = self._lane(model)
        self._admit(1)
        try:
            if rows <= lane.runner.inline_rows:
                return lane.runner.run_tensors(feeds, rows)
            assert self._executor is not None
            running = asyncio.get_running_loop().run_in_executor(
                self._executor, lane.runner.run_tensors, feeds, rows
            )
            allowed = lane.runner.card.limits.max_seconds * (rows + 1) + GRACE_SECONDS
            async with asyncio.timeout(allowed):
                return await running
        except TimeoutError as error:
            raise _late(lane, rows, allowed) from error
        finally:
            self._waiting -= 1

    async def self_test(self) -> Readiness:
        """Run every model's golden vectors, one by one and together, and the runtime's own test."""
        runtime = check_runtime()
        models: list[ModelReadiness] = []
        for lane in list(self._lanes.values()):
            model = lane.runner.model
            messages = [vector.input for vector in model.vectors]
            alone = [await self._settled(model, message) for message in messages]
            together = await self.infer_many(model.model_id, messages)
            models.append(check_vectors(model, alone, together))
        return Readiness(runtime_faults=tuple(runtime), models=tuple(models))

    async def _settled(self, model: StoredModel, message: bytes) -> Outputs | OracleError:
        try:
            return await self.infer(model.model_id, message)
        except OracleError as error:
            return error

    def _lane(self, model: bytes | str) -> _Lane:
        lane = self._lanes.get(model) if isinstance(model, bytes) else None
        return lane or self._lanes[self.store.find(model).model_id]

    def _admit(self, count: int) -> None:
        if self._executor is None:
            raise _closed()
        if self._waiting + count > self._max_waiting:
            raise Overloaded(
                f"{self._waiting} inputs are waiting, {count} more pass the limit of "
                f"{self._max_waiting}",
                remedy="try again in a moment, or send fewer at once",
            )
        self._waiting += count

    def _wake(self, lane: _Lane) -> None:
        """Let what has arrived by the loop's next turn run together."""
        if not lane.awake:
            lane.awake = True
            asyncio.get_running_loop().call_soon(self._flush, lane)

    def _flush(self, lane: _Lane) -> None:
        lane.awake = False
        together = lane.runner.card.batching.allowed
        if not lane.waiting or lane.runs >= (1 if together else self._threads):
            return
        most = self._max_batch if together or lane.runner.quick else 1
        batch = [lane.waiting.popleft() for _ in range(min(len(lane.waiting), most))]
        if lane.runner.quick:
            try:
                _settle(batch, lane.runner.run_many([message for message, _ in batch]))
            except Exception as error:  # noqa: BLE001 - whoever waits is told
                _fail(batch, error)
            self._rest(lane, len(batch))
            return
        lane.runs += 1
        task = asyncio.get_running_loop().create_task(self._flush_slow(lane, batch))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        if lane.waiting:
            self._wake(lane)

    async def _flush_slow(
        self, lane: _Lane, batch: list[tuple[bytes, asyncio.Future[Outputs]]]
    ) -> None:
        try:
            _settle(batch, await self._run(lane, [message for message, _ in batch]))
        except asyncio.CancelledError:
            _fail(batch, _closed())
            raise
        except Exception as error:  # noqa: BLE001 - whoever waits is told
            _fail(batch, error)
        finally:
            lane.runs -= 1
            self._rest(lane, len(batch))

    def _rest(self, lane: _Lane, served: int) -> None:
        self._waiting -= served
        if lane.waiting:
            self._wake(lane)

    async def _run(self, lane: _Lane, messages: Sequence[bytes]) -> list[Outputs | OracleError]:
        runner = lane.runner
        if runner.quick:
            return runner.run_many(messages)
        if self._executor is None:
            raise _closed()
        loop = asyncio.get_running_loop()
        shares = [messages] if runner.card.batching.allowed else [[each] for each in messages]
        runs = [loop.run_in_executor(self._executor, runner.run_many, share) for share in shares]
        allowed = runner.card.limits.max_seconds * (len(messages) + 1) + GRACE_SECONDS
        try:
            async with asyncio.timeout(allowed):
                return [outputs for found in await asyncio.gather(*runs) for outputs in found]
        except TimeoutError as error:
            raise _late(lane, len(messages), allowed) from error


def _settle(
    batch: Sequence[tuple[bytes, asyncio.Future[Outputs]]], found: Sequence[Outputs | OracleError]
) -> None:
    for (_, future), outputs in zip(batch, found, strict=True):
        if future.done():
            continue
        if isinstance(outputs, OracleError):
            future.set_exception(outputs)
        else:
            future.set_result(outputs)


def _fail(batch: Sequence[tuple[bytes, asyncio.Future[Outputs]]], error: Exception) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(error)


def _late(lane: _Lane, inputs: int, allowed: float) -> InferenceError:
    return InferenceError(
        f"model {lane.runner.card.name} did not answer {inputs} inputs in {allowed:g} s",
        remedy="the machine is overloaded, or one operator runs too long; try again",
    )


def _closed() -> InferenceError:
    return InferenceError("the engine is not running", remedy="use it within `async with engine:`")
