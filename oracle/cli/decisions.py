"""``oracle decisions``: what a running node decided, and one decision explained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from oracle.cli.console import out, show_json
from oracle.cli.options import AsJson

if TYPE_CHECKING:
    from oracle.cli.client import NodeClient
    from oracle.cli.settings import Settings
    from oracle.core.model_card import ModelCard
    from oracle.core.sealed_round import Round
    from oracle.verify.evidence import Vouched

Json = Mapping[str, Any]

app = typer.Typer(
    name="decisions",
    help="The decisions of a running node: list them, or show one in full.",
    no_args_is_help=False,
    invoke_without_command=True,
)

Api = Annotated[str | None, typer.Option("--api", help="The node's API.")]


@app.callback()
def decisions(context: typer.Context) -> None:
    """List the latest decisions where nothing else is asked."""
    if context.invoked_subcommand is None:
        list_()


@app.command("list")
def list_(
    model: Annotated[str | None, typer.Option(help="Only this model's; name or id.")] = None,
    state: Annotated[str | None, typer.Option(help="Only those in this state.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 20,
    cursor: Annotated[str | None, typer.Option(help="`next` of the page before.")] = None,
    api: Api = None,
    json: AsJson = False,
) -> None:
    """List the latest decisions, newest first."""
    from oracle.cli.client import connect
    from oracle.cli.settings import read_settings
    from oracle.cli.show import lines

    with connect(read_settings(api_url=api)) as node:
        found = node.get("/api/decisions", model=model, state=state, limit=limit, cursor=cursor)
    if json:
        show_json(found)
        return
    if not found["decisions"]:
        out.print("no decisions yet — [quiet]ask for one:[/quiet] oracle decide MODEL --example")
        return
    out.print(lines(found["decisions"]))
    if found["next"]:
        out.print(f"[quiet]more:[/quiet] oracle decisions list --cursor {found['next']}")


@app.command()
def show(
    subject: Annotated[str, typer.Argument(help="The decision's subject, or its beginning.")],
    model: Annotated[str | None, typer.Option(help="Needed where several decided on it.")] = None,
    wait: Annotated[float, typer.Option(help="Seconds to wait until it is over.")] = 0.0,
    network: Annotated[str | None, typer.Option(help="The network, to read evidence from.")] = None,
    rpc: Annotated[str | None, typer.Option(help="RPC endpoint to read evidence from.")] = None,
    api: Api = None,
    json: AsJson = False,
) -> None:
    """Show everything about one decision, and who vouched for it.

    The evidence is read from the chain, and every signature and every opened vote in it is checked
    here.
    """
    from oracle.cli.client import connect
    from oracle.cli.settings import read_settings
    from oracle.cli.show import failed_callback_lines, print_account
    from oracle.cli.show_evidence import evidence_json, evidence_lines
    from oracle.cli.show_votes import votes_json, votes_lines

    settings = read_settings(api_url=api, network=network, rpc_urls=rpc)
    with connect(settings) as node:
        whole = whole_subject(node, subject)
        account = node.get(f"/api/decisions/{whole}", model=model, wait=wait or None)
        found = _evidence(settings, node, account)
        votes = _votes(settings, node, account)
        failed = _failed_callback(node, account)
    card = _card_of(settings, account) if votes else None
    if json:
        evidence = evidence_json(found) | {"rounds": votes_json(votes, card)}
        show_json({**account, "evidence": evidence, "failed_callback": failed})
        return
    parts = [evidence_lines(account, found)]
    if failed:
        parts.append(failed_callback_lines(failed))
    if votes:
        parts.append(votes_lines(votes, card.value_text if card else str))
    print_account(account, *parts)


def _evidence(settings: Settings, node: NodeClient, account: Json) -> Vouched | str:
    """Who vouched, or why that can not be said."""
    from oracle.chain.contracts import DecisionContract
    from oracle.cli.reading import reading
    from oracle.cli.running import run
    from oracle.core.errors import OracleError
    from oracle.verify.evidence import vouched_in

    decision = account["decision"]
    if decision is None:
        return "not decided yet"

    async def read() -> Vouched:
        async with reading(settings) as rpc:
            address = node.ready()["network"]["contract"]
            return await vouched_in(
                DecisionContract(rpc, address),
                bytes.fromhex(account["model"]["id"][2:]),
                bytes.fromhex(decision["tx_hash"][2:]),
                decision["block_number"],
            )

    try:
        return run(read())
    except OracleError as error:
        return error.what


def _votes(settings: Settings, node: NodeClient, account: Json) -> list[Round]:
    """The rounds of sealed votes about it; none where it has none, or where the chain can not be
    read, which the evidence says.
    """
    from oracle.chain.contracts import DecisionContract
    from oracle.cli.reading import reading
    from oracle.cli.running import run
    from oracle.core.errors import OracleError
    from oracle.verify.votes import sealed_rounds

    async def read() -> list[Round] | None:
        async with reading(settings) as rpc:
            return await sealed_rounds(
                DecisionContract(rpc, node.ready()["network"]["contract"]),
                bytes.fromhex(account["model"]["id"][2:]),
                bytes.fromhex(account["subject"][2:]),
            )

    try:
        return run(read()) or []
    except OracleError:
        return []


def _failed_callback(node: NodeClient, account: Json) -> Json | None:
    """Why the requester could not be told, and how it is told; None where it was, if late."""
    from oracle.core.errors import Conflict

    if not account["decision"] or account["decision"]["callback"] != "failed":
        return None
    try:
        path = f"/api/decisions/{account['subject']}/callback"
        found: Json = node.get(path, model=account["model"]["id"])
    except Conflict:
        return None
    return found


def _card_of(settings: Settings, account: Json) -> ModelCard | None:
    """The model's card, where it is known here."""
    from oracle.cli.place import models_of

    name = account["model"]["name"]
    return next((m.card for m in models_of(settings) if m.name == name), None)


def whole_subject(node: NodeClient, subject: str) -> str:
    """The subject that begins so, among the latest; whole ones and texts as they are.

    Raises:
        NotFound: none, or several.
    """
    from oracle.core.errors import NotFound
    from oracle.core.prediction import subject_of

    if subject.startswith("0x") and len(subject) == 66:
        return subject.lower()
    start = subject.split("…")[0].lower()
    if not start.startswith("0x"):
        return "0x" + subject_of(subject).hex()
    found = node.get("/api/decisions", limit=200)["decisions"]
    fits = {line["subject"] for line in found if line["subject"].startswith(start)}
    if len(fits) != 1:
        raise NotFound(
            f"{len(fits) or 'no'} decisions begin with {subject}",
            remedy="give more digits; `oracle decisions list --json` has them all",
        )
    whole: str = fits.pop()
    return whole
