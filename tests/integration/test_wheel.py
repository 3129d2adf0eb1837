"""The wheel: whoever installs it has the page, the models and the networks, without a checkout."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.xdist_group("page")
def test_wheel__carries_what_a_checkout_has_elsewhere(tmp_path: Path):
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)

    (wheel,) = tmp_path.glob("*.whl")
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
