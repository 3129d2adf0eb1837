"""``oracle demo``: from a model to a verified decision on a chain of its own, explained and costed.

It leaves nothing behind: the chain, the node and the state folder end with it, however it ends.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from oracle.cli.chain import EngineName
from oracle.cli.console import err
from oracle.cli.running import run

if TYPE_CHECKING:
    from pathlib import Path

    from oracle.cli.place import Place
    from oracle.cli.settings import Settings
    from oracle.cli.tour import Tour
    from oracle.inference.folder import StoredModel
    from oracle.inference.store import CardStore
    from oracle.inference.vectors import Vector
    from oracle.node.node import Node

SUBJECT = "the first case of the tour"


def demo(
    model: Annotated[str, typer.Option(help="Which of the bundled models.")] = "credit-default",
    engine: Annotated[EngineName, typer.Option(help="Which local chain.")] = EngineName.ANVIL,
) -> None:
    """Show everything once, on a chain of its own: a few seconds, and nothing stays behind."""
    import os
    import tempfile
    from pathlib import Path

    from oracle.cli.logs import configure
    from oracle.cli.settings import read_settings

    configure("info" if os.environ.get("ORACLE_DEBUG") else "error")
    with tempfile.TemporaryDirectory(prefix="oracle-demo-") as folder:
        settings = read_settings(
            home=Path(folder), network=engine.value, api_port=0, api_host="127.0.0.1"
        )
        run(_demo(settings.for_demo(), model, engine, Path(folder)))


async def _demo(settings: Settings, name: str, engine: EngineName, folder: Path) -> None:
    from oracle.chain.local import Engine, local_chain
    from oracle.cli.compose import deploy_to
    from oracle.cli.place import models_of, open_place
    from oracle.cli.tour import Tour
    from oracle.inference.store import CardStore

    tour = Tour()
    tour.open()
    models = CardStore([models_of(settings).find(name)])
    model = models.find(name)
    tour.model(model)
    began = time.monotonic()
    with err.status("starting a chain …") as status:
        async with (
            local_chain(folder=folder, engine=Engine(engine.value)) as chain,
            open_place(settings, url=chain.url) as place,
        ):
            status.update("deploying …")
            deployed = await deploy_to(place, models)
            status.stop()
            tour.chain(
                chain,
                deployed.address,
                rule_words(model),
                sum(step.gas_used for step in deployed.steps),
                time.monotonic() - began,
            )
            await _decide(place, models, model, deployed.block_number, tour)


async def _decide(
    place: Place, models: CardStore, model: StoredModel, start_block: int, tour: Tour
) -> None:
    from oracle.api.server import bind
    from oracle.cli.compose import contract_at, running, until_ready
    from oracle.core.errors import InferenceError

    first, second = cases(model)
    contract, _ = await contract_at(place)
    with bind("127.0.0.1", 0) as listener:
        starting = running(
            place, models, contract=contract, start_block=start_block, listener=listener
        )
        async with starting as at_work:
            node = at_work.node
            missing = await until_ready(node)
            if missing:
                raise InferenceError(
                    "; ".join(f"{check.name}: {check.what}" for check in missing),
                    remedy="`oracle doctor` says how to mend it",
                )
            await _steps(place, model, node, listener.getsockname()[1], first, second, tour)


async def _steps(
    place: Place,
    model: StoredModel,
    node: Node,
    port: int,
    first: Vector,
    second: Vector,
    tour: Tour,
) -> None:
    """Steps 3 to 8."""
    import asyncio

    from oracle.chain.keys import find_account
    from oracle.chain.signer import AccountSigner
    from oracle.cli.asking import ask_through, decided
    from oracle.cli.dapps import dapp_for
    from oracle.cli.place import REQUESTER
    from oracle.cli.rechecking import recheck
    from oracle.core.errors import ChainError

    contract = node.parts.contract
    tour.input(first)
    account = await asyncio.to_thread(_post, port, model, first)
    if account["state"] != "final":
        raise ChainError(f"the decision is {account['state']}: {account['reason']}")
    tour.prediction(account, model)
    meaning = (
        model.policy.meaning.get(account["decision"]["verdict"].upper()) if model.policy else None
    )
    tour.transaction(account, meaning)
    subject = bytes.fromhex(account["subject"][2:])
    stored = await contract.decision_of(model.model_id, subject, block="latest")
    assert stored is not None
    tour.read_back(stored, model)

    key = find_account(
        chain_id=place.network.chain_id,
        folder=place.home.keystore,
        environ={},
        dev_index=REQUESTER,
    )
    dapp = dapp_for(model.name)
    asked = await ask_through(
        dapp, contract, AccountSigner(place.rpc, key), model.model_id, second.input
    )
    began = time.monotonic()
    answer = await decided(contract, asked, timeout=20)
    took = time.monotonic() - began
    outcome = await dapp.outcome(place.rpc, asked.dapp_address, asked.request_id, asked.case)
    answered = await asyncio.to_thread(_account, port, asked.request_id)
    gas = answered["transactions"][-1]["gas_used"] or 0
    tour.dapp(asked, answer, outcome, second, model, gas, took)

    with err.status("computing again …"):
        checks = [
            await recheck(contract, model, vector.input, bytes.fromhex(tx_hash[2:]))
            for vector, tx_hash in (
                (first, account["decision"]["tx_hash"]),
                (second, answered["decision"]["tx_hash"]),
            )
        ]
    tour.rechecked(*checks)
    tour.close(sum(len(each) for each in checks))


def cases(model: StoredModel) -> tuple[Vector, Vector]:
    """Two test vectors, by preference one that is accepted and one that is not.

    Raises:
        InvalidInput: the model has no vectors.
    """
    from oracle.core.errors import InvalidInput

    if not model.vectors:
        raise InvalidInput(
            f"model {model.name} has no test vectors", remedy="show another one with --model"
        )
    order = {"ACCEPT": 0, "REVIEW": 1, "NONE": 1, "REJECT": 2}
    by_verdict = sorted(model.vectors, key=lambda vector: order[vector.verdict])
    return by_verdict[0], by_verdict[-1]


def rule_words(model: StoredModel) -> str:
    """The model's rule in plain words."""
    from oracle.cli.model import policy_words

    return policy_words(model)


def _post(port: int, model: StoredModel, vector: Vector) -> dict[str, Any]:
    from oracle.cli.client import NodeClient

    body = {
        "model": model.name,
        "input": dict(vector.features) or "0x" + vector.input.hex(),
        "subject": SUBJECT,
        "wait": 20,
    }
    with NodeClient(f"http://127.0.0.1:{port}") as node:
        account: dict[str, Any] = node.post("/api/decisions", body)
        return account


def _account(port: int, subject: bytes) -> dict[str, Any]:
    from oracle.cli.client import NodeClient

    with NodeClient(f"http://127.0.0.1:{port}") as node:
        found: dict[str, Any] = node.get(f"/api/decisions/0x{subject.hex()}", wait=20)
        return found
