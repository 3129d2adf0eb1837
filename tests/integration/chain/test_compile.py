"""The artifacts in git are what the sources compile to, with our compiler and with Hardhat."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from oracle.chain.artifacts import ARTIFACTS, artifact_names, load_artifact
from oracle.chain.compile import check_fresh, compile_contracts
from oracle.chain.toolchain import find_hardhat, find_node

ROOT = Path(__file__).parents[3]
MOCKS = ROOT / "tests" / "artifacts"


def test_artifacts__in_git__are_fresh() -> None:
    assert check_fresh(ROOT) == (), "run `oracle compile`"


def copy_of_sources(folder: Path) -> Path:
    for name in ("contracts", "tests/support/solidity"):
        shutil.copytree(ROOT / name, folder / name)
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    for name in ("hardhat.config.js", "package.json"):
        shutil.copy(ROOT / name, folder)
    return folder


@pytest.mark.timeout(300)
def test_compile__both_compilers__give_what_is_in_git(tmp_path: Path) -> None:
    """Ours and Hardhat's build of the same sources: bytecode and ABI equal, and ours as tracked."""
    root = copy_of_sources(tmp_path)
    out = tmp_path / "out"
    hardhat = subprocess.Popen(
        [str(find_node()), str(find_hardhat()), "build"],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "HARDHAT_DISABLE_TELEMETRY_PROMPT": "true"},
    )
    done = compile_contracts(root, artifacts=out)
    said, _ = hardhat.communicate()
    assert hardhat.returncode == 0, said
    assert not done.warnings

    compared = 0
    for kept, fresh in ((ARTIFACTS, out), (MOCKS, root / "tests" / "artifacts")):
        names = artifact_names(fresh)
        assert names == artifact_names(kept)
        for name in names:
            ours = load_artifact(name, fresh)
            built = json.loads((root / "artifacts" / ours.source / f"{name}.json").read_text())
            assert built["bytecode"] == "0x" + ours.bytecode.hex(), name
            assert built["deployedBytecode"] == "0x" + ours.deployed_bytecode.hex(), name
            assert built["abi"] == list(ours.abi), name
            file = f"{name}.json"
            assert (kept / file).read_bytes() == (fresh / file).read_bytes(), name
            compared += 1
    assert compared >= 10
