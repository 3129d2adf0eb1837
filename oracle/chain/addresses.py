"""Where things were deployed, written down: ``addresses/<chain id>.json``.

Public chains' files are in the checkout and in git; a local chain's is in the state folder, as it
is worthless once the chain is gone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oracle.chain.deployment import Deployed
from oracle.chain.local import LOCAL_CHAIN_IDS
from oracle.chain.toolchain import checkout
from oracle.chain.wire import checksum
from oracle.core.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """One chain's deployment.

    Attributes:
        decision_contract: its address.
        block_number: block it was created in, to follow from.
        contracts: every other contract by address, with its artifact's name.
        models: model id (hex) by the model's name.
    """

    chain_id: int
    decision_contract: str
    block_number: int
    contracts: Mapping[str, str]
    models: Mapping[str, str]


def addresses_path(chain_id: int, state: Path) -> Path:
    """One chain's file: below ``state`` for a local one or without a checkout, else in it."""
    root = None if chain_id in LOCAL_CHAIN_IDS else checkout()
    folder = state / "addresses" if root is None else root / "deploy" / "addresses"
    return folder / f"{chain_id}.json"


def load_addresses(path: Path) -> Addresses | None:
    """What was deployed, or None where nothing was.

    Raises:
        ConfigError: the file is damaged.
    """
    try:
        fields: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return Addresses(
            chain_id=int(fields["chainId"]),
            decision_contract=checksum(fields["decisionContract"]),
            block_number=int(fields["blockNumber"]),
            contracts={checksum(key): str(name) for key, name in fields["contracts"].items()},
            models={str(key): str(name) for key, name in fields["models"].items()},
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
        raise ConfigError(
            f"{path} is damaged: {fault!r}", remedy="remove it and run `oracle deploy` again"
        ) from fault


def save_addresses(path: Path, deployed: Deployed) -> Addresses:
    """Write what was deployed, keeping models and contracts of earlier runs at the same address."""
    before = load_addresses(path)
    if before is not None and before.decision_contract != deployed.address:
        before = None
    plan = deployed.plan
    contracts: dict[str, str] = {
        s.address: s.contract for s in plan.contracts if s.address != deployed.address
    }
    models = {model.name: "0x" + model.model_id.hex() for model in plan.models}
    written = Addresses(
        chain_id=deployed.chain_id,
        decision_contract=deployed.address,
        block_number=deployed.block_number,
        contracts={**(before.contracts if before else {}), **contracts},
        models={**(before.models if before else {}), **models},
    )
    fields = {
        "chainId": written.chain_id,
        "decisionContract": written.decision_contract,
        "blockNumber": written.block_number,
        "contracts": dict(sorted(written.contracts.items())),
        "models": dict(sorted(written.models.items())),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}.tmp")
    fresh.write_text(json.dumps(fields, indent=2) + "\n", encoding="utf-8")
    fresh.replace(path)
    return written
