"""``oracle receipt``: get one, hide fields of one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from oracle.cli.console import err

app = typer.Typer(
    name="receipt", help="Receipts: get one of a node, show only some fields.", no_args_is_help=True
)

Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="Write to this file, else to stdout.")
]


@app.command()
def get(
    subject: Annotated[str, typer.Argument(help="The decision's subject, or its beginning.")],
    output: Output = None,
    model: Annotated[str | None, typer.Option(help="Needed where several decided on it.")] = None,
    api: Annotated[str | None, typer.Option(help="The node's API.")] = None,
) -> None:
    """Get a decision's receipt from a running node.

    It is not checked here: [bold]oracle verify FILE[/bold] does that.
    """
    from oracle.cli.client import connect
    from oracle.cli.decisions import whole_subject
    from oracle.cli.settings import read_settings
    from oracle.core.receipt_json import write_receipt
    from oracle.core.receipt_reader import receipt_from_json

    with connect(read_settings(api_url=api)) as node:
        found = node.get(f"/api/receipts/{whole_subject(node, subject)}", model=model)
    _write(write_receipt(receipt_from_json(found)), output)


@app.command()
def redact(
    file: Annotated[Path, typer.Argument(help="The receipt of a private input.")],
    show: Annotated[
        list[str] | None, typer.Option("--show", help="A field to show; may be repeated.")
    ] = None,
    output: Output = None,
) -> None:
    """Hide all fields of a private input but those named.

    What is written verifies like the whole receipt, and says nothing of the hidden fields.
    """
    from oracle.cli.verifying import read_file
    from oracle.core.errors import NotFound
    from oracle.core.private_input import show_only
    from oracle.core.receipt_json import write_receipt

    receipt = read_file(str(file))
    if receipt is None:
        raise NotFound(f"{file} does not exist", remedy="name a receipt's file")
    _write(write_receipt(show_only(receipt, show or [])), output)


@app.command()
def forget(
    subject: Annotated[str, typer.Argument(help="The decision's subject, or its beginning.")],
    model: Annotated[str | None, typer.Option(help="Needed where several decided on it.")] = None,
    api: Annotated[str | None, typer.Option(help="The node's API.")] = None,
) -> None:
    """Delete a decision's private input and its salt from the node, for good.

    What is on chain then leads nowhere; receipts that were given out still show what they show.
    """
    from oracle.cli.client import connect
    from oracle.cli.decisions import whole_subject
    from oracle.cli.settings import read_settings

    with connect(read_settings(api_url=api)) as node:
        node.delete(f"/api/decisions/{whole_subject(node, subject)}/input", model=model)
    err.print("forgotten")


@app.command()
def schema() -> None:
    """Print the JSON Schema of receipts, which is published as docs/receipt.schema.json."""
    from oracle.cli.console import show_json
    from oracle.core.receipt_schema import receipt_schema

    show_json(receipt_schema())


def _write(octets: bytes, output: Path | None) -> None:
    if output is None:
        typer.echo(octets.decode())
        return
    output.write_bytes(octets)
    err.print(f"[quiet]written to[/quiet] {output}")
