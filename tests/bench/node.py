"""The node as a process of its own: a backlog answered, killed in the middle, started again.

The chain is Anvil with a block each tenth of a second and room for everything in it, since, left
to mine each transaction at once, it now and then leaves some of a large batch lying. Bare sends go
to the same chain from the same client: signed before, a hundred in one exchange, not looked after.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from coincurve import PrivateKey
from eth_utils.crypto import keccak

from oracle.chain.contracts import DecisionLog, RequestLog, decode_logs
from oracle.chain.local import LocalChain, dev_account, local_chain
from oracle.chain.signed import sign_call
from oracle.core.lifecycle import State
from oracle.core.prediction import Prediction
from oracle.core.transaction import GWEI
from oracle.journal import Journal, requests
from tests.bench.sheet import Sheet
from tests.support.committee import committee
from tests.support.harness import CHAIN_ID, OPERATOR, REQUESTER, World, deployed_world, until

ROOT = Path(__file__).parents[2]
BACKLOG, SAMPLE, IN_FLIGHT = 10_000, 2_000, 1_024
BLOCK_SECONDS = 0.1
SHARE, RECOVERY, GROWTH_MB = 0.5, 5.0, 300
ROUNDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How a backlog was answered.

    Attributes:
        rate: answers a second, from the first to the last; the pause for the kill is left out, and
            so is what was answered in it.
        own_ms, chain_ms: processor time an answer of the process and of the chain, up to the kill.
        ready: seconds from the start of the process to its first transaction on chain.
        again: the same after the kill.
        idle_mb, peak_mb: memory of the process before its first transaction, and at most.
        decided: decisions on chain about the requests, each counted once.
        final: requests that the journal calls final.
    """

    rate: float
    own_ms: float
    chain_ms: float
    ready: float
    again: float
    idle_mb: float
    peak_mb: float
    decided: int
    final: int


async def measure(scratch: Path) -> Sheet:
    """Measure bare sends, the backlog, the restart, and a committee."""
    sheet = Sheet(name="node", title="Node", command="make bench ONLY=node")
    async with backlog(scratch, BACKLOG) as (chain, world, asked):
        transfers, answers, bare_ms = await bare(chain, world, asked[:SAMPLE])
        run = await answer(chain, world, scratch / "node", asked, kill=True)
    sheet.figure(
        "answers a second, of bare sends of the same transactions",
        f"{run.rate:,.0f} of {answers:,.0f}, {run.rate / answers:.0%}",
        f"{SHARE:.0%}",
        held=run.rate >= SHARE * answers,
    )
    sheet.figure(
        "answers a second, of bare transfers",
        f"{run.rate:,.0f} of {transfers:,.0f}, {run.rate / transfers:.0%}",
        f"{SHARE:.0%}",
        held=run.rate >= SHARE * transfers,
    )
    sheet.table(
        ("processor time", "answer", "bare send"),
        [
            ["the node; the client", f"{run.own_ms:.2f} ms", f"{bare_ms[0]:.2f} ms"],
            ["the chain", f"{run.chain_ms:.2f} ms", f"{bare_ms[1]:.2f} ms"],
        ],
    )
    whole = run.decided == run.final == len(asked)
    sheet.figure(
        f"a backlog of {len(asked):,} requests, killed in its middle",
        f"{run.decided:,} decided, {run.final:,} final",
        "all, once",
        held=whole,
    )
    sheet.figure(
        "memory of the process, at most (before its first answer)",
        f"{run.peak_mb:.0f} MB ({run.idle_mb:.0f})",
        f"{GROWTH_MB} MB more",
        held=run.peak_mb - run.idle_mb <= GROWTH_MB,
    )
    sheet.figure(
        "from kill -9 and a new start to the next answer on chain",
        f"{run.again:.1f} s",
        f"{RECOVERY:g} s",
        held=run.again <= RECOVERY,
    )
    latency = await committee_latency(scratch / "committee")
    sheet.figure(
        f"a committee's decision, 3 of 4, after the request's block, median of {ROUNDS}",
        f"{latency * 1000:.0f} ms",
        "1,500 ms",
        held=latency <= 1.5,
    )
    sheet.say(
        f"Anvil makes a block each {BLOCK_SECONDS:g} s; the node has at most {IN_FLIGHT:,} "
        "transactions in flight and logs warnings. Processor time says what a busy machine's clock "
        "does not. An answer is a request followed, run in ONNX "
        "Runtime, recorded at every stage, simulated, signed, sent and looked after; a bare send "
        f"is none of it. The process answers {run.ready:.1f} s after its start."
    )
    return sheet


@asynccontextmanager
async def backlog(
    folder: Path, count: int
) -> AsyncIterator[tuple[LocalChain, World, list[RequestLog]]]:
    """A chain with so many open requests."""
    async with (
        local_chain(
            folder=folder, block_time=BLOCK_SECONDS, arguments=("--gas-limit", "1000000000")
        ) as chain,
        deployed_world(chain.url) as world,
    ):
        head, model = await world.rpc.block("latest"), world.model
        assert model.policy is not None
        fee, vectors = model.policy.fee_gwei * GWEI, model.vectors
        deadline = head.timestamp + 24 * 3600
        calls = [
            world.contract.encode_request_decision(
                model.model_id, vectors[at % len(vectors)].input, callback_gas=0, deadline=deadline
            )
            for at in range(count)
        ]
        await send(world, REQUESTER, world.contract.address_bytes, calls, value=fee)
        asked: list[RequestLog] = []

        async def all_told() -> bool:
            last = await world.rpc.block("latest")
            logs, _ = await world.rpc.logs_between(
                address=world.contract.address, first=head.number, last=last.number
            )
            told = decode_logs(logs, world.contract.address)
            asked[:] = [each for each in told if isinstance(each, RequestLog)]
            return len(asked) == count

        await until(all_told)  # an account's nonce is known before its block's logs are
        yield chain, world, asked


async def send(
    world: World, account: object, to: bytes, calls: Sequence[bytes], *, value: int = 0
) -> tuple[float, float]:
    """Send calls that are signed before the clocks start.

    Returns:
        Seconds until all are mined, and of this process's processor time.
    """
    key, address = PrivateKey(bytes(account.key)), account.address  # type: ignore[attr-defined]
    first = await world.rpc.nonce(address, block="latest")
    raws = [
        sign_call(
            key,
            chain_id=CHAIN_ID,
            nonce=first + at,
            to=to,
            value=value,
            calldata=call,
            gas=200_000 if call else 21_000,
            max_fee=100 * GWEI,
            priority_fee=GWEI,
        )[0]
        for at, call in enumerate(calls)
    ]
    started, spent = time.perf_counter(), time.process_time()
    await world.rpc.broadcast_many(raws)

    async def mined() -> bool:
        return await world.rpc.nonce(address, block="latest") == first + len(raws)

    await until(mined, within=300, pause=0.01)
    return time.perf_counter() - started, time.process_time() - spent


async def bare(
    chain: LocalChain, world: World, asked: Sequence[RequestLog]
) -> tuple[float, float, tuple[float, float]]:
    """Transfers a second, answers to these requests a second, and the milliseconds of processor
    time of such an answer, the client's and the chain's; the chain is as before then.
    """
    other = dev_account(3, chain_id=CHAIN_ID)
    spent, _ = await send(world, other, bytes.fromhex(other.address[2:]), [b""] * len(asked))
    head = await world.rpc.block("latest")
    snapshot = await world.rpc.call("evm_snapshot")
    calls = [
        world.contract.encode_make_decision(
            Prediction(
                model_id=each.model_id,
                subject=each.request_id,
                input_hash=keccak(each.input),
                output_hash=keccak(each.request_id),
                value=1,
                confidence=0,
                predicted_at=head.timestamp,
            )
        )
        for each in asked
    ]
    before = _processor(chain.pid)
    seconds, own = await send(world, OPERATOR, world.contract.address_bytes, calls)
    each_ms = own / len(asked) * 1e3, (_processor(chain.pid) - before) / len(asked) * 1e3
    made = {each.prediction.subject for each in await world.decisions()}
    assert made == {each.request_id for each in asked}
    assert await world.rpc.call("evm_revert", [snapshot])
    return len(asked) / spent, len(asked) / seconds, each_ms


async def answer(
    chain: LocalChain,
    world: World,
    folder: Path,
    asked: Sequence[RequestLog],
    *,
    kill: bool = False,
) -> Run:
    """Let a node of its own answer; with ``kill`` it is killed and started again half way."""
    read, count = (await world.rpc.block("latest")).number, 0
    peak = idle = again = paused = 0.0
    hidden = 0

    async def answered() -> int:
        nonlocal peak, read, count
        peak = max(peak, memory_of(process))
        head = (await world.rpc.block("latest")).number
        if head > read:
            logs, _ = await world.rpc.logs_between(
                address=world.contract.address, first=read + 1, last=head
            )
            told = decode_logs(logs, world.contract.address)
            read, count = head, count + sum(isinstance(each, DecisionLog) for each in told)
        return count

    async def at_least(wanted: int) -> None:
        async def there() -> bool:
            return await answered() >= wanted

        await until(there, within=300, pause=BLOCK_SECONDS / 2)

    process, began = await _started(chain, world, folder), time.perf_counter()
    try:
        await at_least(1)
        ready, idle = time.perf_counter() - began, peak
        started, done = time.perf_counter(), await answered()
        before_own, before_chain = _processor(process.pid), _processor(chain.pid)
        await at_least(done + (len(asked) - done) // 2)
        half = await answered() - done
        own = _processor(process.pid) - before_own
        theirs = _processor(chain.pid) - before_chain
        if kill:
            process.kill()
            await process.wait()
            stopped, before = time.perf_counter(), -1
            while (now := await answered()) != before:
                before = now
                await asyncio.sleep(3 * BLOCK_SECONDS)  # what had left before is mined
            process, began = await _started(chain, world, folder), time.perf_counter()
            await at_least(before + 1)
            again, paused = time.perf_counter() - began, time.perf_counter() - stopped
            hidden = count - before  # answered in the pause, whose time does not count
        await at_least(len(asked))
        seconds = time.perf_counter() - started - paused
        made = [each.prediction.subject for each in await world.decisions()]
        assert len(made) == len(set(made))
        await asyncio.sleep(2)
    finally:
        process.kill()
        await process.wait()
    return Run(
        rate=(len(asked) - done - hidden) / seconds,
        own_ms=own / max(half, 1) * 1e3,
        chain_ms=theirs / max(half, 1) * 1e3,
        ready=ready,
        again=again,
        idle_mb=idle,
        peak_mb=peak,
        decided=len(set(made) & {each.request_id for each in asked}),
        final=await _final(folder),
    )


async def _started(chain: LocalChain, world: World, folder: Path) -> asyncio.subprocess.Process:
    given = {
        "rpc": chain.url,
        "contract": world.contract.address,
        "folder": str(folder),
        "in_flight": IN_FLIGHT,
        "quiet": True,
    }
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.victim", json.dumps(given)),
        cwd=ROOT,
        env=os.environ,
        stdout=asyncio.subprocess.DEVNULL,
    )


async def _final(folder: Path) -> int:
    async with await Journal.at(folder / "journal.db").open({}) as journal:
        counts = await journal.read(requests.counts)
    return counts.get(State.FINAL, 0)


def memory_of(process: asyncio.subprocess.Process) -> float:
    """Resident megabytes of a process; 0 where it has ended."""
    try:
        return float(psutil.Process(process.pid).memory_info().rss) / 1e6
    except psutil.NoSuchProcess:
        return 0.0


def _processor(pid: int) -> float:
    """Seconds of processor time of a process and its children."""
    whole = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return float(sum(each.cpu_times().user + each.cpu_times().system for each in whole))


async def committee_latency(folder: Path) -> float:
    """Median seconds from a request's block to the decision, four members, three to agree."""
    seconds = []
    folder.mkdir()
    async with committee(folder) as members:
        for _ in range(ROUNDS):
            (asked,) = await members.world.ask()
            started = time.perf_counter()
            await members.world.decided([asked])
            seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)
