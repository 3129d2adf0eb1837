"""The composition root: settings to a running node, and nothing else wires anything.

settings ─▶ network, account, models ─▶ chain ─▶ deployment ─▶ node ─▶ API
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI

from oracle.api.access import may_bind
from oracle.api.app import create_app
from oracle.api.keys import ApiKeys
from oracle.api.limits import Limits
from oracle.api.server import serve
from oracle.chain.addresses import addresses_path, load_addresses, save_addresses
from oracle.chain.anchor import AnchorLog, anchor_log_of
from oracle.chain.contracts import DecisionContract
from oracle.chain.deployment import (
    ContractSpec,
    Deployed,
    Progress,
    deploy,
    plan_deployment,
)
from oracle.chain.gateway import gateway_spec
from oracle.chain.keys import KeyLock
from oracle.chain.local import LOCAL_CHAIN_IDS
from oracle.chain.signer import AccountSigner
from oracle.cli.evidence import evidence_store, fetch_rules
from oracle.cli.peers import peers_of
from oracle.cli.place import Place, local_state, lock_folder
from oracle.cli.reads import serve_reads
from oracle.cli.settings import Settings
from oracle.core.errors import ConfigError
from oracle.core.transaction import GWEI, FeePolicy
from oracle.evidence import Fetcher
from oracle.inference.engine import Engine
from oracle.inference.store import CardStore
from oracle.journal import Journal
from oracle.node.metrics import Metrics
from oracle.node.node import Node
from oracle.node.parts import NodeOptions, Parts
from oracle.node.readiness import Check, readiness
from oracle.node.registration import registration_of

PRIORITY_GWEI = 1.0
API_RATE = 100.0
"""Requests a second of one caller, where an API has keys."""


async def deploy_to(
    place: Place,
    models: CardStore,
    *,
    others: Sequence[ContractSpec] = (),
    attestor: str | Mapping[bytes, str] | None = None,
    reads_at: Sequence[str] = (),
    progress: Progress | None = None,
) -> Deployed:
    """Bring the contracts and the models to the chain, and write the addresses down.

    Args:
        others: contracts beside them.
        attestor: who vouches for the models, or for each by its id; the place's own account where
            None.
        reads_at: base URLs of the APIs that serve gasless reads of this account's models from now
            on; what was published before stays where there are none.

    Raises:
        VerificationError: other code is at one of the addresses.
        ConfigError: a model is registered with other rules, or there are no funds.
    """
    path = addresses_path(place.network.chain_id, local_state(place))
    known = load_addresses(path)
    vouching = attestor or place.account.address
    registered = [
        registration_of(m, vouching if isinstance(vouching, str) else vouching[m.model_id])
        for m in models
        if m.policy
    ]
    contract = ContractSpec(contract="DecisionContract").address
    plan = plan_deployment(registered, others=[gateway_spec(contract), *others])
    same = known is not None and known.decision_contract == plan.decision_contract.address
    signer = AccountSigner(place.rpc, place.account, max_fee_gwei=_ceiling_gwei(place))
    deployed = await deploy(
        plan,
        place.rpc,
        signer,
        created_at=known.block_number if known is not None and same else None,
        progress=progress,
    )
    place.home.make()
    save_addresses(path, deployed)
    if reads_at:
        report = await serve_reads(DecisionContract(place.rpc, contract), signer, models, reads_at)
        if progress is not None:
            progress(report)
    return deployed


async def contract_at(place: Place) -> tuple[DecisionContract, int]:
    """The decision contract on this chain, and the block to follow it from.

    Raises:
        ConfigError: it is not deployed there.
    """
    known = load_addresses(addresses_path(place.network.chain_id, local_state(place)))
    address = place.settings.contract or (
        known.decision_contract if known else ContractSpec(contract="DecisionContract").address
    )
    if not await place.rpc.code(address, "latest"):
        raise ConfigError(
            f"there is no decision contract at {address} on chain {place.network.chain_id}",
            remedy=f"deploy it: oracle deploy --network {place.network.key}",
        )
    start = known.block_number if known and known.decision_contract == address else 0
    return DecisionContract(place.rpc, address), start


@asynccontextmanager
async def open_node(
    place: Place, models: CardStore, *, contract: DecisionContract, start_block: int
) -> AsyncIterator[tuple[Node, Metrics]]:
    """A node with everything it needs, ready to run; one process owns its key meanwhile.

    Raises:
        ConfigError: another process has the key, or the journal belongs to another node.
        JournalError: the journal can not be opened.
        InferenceError: a model can not be loaded.
    """
    settings, network = place.settings, place.network
    operator = place.account.address
    belongs_to = {
        "chain_id": str(network.chain_id),
        "genesis": "0x" + place.genesis.hex(),
        "contract": contract.address,
        "operator": operator,
    }
    async with AsyncExitStack() as stack:
        stack.enter_context(KeyLock(lock_folder(place), operator, network.chain_id))
        place.home.make()
        path = place.home.journal(network.chain_id, place.genesis, contract.address, operator)
        given = settings.journal
        journal = Journal(given.get_secret_value()) if given else Journal.at(path)
        await stack.enter_async_context(await journal.open(belongs_to))
        engine = await stack.enter_async_context(Engine(models))
        metrics = Metrics()
        parts = Parts(
            rpc=place.rpc,
            contract=contract,
            journal=journal,
            engine=engine,
            account=place.account,
            chain_id=network.chain_id,
            fees=fee_policy(place),
            options=node_options(place, start_block),
            currency=network.currency,
            anchor_log=await _anchor_log(place, operator),
            genesis=place.genesis,
            evidence=evidence_store(settings),
            fetcher=Fetcher(rules=fetch_rules(settings)),
            peers=peers_of(settings),
            observers=[metrics],
        )
        yield Node(parts), metrics


@dataclass(frozen=True, slots=True)
class Running:
    """A node at work, and what its API has under way."""

    node: Node
    limits: Limits


@asynccontextmanager
async def running(
    place: Place,
    models: CardStore,
    *,
    contract: DecisionContract,
    start_block: int,
    listener: socket.socket,
) -> AsyncIterator[Running]:
    """A node and its API, at work until the block ends; what breaks one of them breaks the block.

    Args:
        listener: the bound socket that the API serves on.

    Raises:
        ConfigError: as ``open_node``; or the API would be open to others without a key.
    """
    keys = ApiKeys(place.settings.keys_given)
    may_bind(listener.getsockname()[0], keys)
    opened = open_node(place, models, contract=contract, start_block=start_block)
    async with opened as (node, metrics), asyncio.TaskGroup() as tasks:
        limits = limits_of(place.settings, keys)
        app = create_app(node, metrics, api_keys=keys, limits=limits)
        at_work = [tasks.create_task(node.run()), tasks.create_task(serve(app, listener))]
        try:
            async with grpc_of(place.settings, app, keys, limits):
                yield Running(node, limits)
        finally:
            for task in at_work:
                task.cancel()


def limits_of(settings: Settings, keys: ApiKeys) -> Limits:
    """What one caller may ask: what the settings say, else a rate where others are served."""
    return Limits(rate=settings.api_rate or (API_RATE if keys else None))


@asynccontextmanager
async def grpc_of(
    settings: Settings, app: FastAPI, keys: ApiKeys, limits: Limits
) -> AsyncIterator[int | None]:
    """The inference protocol over gRPC until the block ends, where a port is set; gives the port.

    Raises:
        ConfigError: gRPC is not installed, or the port is in use.
    """
    if settings.grpc_port is None:
        yield None
        return
    try:
        from oracle.api.inference.rpc import rpc_server
    except ImportError:
        raise ConfigError(
            "gRPC needs the packages grpcio and protobuf",
            remedy="pip install 'decision-oracle[grpc]', or leave --grpc-port out",
        ) from None
    host, port = settings.api_host, settings.grpc_port
    async with rpc_server(app.state.inference, keys, host, port, limits=limits) as bound:
        yield bound


async def until_ready(node: Node, timeout: float = 15.0) -> list[Check]:
    """Wait until everything holds; what does not by then is returned."""
    deadline = time.monotonic() + timeout
    while True:
        missing = [check for check in await readiness(node) if not check.ok]
        if not missing or node.halted or time.monotonic() > deadline:
            return missing
        await asyncio.sleep(0.05)


async def _anchor_log(place: Place, operator: str) -> AnchorLog | None:
    """The operator's anchor log, where it is deployed."""
    log = AnchorLog(place.rpc, anchor_log_of(operator).address)
    return log if await log.there() else None


def node_options(place: Place, start_block: int) -> NodeOptions:
    """How the node works on this network, as the settings change it."""
    settings, network = place.settings, place.network
    # Polls are a good part of a block apart: a turn is two blocks or so.
    turn = max(2, round(8 * network.poll_seconds))
    return NodeOptions(
        step_turn=turn,
        step_margin=5 * turn,
        confirmations=settings.confirmations or network.confirmations,
        finality=settings.finality or network.finality_blocks,
        poll=network.poll_seconds,
        in_flight=network.in_flight,
        start_block=start_block,
        anchor_within=settings.anchor_within,
        anchor_every=settings.anchor_every,
        anchor_count=settings.anchor_count,
        idle_chain=network.chain_id in LOCAL_CHAIN_IDS,
    )


def fee_policy(place: Place) -> FeePolicy:
    """What the operator is willing to pay on this network."""
    tip = place.settings.priority_fee_gwei
    priority = PRIORITY_GWEI if tip is None else tip
    return FeePolicy(
        ceiling=round(_ceiling_gwei(place) * GWEI),
        priority=round(min(priority, _ceiling_gwei(place)) * GWEI),
    )


def _ceiling_gwei(place: Place) -> float:
    return place.settings.max_fee_gwei or place.network.max_fee_gwei
