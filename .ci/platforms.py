"""Completes package-lock.json with the optional packages of other platforms.

npm leaves out of the lock the optional packages that the registry at hand does not serve, and then
`npm ci` refuses the lock everywhere. Each is added with its pinned version, operating system and
processor, so that npm skips it where it does not fit; without a hash, since nothing was fetched.
"""

import json
import re
from pathlib import Path

LOCK = Path(__file__).parents[1] / "package-lock.json"
SYSTEMS = {"darwin": "darwin", "linux": "linux", "win32": "win32"}
PROCESSORS = {"amd64": "x64", "x64": "x64", "arm64": "arm64", "ia32": "ia32"}

lock = json.loads(LOCK.read_text())
packages = lock["packages"]
for entry in [*packages.values()]:
    for name, version in entry.get("optionalDependencies", {}).items():
        path = f"node_modules/{name}"
        platform = re.search(r"-(darwin|linux|win32)-(amd64|x64|arm64|ia32)", name)
        if path in packages or platform is None:
            continue
        packages[path] = {
            "version": version,
            "cpu": [PROCESSORS[platform[2]]],
            "dev": True,
            "optional": True,
            "os": [SYSTEMS[platform[1]]],
        }
lock["packages"] = {key: packages[key] for key in sorted(packages)}
LOCK.write_text(json.dumps(lock, indent=2) + "\n")
