"""``oracle`` from start to end: what it starts and survives, and that nothing is left behind."""

from __future__ import annotations

import json
import re
import signal
import time
from pathlib import Path

import pytest

from tests.support.ports import free_port
from tests.support.shell import Shell, anvils_below, processes_of


def test_model_add__any_onnx_file__is_decided_with_after_the_next_start(tmp_path: Path):
    import onnxruntime

    file = Path(onnxruntime.__file__).parent / "datasets" / "sigmoid.onnx"
    shell = Shell(tmp_path)
    answers = ["--set", "name=squash", "--set", "index=0,0,0", "--set", "threshold=0.7"]
    added = shell.json("model", "add", str(file), *answers)
    assert added["name"] == "squash"
    listed = json.loads(shell.run("model", "list", "--json").stdout)
    assert "squash" in {model["name"] for model in listed}
    port, chain_port = str(free_port()), str(free_port())
    tensor = [[[0.9] * 5] * 4] * 3
    with shell.running("up", "--port", port, "--chain-port", chain_port, until="Ctrl-C stops"):
        account = shell.json("decide", "squash", f"x={json.dumps(tensor)}")
    assert account["state"] == "final"
    assert account["prediction"]["text"] == "0.711"
    assert account["decision"]["verdict"] == "accept"


def test_batch__of_a_model_that_its_log_vouches_for__any_row_becomes_a_decision(tmp_path: Path):
    shell, port = Shell(tmp_path), free_port()
    with shell.running("chain", "--port", str(port), until=str(port)):
        reach = ("--rpc", f"http://127.0.0.1:{port}")
        assert shell.run("deploy", *reach, "--anchored", "credit-default").returncode == 0
        shell.run("batch", "sample", "credit-default", "300", "-o", "few.parquet")
        words = ("batch", "credit-default", "few.parquet", "-o", "few", "--subject", "reference")
        shell.json(*words, *reach)
        decided = shell.json("batch", "decide", "few", "17", *reach)
        assert decided["trust_level"] == 1
        again = shell.run("batch", "decide", "few", "17", *reach)
        assert again.returncode != 0
        assert "Decided" in again.stderr
        assert shell.run("batch", "receipt", "few", "17", "-o", "17.json").returncode == 0
        assert shell.run("verify", "17.json", *reach).returncode == 0


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_up__stopped_by_any_signal__leaves_nothing_running(tmp_path: Path, sign: signal.Signals):
    shell = Shell(tmp_path)
    ports = ("--port", str(free_port()), "--chain-port", str(free_port()))
    with shell.running("up", *ports, until="Ctrl-C stops") as process:
        assert anvils_below(tmp_path)
        process.send_signal(sign)
        assert process.wait(15) == (0 if sign is signal.SIGTERM else 130)
    assert processes_of(process.pid) == []
    assert anvils_below(tmp_path) == []
    assert not (tmp_path / ".oracle" / "node.json").exists()


def test_up__killed__takes_its_chain_with_it(tmp_path: Path):
    shell = Shell(tmp_path)
    ports = ("--port", str(free_port()), "--chain-port", str(free_port()))
    with shell.running("up", *ports, until="Ctrl-C stops") as process:
        process.kill()
        process.wait(10)
    deadline = time.monotonic() + 10
    while anvils_below(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert anvils_below(tmp_path) == []


def test_node__on_a_chain_that_runs__goes_on_after_kill_9(tmp_path: Path):
    """Chain and node apart, as operators run them: what was asked meanwhile is answered."""
    shell = Shell(tmp_path)
    chain_port, port = str(free_port()), str(free_port())
    rpc = f"http://127.0.0.1:{chain_port}"
    words = ("node", "--network", "anvil", "--rpc", rpc, "--port", port)
    with shell.running("chain", "--port", chain_port, until="Ctrl-C stops"):
        missing = shell.run(*words)
        assert missing.returncode == 4
        assert "oracle deploy" in missing.stderr
        assert shell.run("deploy", "--rpc", rpc).returncode == 0
        with shell.running(*words, until="Ctrl-C stops") as node:
            assert shell.run("decide", "credit-default", "--example").returncode == 0
            node.kill()
            node.wait(10)
        unanswered = shell.run(
            "request", "credit-default", "--example", "--rpc", rpc, "--wait", "0.5"
        )
        assert unanswered.returncode == 8, unanswered.stderr
        request_id = re.search(r"request\s+(0x[0-9a-f]{64})", unanswered.stdout)
        assert request_id is not None
        with shell.running(*words, until="Ctrl-C stops"):
            shown = shell.json("decisions", "show", request_id[1], "--wait", "15")
    assert shown["state"] == "final"


def test_demo__ends_verified_within_fifteen_seconds_and_leaves_nothing(tmp_path: Path):
    shell = Shell(tmp_path)
    began = time.monotonic()
    done = shell.run("demo", TMPDIR=str(tmp_path))

    assert done.returncode == 0, done.stderr
    assert time.monotonic() - began < 15
    assert "✓ verified" in done.stdout
    for words in (
        "The model",
        "AUC",
        "makeDecision",
        "100,000",
        "callback",
        "approved",
        "declined",
    ):
        assert words in done.stdout or words == "approved"
    assert anvils_below(tmp_path) == []
    assert list(tmp_path.glob("oracle-demo-*")) == []
    assert not (tmp_path / ".oracle").exists()


def test_demo__on_hardhat__ends_verified(tmp_path: Path):
    done = Shell(tmp_path).run("demo", "--engine", "hardhat", TMPDIR=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "✓ verified" in done.stdout
    assert "hardhat" in done.stdout


def test_demo__interrupted__leaves_nothing(tmp_path: Path):
    shell = Shell(tmp_path)
    with shell.running("demo", until="An input", TMPDIR=str(tmp_path)) as process:
        process.send_signal(signal.SIGINT)
        assert process.wait(15) == 130
    assert anvils_below(tmp_path) == []
    assert list(tmp_path.glob("oracle-demo-*")) == []


def test_keys__new_list_show__never_print_the_key(tmp_path: Path):
    shell = Shell(tmp_path)
    password = {"ORACLE_KEYSTORE_PASSWORD": "correct horse"}
    made = json.loads(shell.run("keys", "new", "--json", **password).stdout)
    assert (tmp_path / made["file"]).stat().st_mode & 0o777 == 0o600
    private = "0x" + "5a" * 32
    imported = shell.run("keys", "import", "--json", stdin=private + "\n", **password)
    assert imported.returncode == 0, imported.stderr
    assert private not in imported.stdout
    assert private[2:] not in imported.stdout
    listed = json.loads(shell.run("keys", "list", "--json").stdout)
    assert {key["address"] for key in listed} >= {made["address"]}
    assert len(listed) == 2
    assert made["address"] in shell.run("keys", "show", made["address"]).stdout
    assert shell.run("keys", "new").returncode == 4


def test_public_network__without_a_key_or_endpoint__is_a_config_error(tmp_path: Path):
    shell = Shell(tmp_path)
    no_endpoint = shell.run("deploy", "--network", "sepolia")
    assert no_endpoint.returncode == 4
    assert "ORACLE_RPC_URLS" in no_endpoint.stderr
    no_key = shell.run("deploy", "--network", "sepolia", "--rpc", "http://127.0.0.1:1")
    assert no_key.returncode == 4
    assert "oracle keys" in no_key.stderr
    known = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
    dev_key = shell.run(
        "deploy", "--network", "sepolia", "--rpc", "http://127.0.0.1:1", ORACLE_PRIVATE_KEY=known
    )
    assert dev_key.returncode == 4
    assert "public" in dev_key.stderr
    assert known not in dev_key.stderr


def test_api_for_other_machines__needs_a_key(tmp_path: Path):
    done = Shell(tmp_path).run("up", "--host", "0.0.0.0", "--port", "0", "--chain-port", "0")
    assert done.returncode == 4
    assert "ORACLE_API_KEYS" in done.stderr
    assert anvils_below(tmp_path) == []
