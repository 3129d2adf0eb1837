"""Local chains as processes: they start, answer, stop, and never outlive their parent."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from oracle.chain.local import DEV_KEYS, Engine, dev_account, local_chain
from oracle.chain.rpc import RpcPool
from oracle.core.errors import ConfigError

ORPHAN = """
import asyncio, os, sys
from pathlib import Path
from oracle.chain.local import Engine, local_chain
async def main():
    async with local_chain(folder=Path(sys.argv[1]), engine=Engine(sys.argv[2])) as chain:
        print(chain.pid, chain.port, flush=True)
        await asyncio.sleep(60)
asyncio.run(main())
"""


@pytest.mark.parametrize("engine", list(Engine))
async def test_start__fresh__answers_with_funded_accounts(tmp_path: Path, engine: Engine) -> None:
    async with local_chain(folder=tmp_path, engine=engine) as chain:
        assert chain.hardfork == "cancun"
        async with RpcPool([chain.url], chain_id=31337) as rpc:
            block = await rpc.block("latest")
            for index in (0, len(DEV_KEYS) - 1):
                address = str(dev_account(index, chain_id=31337).address)
                assert await rpc.balance(address, block.hash) == 10_000 * 10**18
        assert chain.log.is_file()
    with pytest.raises(ProcessLookupError):
        os.kill(chain.pid, 0)


@pytest.mark.parametrize("engine", list(Engine))
async def test_start__listens_on_loopback_only(tmp_path: Path, engine: Engine) -> None:
    async with local_chain(folder=tmp_path, engine=engine) as chain:
        outside = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None)}
        for address in outside - {"127.0.0.1", "::1"}:
            family = socket.AF_INET6 if ":" in str(address) else socket.AF_INET
            with socket.socket(family) as probe:
                assert probe.connect_ex((str(address), chain.port)) != 0


@pytest.mark.parametrize("engine", list(Engine))
async def test_block_time__mines_without_transactions(tmp_path: Path, engine: Engine) -> None:
    async with (
        local_chain(folder=tmp_path, engine=engine, block_time=1) as chain,
        RpcPool([chain.url], chain_id=31337) as rpc,
    ):
        async with asyncio.timeout(10):
            while (await rpc.block("latest")).number == 0:
                await asyncio.sleep(0.05)


async def test_state__kept__is_there_after_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    async with (
        local_chain(folder=tmp_path, state=state) as chain,
        RpcPool([chain.url], chain_id=31337) as rpc,
    ):
        await rpc.call("anvil_setBalance", ["0x" + "11" * 20, "0x7"])
        await rpc.call("evm_mine")
        mined = await rpc.block("latest")
    async with (
        local_chain(folder=tmp_path, state=state) as chain,
        RpcPool([chain.url], chain_id=31337) as rpc,
    ):
        assert await rpc.balance("0x" + "11" * 20, "latest") == 7
        assert (await rpc.block("latest")).hash == mined.hash


async def test_old_states__of_many_blocks__stay_in_its_folder_and_go_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is killed must not leave them in the home folder for ever."""
    home, folder = tmp_path / "home", tmp_path / "chain"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    async with (
        local_chain(folder=folder) as chain,
        RpcPool([chain.url], chain_id=31337) as rpc,
    ):
        await rpc.call("anvil_mine", [hex(2_000)])
        states = folder / f"states-{chain.port}"
        assert any(each.is_file() for each in states.rglob("*"))
        assert not any(home.rglob("*state*"))
    assert not states.exists()


async def test_state__hardhat__is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can not keep its state"):
        async with local_chain(folder=tmp_path, engine=Engine.HARDHAT, state=tmp_path / "x"):
            pass


async def test_port__taken__is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port {port} ") as caught:
            async with local_chain(folder=tmp_path, port=port):
                pass
        assert "--port" in caught.value.remedy


async def test_start__engine_refuses__says_what_it_printed(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no-such-option"):
        async with local_chain(folder=tmp_path, arguments=("--no-such-option",)):
            pass


async def test_start__public_chain_id__is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="chain 1 is not a local chain"):
        async with local_chain(folder=tmp_path, chain_id=1):
            pass


@pytest.mark.parametrize("engine", list(Engine))
@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's signal is Linux's")
def test_parent__killed__chain_dies_too(tmp_path: Path, engine: Engine) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", ORPHAN, str(tmp_path), engine],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert parent.stdout is not None
    pid, port = map(int, parent.stdout.readline().split())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    pytest.fail(f"{engine} outlived its parent")
