"""From Solidity sources to artifacts, with py-solc-x, and whether they are fresh.

Production contracts go to ``oracle/chain/artifacts``, mocks to ``tests/artifacts``. Both are in
git: whoever changes no contract needs no compiler.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from oracle.chain.artifacts import ARTIFACTS, artifact_names, load_artifact
from oracle.chain.sources import SourceTree, read_sources
from oracle.chain.toolchain import checkout, find_solc
from oracle.core.errors import ConfigError, InvalidInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """What a compilation wrote, by contract name, and the compiler's warnings."""

    written: tuple[str, ...]
    removed: tuple[str, ...]
    warnings: tuple[str, ...]
    compiler: Path


def project_root() -> Path:
    """The checkout to compile.

    Raises:
        ConfigError: this is an installed package, without sources.
    """
    root = checkout()
    if root is None:
        raise ConfigError(
            "no Solidity sources here", remedy="compile in a checkout; the wheel ships artifacts"
        )
    return root


def compile_contracts(
    root: Path | None = None, *, artifacts: Path | None = None, download: bool = False
) -> Compiled:
    """Compile every contract and write the artifacts that changed.

    Args:
        root: the checkout; found by itself if not given.
        artifacts: folder for production contracts, by default the package's own.
        download: let py-solc-x fetch a native compiler.

    Raises:
        InvalidInput: the sources have errors; the message is the compiler's.
        ConfigError: compiler, settings or imported packages are missing.
    """
    from solcx import compile_standard
    from solcx.exceptions import SolcError

    tree = read_sources(root or project_root())
    solc = find_solc(tree.version, tree.root / ".oracle" / "bin", download=download)
    try:
        output = compile_standard(tree.compiler_input(), solc_binary=solc, allow_empty=True)
    except SolcError as fault:
        raise InvalidInput(
            f"the contracts do not compile:\n{fault.message}", remedy="mend the source"
        ) from None
    warnings = tuple(
        fault["formattedMessage"]
        for fault in output.get("errors", ())
        if fault["severity"] == "warning"
    )
    written: list[str] = []
    removed: list[str] = []
    for folder, fresh in _by_folder(tree, output, artifacts or ARTIFACTS).items():
        for path in folder.glob("*.json"):
            if path.stem not in fresh:
                path.unlink()
                removed.append(path.stem)
        for name, text in fresh.items():
            path = folder / f"{name}.json"
            if not path.is_file() or path.read_bytes() != text:
                folder.mkdir(parents=True, exist_ok=True)
                path.write_bytes(text)
                written.append(name)
    load_artifact.cache_clear()
    return Compiled(
        written=tuple(sorted(written)),
        removed=tuple(sorted(removed)),
        warnings=warnings,
        compiler=solc,
    )


def check_fresh(root: Path | None = None, *, artifacts: Path | None = None) -> tuple[str, ...]:
    """What is wrong with the artifacts, one line each; empty when they match the sources.

    Nothing is compiled: names and source hashes are compared.
    """
    tree = read_sources(root or project_root())
    hashes: dict[Path, dict[str, str]] = {}
    for name in tree.own:
        folder = _folder(tree, name, artifacts or ARTIFACTS)
        hashes.setdefault(folder, {})[name] = tree.source_hash(name)
    faults: list[str] = []
    for folder, wanted in hashes.items():
        covered: set[str] = set()
        for contract in artifact_names(folder):
            artifact = load_artifact(contract, folder)
            unit = f"project/{artifact.source}"
            covered.add(unit)
            if unit not in wanted:
                faults.append(f"{contract}: its source {artifact.source} is gone")
            elif artifact.source_hash != wanted[unit]:
                faults.append(f"{contract}: {artifact.source} has changed since it was compiled")
        faults += [
            f"{unit.removeprefix('project/')}: never compiled"
            for unit in wanted
            if unit not in covered and _declares_contract(tree, unit)
        ]
    return tuple(sorted(faults))


def _declares_contract(tree: SourceTree, unit: str) -> bool:
    lines = tree.sources[unit].text.splitlines()
    return any(line.startswith(("contract ", "abstract contract ", "interface ")) for line in lines)


def _folder(tree: SourceTree, unit: str, artifacts: Path) -> Path:
    mock = unit.startswith("project/contracts/mocks/")
    return tree.root / "tests" / "artifacts" if mock else artifacts


def _by_folder(
    tree: SourceTree, output: Mapping[str, Any], artifacts: Path
) -> dict[Path, dict[str, bytes]]:
    found: dict[Path, dict[str, bytes]] = {artifacts: {}, tree.root / "tests" / "artifacts": {}}
    for unit, name, compiled in _contracts(tree, output):
        fresh = found[_folder(tree, unit, artifacts)]
        if name in fresh:
            raise InvalidInput(f"two contracts are named {name}", remedy="rename one of them")
        fresh[name] = _artifact(tree, unit, name, compiled)
    return found


def _contracts(
    tree: SourceTree, output: Mapping[str, Any]
) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Our contracts and interfaces; not libraries, whose code is inside those that use them."""
    for unit in tree.own:
        text = tree.sources[unit].text
        for name, compiled in sorted(output["contracts"].get(unit, {}).items()):
            if f"library {name} " not in text:
                yield unit, name, compiled


def _artifact(tree: SourceTree, unit: str, name: str, compiled: Mapping[str, Any]) -> bytes:
    code, deployed = compiled["evm"]["bytecode"], compiled["evm"]["deployedBytecode"]
    if code.get("linkReferences"):
        raise InvalidInput(
            f"{name} must be linked to a library", remedy="make the library's functions internal"
        )
    immutables = sorted(
        (place["start"], place["length"])
        for places in deployed.get("immutableReferences", {}).values()
        for place in places
    )
    fields = {
        "contractName": name,
        "sourceName": unit.removeprefix("project/"),
        "abi": compiled["abi"],
        "bytecode": "0x" + code["object"],
        "deployedBytecode": "0x" + deployed["object"],
        "immutableReferences": immutables,
        "compiler": {"version": tree.version, "settings": dict(tree.settings)},
        "sourceHash": tree.source_hash(unit),
    }
    return orjson.dumps(fields, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
