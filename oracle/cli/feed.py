"""``oracle feed``: a model's decisions as a Chainlink feed: create one, push rounds, look at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from oracle.cli.console import facts, out, say, show_json
from oracle.cli.options import AsJson, InputFile, Words
from oracle.cli.running import run

if TYPE_CHECKING:
    from oracle.chain.feed import Feed
    from oracle.cli.settings import Settings

app = typer.Typer(
    name="feed", help="Decisions as a price feed: create, push, show.", no_args_is_help=True
)

Address = Annotated[str, typer.Argument(metavar="FEED", help="The feed's address.")]
Network = Annotated[str | None, typer.Option(help="The network.")]
Rpc = Annotated[str | None, typer.Option(help="RPC endpoint.")]


@app.command()
def create(
    model: Annotated[str, typer.Argument(help="Name or 0x id of the model.")],
    series: Annotated[str, typer.Option(help="What its rounds are about, such as EUR/USD.")],
    max_age: Annotated[
        int, typer.Option(min=0, max=2**32 - 1, help="Seconds until it is stale; 0 for never.")
    ] = 86_400,
    trust: Annotated[
        int, typer.Option(min=1, max=4, help="The least trust level of a round that counts.")
    ] = 1,
    description: Annotated[
        str | None, typer.Option(help="What readers are told it is; the series without it.")
    ] = None,
    network: Network = None,
    rpc: Rpc = None,
    json: AsJson = False,
) -> None:
    """Deploy a feed; the same terms are the same feed, deployed once. Nobody owns it."""
    settings = _settings(network, rpc)
    run(_create(settings, model, series, max_age, trust, description or series, json))


@app.command()
def push(
    feed: Address,
    input: Words = None,
    input_file: InputFile = None,
    network: Network = None,
    rpc: Rpc = None,
    wait: Annotated[float, typer.Option(help="Seconds to wait for the decision.")] = 30.0,
    api: Annotated[str | None, typer.Option(help="The node's API.")] = None,
    json: AsJson = False,
) -> None:
    """Have the running node decide the feed's next round on this input."""
    from oracle.cli.client import connect
    from oracle.cli.decide import judge
    from oracle.cli.inputs import for_model, read_input
    from oracle.cli.settings import read_settings
    from oracle.cli.show import print_account

    known = run(_read(_settings(network, rpc), feed))
    with connect(read_settings(api_url=api)) as node:
        model = node.get(f"/api/models/0x{known.model_id.hex()}")
        given = for_model(read_input(list(input or []), input_file), model)
        subject = "0x" + known.next_subject.hex()
        body = {"model": model["id"], "input": given, "subject": subject, "wait": min(wait, 60.0)}
        # The round's own key: pushed twice at once, it is decided once.
        key = {"Idempotency-Key": f"feed {known.address} round {known.next_round}"}
        account = node.post("/api/decisions", body, **key)
    if json:
        show_json(account)
    else:
        out.print(f"round {known.next_round} of {known.description}", highlight=False)
        print_account(account)
    judge(account)


@app.command()
def show(feed: Address, network: Network = None, rpc: Rpc = None, json: AsJson = False) -> None:
    """Show a feed's terms, its latest round, and the subject of the next one."""
    known = run(_read(_settings(network, rpc), feed))
    if json:
        show_json(_as_json(known))
    else:
        _say(known)


def _settings(network: str | None, rpc: str | None) -> Settings:
    from oracle.cli.settings import read_settings

    return read_settings(network=network, rpc_urls=rpc)


async def _create(
    settings: Settings,
    name: str,
    series: str,
    max_age: int,
    trust: int,
    description: str,
    json: bool,
) -> None:
    from oracle.chain.create2 import PROXY, ensure_proxy
    from oracle.chain.deployment import require_code
    from oracle.chain.feed import feed_spec, read_feed
    from oracle.chain.signer import AccountSigner
    from oracle.cli.asking import registered
    from oracle.cli.compose import contract_at
    from oracle.cli.place import REQUESTER, models_of, open_beside

    model = models_of(settings).find(name)
    async with open_beside(settings, dev_index=REQUESTER) as place:
        contract, _ = await contract_at(place)
        await registered(contract, model.model_id)
        spec = feed_spec(
            contract.address,
            model.model_id,
            model.card,
            series=series,
            max_age=max_age,
            trust_level=trust,
            description=description,
        )
        if not await place.rpc.code(spec.address, "latest"):
            signer = AccountSigner(place.rpc, place.account)
            await ensure_proxy(place.rpc, signer)
            await signer.send_transaction(to=PROXY, calldata=spec.salt + spec.creation_code)
        require_code(spec.artifact, spec.address, await place.rpc.code(spec.address, "latest"))
        known = await read_feed(place.rpc, spec.address)
    if json:
        show_json(_as_json(known))
    else:
        _say(known)


async def _read(settings: Settings, address: str) -> Feed:
    from oracle.chain.feed import read_feed
    from oracle.chain.wire import checksum
    from oracle.cli.place import REQUESTER, open_beside

    async with open_beside(settings, dev_index=REQUESTER) as place:
        return await read_feed(place.rpc, checksum(address))


def _say(feed: Feed) -> None:
    from oracle.core.decimals import from_units

    if feed.latest is None:
        latest = feed.why
    else:
        round_, answer, updated = feed.latest
        latest = f"round {round_}: {from_units(answer, feed.decimals):f}, at {updated}"
    rows = [
        ("feed", feed.address),
        ("about", feed.description),
        ("model", f"0x{feed.model_id.hex()}"),
        ("stale after", f"{feed.max_age} s" if feed.max_age else "never"),
        ("trust level", f"{feed.required_trust_level} or more"),
        ("latest", latest),
        ("next round", f"{feed.next_round}, about 0x{feed.next_subject.hex()}"),
        ("push it", f"oracle feed push {feed.address} NAME=VALUE …"),
    ]
    say(facts(rows))


def _as_json(feed: Feed) -> dict[str, Any]:
    latest = None
    if feed.latest is not None:
        round_, answer, updated = feed.latest
        latest = {"round": round_, "answer": str(answer), "updated_at": updated}
    return {
        "address": feed.address,
        "contract": feed.contract,
        "model": "0x" + feed.model_id.hex(),
        "description": feed.description,
        "decimals": feed.decimals,
        "max_age": feed.max_age,
        "required_trust_level": feed.required_trust_level,
        "latest": latest,
        "why": feed.why,
        "next_round": feed.next_round,
        "next_subject": "0x" + feed.next_subject.hex(),
    }
