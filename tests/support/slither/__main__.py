"""Runs Slither on the very sources and settings that are shipped, but for the optimiser, and holds
what it finds to ``answers.toml``.

    python -m tests.support.slither SLITHER      the program, in an environment of its own
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from oracle.chain.sources import read_sources
from oracle.chain.toolchain import find_solc

ROOT = Path(__file__).parents[3]
ANSWERS = Path(__file__).with_name("answers.toml")
OUTPUTS = ("abi", "devdoc", "userdoc", "evm.bytecode", "evm.deployedBytecode")
Finding = tuple[str, str]
"""Detector, and what it is about."""


def compiler_input(root: Path) -> dict[str, Any]:
    """The standard JSON with sources named by their paths, as Slither looks for them."""
    asked = read_sources(root).compiler_input()
    asked["sources"] = {_path(name): source for name, source in asked["sources"].items()}
    asked["settings"] |= {
        "optimizer": {"enabled": False},
        "remappings": ["@openzeppelin/=node_modules/@openzeppelin/"],
        "outputSelection": {"*": {"*": list(OUTPUTS), "": ["ast"]}},
    }
    return asked


def _path(unit: str) -> str:
    return re.sub(r"^npm/(@?[^@]+)@[^/]+/", r"node_modules/\1/", unit.removeprefix("project/"))


def find(slither: str) -> set[Finding]:
    """What Slither finds in our contracts, mocks left out."""
    solc = find_solc(read_sources(ROOT).version, ROOT / ".oracle" / "bin")
    with tempfile.TemporaryDirectory() as folder:
        asked, found = Path(folder) / "input.json", Path(folder) / "found.json"
        asked.write_text(json.dumps(compiler_input(ROOT)), encoding="utf-8")
        command = [slither, str(asked), "--compile-force-framework", "solc-json"]
        command += ["--solc", str(solc), "--filter-paths", "node_modules|contracts/mocks"]
        run = subprocess.run(  # its exit code is how much it found
            [*command, "--json", str(found)], cwd=ROOT, capture_output=True, text=True, check=False
        )
        if not found.exists():
            sys.exit(f"Slither gave nothing:\n{run.stdout}\n{run.stderr}")
        report = json.loads(found.read_text(encoding="utf-8"))
    if not report["success"]:
        sys.exit(f"Slither failed: {report['error']}")
    return {_finding(each) for each in report["results"].get("detectors", [])}


def _finding(reported: dict[str, Any]) -> Finding:
    element = reported["elements"][0]
    names = []
    while element and element["type"] not in ("file", "pragma"):
        names.append(element["name"])
        element = element.get("type_specific_fields", {}).get("parent")
    return reported["check"], ".".join(reversed(names))


def main() -> None:
    """Print what is unanswered, and which answers nobody asks for any more."""
    answers = tomllib.loads(ANSWERS.read_text(encoding="utf-8"))["answer"]
    known = [(each["detector"], where) for each in answers for where in each["where"]]
    found = find(sys.argv[1])
    unanswered = [f for f in sorted(found) if not any(_fits(f, answer) for answer in known)]
    unasked = [answer for answer in known if not any(_fits(f, answer) for f in found)]
    for detector, where in unanswered:
        print(f"no answer to {detector}: {where}")
    for detector, where in unasked:
        print(f"not found any more: {detector}: {where}")
    print(f"{len(found)} findings, {len(found) - len(unanswered)} answered")
    sys.exit(bool(unanswered or unasked))


def _fits(finding: Finding, answer: Finding) -> bool:
    return finding[0] == answer[0] and fnmatch(finding[1], answer[1])


if __name__ == "__main__":
    main()
