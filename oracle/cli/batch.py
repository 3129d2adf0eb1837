"""``oracle batch``: score a file of any size, anchor one root, and prove any row of it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from oracle.cli.console import err, facts, out, say, show_json
from oracle.cli.options import AsJson
from oracle.cli.running import run

if TYPE_CHECKING:
    from oracle.batch.engine import Progress, Run
    from oracle.batch.record import AnchorRecord

RUN = "run"
WIDE = ("batch", "first index", "value")


class DefaultsToRun(TyperGroup):
    """``oracle batch MODEL INPUT`` is ``oracle batch run MODEL INPUT``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command in where the first word is none."""
        if args and args[0] not in self.commands and args[0] not in ("--help", "-h"):
            args = [RUN, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    name="batch",
    cls=DefaultsToRun,
    help="Score a file of any size and anchor one root; prove any row of it.",
    no_args_is_help=True,
)

Folder = Annotated[Path, typer.Argument(help="The batch's folder.")]
RowNumber = Annotated[int, typer.Argument(min=0, help="The row, counted from 0.")]
Models = Annotated[Path | None, typer.Option("--models", help="Folder of models.")]
NetworkName = Annotated[str | None, typer.Option("--network", help="The network.")]
Rpc = Annotated[str | None, typer.Option("--rpc", help="RPC endpoint.")]
LogAddress = Annotated[
    str | None, typer.Option("--log", help="The anchor log; this account's own if not given.")
]


@app.command(RUN)
def run_(
    model: Annotated[str, typer.Argument(help="Name or 0x id.")],
    input: Annotated[Path, typer.Argument(help="A .csv or .parquet file.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write to.")],
    subject: Annotated[
        str | None, typer.Option(help="The column that says what each row is about.")
    ] = None,
    prefix: Annotated[
        str | None,
        typer.Option(help="Without such a column: text before the row's number, as subject."),
    ] = None,
    at: Annotated[
        int | None, typer.Option(help="predictedAt in Unix seconds; now if not given.")
    ] = None,
    engine: Annotated[str, typer.Option(help="embedded or spark.")] = "embedded",
    master: Annotated[
        str, typer.Option(help="Spark's master URL, with --engine spark.")
    ] = "local[*]",
    no_anchor: Annotated[
        bool, typer.Option("--no-anchor", help="Stop at the root; run it again to anchor.")
    ] = False,
    log: LogAddress = None,
    network: NetworkName = None,
    rpc: Rpc = None,
    models: Models = None,
    json: AsJson = False,
) -> None:
    """Score every row, write predictions and leaves, and anchor one root in one transaction.

    Run again after anything that cut it off: it goes on, with the same root and one anchor.

    For example: [bold]oracle batch credit-default loans.parquet -o march --subject loan_id[/bold]
    """
    from oracle.cli.batching import anchor_run, open_run, score_run
    from oracle.cli.settings import read_settings

    settings = read_settings(network=network, rpc_urls=rpc, models=models)
    ready = open_run(settings, model, input, output, subject=subject, prefix=prefix, at=at)
    chosen = _engine(engine, master)
    if no_anchor:
        root = score_run(ready, chosen, Bar)
        _show({"root": "0x" + root.hex(), "rows": ready.manifest.rows, "folder": output}, json)
        return
    record = run(anchor_run(settings, ready, chosen, Bar, log))
    _show(_anchored(record, output), json)


@app.command()
def sign(
    folder: Folder,
    log: Annotated[str, typer.Option("--log", help="The quorum's anchor log.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to this file, else to stdout.")
    ] = None,
    network: NetworkName = None,
    rpc: Rpc = None,
) -> None:
    """Vote for a batch, as a member of the quorum that anchors in the log.

    Every member runs the same manifest ([bold]oracle batch … --no-anchor[/bold]) and signs the root
    that it computed; [bold]oracle batch anchor[/bold] takes the votes.
    """
    from oracle.cli.batching import sign_run
    from oracle.cli.settings import read_settings

    vote = run(sign_run(read_settings(network=network, rpc_urls=rpc), folder, log))
    if output is None:
        typer.echo(vote.octets().decode())
        return
    output.write_bytes(vote.octets())
    err.print(
        f"[quiet]vote for batch {vote.batch.number} with the root 0x{vote.batch.root.hex()} "
        f"written to[/quiet] {output}"
    )


@app.command()
def anchor(
    folder: Folder,
    more: Annotated[
        list[Path] | None, typer.Argument(help="Files of votes, like --votes.", show_default=False)
    ] = None,
    votes: Annotated[
        list[Path] | None, typer.Option("--votes", help="Files of the members' votes.")
    ] = None,
    network: NetworkName = None,
    rpc: Rpc = None,
    json: AsJson = False,
) -> None:
    """Anchor a batch by the votes of its quorum, in one transaction; anybody may send it.

    For example: [bold]oracle batch anchor march --votes votes/*.json[/bold]
    """
    from oracle.cli.batching import anchor_by_votes
    from oracle.cli.settings import read_settings

    settings = read_settings(network=network, rpc_urls=rpc)
    files = [*(votes or []), *(more or [])]
    _show(_anchored(run(anchor_by_votes(settings, folder, files)), folder), json)


@app.command()
def proof(folder: Folder, row: RowNumber) -> None:
    """Print a row's leaf values, proof and evidence as JSON."""
    from oracle.batch.receipts import anchored_row

    show_json(anchored_row(folder, row).as_json())


@app.command()
def receipt(
    folder: Folder,
    row: RowNumber,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to this file, else to stdout.")
    ] = None,
    models: Models = None,
) -> None:
    """Make a row's receipt; [bold]oracle verify FILE[/bold] checks it."""
    from oracle.batch.receipts import anchored_row, runtime_of
    from oracle.cli.batching import model_of
    from oracle.cli.place import decisions_of
    from oracle.cli.settings import read_settings
    from oracle.core.receipt_json import write_receipt

    settings = read_settings(models=models)
    found = anchored_row(folder, row)
    card = model_of(settings, folder).card
    octets = write_receipt(found.receipt(card, decisions_of(settings), runtime_of(folder)))
    if output is None:
        typer.echo(octets.decode())
        return
    output.write_bytes(octets)
    err.print(f"[quiet]written to[/quiet] {output}")


@app.command()
def decide(
    folder: Folder,
    row: RowNumber,
    network: NetworkName = None,
    rpc: Rpc = None,
    json: AsJson = False,
) -> None:
    """Bring one row on chain: a decision by its proof, where the log is the model's attestor."""
    from oracle.cli.batching import decide_row
    from oracle.cli.settings import read_settings

    settings = read_settings(network=network, rpc_urls=rpc)
    _show(run(decide_row(settings, folder, row)), json)


@app.command()
def sample(
    model: Annotated[str, typer.Argument(help="A model with golden vectors.")],
    rows: Annotated[int, typer.Argument(min=1, help="How many rows.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="A .csv or .parquet file.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same file.")] = 7,
    models: Models = None,
) -> None:
    """Make a file to try it on: rows of the model's own data, drawn again and again."""
    from oracle.batch.sample import write_sample
    from oracle.cli.place import models_of
    from oracle.cli.settings import read_settings

    write_sample(models_of(read_settings(models=models)).find(model), rows, output, seed)
    err.print(f"[quiet]{rows:,} rows written to[/quiet] {output}")


def _engine(name: str, master: str) -> Any:
    from oracle.core.errors import ConfigError

    if name == "embedded":
        from oracle.batch.engine import embedded

        return embedded
    if name == "spark":
        from oracle.batch.spark import spark_engine

        return spark_engine(master)
    raise ConfigError(f"there is no engine {name!r}", remedy="use embedded or spark")


class Bar:
    """A progress bar on stderr, where that is a terminal."""

    def __init__(self, ready: Run) -> None:
        from rich import progress

        self._bar = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TimeRemainingColumn(),
            console=err,
            transient=True,
            disable=not sys.stderr.isatty(),
        )
        self._rows = self._bar.add_task("scoring", total=ready.manifest.rows)

    def __enter__(self) -> Progress:
        self._bar.start()
        return lambda rows: self._bar.advance(self._rows, rows)

    def __exit__(self, *_: object) -> None:
        self._bar.stop()


def _anchored(record: AnchorRecord, folder: Path) -> dict[str, Any]:
    assert record.place is not None
    return {
        "root": "0x" + record.batch.root.hex(),
        "rows": record.batch.count,
        "batch": record.batch.number,
        "first index": record.batch.first_index,
        "log": record.log,
        "transaction": "0x" + record.place.transaction.hex(),
        "block": record.place.block_number,
        "folder": folder,
    }


def _show(found: dict[str, Any], json: bool) -> None:
    if json:
        show_json({name.replace(" ", "_"): _exact(name, value) for name, value in found.items()})
        return
    out.print()
    say(facts([(name, _words(value)) for name, value in found.items()]))
    out.print()


def _exact(name: str, value: object) -> object:
    """Numbers of more than 53 bits are texts, as in receipts."""
    return value if isinstance(value, int) and name not in WIDE else str(value)


def _words(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
