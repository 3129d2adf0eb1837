"""``oracle up --nodes N --quorum K``: a whole committee on one machine.

Each member is an ``oracle node`` in a process of its own, with its own key, state folder, journal,
port and view of the chain; they know each other by the peers file alone. A member that dies is
started again, while the others go on deciding.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.text import Text

from oracle.api.server import bind, url_of
from oracle.chain.addresses import addresses_path, save_addresses
from oracle.chain.deployment import ContractSpec, Deployed
from oracle.chain.local import DEV_KEYS, LocalChain, dev_account, require_local_chain
from oracle.cli.committee_peers import NODES
from oracle.cli.compose import deploy_to
from oracle.cli.console import err, out, say
from oracle.cli.hints import try_next
from oracle.cli.home import Home, RunningNode
from oracle.cli.peers import PEERS, write_peers
from oracle.cli.place import BATCHER, REQUESTER, Place, models_of, open_place
from oracle.cli.serving import easiest
from oracle.cli.settings import Settings, environment
from oracle.cli.steps import Steps
from oracle.cli.watched import Child, watched
from oracle.core.errors import InvalidInput, NotFound
from oracle.inference.fit import fit_of
from oracle.inference.folder import StoredModel
from oracle.inference.store import CardStore
from oracle.node.registration import quorum_attestor, sealed_attestor, terms_for

COMMIT_SECONDS, REVEAL_SECONDS, BOND = 8, 8, 10**16
"""Terms of sealed votes on one machine: a killed member is back within a window."""
FIRST_KEY = REQUESTER + 1
"""Development accounts from this one on are members'; those before deploy and ask."""
MOST = BATCHER - FIRST_KEY
READY_SECONDS = 60.0
ASK_SECONDS = 2.0
PASSED_ON = (
    "api_host",
    "api_keys",
    "max_fee_gwei",
    "priority_fee_gwei",
    "confirmations",
    "finality",
)
"""Settings that hold for every member alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One member: its number from 1, address, API, gRPC port where it has one, state folder."""

    number: int
    member: str
    api: str
    grpc: int | None
    folder: Path

    @property
    def name(self) -> str:
        """``node 1``."""
        return f"node {self.number}"


def quorum_of(nodes: int, quorum: int | None) -> int:
    """The threshold: as asked, else more than two thirds.

    Raises:
        InvalidInput: more nodes than development keys, or no such quorum.
    """
    if not 1 <= nodes <= MOST:
        raise InvalidInput(
            f"{nodes} nodes can not be started",
            remedy=f"use 1 to {MOST}: as many development accounts are left for members",
        )
    threshold = nodes * 2 // 3 + 1 if quorum is None else quorum
    if not 1 <= threshold <= nodes:
        raise InvalidInput(
            f"{threshold} of {nodes} is no quorum", remedy=f"use --quorum 1 to {nodes}"
        )
    return threshold


async def up_committee(
    settings: Settings,
    chain: AbstractAsyncContextManager[LocalChain] | None,
    *,
    nodes: int,
    quorum: int | None,
    sealed: bool = False,
) -> None:
    """Run it until cancelled.

    Args:
        chain: a local chain to start; None to use the one that the settings name.
        quorum: how many have to agree; more than two thirds where None.
        sealed: the members vote on chain, with bonds, instead of signing.

    Raises:
        InvalidInput: no such committee.
        NotFound: no model that a committee can run.
        ConfigError: a port is taken, the chain is not local, or others vouch for its models.
    """
    threshold = quorum_of(nodes, quorum)
    out.print("\n[head]Decision Oracle[/head]\n")
    steps = Steps(out)
    async with AsyncExitStack() as stack:
        apis, grpcs = free_places(settings, nodes)
        url = None
        if chain is not None:
            with steps.step("chain", "starting …") as step:
                started = await stack.enter_async_context(chain)
                url = started.url
                step.said = f"{started.engine} at {url}, chain {started.chain_id}"
        place = await stack.enter_async_context(open_place(settings, url=url))
        require_local_chain(place.network.chain_id)
        if chain is None:
            steps.done("chain", f"{place.network.name}, chain {place.network.chain_id}")
        with steps.step("models", "measuring whether members would agree …") as step:
            models = await asyncio.to_thread(_fitting, models_of(settings))
            step.said = ", ".join(model.name for model in models)
        seats = _seats(place, apis, grpcs)
        members = [seat.member for seat in seats]
        with steps.step("contracts", "deploying …") as step:
            attestors = {m.model_id: _attestor(m, members, threshold, sealed) for m in models}
            vouching = {model_id: spec.address for model_id, spec in attestors.items()}
            deployed = await deploy_to(
                place,
                models,
                others=[*attestors.values()],
                attestor=vouching,
                reads_at=() if sealed else apis,
            )
            step.said = f"DecisionContract {deployed.address}"
        for spec in {spec.address: spec for spec in attestors.values()}.values():
            steps.done("committee", f"{threshold} of {nodes}: {spec.contract} {spec.address}")
        await _run(place, models, seats, deployed, threshold, steps)


def free_places(settings: Settings, count: int) -> tuple[list[str], list[int | None]]:
    """The members' API URLs and gRPC ports: ports from the settings' on, or any free ones for 0;
    no gRPC where the settings have no port for it.

    Raises:
        ConfigError: one is taken.
    """
    host, grpc = settings.api_host, settings.grpc_port
    with ExitStack() as held:

        def bound(first: int) -> list[socket.socket]:
            ports = [first + at if first else 0 for at in range(count)]
            return [held.enter_context(bind(host, port)) for port in ports]

        apis = [url_of(each) for each in bound(settings.api_port)]
        if grpc is None:
            return apis, [None] * count
        return apis, [each.getsockname()[1] for each in bound(grpc)]


def _attestor(
    model: StoredModel, members: Sequence[str], threshold: int, sealed: bool
) -> ContractSpec:
    """Who vouches for a model: sealed votes are counted as its card says, so each kind of answer
    has an attestor of its own.
    """
    if not sealed:
        return quorum_attestor(members, threshold)
    terms = terms_for(
        model.card, commit_window=COMMIT_SECONDS, reveal_window=REVEAL_SECONDS, bond=BOND
    )
    return sealed_attestor(members, threshold, terms)


def _fitting(models: CardStore) -> CardStore:
    """The models whose members would agree; the others are named with the reason."""
    found = CardStore()
    for model in models:
        reason = fit_of(model)
        if reason is None:
            found.add(model)
        else:
            err.print(Text.assemble("  ", ("!", "warn"), f" {model.name} is left out: {reason}"))
    if not len(found):
        raise NotFound("no model that a committee can run", remedy="see oracle model check MODEL")
    return found


def _seats(place: Place, apis: Sequence[str], grpcs: Sequence[int | None]) -> list[Seat]:
    return [
        Seat(
            number=number,
            member=str(
                dev_account(FIRST_KEY + number - 1, chain_id=place.network.chain_id).address
            ),
            api=api,
            grpc=grpc,
            folder=place.home.folder / NODES / str(number),
        )
        for number, (api, grpc) in enumerate(zip(apis, grpcs, strict=True), start=1)
    ]


async def _run(
    place: Place,
    models: CardStore,
    seats: Sequence[Seat],
    deployed: Deployed,
    threshold: int,
    steps: Steps,
) -> None:
    peers = place.home.make() / NODES / PEERS
    write_peers(peers, {seat.member: seat.api for seat in seats})
    children = [_child(place, seat, peers, deployed) for seat in seats]
    async with watched(children, told=_tell):
        with steps.step("nodes", "starting …") as step:
            trouble = await _until_ready(seats)
            step.said = f"{len(seats)} processes" + ("" if trouble else ", all ready")
        for name, why in trouble.items():
            err.print(Text.assemble("  ", ("!", "warn"), f" {name}: {why}"))
        note = RunningNode(
            api=seats[0].api,
            contract=deployed.address,
            chain_id=place.network.chain_id,
            rpc=place.network.rpc_urls[0],
            network=place.network.key,
            operator=seats[0].member,
            pid=os.getpid(),
            started_at=int(time.time()),
        )
        place.home.announce(note)
        try:
            for seat, child in zip(seats, children, strict=True):
                grpc = f"  gRPC {place.settings.api_host}:{seat.grpc}" if seat.grpc else ""
                steps.done(seat.name, f"{seat.api}{grpc}  {seat.member}  process {child.pid}")
            say(_what_next(easiest(models), seats, threshold))
            await asyncio.Event().wait()
        finally:
            place.home.withdraw(os.getpid())
            peers.unlink(missing_ok=True)


def _child(place: Place, seat: Seat, peers: Path, deployed: Deployed) -> Child:
    """A member's process: it is told where the chain and its peers are, and its own key."""
    settings, chain_id = place.settings, place.network.chain_id
    home = Home(seat.folder)
    home.make()
    state = Path("local") / place.genesis.hex()[:8]
    save_addresses(addresses_path(chain_id, home.folder / state), deployed)
    own = Home(settings.home).models
    if own.is_dir():
        with suppress(FileExistsError):
            home.models.symlink_to(own.resolve(), target_is_directory=True)
    given = {
        "ORACLE_HOME": str(home.folder.resolve()),
        "ORACLE_NETWORK": settings.network,
        "ORACLE_RPC_URLS": ",".join(place.network.rpc_urls),
        "ORACLE_CONTRACT": deployed.address,
        "ORACLE_PEERS": str(peers.resolve()),
        "ORACLE_API_PORT": seat.api.rsplit(":", 1)[1],
        "ORACLE_PRIVATE_KEY": DEV_KEYS[FIRST_KEY + seat.number - 1],
    }
    if seat.grpc is not None:
        given["ORACLE_GRPC_PORT"] = str(seat.grpc)
    if settings.models is not None:
        given["ORACLE_MODELS"] = str(settings.models.resolve())
    names = {f"ORACLE_{name.upper()}" for name in PASSED_ON}
    kept = {
        name: value
        for name, value in environment().items()
        if not name.startswith("ORACLE_") or name in names
    }
    return Child(
        name=seat.name,
        command=[sys.executable, "-m", "oracle.cli", "node", "--host", settings.api_host],
        environment={**kept, **given},
        log=home.folder / "node.log",
    )


def _tell(child: Child, what: str) -> None:
    err.print(
        Text.assemble((time.strftime("  %H:%M:%S  "), "quiet"), (child.name, "warn"), f" {what}"),
        soft_wrap=True,
    )


async def _until_ready(seats: Sequence[Seat]) -> dict[str, str]:
    """Wait until every member is ready; what the others lack by then, by their names."""
    deadline = time.monotonic() + READY_SECONDS
    waiting = {seat.name: "does not answer yet" for seat in seats}
    async with httpx.AsyncClient(timeout=ASK_SECONDS, trust_env=False) as http:
        while waiting and time.monotonic() < deadline:
            for seat in seats:
                if seat.name in waiting:
                    waiting[seat.name] = await _lacks(http, seat)
            waiting = {name: why for name, why in waiting.items() if why}
            if waiting:
                await asyncio.sleep(0.1)
    return waiting


async def _lacks(http: httpx.AsyncClient, seat: Seat) -> str:
    """What keeps a member from its work; empty where nothing does."""
    try:
        checks = (await http.get(f"{seat.api}/readyz")).json()["checks"]
    except (httpx.HTTPError, ValueError, KeyError):
        return f"does not answer; its log is {seat.folder / 'node.log'}"
    return "; ".join(f"{check['name']}: {check['what']}" for check in checks if not check["ok"])


def _what_next(model: StoredModel, seats: Sequence[Seat], threshold: int) -> Text:
    """Things to try in a second terminal, each of which works as it is printed."""
    things = [
        ("ask on chain, as a dApp does", f"oracle request {model.name} --example --via dapp"),
        ("who decided, and whether they agree", f"oracle committee show {model.name}"),
        ("who signed or voted", "oracle decisions show SUBJECT"),
    ]
    if threshold < len(seats):
        things.append(
            ("end a member: the others decide on, it is started again", "kill -9 PROCESS")
        )
    return try_next(things)
