"""``oracle up`` and ``oracle node``: a node with its API, with a chain of its own or on another.

One process tree: Ctrl-C ends the API, the node and the chain, in that order.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from oracle.cli.chain import EngineName, keep_apart
from oracle.cli.console import out
from oracle.cli.running import run

if TYPE_CHECKING:
    from oracle.chain.deployment import Deployed
    from oracle.cli.logs import LogFormat
    from oracle.cli.settings import Settings
    from oracle.cli.steps import Steps

CHAIN_PORT = 8545

Network = Annotated[
    str | None, typer.Option(help="A network of deploy/networks, or the path of a .toml file.")
]
Rpc = Annotated[str | None, typer.Option(help="RPC endpoint of a chain that runs already.")]
Port = Annotated[int | None, typer.Option(help="The API's port, 8550 if not given.")]
Host = Annotated[
    str | None, typer.Option(help="The API's address; other than loopback needs ORACLE_API_KEYS.")
]
GrpcPort = Annotated[
    int | None, typer.Option(help="Port of the inference protocol over gRPC; off without it.")
]
Models = Annotated[Path | None, typer.Option(help="Folder of models; the bundled ones without it.")]
LogLevel = Annotated[
    Literal["auto", "debug", "info", "warning", "error"],
    typer.Option(help="auto: info, in a terminal warning."),
]
LogForm = Annotated[
    Literal["auto", "console", "json"],
    typer.Option("--log-format", help="auto: console in a terminal, json elsewhere."),
]


def up(
    engine: Annotated[EngineName, typer.Option(help="Which local chain.")] = EngineName.ANVIL,
    port: Port = None,
    host: Host = None,
    grpc_port: GrpcPort = None,
    chain_port: Annotated[int, typer.Option(help="The local chain's port.")] = CHAIN_PORT,
    block_time: Annotated[
        float | None, typer.Option(help="Seconds between blocks; at once without it.")
    ] = None,
    nodes: Annotated[
        int | None,
        typer.Option(help="A committee of that many nodes, each a process with a key of its own."),
    ] = None,
    quorum: Annotated[
        int | None,
        typer.Option(help="How many of them have to agree; more than two thirds without it."),
    ] = None,
    sealed: Annotated[
        bool, typer.Option("--sealed", help="They vote on chain, sealed and bonded.")
    ] = False,
    anchored: Annotated[
        list[str] | None,
        typer.Option(
            help="Decide on this model's predictions through the anchor log; again for more."
        ),
    ] = None,
    rpc: Rpc = None,
    network: Network = None,
    models: Models = None,
    log_level: LogLevel = "auto",
    log_format: LogForm = "auto",
) -> None:
    """Start everything: a local chain, the contracts, the models, a node and its API.

    With --nodes 4 --quorum 3 it is a committee, of which any three decide together; with --sealed
    as well, its members vote on chain instead of signing.
    With --rpc or --network it uses that chain instead of starting one. Ctrl-C stops it all.
    """
    settings = _settings(network, rpc, port, host, grpc_port, models, log_level, log_format)
    own_chain = rpc is None and network is None
    if own_chain:
        keep_apart(chain_port, settings.api_port, nodes or 1)
    if nodes is None and quorum is None and not sealed:
        run(_up(settings, engine if own_chain else None, chain_port, block_time, anchored or []))
        return
    from oracle.cli.committee_up import up_committee
    from oracle.core.errors import InvalidInput

    if nodes is None:
        raise InvalidInput("a committee of one node", remedy="say of how many, with --nodes")
    chain = _chain(settings, engine, chain_port, block_time) if own_chain else None
    run(up_committee(settings, chain, nodes=nodes, quorum=quorum, sealed=sealed))


def node(
    network: Network = None,
    rpc: Rpc = None,
    port: Port = None,
    host: Host = None,
    grpc_port: GrpcPort = None,
    models: Models = None,
    log_level: LogLevel = "auto",
    log_format: LogForm = "auto",
) -> None:
    """Run a node and its API on a chain that runs already; nothing else is started or deployed.

    For example: [bold]oracle node --network anvil --rpc http://127.0.0.1:8545[/bold]
    """
    run(_node(_settings(network, rpc, port, host, grpc_port, models, log_level, log_format)))


def _settings(
    network: str | None,
    rpc: str | None,
    port: int | None,
    host: str | None,
    grpc_port: int | None,
    models: Path | None,
    log_level: str,
    log_format: LogFormat,
) -> Settings:
    from oracle.cli.logs import configure
    from oracle.cli.settings import read_settings

    configure(log_level, log_format)
    return read_settings(
        network=network,
        rpc_urls=rpc,
        api_port=port,
        api_host=host,
        grpc_port=grpc_port,
        models=models,
    )


async def _up(
    settings: Settings,
    engine: EngineName | None,
    chain_port: int,
    block_time: float | None,
    anchored: Sequence[str],
) -> None:
    from contextlib import AsyncExitStack

    from oracle.api.server import bind, url_of
    from oracle.chain.anchor import anchor_log_of
    from oracle.cli.compose import deploy_to
    from oracle.cli.place import models_of, open_place
    from oracle.cli.serving import serve
    from oracle.core.errors import NotFound

    steps = _open(settings)
    async with AsyncExitStack() as stack:
        listener = stack.enter_context(bind(settings.api_host, settings.api_port))
        url = None
        if engine is not None:
            with steps.step("chain", f"starting {engine} …") as step:
                chain = await stack.enter_async_context(
                    _chain(settings, engine, chain_port, block_time)
                )
                url = chain.url
                step.said = f"{chain.engine} at {chain.url}, chain {chain.chain_id}"
        place = await stack.enter_async_context(open_place(settings, url=url))
        if engine is None:
            with steps.step("chain", "") as step:
                step.said = f"{place.network.name}, chain {place.network.chain_id}"
        with steps.step("models", "reading and checking …") as step:
            models = models_of(settings)
            step.said = ", ".join(model.name for model in models)
            if not len(models):
                raise NotFound("no models", remedy="add one: oracle model add FILE.onnx")
        with steps.step("contracts", "deploying …") as step:
            # On a chain of others a loopback address would be of no use: there deploy says where.
            reads_at = [url_of(listener)] if place.network.is_local else []
            operator = place.account.address
            log = anchor_log_of(operator)
            through_log = {models.find(name).model_id for name in anchored}
            attestors = {
                m.model_id: str(log.address) if m.model_id in through_log else operator
                for m in models
            }
            deployed = await deploy_to(
                place, models, others=[log], attestor=attestors, reads_at=reads_at
            )
            step.said = _deployed_words(deployed)
        await serve(place, models, deployed.block_number, listener, steps)


async def _node(settings: Settings) -> None:
    from oracle.api.server import bind
    from oracle.cli.compose import contract_at
    from oracle.cli.place import models_of, open_place
    from oracle.cli.serving import serve

    steps = _open(settings)
    with bind(settings.api_host, settings.api_port) as listener:
        async with open_place(settings) as place:
            with steps.step("chain", "") as step:
                step.said = f"{place.network.name}, chain {place.network.chain_id}"
            with steps.step("models", "reading and checking …") as step:
                models = models_of(settings)
                step.said = ", ".join(model.name for model in models)
            _, start_block = await contract_at(place)
            await serve(place, models, start_block, listener, steps)


def _open(settings: Settings) -> Steps:
    """The first line; an API that would be open to everybody is refused before it."""
    from oracle.api.access import may_bind
    from oracle.api.keys import ApiKeys
    from oracle.cli.steps import Steps

    may_bind(settings.api_host, ApiKeys(settings.keys_given))
    out.print("\n[head]Decision Oracle[/head]\n")
    return Steps(out)


def _chain(settings: Settings, engine: EngineName, port: int, block_time: float | None) -> Any:
    from oracle.chain.local import Engine, local_chain
    from oracle.cli.home import Home

    return local_chain(
        folder=Home(settings.home).make() / "chain",
        engine=Engine(engine.value),
        port=port or None,
        block_time=block_time,
    )


def _deployed_words(deployed: Deployed) -> str:
    sent = [step for step in deployed.steps if step.tx_hash is not None]
    how = f"{len(sent)} transactions" if sent else "all there already"
    return f"DecisionContract {deployed.address}, {how}"
