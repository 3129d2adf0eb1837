"""The Solidity sources and the exact compiler input made of them.

Names and remappings are Hardhat's, so that both compilers get the same input and give the same
bytecode. A contract's source hash covers the settings and everything it imports.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from eth_utils.crypto import keccak

from oracle.core.errors import ConfigError

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_IMPORT = re.compile(r"""\bimport\b[^;"']*["']([^"']+)["']\s*;""")
OUTPUTS = (
    "abi",
    "evm.bytecode.object",
    "evm.bytecode.linkReferences",
    "evm.deployedBytecode.object",
    "evm.deployedBytecode.immutableReferences",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One Solidity file.

    Attributes:
        name: source unit name given to the compiler.
        imports: source unit names it imports directly.
    """

    name: str
    text: str
    imports: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceTree:
    """All contracts of a checkout, the packages they import, and the settings.

    Attributes:
        root: folder that holds ``contracts`` and ``node_modules``.
        own: source unit names of the files below ``contracts``.
    """

    root: Path
    version: str
    settings: Mapping[str, Any]
    sources: Mapping[str, Source]
    own: tuple[str, ...]

    def compiler_input(self) -> dict[str, Any]:
        """The standard JSON input over all sources."""
        return {
            "language": "Solidity",
            "sources": {
                name: {"content": self.sources[name].text} for name in sorted(self.sources)
            },
            "settings": {**self.settings, "outputSelection": {"*": {"*": list(OUTPUTS)}}},
        }

    def source_hash(self, name: str) -> str:
        """Hex keccak256 over version, settings, and name and text of all that ``name`` needs."""
        needed, waiting = {name}, [name]
        while waiting:
            for imported in self.sources[waiting.pop()].imports:
                if imported not in needed:
                    needed.add(imported)
                    waiting.append(imported)
        covered = [self.version, self.settings, [[n, self.sources[n].text] for n in sorted(needed)]]
        return "0x" + keccak(orjson.dumps(covered, option=orjson.OPT_SORT_KEYS)).hex()


def read_sources(root: Path) -> SourceTree:
    """Read ``contracts/compiler.json``, every contract, and what they import.

    Raises:
        ConfigError: settings or an imported file are missing or malformed.
    """
    version, settings = _read_settings(root / "contracts" / "compiler.json")
    packages: dict[str, str] = {}
    sources: dict[str, Source] = {}
    files = sorted((root / "contracts").rglob("*.sol"))
    own = tuple(
        f"project/{path.relative_to(root).as_posix()}"
        for path in files
        if not path.name.endswith(".t.sol")
    )
    waiting = [(name, root / name.removeprefix("project/")) for name in own]
    while waiting:
        name, path = waiting.pop()
        if name in sources:
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except OSError:
            raise ConfigError(f"imported source {path} is missing", remedy="run `npm ci`") from None
        imports: list[str] = []
        for target in _IMPORT.findall(_COMMENT.sub("", text)):
            if target.startswith("."):
                unit = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
                imported = path.parent / target
            else:
                unit, imported = _package_unit(root, target, packages)
            imports.append(unit)
            waiting.append((unit, imported))
        sources[name] = Source(name=name, text=text, imports=tuple(imports))
    remappings = [f"project/:{prefix}={unit}" for prefix, unit in sorted(packages.items())]
    return SourceTree(
        root=root,
        version=version,
        settings={**settings, "remappings": remappings},
        sources=sources,
        own=own,
    )


def _read_settings(path: Path) -> tuple[str, dict[str, Any]]:
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        version = fields.pop("version")
    except (OSError, ValueError, KeyError, AttributeError) as fault:
        raise ConfigError(
            f"{path} can not be read: {fault!r}", remedy="restore it from version control"
        ) from fault
    if not re.fullmatch(r"\d+\.\d+\.\d+", str(version)) or "evmVersion" not in fields:
        raise ConfigError(
            f"{path} must pin `version` and `evmVersion`", remedy="write both, the version exactly"
        )
    return version, fields


def _package_unit(root: Path, target: str, packages: dict[str, str]) -> tuple[str, Path]:
    """Hardhat's unit name of a file in an npm package, and its path; notes the remapping."""
    parts = target.split("/")
    package = "/".join(parts[:2]) if target.startswith("@") else parts[0]
    folder = root / "node_modules" / package
    try:
        version = json.loads((folder / "package.json").read_text(encoding="utf-8"))["version"]
    except (OSError, ValueError, KeyError):
        raise ConfigError(f"package {package} is not installed", remedy="run `npm ci`") from None
    unit = f"npm/{package}@{version}/"
    packages[f"{package}/"] = unit
    rest = target[len(package) + 1 :]
    return unit + rest, folder / rest
