"""What some tests need beside Python packages: a browser, a database server, Java, systemd.

Where it is missing the test is skipped, unless ``ORACLE_TESTS_REQUIRE_ALL`` is set, as it is where
changes are accepted: there a missing program fails the test.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

PACKAGES = {
    "chromium": "chromium",
    "java": "default-jre-headless",
    "postgres": "postgresql",
    "systemd-analyze": "systemd",
}
"""Program to the Debian package that brings it."""


def program(name: str) -> Path:
    """Where the program is; the test that asks is skipped, or fails, where it is not."""
    found = shutil.which(name) or _in_debians_place(name)
    if found is not None:
        return Path(found)
    missing = f"{name} is not installed: apt-get install {PACKAGES[name]}"
    if os.environ.get("ORACLE_TESTS_REQUIRE_ALL"):
        pytest.fail(missing)
    pytest.skip(missing)


def _in_debians_place(name: str) -> str | None:
    """Debian keeps the database server's programs off the PATH, by version."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(versions[-1]) if versions else None
