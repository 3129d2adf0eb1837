"""``oracle chain``: a local chain on its own, until Ctrl-C."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from oracle.cli.console import facts, out, show_json
from oracle.cli.running import run


class EngineName(StrEnum):
    """Which program plays the chain."""

    ANVIL = "anvil"
    HARDHAT = "hardhat"


def chain(
    engine: Annotated[
        EngineName, typer.Option(help="Anvil, or Hardhat's node.")
    ] = EngineName.ANVIL,
    port: Annotated[int, typer.Option(help="TCP port on 127.0.0.1; 0 takes a free one.")] = 8545,
    block_time: Annotated[
        float | None, typer.Option(help="Seconds between blocks; at once without it.")
    ] = None,
    hardfork: Annotated[str, typer.Option(help="EVM rules.")] = "cancun",
    chain_id: Annotated[int, typer.Option(help="31337 or 1337.")] = 31337,
    state: Annotated[
        Path | None, typer.Option(help="File to keep the chain in between runs; Anvil only.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Where it listens, as JSON.")] = False,
) -> None:
    """Start a local chain with ten funded accounts; Ctrl-C stops it."""
    run(_chain(engine, port, block_time, hardfork, chain_id, state, json))


async def _chain(
    engine: EngineName,
    port: int,
    block_time: float | None,
    hardfork: str,
    chain_id: int,
    state: Path | None,
    json: bool,
) -> None:
    import asyncio

    from oracle.chain.local import DEV_KEYS, Engine, local_chain
    from oracle.cli.home import Home
    from oracle.cli.settings import read_settings

    home = Home(read_settings().home)
    async with local_chain(
        folder=home.make() / "chain",
        engine=Engine(engine.value),
        port=port or None,
        chain_id=chain_id,
        hardfork=hardfork,
        block_time=block_time,
        state=state,
    ) as started:
        if json:
            show_json(
                {
                    "url": started.url,
                    "chain_id": started.chain_id,
                    "engine": str(started.engine),
                    "hardfork": started.hardfork,
                    "pid": started.pid,
                }
            )
        else:
            out.print(f"[good]✓[/good] [head]{started.engine}[/head] at {started.url}")
            out.print(
                facts(
                    {
                        "chain id": started.chain_id,
                        "hardfork": started.hardfork,
                        "first key": f"{DEV_KEYS[0]}  (known to everybody: never elsewhere)",
                        "log": started.log,
                    }
                )
            )
            out.print("  [quiet]Ctrl-C stops it[/quiet]")
        await asyncio.Event().wait()


def keep_apart(chain_port: int, first: int, count: int) -> None:
    """Refuse a chain on a port that a node's API will take; 0 is any free port.

    Raises:
        InvalidInput: it lies within them.
    """
    from oracle.core.errors import InvalidInput

    if chain_port and first and first <= chain_port < first + count:
        taken = f"{first}" if count == 1 else f"{first} to {first + count - 1}"
        raise InvalidInput(
            f"the chain's port {chain_port} is one of the nodes' API ports, {taken}",
            remedy=f"use --chain-port {first + count}, or other API ports with --port",
        )
