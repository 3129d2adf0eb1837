"""The wheel: whoever installs it has the page, the models and the networks, without a checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import numpy
import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.xdist_group("page")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (built,) = folder.glob("*.whl")
    return built


def test_wheel__carries_what_a_checkout_has_elsewhere(wheel: Path):
    names = zipfile.ZipFile(wheel).namelist()
    for wanted in (
        "oracle/api/static/index.html.gz",
        "oracle/api/static/ort-wasm-simd-threaded.wasm.gz",
        "oracle/models/credit-default/model.onnx",
        "oracle/deploy/networks/sepolia.toml",
        "oracle/chain/artifacts/DecisionContract.json",
    ):
        assert wanted in names
    assert any(name.startswith("oracle/api/static/page-") for name in names)
    assert wheel.stat().st_size < 8_000_000


def test_wheel__installed_into_a_fresh_environment__has_the_client_and_the_command(
    wheel: Path, tmp_path: Path
):
    home = tmp_path / "venv"
    venv.create(home, with_pip=False)
    python = home / "bin" / "python"
    install = ("pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel)
    subprocess.run([sys.executable, "-m", *install], check=True, capture_output=True, timeout=120)
    # What it depends on is lent by this environment; a path file within a lent folder is not read,
    # so this checkout is not.
    (packages,) = home.glob("lib/*/site-packages")
    (packages / "lent.pth").write_text(str(Path(numpy.__file__).parents[1]))

    script = """
import oracle
from oracle import Client
from oracle.chain.artifacts import load_artifact
from oracle.cli.place import bundled_models

load_artifact("DecisionContract")
models = sorted(path.name for path in bundled_models().iterdir())
print(oracle.__file__, Client("http://127.0.0.1:1"), *models)
"""
    said = run_in(tmp_path, python, "-c", script)
    assert str(packages / "oracle") in said
    assert "Client('http://127.0.0.1:1')" in said
    assert "credit-default" in said
    assert "oracle 0." in run_in(tmp_path, home / "bin" / "oracle", "--version")


def run_in(folder: Path, *command: str | Path) -> str:
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
