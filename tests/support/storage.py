"""Where contracts keep what in their storage, as the compiler says: ``contracts/storage.json``.

    python -m tests.support.storage     writes it anew

Other programs read some of it by slot, and gas figures rest on what shares a word, so that a moved
variable has to be meant.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from solcx import compile_standard

from oracle.chain.sources import read_sources
from oracle.chain.toolchain import find_solc

ROOT = Path(__file__).parents[2]
PINNED = ROOT / "contracts" / "storage.json"
CONTRACTS = (
    "contracts/DecisionContract.sol",
    "contracts/attestors/AnchorLog.sol",
    "contracts/attestors/QuorumAttestor.sol",
    "contracts/attestors/SealedVoteAttestor.sol",
)


def storage_layouts() -> dict[str, Any]:
    """By contract: its variables in order, and the members of the structs among them."""
    tree = read_sources(ROOT)
    asked = tree.compiler_input()
    units = {path: f"project/{path}" for path in CONTRACTS}
    outputs = {unit: {"*": ["storageLayout"]} for unit in units.values()}
    asked["settings"] = {**asked["settings"], "outputSelection": outputs}
    solc = find_solc(tree.version, ROOT / ".oracle" / "bin")
    output = compile_standard(asked, solc_binary=solc, allow_empty=True)
    return {
        Path(path).stem: _layout(output["contracts"][unit][Path(path).stem]["storageLayout"])
        for path, unit in units.items()
    }


def _layout(layout: dict[str, Any]) -> dict[str, Any]:
    types = layout["types"] or {}
    return {
        "variables": [_variable(variable, types) for variable in layout["storage"]],
        "structs": {
            kind["label"]: [_variable(member, types) for member in kind["members"]]
            for kind in types.values()
            if "members" in kind
        },
    }


def _variable(variable: dict[str, Any], types: dict[str, Any]) -> str:
    kind = types[variable["type"]]
    first = variable["offset"]
    last = first + int(kind["numberOfBytes"]) - 1
    return f"slot {variable['slot']}, bytes {first}-{last}: {kind['label']} {variable['label']}"


if __name__ == "__main__":
    PINNED.write_text(json.dumps(storage_layouts(), indent=2) + "\n", encoding="utf-8")
