"""What the wheel needs that is not in git: the page that the node serves, bundled."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PAGE = Path("oracle/api/static/index.html.gz")


class Page(BuildHookInterface):  # type: ignore[misc]
    """Bundles the page where it is missing or stale; a wheel without it is not built."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before it collects the files."""
        if version != "editable":
            bundle(Path(self.root))


def bundle(root: Path) -> bool:
    """Bundle the page of a checkout; False where it is there, and younger than its sources.

    Raises:
        RuntimeError: it is needed, and Node.js or its packages are missing.
    """
    built, sources = root / PAGE, root / "dapp"
    changed = [path.stat().st_mtime for path in sources.rglob("*") if path.is_file()]
    if built.is_file() and built.stat().st_mtime >= max(changed, default=0.0):
        return False
    node = shutil.which("node")
    if node is None or not (root / "node_modules" / "esbuild-wasm").is_dir():
        raise RuntimeError("the page is not bundled; run `make page` first")
    subprocess.run([node, "dapp/page/build.mjs"], cwd=root, check=True, timeout=300)
    return True
