"""``oracle`` as a user runs it: real processes, a real chain, and nothing left behind."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

ORACLE = [sys.executable, "-m", "oracle.cli"]
ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Shell:
    """A terminal in an empty folder."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("ORACLE_")}
        return kept | {"PYTHONPATH": str(ROOT), "COLUMNS": "120"}

    def run(self, *words: str, stdin: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*ORACLE, *words],
            cwd=self.folder,
            env=self.environment | environ,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    def json(self, *words: str, stdin: str = "") -> dict:
        done = self.run(*words, "--json", stdin=stdin)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    @contextmanager
    def running(self, *words: str, until: str, **environ: str) -> Iterator[subprocess.Popen[str]]:
        """A command that stays, until it printed a line; it is interrupted at the end."""
        process = subprocess.Popen(
            [*ORACLE, *words],
            cwd=self.folder,
            env=self.environment | environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        seen = ""
        for line in process.stdout:
            seen += line
            if until in line:
                break
        else:
            process.wait(10)
            raise AssertionError(f"{seen}\n{process.stderr.read()}")
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait(20)
            process.stdout.close()
            process.stderr.close()


@dataclass
class Up:
    """A running ``oracle up``."""

    shell: Shell
    api: str
    rpc: str
    process: subprocess.Popen[str]
    seconds: float


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    shell = Shell(tmp_path_factory.mktemp("up"))
    port, chain_port = free_port(), free_port()
    began = time.monotonic()
    with shell.running(
        "up", "--port", str(port), "--chain-port", str(chain_port), until="Ctrl-C stops"
    ) as process:
        yield Up(
            shell=shell,
            api=f"http://127.0.0.1:{port}",
            rpc=f"http://127.0.0.1:{chain_port}",
            process=process,
            seconds=time.monotonic() - began,
        )


def processes_of(session: int) -> list[str]:
    """What still runs of a session, from /proc."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text().partition(") ")
            fields = rest.split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(name)
    return found


def anvils_below(folder: Path) -> list[int]:
    """Chains whose working folder is below ``folder``."""
    found = []
    for cwd in Path("/proc").glob("[0-9]*/cwd"):
        try:
            where = cwd.readlink()
        except OSError:
            continue
        if folder in (where, *where.parents):
            found.append(int(cwd.parent.name))
    return found


def test_up__is_ready_well_within_fifteen_seconds_and_leaves_its_note(up: Up):
    assert up.seconds < 15
    note = json.loads((up.shell.folder / ".oracle" / "node.json").read_text())
    assert (note["api"], note["rpc"], note["chain_id"]) == (up.api, up.rpc, 31337)
    assert note["pid"] == up.process.pid


def test_decide__from_a_second_terminal__prints_the_decision(up: Up):
    done = up.shell.run("decide", "credit-default", "--example", "--subject", "loan-1")

    assert done.returncode == 0, done.stderr
    for word in ("credit-default", "accept", "confidence", "gas", "0x", "submitted", "final"):
        assert word in done.stdout


def test_decide__from_words_file_and_stdin__is_the_same(up: Up, tmp_path: Path):
    model = up.shell.json("model", "show", "delivery-time")
    example = httpx.get(f"{up.api}/api/models/delivery-time").json()["example"]
    assert model["name"] == "delivery-time"
    words = [f"{name}={value}" for name, value in example.items()]
    file = tmp_path / "input.json"
    file.write_text(json.dumps(example))
    accounts = [
        up.shell.json("decide", "delivery-time", *words),
        up.shell.json("decide", "delivery-time", "--input", str(file)),
        up.shell.json("decide", "delivery-time", "-", stdin=json.dumps(example)),
        up.shell.json("decide", "delivery-time", "--input", "-", stdin=json.dumps(example)),
    ]
    assert len({account["prediction"]["input_hash"] for account in accounts}) == 1
    assert len({account["subject"] for account in accounts}) == 4


def test_decide__by_curl_as_it_is_printed__works(up: Up):
    body = {"model": "wine-origin", "input": "0x" + "00" * 3}
    refused = httpx.post(f"{up.api}/api/decisions", json=body)
    assert refused.status_code == 422
    example = httpx.get(f"{up.api}/api/models/wine-origin").json()["example"]
    # curl -d sends no JSON content type
    done = httpx.post(
        f"{up.api}/api/decisions",
        content=json.dumps({"model": "wine-origin", "input": example, "wait": 15}),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert done.status_code == 200
    assert done.json()["state"] == "final"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["decide", "nope", "a=1"], 2, "nope"),
        (["decide", "delivery-time", "hour=1"], 2, "lacks"),
        (["decide", "delivery-time", "hour"], 2, "name=value"),
        (["decide", "delivery-time"], 2, "no input"),
        (["decisions", "show", "0x" + "00" * 32], 2, "no decision"),
        (["request", "nope", "--example"], 2, "nope"),
        (["request", "credit-default", "--example", "--via", "bank"], 2, "bank"),
        (["request", "credit-default", "--example", "--fee-gwei", "1"], 3, "FeeTooLow"),
        (["request", "credit-default", "--example", "--lifetime", "0"], 3, "Deadline"),
        (["node", "--port", "PORT"], 4, "listen"),
        (["model", "add", "none.onnx"], 2, "none.onnx"),
        (["deploy", "--network", "atlantis"], 4, "atlantis"),
        (["keys", "show", "0x" + "11" * 20], 2, "no key"),
    ],
)
def test_bad_input__is_one_line_a_remedy_and_an_exit_code(up: Up, words, code, said):
    words = [up.api.rsplit(":", 1)[1] if word == "PORT" else word for word in words]
    done = up.shell.run(*words)

    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "→" in done.stderr
    assert "Traceback" not in done.stderr


def test_request__on_chain__is_answered(up: Up):
    found = up.shell.json("request", "credit-default", "--example")

    assert (found["verdict"], found["callback"], found["dapp"]) == ("accept", "none", None)
    shown = up.shell.json("decisions", "show", found["request_id"])
    assert shown["request"]["origin"] == "chain"


@pytest.mark.parametrize(
    ("model", "verdict", "outcome"),
    [
        ("credit-default", "ACCEPT", "approved"),
        ("credit-default", "REJECT", "declined"),
        ("breast-tumour", "ACCEPT", "queued for a specialist"),
        ("breast-tumour", "REJECT", "queued as routine"),
        ("delivery-time", "ACCEPT", "paid, the parcel is late"),
        ("delivery-time", "REJECT", "closed, the parcel is on time"),
    ],
)
def test_request__through_the_fitting_dapp__does_what_the_verdict_means(
    up: Up, model: str, verdict: str, outcome: str
):
    """A policy and its dApp must mean the same by ACCEPT: nobody ill is to be queued as routine."""
    vectors = json.loads((ROOT / "models" / model / "vectors.json").read_text())["vectors"]
    vector = next(each for each in vectors if each["verdict"] == verdict)
    found = up.shell.json("request", model, vector["input"], "--via", "dapp")

    assert found["verdict"] == verdict.lower()
    assert found["dapp"]["outcome"] == outcome


def test_decisions__lists_shows_and_finds_by_the_beginning(up: Up):
    made = up.shell.json("decide", "wine-origin", "--example", "--subject", "lot-7")
    listed = up.shell.run("decisions")
    assert listed.returncode == 0
    assert made["subject"][:18] in listed.stdout
    for given in (made["subject"], made["subject"][:18] + "…", "lot-7"):
        assert up.shell.json("decisions", "show", given)["subject"] == made["subject"]
    page = up.shell.json("decisions", "list", "--limit", "1")
    assert len(page["decisions"]) == 1
    assert page["next"]


def test_verify__a_subject_its_transaction_and_its_receipt__all_hold(up: Up, tmp_path: Path):
    account = up.shell.json("decide", "wine-origin", "--example", "--subject", "bottle 1")
    file = tmp_path / "receipt.json"
    for what in ("bottle 1", account["subject"], account["decision"]["tx_hash"]):
        done = up.shell.run("verify", what, "-o", str(file))
        assert done.returncode == 0, done.stdout + done.stderr
        assert "✓ verified" in done.stdout
    assert up.shell.json("verify", str(file))["verified"] is True
    changed = file.read_text().replace('"trustLevel":1', '"trustLevel":2')
    file.write_text(changed)
    assert up.shell.run("verify", str(file)).returncode == 5
    assert up.shell.run("verify", "0x" + "ab" * 32).returncode == 2
    audited = up.shell.json("audit", "--model", "wine-origin", "--since", "1h")
    assert audited["decisions"]["counts"]["held"] >= 1
    assert audited["decisions"]["findings"] == []


def test_request_by_hash__the_node_gets_the_input__is_answered_and_verified(up: Up):
    asked = up.shell.json("request", "credit-default", "--example", "--by-hash")
    assert up.shell.run("verify", asked["request_id"]).returncode == 0


def test_private__decided_shown_in_part_and_forgotten(up: Up, tmp_path: Path):
    whole, part = str(tmp_path / "whole.json"), str(tmp_path / "part.json")
    about = up.shell.json("decide", "credit-default", "--example", "--private")["subject"]
    assert up.shell.run("receipt", "get", about, "-o", whole).returncode == 0
    assert up.shell.run("receipt", "redact", whole, "--show", "income", "-o", part).returncode == 0
    assert up.shell.run("receipt", "forget", about).returncode == 0
    assert up.shell.run("receipt", "get", about).returncode == 2
    assert up.shell.run("verify", part).returncode == 0


def test_doctor__beside_a_healthy_node__finds_it_healthy(up: Up):
    port = up.api.rsplit(":", 1)[1]
    done = up.shell.run("doctor", "--port", port, "--json")
    found = json.loads(done.stdout)["findings"]
    by_name = {finding["name"]: finding for finding in found}

    for name in ("python", "chain", "contract", "funds", "node", "api port", "onnx runtime"):
        assert by_name[name]["status"] == "ok", by_name[name]
    assert any(name.startswith("model ") for name in by_name)


def test_deploy__again__changes_nothing(up: Up):
    found = up.shell.json("deploy", "--rpc", up.rpc)

    assert {step["state"] for step in found["steps"]} == {"present"}
    dry = json.loads(up.shell.run("deploy", "--rpc", up.rpc, "--dry-run", "--json").stdout)
    assert all(row["deployed"] for row in dry)


def test_node__with_a_key_in_use__is_refused_and_names_the_process(up: Up):
    done = up.shell.run("node", "--rpc", up.rpc, "--port", "0")

    assert done.returncode == 4
    assert str(up.process.pid) in done.stderr
    assert "in use" in done.stderr


def test_batch__beside_the_running_node__is_anchored_by_another_account_and_its_rows_verify(up: Up):
    assert up.shell.run("batch", "sample", "credit-default", "300", "-o", "few.csv").returncode == 0
    batch = up.shell.json(
        "batch", "credit-default", "few.csv", "-o", "few", "--subject", "reference"
    )
    assert (batch["rows"], batch["batch"]) == (300, "0")
    assert up.shell.run("batch", "receipt", "few", "299", "-o", "299.json").returncode == 0
    assert up.shell.run("verify", "299.json").returncode == 0
    done = up.shell.run("batch", "decide", "few", "299")
    assert done.returncode == 2
    assert "not by the log" in done.stderr
    assert "oracle deploy --model" in done.stderr


def test_up__chain_port_taken__says_so(up: Up):
    done = up.shell.run("up", "--port", "0", "--chain-port", up.rpc.rsplit(":", 1)[1])
    assert done.returncode == 4
    assert "port" in done.stderr


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
