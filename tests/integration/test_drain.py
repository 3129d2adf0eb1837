"""A node asked to stop: it says so, and finishes what is under way; and what its log tells."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.ports import free_port
from tests.support.shell import Shell

BLOCK_SECONDS = 2
STAGES = ["seen", "confirmed", "inferred", "vouched", "submitted", "final"]
TRANSACTION = ["transaction_signed", "transaction_mined"]


@dataclass
class Served:
    """``oracle up``, and the lines of its log."""

    shell: Shell
    api: httpx.Client
    chain: str
    process: subprocess.Popen[str]
    log: list[dict[str, Any]]

    def ask(self) -> httpx.Response:
        example = self.api.get("/api/models/credit-default").json()["example"]
        body = {"model": "credit-default", "input": example, "wait": 30}
        return self.api.post("/api/decisions", json=body)

    def slow_blocks(self) -> None:
        """From now on the chain makes a block now and then."""
        for method, value in (("evm_setAutomine", False), ("evm_setIntervalMining", BLOCK_SECONDS)):
            asked = {"jsonrpc": "2.0", "id": 1, "method": method, "params": [value]}
            httpx.post(self.chain, json=asked).raise_for_status()

    def events_about(self, request_id: str) -> list[str]:
        return [line["event"] for line in self.log if line.get("request_id") == request_id]

    def until(self, condition: Any, within: float = 60) -> None:
        deadline = time.monotonic() + within
        while not condition():
            assert time.monotonic() < deadline, self.log[-5:]
            time.sleep(0.05)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    shell, port, chain_port = Shell(tmp_path), free_port(), free_port()
    words = ("up", "--port", str(port), "--chain-port", str(chain_port))
    words += ("--log-level", "info", "--log-format", "json")
    with shell.running(*words, until="Ctrl-C stops") as process:
        log: list[dict[str, Any]] = []
        said = process.stderr
        assert said is not None

        def listen() -> None:
            log.extend(json.loads(line) for line in said if line.startswith("{"))

        listening = threading.Thread(target=listen, daemon=True)
        listening.start()
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as api:
            yield Served(shell, api, f"http://127.0.0.1:{chain_port}", process, log)
        if process.poll() is None:
            process.kill()
        listening.join(10)


def test_sigterm__with_a_call_under_way__answers_it_and_takes_nothing_new(served: Served) -> None:
    served.slow_blocks()
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(served.ask)
        served.until(lambda: any(line["event"] == "submitted" for line in served.log))
        served.process.send_signal(signal.SIGTERM)
        served.until(lambda: any(line["event"] == "draining" for line in served.log))

        ready = served.api.get("/readyz")
        assert ready.status_code == 503
        assert "draining" in ready.text
        assert served.api.get("/healthz").status_code == 200
        refused = served.api.post("/api/decisions", json={})
        assert refused.status_code == 503
        assert refused.headers["retry-after"]
        assert refused.headers["connection"] == "close"
        assert refused.json()["title"] == "Stopping"

        answer = waiting.result(60)
    assert answer.status_code == 200
    assert answer.json()["decision"]["verdict"]
    assert served.process.wait(30) == 0
    served.until(lambda: served.log[-1]["event"] == "drained")
    assert not (served.shell.folder / ".oracle" / "node.json").exists()


def test_log__one_request_on_chain__has_one_id_through_all_its_stages(served: Served) -> None:
    asked = served.shell.json("request", "credit-default", "--example")
    request_id = asked["request_id"]
    wanted = {*STAGES, *TRANSACTION}
    served.until(lambda: wanted <= set(served.events_about(request_id)))
    told = served.events_about(request_id)
    assert [event for event in told if event in STAGES] == STAGES
    assert [event for event in told if event not in STAGES] == TRANSACTION
    about = [line for line in served.log if line.get("request_id") == request_id]
    assert len({line["model_id"] for line in about if "model_id" in line}) == 1
    hashes = {line["tx_hash"] for line in about if "tx_hash" in line}
    assert len(hashes) == 1, "signed and mined"
    assert all(line["timestamp"] for line in about)
