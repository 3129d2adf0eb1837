"""Reading sources: what is imported, what a hash covers, what makes an artifact stale."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from oracle.chain.compile import check_fresh
from oracle.chain.sources import read_sources
from oracle.core.errors import ConfigError

SETTINGS = {"version": "0.8.37", "evmVersion": "cancun", "optimizer": {"enabled": True}}
PRAGMA = "// SPDX-License-Identifier: MIT\npragma solidity 0.8.37;\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    files = {
        "contracts/compiler.json": json.dumps(SETTINGS),
        "contracts/A.sol": PRAGMA
        + 'import {B} from "./lib/B.sol";\nimport {O} from "@org/pack/O.sol";\n'
        + '// import "./not/there.sol";\n/* import "./nor/there.sol"; */\ncontract A {}\n',
        "contracts/lib/B.sol": PRAGMA + 'import "../C.sol";\nlibrary B {}\n',
        "contracts/C.sol": PRAGMA + "interface C {}\n",
        "contracts/D.sol": PRAGMA + "contract D {}\n",
        "contracts/D.t.sol": PRAGMA + "contract DTest {}\n",
        "node_modules/@org/pack/package.json": json.dumps({"version": "1.2.3"}),
        "node_modules/@org/pack/O.sol": PRAGMA + 'import "./P.sol";\ncontract O {}\n',
        "node_modules/@org/pack/P.sol": PRAGMA + "contract P {}\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_read__imports__are_followed_with_hardhats_names(root: Path) -> None:
    tree = read_sources(root)
    assert set(tree.sources) == {
        "project/contracts/A.sol",
        "project/contracts/C.sol",
        "project/contracts/D.sol",
        "project/contracts/lib/B.sol",
        "npm/@org/pack@1.2.3/O.sol",
        "npm/@org/pack@1.2.3/P.sol",
    }
    given = tree.compiler_input()
    assert given["settings"]["remappings"] == ["project/:@org/pack/=npm/@org/pack@1.2.3/"]
    assert given["settings"]["evmVersion"] == "cancun"
    assert "version" not in given["settings"]


@pytest.mark.parametrize(
    "changed",
    [
        "contracts/A.sol",
        "contracts/lib/B.sol",
        "contracts/C.sol",
        "node_modules/@org/pack/P.sol",
        "contracts/compiler.json",
        "node_modules/@org/pack/package.json",
    ],
)
def test_hash__anything_it_needs_changes__is_another(root: Path, changed: str) -> None:
    unit = "project/contracts/A.sol"
    before = read_sources(root).source_hash(unit)
    path = root / changed
    text = path.read_text()
    path.write_text(
        text.replace("1.2.3", "1.2.4").replace("cancun", "prague") + "\n// new\n"
        if path.suffix == ".sol"
        else text.replace("1.2.3", "1.2.4").replace("cancun", "prague")
    )
    assert read_sources(root).source_hash(unit) != before


def test_hash__unrelated_file_changes__is_the_same(root: Path) -> None:
    before = read_sources(root).source_hash("project/contracts/A.sol")
    (root / "contracts/D.sol").write_text(PRAGMA + "contract D { uint256 x; }\n")
    assert read_sources(root).source_hash("project/contracts/A.sol") == before


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        ("contracts/C.sol", "is missing"),
        ("node_modules/@org/pack/P.sol", "is missing"),
        ("node_modules/@org/pack/package.json", "package @org/pack is not installed"),
        ("contracts/compiler.json", "can not be read"),
    ],
)
def test_read__file_missing__says_which(root: Path, gone: str, said: str) -> None:
    (root / gone).unlink()
    with pytest.raises(ConfigError, match=said):
        read_sources(root)


def test_read__version_not_pinned__is_refused(root: Path) -> None:
    (root / "contracts/compiler.json").write_text(json.dumps({**SETTINGS, "version": "^0.8.0"}))
    with pytest.raises(ConfigError, match="must pin"):
        read_sources(root)


def artifact(root: Path, unit: str, name: str, source_hash: str) -> None:
    folder = root / "out"
    folder.mkdir(exist_ok=True)
    fields = {
        "contractName": name,
        "sourceName": unit,
        "abi": [],
        "bytecode": "0x",
        "deployedBytecode": "0x",
        "immutableReferences": [],
        "compiler": {},
        "sourceHash": source_hash,
    }
    (folder / f"{name}.json").write_text(json.dumps(fields))


def test_fresh__stale_missing_and_left_over__are_told_apart(root: Path) -> None:
    tree = read_sources(root)
    for name in ("A", "C"):
        unit = f"contracts/{name}.sol"
        artifact(root, unit, name, tree.source_hash(f"project/{unit}"))
    artifact(root, "contracts/Gone.sol", "Gone", "0x")
    assert check_fresh(root, artifacts=root / "out") == (
        "Gone: its source contracts/Gone.sol is gone",
        "contracts/D.sol: never compiled",
    )
    (root / "contracts/C.sol").write_text(PRAGMA + "interface C { function f() external; }\n")
    stale = check_fresh(root, artifacts=root / "out")
    assert "A: contracts/A.sol has changed since it was compiled" in stale
    assert "C: contracts/C.sol has changed since it was compiled" in stale
