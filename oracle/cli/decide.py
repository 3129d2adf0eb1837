"""``oracle decide``: one decision through a running node, from the input to the receipt."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

import typer

from oracle.cli.console import err, show_json
from oracle.cli.options import InputFile, Words


def decide(
    model: Annotated[str, typer.Argument(help="Name or 0x id; `oracle model list` shows them.")],
    input: Words = None,
    input_file: InputFile = None,
    example: Annotated[
        bool, typer.Option("--example", help="Use the model's own example input.")
    ] = False,
    subject: Annotated[
        str | None, typer.Option(help="What it is about: a text, or 32 bytes as 0x hex.")
    ] = None,
    private: Annotated[
        bool,
        typer.Option(
            "--private", help="Put a salted commitment on chain, not the input's plain hash."
        ),
    ] = False,
    wait: Annotated[float, typer.Option(help="Seconds to wait for the decision.")] = 30.0,
    idempotency_key: Annotated[
        str | None, typer.Option(help="Sent again with the same key, it is decided once.")
    ] = None,
    api: Annotated[str | None, typer.Option(help="The node's API.")] = None,
    json: Annotated[bool, typer.Option("--json", help="The whole account, for programs.")] = False,
) -> None:
    """Ask a running node for a decision, and show what became of it.

    For example: [bold]oracle decide delivery-time hour=19.5 day=Fri distance=2.4 items=3[/bold]
    """
    from oracle.cli.client import connect
    from oracle.cli.inputs import for_model, read_input
    from oracle.cli.settings import read_settings
    from oracle.cli.show import print_account

    settings = read_settings(api_url=api)
    with connect(settings) as node:
        known = node.get(f"/api/models/{model}")
        given: Any = known["example"] if example and not input and not input_file else None
        if given is None:
            given = for_model(read_input(list(input or []), input_file), known)
        body = {"model": known["id"], "input": given, "wait": min(wait, 60.0)}
        if private:
            body["private"] = True
        if subject is not None:
            body["subject"] = subject
        key = idempotency_key or str(uuid.uuid4())
        with err.status("waiting for the decision …"):
            account = node.post("/api/decisions", body, **{"Idempotency-Key": key})
    if json:
        show_json(account)
    else:
        print_account(account)
    judge(account)


def judge(account: dict[str, Any]) -> None:
    """End the command by how the decision ended.

    Raises:
        ChainError: it was refused, or came too late.
        Undecided: it is still under way.
    """
    from oracle.client.answers import require_final

    require_final(
        account,
        refused="`oracle doctor` looks for what is wrong",
        waiting=f"look again with `oracle decisions show {account['subject']}`",
    )
