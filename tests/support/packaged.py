"""The npm package as a dApp has it: packed, unpacked into node_modules, and compiled against."""

from __future__ import annotations

import asyncio
import posixpath
import re
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from oracle.chain.npm_package import NAME, write_package
from oracle.chain.sources import read_sources
from oracle.chain.toolchain import find_solc

ROOT = Path(__file__).parents[2]
_IMPORT = re.compile(r'(?:^|[}"\s])(?:from|import) "([^"]+)";', re.MULTILINE)


async def installed_package(project: Path) -> Path:
    """Pack the package and unpack it below ``project/node_modules``, as ``npm install`` does."""
    folder = project / "package"
    write_package(ROOT, folder)
    npm = Path(sys.executable).with_name("npm")
    process = await asyncio.create_subprocess_exec(
        *(npm, "pack", "--silent", "--offline", "--ignore-scripts", str(folder)),
        cwd=project,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(120):
        output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    modules = project / "node_modules"
    with tarfile.open(project / output.decode().split()[-1]) as packed:
        packed.extractall(modules / "unpacked", filter="data")
    (modules / "unpacked" / "package").rename(modules / NAME)
    (modules / "@openzeppelin").symlink_to(ROOT / "node_modules" / "@openzeppelin")
    return modules / NAME


def compile_against(project: Path, sources: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Compile with the compiler alone: imports from ``node_modules``, its settings its defaults.

    Returns:
        Contracts by name: ``abi`` and ``bytecode``.
    """
    from solcx import compile_standard

    units: dict[str, str] = {}
    waiting = dict(sources)
    while waiting:
        unit, text = waiting.popitem()
        units[unit] = text
        for target in _IMPORT.findall(text):
            if target.startswith("."):
                target = posixpath.normpath(posixpath.join(posixpath.dirname(unit), target))
            if target not in units:
                path = project / "node_modules" / target
                waiting[target] = path.read_text(encoding="utf-8")
    output = compile_standard(
        {
            "language": "Solidity",
            "sources": {unit: {"content": text} for unit, text in units.items()},
            "settings": {"outputSelection": {"*": {"*": ["abi", "evm.bytecode.object"]}}},
        },
        solc_binary=find_solc(read_sources(ROOT).version, ROOT / ".oracle" / "bin"),
        allow_empty=True,
    )
    warnings = [fault["formattedMessage"] for fault in output.get("errors", ())]
    assert not warnings, warnings
    return {
        name: {"abi": made["abi"], "bytecode": bytes.fromhex(made["evm"]["bytecode"]["object"])}
        for unit in sources
        for name, made in output["contracts"][unit].items()
    }
