"""A node and its API at work in a terminal: announced, shown, and brought to a graceful end."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import time
from typing import TYPE_CHECKING

from rich.text import Text

from oracle.api.models import example_of
from oracle.api.server import url_of
from oracle.chain.contracts import DecisionContract
from oracle.cli.compose import Running, contract_at, running, until_ready
from oracle.cli.console import err, say
from oracle.cli.hints import try_next
from oracle.cli.home import RunningNode
from oracle.cli.logs import without_secrets
from oracle.cli.running import gently
from oracle.cli.ticker import show_decisions
from oracle.node.drain import drain

if TYPE_CHECKING:
    import socket

    from oracle.cli.place import Place
    from oracle.cli.steps import Steps
    from oracle.inference.folder import StoredModel
    from oracle.inference.store import CardStore


async def serve(
    place: Place, models: CardStore, start_block: int, listener: socket.socket, steps: Steps
) -> None:
    """Run the node and the API until they are to stop; other terminals find them by the note."""
    contract, _ = await contract_at(place)
    api, home = url_of(listener), place.home
    starting = running(place, models, contract=contract, start_block=start_block, listener=listener)
    async with starting as at_work:
        node = at_work.node
        with steps.step("node", "starting …") as step:
            missing = await until_ready(node)
            step.said = f"operator {node.parts.operator}"
        for check in missing:
            err.print(Text.assemble("  ", ("!", "warn"), f" {check.name}: {check.what}"))
        note = RunningNode(
            api=api,
            contract=contract.address,
            chain_id=place.network.chain_id,
            rpc=public_endpoint(place),
            network=place.network.key,
            operator=node.parts.operator,
            pid=os.getpid(),
            started_at=int(time.time()),
        )
        gc.freeze()  # what the start has made stays: collections need not look at it again
        home.announce(note)
        try:
            steps.done("API", api)
            if place.settings.grpc_port:
                steps.done("gRPC", f"{place.settings.api_host}:{place.settings.grpc_port}")
            say(what_next(note, models))
            await _until_stopped(at_work, place.settings.drain_seconds)
        finally:
            home.withdraw(os.getpid())


async def _until_stopped(at_work: Running, drain_seconds: float) -> None:
    """Show decisions until a signal asks to stop; then finish what is under way."""
    with gently() as asked:
        showing = asyncio.create_task(show_decisions(at_work.node))
        waiting = asyncio.create_task(asked.wait())
        try:
            await asyncio.wait([showing, waiting], return_when=asyncio.FIRST_COMPLETED)
            if showing.done():
                showing.result()
            at_work.limits.close()
            await drain(at_work.node, lambda: at_work.limits.under_way, within=drain_seconds)
        finally:
            showing.cancel()
            waiting.cancel()


def public_endpoint(place: Place) -> str:
    """The first endpoint of a local chain, where its URL holds nothing that may be a secret."""
    url = place.network.rpc_urls[0]
    plain = without_secrets(url).rstrip("/") == url.rstrip("/")
    return url if place.network.is_local and plain else ""


def what_next(note: RunningNode, models: CardStore) -> Text:
    """Things to try in a second terminal, each of which works as it is printed."""
    model = easiest(models)
    body = json.dumps({"model": model.name, "input": example_of(model), "wait": 10})
    call = json.dumps(
        {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "eth_call",
            "params": [
                {
                    "to": note.contract,
                    "data": "0x" + DecisionContract.encode("modelOf", model.model_id).hex(),
                },
                "latest",
            ],
        },
        separators=(",", ":"),
    )
    things = [
        ("ask for a decision", f"curl -s {note.api}/api/decisions -d '{body}'"),
        ("the same, in words", f"oracle decide {model.name} --example"),
        ("ask on chain, as a dApp does", f"oracle request {model.name} --example --via dapp"),
        ("what was decided", "oracle decisions"),
        ("look at it in a browser", f"{note.api}/"),
        ("the API's documentation", f"{note.api}/docs"),
    ]
    if note.rpc:
        view = f"cast call {note.contract} 'modelOf(bytes32)' 0x{model.model_id.hex()}"
        plain = f"curl -s {note.rpc} -H 'content-type: application/json' -d '{call}'"
        things.insert(3, ("read the contract itself", f"{view} --rpc-url {note.rpc}"))
        things.insert(4, ("the same, without Foundry", plain))
    return try_next(things)


def easiest(models: CardStore) -> StoredModel:
    """The model with the shortest example, to try things with."""
    known = [model for model in models if model.vectors] or list(models)
    return min(known, key=lambda each: len(json.dumps(example_of(each))))
