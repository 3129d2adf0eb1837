"""``oracle committee``: create one, look at it, change it, join it, leave it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from oracle.cli.console import err, show_json
from oracle.cli.options import AsJson
from oracle.cli.running import run

if TYPE_CHECKING:
    from oracle.cli.committee_terms import Asked
    from oracle.cli.settings import Settings

app = typer.Typer(
    name="committee",
    help="Committees, k of n operators: create, show, change, join, leave.",
    no_args_is_help=True,
)

Members = Annotated[
    list[str], typer.Option("--members", "-m", help="Addresses, by commas or one at a time.")
]
Threshold = Annotated[
    int | None,
    typer.Option("--threshold", "-k", help="How many have to agree; more than half without it."),
]
Sealed = Annotated[
    bool, typer.Option("--sealed", help="Its members vote on chain, sealed and bonded.")
]
CommitWindow = Annotated[
    int, typer.Option(min=1, help="Seconds for sealing votes, from the first one on.")
]
RevealWindow = Annotated[int, typer.Option(min=1, help="Seconds for revealing them, after that.")]
Bond = Annotated[str, typer.Option(help="What each sealed vote puts at stake, in ether.")]
WINDOW, BOND = 120, "0.01"
Network = Annotated[str | None, typer.Option(help="The network.")]
Rpc = Annotated[str | None, typer.Option(help="RPC endpoint.")]
Models = Annotated[str | None, typer.Option(help="Folder of models.")]
Model = Annotated[str, typer.Argument(help="Name or 0x id of the model.")]


@app.command()
def create(
    members: Members,
    threshold: Threshold = None,
    model: Annotated[
        list[str] | None, typer.Option(help="A model it is for: refused if members would split.")
    ] = None,
    sealed: Sealed = False,
    commit_window: CommitWindow = WINDOW,
    reveal_window: RevealWindow = WINDOW,
    bond: Bond = BOND,
    network: Network = None,
    rpc: Rpc = None,
    models: Models = None,
    json: AsJson = False,
) -> None:
    """Deploy the attestor of these members, and say what to do next.

    A QuorumAttestor, whose members sign; with --sealed a SealedVoteAttestor, which compares votes
    as the card of the --model says. Its address follows from the members, their order, the
    threshold and the terms: the same committee is deployed once. Anyone may; it vouches for a model
    only once the model's owner says so.
    """
    from oracle.cli.committee_acts import create_committee

    asked = _asked(sealed, commit_window, reveal_window, bond)
    settings = _settings(network, rpc, models)
    run(create_committee(settings, members, threshold, model or [], asked, json))


@app.command()
def show(
    which: Annotated[str, typer.Argument(help="A model's name or id, or an attestor's address.")],
    network: Network = None,
    rpc: Rpc = None,
    models: Models = None,
    json: AsJson = False,
) -> None:
    """Show members, threshold, who answers, and the fees that wait."""
    run(_show(_settings(network, rpc, models), which, json))


@app.command()
def change(
    model: Model,
    members: Annotated[
        list[str] | None,
        typer.Option("--members", "-m", help="All members from then on; the present ones if none."),
    ] = None,
    threshold: Annotated[
        int | None, typer.Option("--threshold", "-k", help="The present one without it.")
    ] = None,
    sealed: Sealed = False,
    commit_window: CommitWindow = WINDOW,
    reveal_window: RevealWindow = WINDOW,
    bond: Bond = BOND,
    apply: Annotated[
        bool, typer.Option("--apply", help="Apply the pending change, once it is due.")
    ] = False,
    network: Network = None,
    rpc: Rpc = None,
    models: Models = None,
    json: AsJson = False,
) -> None:
    """Propose other members, another threshold or sealed votes; it takes effect after two days.

    Sealed votes keep their terms, unless --sealed gives others.
    The new committee is deployed at once and the change proposed by the model's owner. Until it is
    due the present members answer, and no request that is open then is touched by it.
    """
    from oracle.cli.committee_acts import apply_pending, change_committee

    settings = _settings(network, rpc, models)
    if apply:
        run(apply_pending(settings, model, json))
    else:
        asked = _asked(sealed, commit_window, reveal_window, bond)
        run(change_committee(settings, model, members or [], threshold, asked, json))


@app.command()
def join(
    model: Model,
    url: Annotated[str, typer.Option(help="Base URL where that member's API is reached.")],
    member: Annotated[
        str | None, typer.Option(help="Whose; this operator's address without it.")
    ] = None,
    network: Network = None,
    rpc: Rpc = None,
    models: Models = None,
    json: AsJson = False,
) -> None:
    """Write down where a member answers; where it is none yet, say what the owner has to do."""
    from oracle.cli.committee_seat import join_committee

    run(join_committee(_settings(network, rpc, models), model, url, member, json))


@app.command()
def leave(
    model: Model,
    member: Annotated[
        str | None, typer.Option(help="Who leaves; this operator without it.")
    ] = None,
    network: Network = None,
    rpc: Rpc = None,
    models: Models = None,
    json: AsJson = False,
) -> None:
    """Forget where a member answers, and say what the owner has to do."""
    from oracle.cli.committee_seat import leave_committee

    run(leave_committee(_settings(network, rpc, models), model, member, json))


def _asked(sealed: bool, commit_window: int, reveal_window: int, bond: str) -> Asked | None:
    from oracle.cli.committee_terms import Asked

    if not sealed:
        return None
    return Asked(commit_window=commit_window, reveal_window=reveal_window, bond=bond)


def _settings(network: str | None, rpc: str | None, models: str | None) -> Settings:
    from oracle.cli.settings import read_settings

    return read_settings(network=network, rpc_urls=rpc, models=models)


async def _show(settings: Settings, which: str, json: bool) -> None:
    from oracle.chain.contracts import DecisionContract
    from oracle.cli.committee_chain import find_standing
    from oracle.cli.committee_peers import ask_peers, fees_of, known_peers
    from oracle.cli.committee_show import print_standing, standing_json
    from oracle.cli.place import address_of, decisions_of, models_of
    from oracle.cli.reading import reading

    urls = known_peers(settings)
    async with reading(settings) as rpc:
        contract = DecisionContract(rpc, decisions_of(settings))
        with err.status("asking the chain and the members …"):
            standing = await find_standing(contract, models_of(settings), which)
            committee = standing.committee
            peers = await ask_peers(committee.members, urls) if committee else []
            fees = await fees_of(contract, committee) if committee else None
        own = address_of(settings, rpc.chain_id)
    if json:
        show_json(standing_json(standing, peers, fees, own))
    else:
        print_standing(standing, peers, fees, own)
