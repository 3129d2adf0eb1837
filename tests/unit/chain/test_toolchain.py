"""Finding the programs outside Python: the pinned one first, a clear remedy where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from oracle.chain import toolchain
from oracle.core.errors import ConfigError


def program(folder: Path, name: str, says: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing installed; only ``bin`` is on PATH."""
    (tmp_path / "work").mkdir()
    monkeypatch.setattr(toolchain, "__file__", str(tmp_path / "site/oracle/chain/toolchain.py"))
    monkeypatch.setattr(toolchain, "find_spec", lambda _: None)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.chdir(tmp_path / "work")
    toolchain.find_node.cache_clear()
    yield tmp_path
    toolchain.find_node.cache_clear()


def test_node__older__is_refused_with_both_versions(empty: Path) -> None:
    program(empty / "bin", "node", "v18.20.4")
    with pytest.raises(ConfigError, match="v18.20.4.*22.18 or newer"):
        toolchain.find_node()


def test_node__new_enough__is_taken(empty: Path) -> None:
    node = program(empty / "bin", "node", "v24.19.0")
    assert toolchain.find_node() == node


def test_anvil__pinned_package__comes_before_path(empty: Path) -> None:
    on_path = program(empty / "bin", "anvil", "anvil")
    assert toolchain.find_anvil() == on_path
    import platform
    import sys

    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    folder = empty / f"work/node_modules/@foundry-rs/anvil-{sys.platform}-{machine}/bin"
    pinned = program(folder, "anvil", "anvil")
    assert toolchain.find_anvil() == pinned


@pytest.mark.parametrize(
    ("find", "remedy"),
    [
        (toolchain.find_anvil, "npm ci"),
        (toolchain.find_hardhat, "npm ci"),
        (toolchain.find_node, "decision-oracle\\[local\\]"),
        (toolchain.node_modules, "npm ci"),
    ],
)
def test_missing__each__says_how_to_get_it(empty: Path, find: object, remedy: str) -> None:
    with pytest.raises(ConfigError, match=remedy):
        find()  # type: ignore[operator]


def test_solc__native_of_the_exact_version__is_preferred(empty: Path) -> None:
    native = program(empty / "bin", "solc", "Version: 0.8.37+commit.f401782d.Linux.g++")
    assert toolchain.find_solc("0.8.37", empty) == native


def test_solc__native_of_another_version__is_not_taken(empty: Path) -> None:
    program(empty / "bin", "solc", "Version: 0.8.36+commit.aaaaaaaa.Linux.g++")
    with pytest.raises(ConfigError, match="node_modules"):
        toolchain.find_solc("0.8.37", empty)


def test_checkout__none_around__is_none(empty: Path) -> None:
    assert toolchain.checkout() is None
    (empty / "contracts").mkdir()
    (empty / "contracts" / "compiler.json").write_text("{}")
    assert toolchain.checkout() == empty
