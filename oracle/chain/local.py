"""A chain on this machine, as a child process that never outlives its parent.

The hardfork is pinned, as published gas figures depend on it, and only the loopback interface is
listened on. The accounts are the ones everybody knows: they are refused on every other chain.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from eth_account import Account
from eth_account.signers.local import LocalAccount

from oracle.chain.rpc import RpcPool
from oracle.chain.toolchain import LAUNCHERS, find_anvil, find_hardhat, find_node
from oracle.core.errors import ConfigError, Transient

HOST = "127.0.0.1"
HARDFORK = "cancun"
LOCAL_CHAIN_IDS = frozenset({1337, 31337})
START_TIMEOUT = 60.0
STOP_TIMEOUT = 5.0

DEV_MNEMONIC = "test test test test test test test test test test test junk"
DEV_KEYS = (
    "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
    "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
    "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
    "0x7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6",
    "0x47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a",
    "0x8b3a350cf5c34c9194ca85829a2df0ec3153be0318b5e2d3348e872092edffba",
    "0x92db14e403b83dfe3df233f83dfa3a0d7096f21ca9b0d6d6b8d88b2b4ec1564e",
    "0x4bbbf85ce3377467afe5d46f804f221813b2bb87f24d81f60f1fcdbf7cbf4356",
    "0xdbda1821b80551c9d65939329250298aa3472ba22feea921c0cf5d620ea67b97",
    "0x2a871d0798f97d79848a013d4936a73bf4cc922c825d33c1cf7073dff6d409c6",
)
"""The first ten keys of the test mnemonic; Anvil and Hardhat give each 10,000 ether."""


class Engine(StrEnum):
    """Which program plays the chain."""

    ANVIL = "anvil"
    HARDHAT = "hardhat"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalChain:
    """A running local chain.

    Attributes:
        log: file with everything it printed.
    """

    engine: Engine
    url: str
    port: int
    chain_id: int
    hardfork: str
    pid: int
    log: Path


def require_local_chain(chain_id: int) -> None:
    """Refuse keys and tricks that everybody knows on any chain but a local one.

    Raises:
        ConfigError: ``chain_id`` is neither 31337 nor 1337.
    """
    if chain_id not in LOCAL_CHAIN_IDS:
        raise ConfigError(
            f"chain {chain_id} is not a local chain, and the development keys are public",
            remedy="create a key of your own with `oracle keys new`",
        )


def dev_account(index: int, *, chain_id: int) -> LocalAccount:
    """One of the ten known accounts.

    Raises:
        ConfigError: not on a local chain.
    """
    require_local_chain(chain_id)
    account: LocalAccount = Account.from_key(DEV_KEYS[index])
    return account


@asynccontextmanager
async def local_chain(
    *,
    folder: Path,
    engine: Engine = Engine.ANVIL,
    port: int | None = None,
    chain_id: int = 31337,
    hardfork: str = HARDFORK,
    block_time: float | None = None,
    state: Path | None = None,
    arguments: tuple[str, ...] = (),
) -> AsyncIterator[LocalChain]:
    """Start a chain, wait until it answers, and stop it at the end.

    Args:
        folder: where its log goes and, while it runs, what it keeps of old blocks.
        engine: Anvil, or Hardhat's node.
        port: TCP port; a free one if not given.
        chain_id: a local one.
        hardfork: EVM rules, by the engine's name for them.
        block_time: seconds between blocks; without it, each transaction is mined at once.
        state: file the chain is loaded from and, at a clean stop, saved to; Anvil only.
        arguments: more command-line arguments for the engine.

    Raises:
        ConfigError: the port is taken, the program is missing, or it does not start.
    """
    require_local_chain(chain_id)
    folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - a local folder, once
    chosen = _free_port() if port is None else _asked_port(port)
    states = folder / f"states-{chosen}"
    shutil.rmtree(states, ignore_errors=True)  # of one that was killed
    if engine is Engine.ANVIL:
        command = _anvil(chosen, chain_id, hardfork, block_time, state, states)
        environment: Mapping[str, str] = os.environ
    else:
        command, environment = _hardhat(folder, chosen, chain_id, hardfork, block_time, state)
    log = folder / f"{engine}-{chosen}.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", str(LAUNCHERS / "guard.py"), str(os.getpid())),
            *command,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=dict(environment),
            cwd=folder,
            start_new_session=True,
        )
    try:
        await _wait_until_up(process, engine, f"http://{HOST}:{chosen}", chain_id, log)
        yield LocalChain(
            engine=engine,
            url=f"http://{HOST}:{chosen}",
            port=chosen,
            chain_id=chain_id,
            hardfork=hardfork,
            pid=process.pid,
            log=log,
        )
    finally:
        await _stop(process)
        shutil.rmtree(states, ignore_errors=True)


def _anvil(
    port: int,
    chain_id: int,
    hardfork: str,
    block_time: float | None,
    state: Path | None,
    states: Path,
) -> list[str]:
    command = [str(find_anvil()), "--host", HOST, "--port", str(port)]
    # Of old blocks. By default they are in the home folder, where killed ones leave gigabytes.
    command += ["--cache-path", str(states.resolve())]
    command += ["--chain-id", str(chain_id), "--hardfork", hardfork, "--no-request-size-limit"]
    if block_time is not None:
        command += ["--block-time", f"{block_time:g}"]
    if state is not None:
        command += ["--state", str(state.resolve())]
    return command


def _hardhat(
    folder: Path,
    port: int,
    chain_id: int,
    hardfork: str,
    block_time: float | None,
    state: Path | None,
) -> tuple[list[str], dict[str, str]]:
    if state is not None:
        raise ConfigError("Hardhat's node can not keep its state", remedy="use `--engine anvil`")
    config = LAUNCHERS / "hardhat.config.js"
    command = [str(find_node()), str(find_hardhat()), "--config", str(config), "node"]
    command += ["--hostname", HOST, "--port", str(port)]
    environment = os.environ | {
        "ORACLE_CHAIN_ID": str(chain_id),
        "ORACLE_HARDFORK": hardfork,
        "ORACLE_BLOCK_TIME_MS": str(int((block_time or 0) * 1000)),
        "ORACLE_HARDHAT_CACHE": str((folder / f"hardhat-{port}").resolve()),
        "HARDHAT_DISABLE_TELEMETRY_PROMPT": "true",
        "NO_COLOR": "1",
    }
    return command, environment


async def _wait_until_up(
    process: asyncio.subprocess.Process, engine: Engine, url: str, chain_id: int, log: Path
) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    async with RpcPool([url], chain_id=chain_id, timeout=5.0) as rpc:
        while True:
            try:
                await rpc.check()
                return
            except Transient as fault:
                if process.returncode is None and time.monotonic() < deadline:
                    await asyncio.sleep(0.02)
                    continue
                said = log.read_text(errors="replace").strip()[-800:]  # noqa: ASYNC240
                raise ConfigError(
                    f"{engine} did not start: {said or fault.what}", remedy=f"see {log}"
                ) from None


async def _stop(process: asyncio.subprocess.Process) -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        if process.returncode is not None:
            break
        try:
            os.killpg(process.pid, sign)
        except ProcessLookupError:
            break
        try:
            async with asyncio.timeout(STOP_TIMEOUT):
                await process.wait()
        except TimeoutError:
            continue
    await process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _asked_port(port: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError):
            raise ConfigError(
                f"port {port} on {HOST} can not be used: it is taken, or not allowed",
                remedy="stop what listens there, or choose another with --port",
            ) from None
    return port
