"""Compiled contracts as files: what ``oracle compile`` writes and everything else reads.

One JSON file a contract, in ``oracle/chain/artifacts``; the files are in git and in the wheel, so
nothing but a change of a contract needs a compiler.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
from eth_utils.crypto import keccak

from oracle.core.errors import ConfigError

ARTIFACTS = Path(__file__).with_name("artifacts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """One compiled contract.

    Attributes:
        source: path below the repository, such as ``contracts/DecisionContract.sol``.
        bytecode: creation code without constructor arguments; empty for an interface.
        deployed_bytecode: code on chain, its immutables zero.
        immutables: (start, length) of each place in the deployed code an immutable is written to.
        compiler: version and settings.
        source_hash: hex keccak256 over the settings and every source it imports.
    """

    name: str
    source: str
    abi: tuple[Mapping[str, Any], ...]
    bytecode: bytes
    deployed_bytecode: bytes
    immutables: tuple[tuple[int, int], ...]
    compiler: Mapping[str, Any]
    source_hash: str

    def creation_code(self, arguments: bytes = b"") -> bytes:
        """Creation code followed by ABI-encoded constructor arguments."""
        if not self.bytecode:
            raise ConfigError(
                f"{self.name} has no code", remedy="deploy a contract, not an interface"
            )
        return self.bytecode + arguments

    def code_hash(self, code: bytes | None = None) -> bytes:
        """keccak256 of ``code``, or of the artifact's own, with the immutables zeroed, 32 bytes."""
        masked = bytearray(self.deployed_bytecode if code is None else code)
        for start, length in self.immutables:
            masked[start : start + length] = bytes(len(masked[start : start + length]))
        return keccak(bytes(masked))


def _from_json(fields: Mapping[str, Any]) -> Artifact:
    return Artifact(
        name=fields["contractName"],
        source=fields["sourceName"],
        abi=tuple(fields["abi"]),
        bytecode=bytes.fromhex(fields["bytecode"][2:]),
        deployed_bytecode=bytes.fromhex(fields["deployedBytecode"][2:]),
        immutables=tuple((start, length) for start, length in fields["immutableReferences"]),
        compiler=fields["compiler"],
        source_hash=fields["sourceHash"],
    )


@lru_cache(maxsize=256)
def load_artifact(name: str, folder: Path = ARTIFACTS) -> Artifact:
    """The artifact of contract ``name``.

    Raises:
        ConfigError: there is none, or the file is damaged.
    """
    path = folder / f"{name}.json"
    try:
        return _from_json(orjson.loads(path.read_bytes()))
    except FileNotFoundError:
        raise ConfigError(
            f"no artifact of contract {name!r} in {folder}", remedy="run `oracle compile`"
        ) from None
    except (ValueError, KeyError, TypeError) as fault:
        raise ConfigError(
            f"artifact {path} is damaged: {fault!r}", remedy="run `oracle compile`"
        ) from fault


def artifact_names(folder: Path = ARTIFACTS) -> tuple[str, ...]:
    """The names of all artifacts in ``folder``, sorted."""
    return tuple(sorted(path.stem for path in folder.glob("*.json")))
