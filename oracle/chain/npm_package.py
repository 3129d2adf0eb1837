"""The contracts as an npm package: sources that any dApp imports, and the ABIs beside them.

The package is called ``decision-oracle``, so that a contract imports
``decision-oracle/contracts/consumer/DecisionConsumer.sol``. Sources are the checkout's, but for the
pragma: a dApp's compiler need not be ours.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

from oracle.chain.artifacts import artifact_names, load_artifact
from oracle.core.errors import ConfigError, InvalidInput

NAME = "decision-oracle"
LEFT_OUT = ("mocks", "examples")
"""Folders of contracts that nobody builds on."""
_PRAGMA = re.compile(r"^pragma solidity [^;]+;$", re.MULTILINE)
OLDEST = "^0.8.27"
"""The first compiler with custom errors in ``require`` in either of its pipelines."""

README = """# decision-oracle

Contracts, interfaces and ABIs of the Decision Oracle: model predictions as on-chain decisions.

```solidity
import {DecisionConsumer} from "decision-oracle/contracts/consumer/DecisionConsumer.sol";
import {IDecisionContract} from "decision-oracle/contracts/interfaces/IDecisionContract.sol";
```

`oracle model contract NAME` writes a typed consumer of one model on top of them.
ABIs are in `abi/`, one JSON file a contract:
`import abi from "decision-oracle/abi/DecisionContract.json" with { type: "json" }`.
"""


def write_package(root: Path, folder: Path) -> tuple[str, ...]:
    """Write the package; ``npm pack`` and ``npm publish`` take the folder as it is.

    Args:
        root: the checkout.
        folder: made anew; one that holds anything but such a package is refused.

    Returns:
        The files, relative to the folder.

    Raises:
        InvalidInput: the folder holds something else.
        ConfigError: this is no checkout.
    """
    manifest = _manifest(root)
    if folder.exists():
        _require_ours(folder)
        shutil.rmtree(folder)
    written = {"package.json": json.dumps(manifest, indent=2) + "\n", "README.md": README}
    written["LICENSE"] = (root / "LICENSE").read_text(encoding="utf-8")
    sources = {}
    for path in sorted((root / "contracts").rglob("*.sol")):
        place = path.relative_to(root)
        if place.parts[1] not in LEFT_OUT:
            sources[place.as_posix()] = path.read_text(encoding="utf-8")
    for unit, text in sources.items():
        written[unit] = _PRAGMA.sub(f"pragma solidity {OLDEST};", text)
    for name in artifact_names():
        artifact = load_artifact(name)
        if artifact.source in sources:
            written[f"abi/{name}.json"] = json.dumps(list(artifact.abi), indent=2) + "\n"
    for name, text in written.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tuple(sorted(written))


def _manifest(root: Path) -> dict[str, Any]:
    try:
        own = json.loads((root / "package.json").read_text(encoding="utf-8"))
        zeppelin = own["devDependencies"]["@openzeppelin/contracts"]
        return {
            "name": NAME,
            "version": own["version"],
            "description": "Contracts, interfaces and ABIs of the Decision Oracle",
            "license": own["license"],
            "keywords": ["solidity", "oracle", "machine-learning", "onnx"],
            "files": ["contracts", "abi"],
            "peerDependencies": {"@openzeppelin/contracts": f"^{zeppelin}"},
        }
    except (OSError, ValueError, KeyError) as fault:
        raise ConfigError(
            f"{root} is no checkout to make a package of: {fault!r}", remedy="run it in one"
        ) from fault


def _require_ours(folder: Path) -> None:
    try:
        if not folder.is_dir() or any(folder.iterdir()):
            if json.loads((folder / "package.json").read_text(encoding="utf-8"))["name"] == NAME:
                return
            raise ValueError
    except (OSError, ValueError, KeyError, TypeError):
        raise InvalidInput(
            f"{folder} holds something else than this package",
            remedy="name a folder that is empty or not there yet",
        ) from None
