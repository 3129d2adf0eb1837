"""Networks as files: ``deploy/networks/<name>.toml``, read strictly.

URLs of public chains come from the environment, as they carry keys. ``${NAME}`` in a URL stands for
an environment variable; URLs are never part of a representation or an error.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from oracle.chain.endpoint import redacted
from oracle.chain.local import LOCAL_CHAIN_IDS
from oracle.chain.opcodes import EVM_VERSIONS
from oracle.core.errors import ConfigError

RPC_URLS = "ORACLE_RPC_URLS"
_PACKAGE = Path(__file__).resolve().parents[1]
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_FIELDS: Mapping[str, tuple[type, ...]] = {
    "name": (str,),
    "chain_id": (int,),
    "rpc_urls": (list,),
    "confirmations": (int,),
    "finality_blocks": (int,),
    "max_fee_gwei": (int, float),
    "poll_seconds": (int, float),
    "explorer": (str,),
    "currency": (str,),
    "evm": (str,),
    "in_flight": (int,),
}
_OPTIONAL = {"rpc_urls", "explorer", "currency", "evm", "in_flight"}
IN_FLIGHT = 64
"""What a public chain's nodes keep of one key without a murmur."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """One chain and how it is used.

    Attributes:
        key: the file's name, such as ``"sepolia"``.
        name: for people.
        rpc_urls: endpoints, secrets included; not part of the representation.
        confirmations: blocks, a request's own included, before it is answered.
        finality_blocks: blocks, a block's own included, before it counts as final.
        max_fee_gwei: most to pay for one gas.
        poll_seconds: pause between looks at the head.
        explorer: URL of a block explorer, or "".
        currency: what fees are paid in.
        evm: the EVM rules the chain has, by the compiler's name; for ``deploy``.
        in_flight: most transactions of a node that are sent and not yet mined.
    """

    key: str
    name: str
    chain_id: int
    rpc_urls: tuple[str, ...] = field(repr=False)
    confirmations: int
    finality_blocks: int
    max_fee_gwei: float
    poll_seconds: float
    explorer: str
    currency: str
    evm: str
    in_flight: int = IN_FLIGHT

    @property
    def is_local(self) -> bool:
        """Whether it is a development chain on this machine."""
        return self.chain_id in LOCAL_CHAIN_IDS

    @property
    def shown_urls(self) -> tuple[str, ...]:
        """The endpoints without credentials, to print and log."""
        return tuple(redacted(url) for url in self.rpc_urls)


def networks_folder() -> Path:
    """The folder of the network files: in the wheel ``oracle/deploy``, else the checkout's."""
    for folder in (_PACKAGE / "deploy" / "networks", _PACKAGE.parent / "deploy" / "networks"):
        if folder.is_dir():
            return folder
    raise ConfigError(
        "the network files are missing from this installation", remedy="install the package again"
    )


def network_names() -> tuple[str, ...]:
    """The networks that come with the package."""
    return tuple(sorted(path.stem for path in networks_folder().glob("*.toml")))


def load_network(name: str, environ: Mapping[str, str] | None = None) -> Network:
    """A network by name, or by the path of a TOML file of one's own.

    Args:
        name: such as ``"anvil"`` or ``"./my-chain.toml"``.
        environ: environment variables; ``ORACLE_RPC_URLS`` overrides the file's endpoints.

    Raises:
        ConfigError: no such network, a malformed file, or no endpoint.
    """
    variables = os.environ if environ is None else environ
    own = name.endswith(".toml")
    if not own and name not in network_names():
        raise ConfigError(
            f"network {name!r} is not known",
            remedy=f"use one of {', '.join(network_names())}, or the path of a .toml file",
        )
    path = Path(name) if own else networks_folder() / f"{name}.toml"
    try:
        fields = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise ConfigError(
            f"network file {path} can not be read: {fault}", remedy="correct the file"
        ) from None
    _check(path, fields)
    urls = fields.pop("rpc_urls", [])
    given = variables.get(RPC_URLS, "").replace(",", " ").split()
    chosen = given or [_expanded(url, variables, path) for url in urls]
    if not chosen:
        raise ConfigError(
            f"network {name!r} has no RPC endpoint",
            remedy=f"set {RPC_URLS} to one or more http(s) URLs, separated by commas",
        )
    fields = {"explorer": "", "currency": "ETH", "evm": EVM_VERSIONS[-1], **fields}
    fields["max_fee_gwei"] = float(fields["max_fee_gwei"])
    fields["poll_seconds"] = float(fields["poll_seconds"])
    return Network(key=path.stem, rpc_urls=tuple(chosen), **fields)


def _check(path: Path, fields: Mapping[str, Any]) -> None:
    unknown = sorted(set(fields) - set(_FIELDS))
    missing = sorted(set(_FIELDS) - set(fields) - _OPTIONAL)
    if unknown or missing:
        said = [f"unknown {key!r}" for key in unknown] + [f"no {key!r}" for key in missing]
        raise ConfigError(f"network file {path}: {', '.join(said)}", remedy="correct the file")
    for key, value in fields.items():
        if not isinstance(value, _FIELDS[key]) or isinstance(value, bool):
            raise ConfigError(
                f"network file {path}: {key} is {type(value).__name__}",
                remedy=f"write {' or '.join(kind.__name__ for kind in _FIELDS[key])}",
            )
        if isinstance(value, int | float) and value <= 0:
            raise ConfigError(
                f"network file {path}: {key} is {value}", remedy="write a positive number"
            )
    if fields.get("evm", EVM_VERSIONS[-1]) not in EVM_VERSIONS:
        raise ConfigError(
            f"network file {path}: evm is {fields['evm']!r}",
            remedy=f"write one of {', '.join(EVM_VERSIONS)}",
        )
    if not all(isinstance(url, str) for url in fields.get("rpc_urls", [])):
        raise ConfigError(f"network file {path}: rpc_urls has no strings", remedy="write URLs")


def _expanded(url: str, variables: Mapping[str, str], path: Path) -> str:
    def value(match: re.Match[str]) -> str:
        found = variables.get(match.group(1))
        if not found:
            raise ConfigError(
                f"network file {path} needs the environment variable {match.group(1)}",
                remedy="set it, or set " + RPC_URLS,
            )
        return found

    return _VARIABLE.sub(value, url)
