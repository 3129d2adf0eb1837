"""Secrets planted everywhere, a whole run with every kind of trouble, and the search for them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from eth_account import Account

from oracle.chain.keys import import_key
from oracle.chain.local import local_chain
from tests.support.hostile_rpc import HostileRpc, hostile_rpc
from tests.support.ports import free_port
from tests.support.postgres import PASSWORD as JOURNAL_PASSWORD
from tests.support.postgres import postgres_server
from tests.support.shell import ORACLE, ROOT

PASSPHRASE, API_KEY, READ_KEY = (
    "planted-passphrase",
    "planted-key-of-callers",
    "planted-key-to-read",
)
RPC = {"user": "plantedrpcuser", "password": "plantedrpcpassword", "project": "plantedrpcproject"}


@dataclass
class Run:
    """What a node's world said, wherever it said it."""

    folder: Path
    environ: dict[str, str]
    said: dict[str, str] = field(default_factory=dict)

    async def oracle(self, *words: str, stdin: str = "", **environ: str) -> int:
        """A command to its end."""
        process = await self.start(*words, stdin=asyncio.subprocess.PIPE, **environ)
        out, _ = await asyncio.wait_for(process.communicate(stdin.encode()), 90)
        self.said[f"{len(self.said)} {' '.join(words[:2])}"] = out.decode()
        assert process.returncode is not None
        return process.returncode

    async def start(
        self, *words: str, stdin: int = asyncio.subprocess.DEVNULL, **environ: str
    ) -> asyncio.subprocess.Process:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("ORACLE_")}
        return await asyncio.create_subprocess_exec(
            *(*ORACLE, *words),
            cwd=self.folder,
            env=kept | {"PYTHONPATH": str(ROOT), "COLUMNS": "120"} | self.environ | environ,
            stdin=stdin,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    def hear(self, name: str, reply: httpx.Response) -> httpx.Response:
        self.said[f"{len(self.said)} {name}"] = f"{reply.headers}\n{reply.text}"
        return reply


async def visit(run: Run, api: httpx.AsyncClient) -> set[str]:
    """Ask everything, with keys and without; gives the salts that only key holders saw."""
    keyed = {"x-api-key": API_KEY}
    asked = {"model": "credit-default", "wait": 20, "private": True}
    example = (await api.get("/api/models/credit-default")).json()["example"]
    reply = await api.post("/api/decisions", json=asked | {"input": example}, headers=keyed)
    subject = run.hear("private", reply).json()["subject"]
    for body in (
        {"model": "credit-default", "input": example, "wait": 20},
        {"model": "credit-default", "input": ["nonsense"]},
    ):
        run.hear("decide", await api.post("/api/decisions", json=body, headers=keyed))
    for wrong in (READ_KEY, "planted-key-of-nobody"):
        reply = await api.post("/api/decisions", json=asked, headers={"x-api-key": wrong})
        run.hear("wrong key", reply)
        assert reply.status_code in (401, 403)
    run.hear("list", await api.get("/api/decisions"))
    assert "decisions" in [*run.said.values()][-1], [*run.said.values()][-1]
    held = (await api.get(f"/api/receipts/{subject}", headers={"x-api-key": READ_KEY})).text
    for path in ("/api/decisions", f"/api/decisions/{subject}", f"/api/receipts/{subject}"):
        run.hear(path, await api.get(path))
    for path in ("/metrics", "/readyz", "/openapi.json", "/api/models", "/nowhere"):
        run.hear(path, await api.get(path))
    fields = json.loads(held)["input"]["fields"]
    return {each["salt"].removeprefix("0x") for each in fields if "salt" in each}


async def trouble(run: Run, api: httpx.AsyncClient, proxies: HostileRpc) -> None:
    """No endpoint answers properly any more."""
    proxies.rate = 1.0
    body = {"model": "credit-default", "input": "0x00", "wait": 0}
    for path in ("/readyz", "/metrics", "/api/decisions"):
        run.hear(path, await api.get(path, timeout=60))
    keyed = {"x-api-key": API_KEY}
    run.hear("cut off", await api.post("/api/decisions", json=body, headers=keyed, timeout=60))


@pytest.mark.timeout(240)
async def test_secrets__planted_everywhere__are_nowhere_after_a_whole_run(tmp_path: Path) -> None:
    account = Account.create()
    passphrase = tmp_path / "passphrase"
    passphrase.write_text(PASSPHRASE + "\n")
    passphrase.chmod(0o600)
    port = free_port()
    async with contextlib.AsyncExitStack() as stack:
        postgres = stack.enter_context(postgres_server())
        chain = await stack.enter_async_context(local_chain(folder=tmp_path / "chain"))
        proxy = await stack.enter_async_context(hostile_rpc(chain.url, seed=1, rate=0.0))
        where = proxy.url.removeprefix("http://")
        url = f"http://{RPC['user']}:{RPC['password']}@{where}/v3/{RPC['project']}"
        folder = tmp_path / "node"
        folder.mkdir()
        run = Run(
            folder,
            {
                "ORACLE_RPC_URLS": url,
                "ORACLE_ACCOUNT": account.address,
                "ORACLE_KEYSTORE_PASSWORD_FILE": str(passphrase),
                "ORACLE_API_KEYS": f"decide:{API_KEY},read:{READ_KEY}",
                "ORACLE_API_RATE": "1000",
                "ORACLE_JOURNAL": postgres.url(postgres.new_schema()),
            },
        )
        async with httpx.AsyncClient() as rpc:
            given = {"method": "anvil_setBalance", "params": [account.address, hex(10**20)]}
            await rpc.post(chain.url, json={"jsonrpc": "2.0", "id": 1, **given})
        import_key(
            folder / ".oracle" / "keystore", account.key.to_0x_hex(), PASSPHRASE, iterations=2
        )
        assert await run.oracle("deploy") == 0, run.said
        refused = {"ORACLE_KEYSTORE_PASSWORD": "planted-passphrase-of-nobody"}
        codes = await asyncio.gather(
            run.oracle("doctor"), run.oracle("keys", "list"), run.oracle("node", **refused)
        )
        assert codes[0] in (0, 1)
        assert codes[1:] == [0, 4]
        node = await run.start(
            *("node", "--port", str(port), "--log-level", "debug", "--log-format", "json")
        )
        assert node.stdout is not None
        lines: list[str] = []

        async def listen() -> None:
            assert node.stdout is not None
            while line := await node.stdout.readline():
                lines.append(line.decode())

        listening = asyncio.create_task(listen())
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as api:
            await ready(api, lines)
            salts = await visit(run, api)
            assert await run.oracle("decisions", ORACLE_API_URL=str(api.base_url)) == 0, [
                *run.said.values()
            ][-1]
            await trouble(run, api, proxy)
        node.send_signal(signal.SIGTERM)
        await asyncio.wait_for(node.wait(), 30)
        await listening
        run.said["the node's log"] = "".join(lines)
        broken = [("doctor",), ("node", "--port", str(port))]
        assert 0 not in await asyncio.gather(*(run.oracle(*words) for words in broken))

    assert len(salts) > 3
    assert '"event"' in run.said["the node's log"]
    planted: dict[str, str] = {
        "private key": bytes(account.key).hex(),
        "passphrase": PASSPHRASE,
        "API key": API_KEY,
        "reader's API key": READ_KEY,
        "wrong API key": "planted-key-of-nobody",
        "journal's password": JOURNAL_PASSWORD,
        **{f"RPC {name}": value for name, value in RPC.items()},
        **{f"salt {number}": salt for number, salt in enumerate(sorted(salts))},
    }
    for place, text in run.said.items():
        for name, secret in planted.items():
            assert secret not in text, f"{name} in {place}"
    for file in folder.rglob("*"):
        content = file.read_bytes() if file.is_file() else b""
        for name, secret in planted.items():
            assert secret.encode() not in content, f"{name} in {file}"


async def ready(api: httpx.AsyncClient, lines: list[str]) -> None:
    """Wait until the node can do its work."""
    reply = None
    for _ in range(200):
        with contextlib.suppress(httpx.TransportError):
            reply = await api.get("/readyz")
            if reply.status_code == 200:
                return
        await asyncio.sleep(0.2)
    raise AssertionError(f"{reply and reply.text}\n{''.join(lines)}")
