"""What ``oracle doctor`` finds on the machine itself: programs, compilers, compiled contracts."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import StrEnum

from oracle.chain.compile import check_fresh
from oracle.chain.sources import read_sources
from oracle.chain.toolchain import checkout, find_anvil, find_node, find_solc
from oracle.core.errors import OracleError

LEAST_PYTHON = (3, 11)


class Status(StrEnum):
    """How a matter stands."""

    OK = "ok"
    NOTE = "note"
    """Something is missing that this set-up may not need."""
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One matter, what was found, and how to mend it."""

    name: str
    status: Status
    what: str
    remedy: str = ""


def ok(name: str, what: str) -> Finding:
    """A matter that is as it should be."""
    return Finding(name=name, status=Status.OK, what=what)


def from_error(name: str, error: OracleError, status: Status = Status.FAIL) -> Finding:
    """A matter that is not, as the error says."""
    return Finding(name=name, status=status, what=error.what, remedy=error.remedy)


def python() -> Finding:
    """The interpreter."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < LEAST_PYTHON:
        return Finding(
            name="python",
            status=Status.FAIL,
            what=f"{version} at {sys.executable}",
            remedy="use Python 3.11 or newer",
        )
    return ok("python", f"{version} at {sys.executable}")


def node_js() -> Finding:
    """Node.js: for Hardhat, the npm compiler and the JavaScript client."""
    try:
        return ok("node.js", str(find_node()))
    except OracleError as error:
        return from_error("node.js", error, _needed_in_checkout())


def anvil() -> Finding:
    """The local chain."""
    try:
        return ok("anvil", str(find_anvil()))
    except OracleError as error:
        return from_error("anvil", error, _needed_in_checkout())


def compiler() -> Finding:
    """The Solidity compiler; nobody needs it who changes no contract."""
    root = checkout()
    if root is None:
        return ok("compiler", "not needed: the package ships its contracts compiled")
    try:
        version = read_sources(root).version
        found = find_solc(version, root / ".oracle" / "bin")
        return ok("compiler", f"solc {version} at {found}")
    except OracleError as error:
        return from_error("compiler", error, Status.NOTE)


def artifacts() -> Finding:
    """Whether what is deployed is what the sources say."""
    root = checkout()
    if root is None:
        return ok("artifacts", "as released")
    try:
        faults = check_fresh(root)
    except OracleError as error:
        return from_error("artifacts", error, Status.NOTE)
    if faults:
        return Finding(
            name="artifacts",
            status=Status.FAIL,
            what="; ".join(faults[:3]),
            remedy="run `oracle compile`",
        )
    return ok("artifacts", "fresh")


def _needed_in_checkout() -> Status:
    """Programs for local chains are missing from a wheel on purpose."""
    return Status.FAIL if checkout() is not None else Status.NOTE
