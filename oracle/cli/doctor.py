"""``oracle doctor``: what is wrong with a set-up, and how to mend it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from oracle.cli.console import err, say, show_json
from oracle.cli.exits import ExitCode
from oracle.cli.options import AsJson
from oracle.cli.running import run

if TYPE_CHECKING:
    from oracle.cli.machine import Finding

MARKS = {"ok": ("✓", "good"), "note": ("·", "warn"), "fail": ("✗", "bad")}


def doctor(
    network: Annotated[str | None, typer.Option(help="The network to check against.")] = None,
    rpc: Annotated[str | None, typer.Option(help="RPC endpoint.")] = None,
    models: Annotated[Path | None, typer.Option(help="Folder of models.")] = None,
    port: Annotated[int | None, typer.Option(help="The API's port.")] = None,
    api: Annotated[
        str | None, typer.Option(help="A node's API, to ask whether it is ready.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Look for what is wrong with this set-up, and say how to mend it.

    Ends with 1 if anything fails. A dot marks what is missing but may not be needed.
    """
    from oracle.cli.checkup import examine
    from oracle.cli.settings import read_settings

    settings = read_settings(
        network=network, rpc_urls=rpc, models=models, api_port=port, api_url=api
    )
    chosen = bool(network or settings.urls)
    with err.status("examining …"):
        found = run(examine(settings, chosen=chosen))
    failed = [finding for finding in found if finding.status == "fail"]
    if json:
        show_json(
            {
                "healthy": not failed,
                "findings": [
                    {
                        "name": each.name,
                        "status": str(each.status),
                        "what": each.what,
                        "remedy": each.remedy,
                    }
                    for each in found
                ],
            }
        )
    else:
        _print(found, len(failed))
    raise typer.Exit(ExitCode.FAILED if failed else ExitCode.OK)


def _print(found: list[Finding], failed: int) -> None:
    width = max(len(each.name) for each in found)
    say("")
    for each in found:
        mark, style = MARKS[str(each.status)]
        say(
            Text.assemble(
                "  ", (mark, style), " ", (each.name.ljust(width), "quiet"), "  ", each.what
            )
        )
        if each.remedy and each.status != "ok":
            say(Text.assemble(" " * (width + 6), ("→ ", "quiet"), each.remedy))
    if failed:
        say(Text(f"\n{failed} to mend\n", style="bad"))
    else:
        say(Text("\nall is well\n", style="good"))
