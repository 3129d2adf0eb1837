"""What a random walk does: it asks, kills, freezes, reorganises, drops, and heals in the end."""

from __future__ import annotations

import asyncio
import json
import os
import random
import secrets
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from oracle.chain.local import LocalChain, local_chain
from oracle.core.prediction import subject_of
from oracle.core.transaction import GWEI
from oracle.inference.folder import StoredModel
from tests.support.harness import OPERATOR, REQUESTER, World, deployed_world
from tests.support.hostile_rpc import HostileRpc, hostile_rpc
from tests.support.ports import free_port

FINALITY = 6
CEILING_GWEI = 500


@dataclass
class Walk:
    """One walk's world and what it did."""

    seed: int
    chain: LocalChain
    world: World
    proxies: list[HostileRpc]
    folder: Path
    http: httpx.AsyncClient
    port: int = 0
    process: asyncio.subprocess.Process | None = None
    asked: int = 0
    events: Counter[str] = field(default_factory=Counter)
    offered: set[bytes] = field(default_factory=set)
    accepted: dict[bytes, StoredModel] = field(default_factory=dict)
    mining: bool = True

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self._one_at_a_time = asyncio.Lock()

    @property
    def faults(self) -> int:
        """How many faults there were, of every kind."""
        injected = sum(proxy.injected.total() for proxy in self.proxies)
        return injected + sum(n for name, n in self.events.items() if name != "asked")

    async def call(self, method: str, *params: Any) -> Any:
        """One call of the chain itself, past the proxies."""
        reply = await self.http.post(
            self.chain.url, json={"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        )
        answer = reply.json()
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    async def start(self) -> None:
        """Start the node's process, at a port that is free now."""
        self.port = free_port()
        given = {
            "rpc": [proxy.url for proxy in self.proxies],
            "contract": self.world.contract.address,
            "folder": str(self.folder),
            "port": self.port,
            "finality": FINALITY,
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.support.walker", json.dumps(given)),
                cwd=Path(__file__).parents[2],
                stdout=log,
                stderr=log,
            )

    async def kill(self) -> None:
        """kill -9.

        Raises:
            AssertionError: it had ended by itself, which a node never does.
        """
        if self.process is not None:
            self._still_runs()
            self.process.kill()
            await self.process.wait()
            self.process = None

    def _still_runs(self) -> None:
        if self.process is not None and self.process.returncode is not None:
            said = (self.folder / "log").read_text(errors="replace")[-3000:]
            raise AssertionError(f"the node ended with {self.process.returncode}: {said}")

    async def ask(self) -> None:
        """A burst of requests on chain, of any model; some with little time."""
        count = self.dice.randint(5, 60)
        now = int((await self.call("eth_getBlockByNumber", "latest", False))["timestamp"], 16)
        models = [model for model in self.world.store if model.policy]
        calls = []
        for number in range(count):
            model = self.dice.choice(models)
            assert model.policy is not None
            lifetime = self.dice.randint(4, 30) if self.dice.random() < 0.05 else 100_000
            calldata = self.world.contract.encode_request_decision(
                model.model_id,
                self.dice.choice(model.vectors).input,
                callback_gas=0,
                deadline=now + lifetime,
            )
            message = {
                "from": REQUESTER.address,
                "to": self.world.contract.address,
                "data": "0x" + calldata.hex(),
                "value": hex(model.policy.fee_gwei * GWEI),
                "gas": hex(200_000),
                "maxFeePerGas": hex(2_000 * GWEI),
                "maxPriorityFeePerGas": hex(2 * GWEI),
            }
            calls.append(
                {
                    "jsonrpc": "2.0",
                    "id": number,
                    "method": "eth_sendTransaction",
                    "params": [message],
                }
            )
        await self.http.post(self.chain.url, json=calls)
        self.asked += count
        self.events["asked"] += count

    async def decide(self) -> None:
        """A decision of the operator's own; what is not answered is sent again with its key."""
        model = self.dice.choice([model for model in self.world.store if model.policy])
        example = self.dice.choice(model.vectors)
        reference = f"0x{secrets.token_hex(32)}"
        body = {
            "model": model.name,
            "input": "0x" + example.input.hex(),
            "subject": reference,
            "wait": 0,
        }
        self.offered.add(subject_of(reference))  # it may be taken although no answer comes back
        for _ in range(self.dice.randint(1, 3)):
            with suppress(httpx.HTTPError):
                reply = await self.http.post(
                    f"http://127.0.0.1:{self.port}/api/decisions",
                    json=body,
                    headers={"Idempotency-Key": reference},
                    timeout=2,
                )
                if reply.status_code in (200, 202):
                    self.accepted[subject_of(reference)] = model
                    self.events["accepted"] += 1
                    return

    async def kill_and_restart(self) -> None:
        await self.kill()
        await asyncio.sleep(self.dice.uniform(0.0, 1.0))
        await self.start()
        if self.dice.random() < 0.7:  # else it may be killed before it does anything
            await self._until_it_answers()

    async def _until_it_answers(self) -> None:
        async with asyncio.timeout(180):
            while True:
                self._still_runs()
                with suppress(httpx.HTTPError):
                    await self.http.get(f"http://127.0.0.1:{self.port}/healthz", timeout=2)
                    return
                await asyncio.sleep(0.1)

    async def freeze_node(self) -> None:
        self._still_runs()
        if self.process is not None:
            await self._freeze(self.process.pid, self.dice.uniform(0.3, 1.5))

    async def freeze_chain(self) -> None:
        await self._freeze(self.chain.pid, self.dice.uniform(0.3, 1.5))

    async def _freeze(self, pid: int, seconds: float) -> None:
        os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            os.kill(pid, signal.SIGCONT)

    async def reorganise(self) -> None:
        # Anvil loses blocks for good when it mines and reorganises at the same time.
        async with self._one_at_a_time:
            await self.call("anvil_reorg", self.dice.randint(1, FINALITY - 1), [])

    async def drop_transaction(self) -> None:
        pool = await self.call("txpool_content")
        own = [
            each["hash"]
            for sender, by_nonce in pool["pending"].items()
            if sender.lower() == OPERATOR.address.lower()
            for each in by_nonce.values()
        ]
        if own:
            await self.call("anvil_dropTransaction", self.dice.choice(own))

    async def raise_fees(self) -> None:
        gwei = self.dice.choice([30, 150, CEILING_GWEI + 100])
        await self.call("anvil_setNextBlockBaseFeePerGas", hex(gwei * GWEI))

    async def stop_mining(self) -> None:
        self.mining = False
        await asyncio.sleep(self.dice.uniform(0.5, 2.0))
        self.mining = True

    async def worsen_endpoints(self) -> None:
        for proxy in self.proxies:
            proxy.rate = self.dice.choice([0.0, 0.1, 0.2, 0.4, 0.8])

    async def cut_off(self) -> None:
        """No endpoint answers anything for a while."""
        rates = [proxy.rate for proxy in self.proxies]
        for proxy in self.proxies:
            proxy.rate = 1.0
        await asyncio.sleep(self.dice.uniform(0.5, 2.0))
        for proxy, rate in zip(self.proxies, rates, strict=True):
            proxy.rate = rate

    async def mine(self) -> None:
        """A block every fifth of a second, while there is mining."""
        while True:
            await asyncio.sleep(0.2)
            if self.mining:
                with suppress(httpx.HTTPError, RuntimeError):
                    async with self._one_at_a_time:
                        await self.call("evm_mine")

    async def step(self) -> None:
        """One step at random."""
        steps: list[tuple[int, Callable[[], Awaitable[None]]]] = [
            (40, self.ask),
            (15, self.decide),
            (8, self.kill_and_restart),
            (4, self.freeze_node),
            (3, self.freeze_chain),
            (8, self.reorganise),
            (6, self.drop_transaction),
            (5, self.raise_fees),
            (3, self.stop_mining),
            (5, self.worsen_endpoints),
            (3, self.cut_off),
        ]
        chosen = self.dice.choices([s for _, s in steps], weights=[w for w, _ in steps])[0]
        if chosen not in (self.ask, self.decide):
            self.events[chosen.__name__] += 1
        await chosen()
        await asyncio.sleep(self.dice.uniform(0.0, 0.4))

    async def heal(self) -> None:
        """Everything works again, and the node is started once more."""
        for proxy in self.proxies:
            proxy.fair()
        self.mining = True
        await self.kill()
        await self.start()


@asynccontextmanager
async def walking(seed: int, folder: Path) -> AsyncIterator[Walk]:
    """A fresh chain with the contract and the models, the proxies, and a running node."""
    async with AsyncExitStack() as stack:
        chain = await stack.enter_async_context(local_chain(folder=folder / "chain"))
        world = await stack.enter_async_context(deployed_world(chain.url))
        proxies = [
            await stack.enter_async_context(hostile_rpc(chain.url, seed=seed * 2 + which))
            for which in range(2)
        ]
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=30))
        walk = Walk(seed, chain, world, proxies, folder / "node", http)
        await walk.call("evm_setAutomine", False)
        for _ in range(FINALITY + 1):
            await walk.call("evm_mine")
        await walk.start()
        mining = asyncio.create_task(walk.mine())
        try:
            yield walk
        finally:
            mining.cancel()
            await walk.kill()
