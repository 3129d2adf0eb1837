"""``oracle verify``: a receipt, a transaction or a decision, checked from end to end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from oracle.cli.console import out, say, show_json
from oracle.cli.options import AsJson

if TYPE_CHECKING:
    from oracle.cli.settings import Settings
    from oracle.core.receipt import Receipt
    from oracle.verify.report import Check

SIGNS = {"held": ("✓", "good"), "failed": ("✗", "bad"), "skipped": ("–", "quiet")}


def verify(
    what: Annotated[
        str,
        typer.Argument(
            metavar="RECEIPT|TX|DECISION",
            help="A receipt's file or - for stdin; a transaction's hash; a decision's subject.",
        ),
    ],
    input: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME=VALUE…]", help="The input, of a decision whose input nobody keeps."
        ),
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Check everything but the chain.")
    ] = False,
    model: Annotated[
        str | None,
        typer.Option(
            help="The model's ONNX file, its folder or URL; or a name, of a decision's model."
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the receipt to this file.")
    ] = None,
    network: Annotated[str | None, typer.Option(help="The network.")] = None,
    rpc: Annotated[str | None, typer.Option(help="RPC endpoint.")] = None,
    contract: Annotated[
        str | None, typer.Option(help="The decision contract that you rely on.")
    ] = None,
    models: Annotated[str | None, typer.Option(help="Folder of models.")] = None,
    api: Annotated[str | None, typer.Option(help="A node's API, to ask for inputs.")] = None,
    json: AsJson = False,
) -> None:
    """Compute a decision again and hold every hash, signature, proof and event to it.

    Nobody's word is taken: from the model's file to the stored decision each link is checked, and
    the first that does not hold ends the command with exit code 5.

    For example: [bold]oracle verify receipt.json[/bold], or [bold]oracle verify 0x…[/bold]
    """
    from oracle.cli.running import run
    from oracle.cli.settings import read_settings

    settings = read_settings(
        network=network, rpc_urls=rpc, contract=contract, models=models, api_url=api
    )
    shown = Shown(quiet=json)
    try:
        receipt = run(_verify(settings, what, list(input or []), offline, model, shown))
    finally:
        shown.close()
        if json:
            show_json(shown.as_json())
    if output is not None:
        from oracle.core.receipt_json import write_receipt

        output.write_bytes(write_receipt(receipt))
    if not json:
        shown.verdict(receipt, offline)


class Shown:
    """Prints the checks as they come, and keeps them for programs."""

    def __init__(self, *, quiet: bool) -> None:
        self.checks: list[Check] = []
        self.receipt: Receipt | None = None
        self._quiet = quiet

    def __call__(self, check: Check) -> None:
        """Take one check."""
        self.checks.append(check)

    def close(self) -> None:
        """Print the table of what was checked."""
        if self._quiet or not self.checks:
            return
        from rich.padding import Padding
        from rich.text import Text

        from oracle.cli.console import table

        grid = table("", "check", "")
        for check in self.checks:
            sign, style = SIGNS[check.outcome]
            grid.add_row(Text(sign, style=style), Text(check.name, style="quiet"), check.what)
        say("")
        out.print(Padding(grid, (0, 0, 0, 2)))

    def verdict(self, receipt: Receipt, offline: bool) -> None:
        """The last line."""
        from rich.text import Text

        held = sum(check.outcome == "held" for check in self.checks)
        said = receipt.prediction
        name = receipt.card.name
        say(
            Text.assemble(
                ("\n  ✓ verified", "bold green"),
                f"  {name} said {receipt.card.value_text(said.value)}, {receipt.stage}; "
                f"{held} checks held",
                (", none of them on chain" if offline else "", "warn"),
                "\n",
            )
        )

    def as_json(self) -> dict[str, Any]:
        """For programs: the outcome and every check, in order."""
        failed = next((check for check in self.checks if check.outcome == "failed"), None)
        said = self.receipt.prediction if self.receipt else None
        return {
            "verified": bool(self.checks) and failed is None,
            "stage": self.receipt.stage if self.receipt else None,
            "subject": "0x" + said.subject.hex() if said else None,
            "model": "0x" + said.model_id.hex() if said else None,
            "checks": [
                {"check": check.name, "outcome": check.outcome, "what": check.what}
                for check in self.checks
            ],
        }


async def _verify(
    settings: Settings,
    what: str,
    words: list[str],
    offline: bool,
    model: str | None,
    shown: Shown,
) -> Receipt:
    from oracle.chain.contracts import DecisionContract
    from oracle.cli.place import decisions_of
    from oracle.cli.reading import reading
    from oracle.cli.verifying import expected_contract, from_chain, material_for, read_file
    from oracle.core.errors import InvalidInput
    from oracle.verify import verify as verify_all
    from oracle.verify import verify_offline

    receipt = read_file(what)
    if receipt is None and offline:
        raise InvalidInput(
            f"{what} is no file", remedy="offline only a receipt's file can be verified"
        )
    if receipt is not None and offline:
        shown.receipt = receipt
        material = await material_for(receipt.card, settings, model)
        verify_offline(receipt, material.files, rule=material.rule, told=shown)
        return receipt
    async with reading(settings) as rpc:
        given = model if model and (receipt is not None or _is_place(model)) else None
        if receipt is None:
            contract = DecisionContract(rpc, decisions_of(settings))
            name = model if given is None else None
            receipt = await from_chain(contract, what, settings, model_name=name, words=words)
        shown.receipt = receipt
        material = await material_for(receipt.card, settings, given)
        await verify_all(
            receipt,
            material.files,
            rpc,
            rule=material.rule,
            expected=expected_contract(settings, receipt),
            told=shown,
        )
    return receipt


def _is_place(name: str) -> bool:
    """Whether it is where a file is, rather than a model's name."""
    return "://" in name or Path(name).exists()
