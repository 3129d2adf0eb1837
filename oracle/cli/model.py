"""``oracle model``: the models in a folder: list them, show one, add an ONNX file, train again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from oracle.cli.console import facts, out, say, short, show_json, table
from oracle.cli.options import AsJson

if TYPE_CHECKING:
    from oracle.cli.settings import Settings
    from oracle.inference.folder import StoredModel

app = typer.Typer(
    name="model", help="Models: list, show, add an ONNX file, check, train.", no_args_is_help=True
)

Models = Annotated[Path | None, typer.Option("--models", help="Folder of models.")]


@app.command("list")
def list_(models: Models = None, json: AsJson = False) -> None:
    """List the models."""
    from oracle.cli.place import models_of

    found = sorted(models_of(_settings(models)), key=lambda model: model.name)
    if json:
        show_json([_as_json(model) for model in found])
        return
    grid = table("name", "what it says", "inputs", "size", "id", right=["inputs", "size"])
    for model in found:
        card = model.card
        grid.add_row(
            f"[head]{model.name}[/head]",
            ", ".join(card.labels) if card.labels else f"a number, {card.decimals} decimals",
            str(len(card.input.features) or len(card.input.tensors)),
            f"{card.model.onnx.size / 1024:,.0f} KiB",
            f"[id]{short('0x' + model.model_id.hex(), 6)}[/id]",
        )
    out.print(grid)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Name or 0x id.")],
    models: Models = None,
    json: AsJson = False,
) -> None:
    """Show one model: what it takes, what it says, how it is judged, where it comes from."""
    from oracle.cli.place import models_of
    from oracle.core.card_json import card_to_json

    model = models_of(_settings(models)).find(name)
    if json:
        show_json(_as_json(model) | {"card": card_to_json(model.card)})
        return
    card = model.card
    out.print(f"\n[head]{card.title}[/head]\n{card.description}\n")
    say(
        facts(
            [
                ("model id", f"0x{model.model_id.hex()}"),
                ("file", f"{card.model.onnx.file}, sha256 {card.model.onnx.sha256}"),
                ("says", ", ".join(card.labels) or f"a number with {card.decimals} decimals"),
                ("policy", policy_words(model)),
                ("data", card.provenance.source),
                ("licence", card.provenance.licence),
                ("trained with", card.provenance.trained_with),
                ("folder", str(model.folder)),
            ]
        )
    )
    out.print()
    out.print(_inputs(model))
    out.print()


@app.command()
def add(
    file: Annotated[Path, typer.Argument(help="Any .onnx file.")],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="An answer; as often as needed."),
    ] = None,
    examples: Annotated[
        Path | None, typer.Option(help="JSON list of real inputs, which become test vectors.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")] = False,
    ask_all: Annotated[bool, typer.Option("--ask-all", help="Ask every question.")] = False,
    models: Models = None,
    json: AsJson = False,
) -> None:
    """Add an ONNX file from anywhere: its graph is read, and only what it cannot say is asked.

    For example: [bold]oracle model add fraud.onnx --set verdicts=ACCEPT,REJECT[/bold]
    """
    from oracle.cli.intake import add_model

    settings = _settings(models)
    quiet = json or yes
    written = add_model(settings, file, list(set_ or []), examples, quiet=quiet, ask_all=ask_all)
    if json:
        show_json(_as_json(written.model))


@app.command()
def check(
    name: Annotated[str, typer.Argument(help="Name or 0x id.")],
    write: Annotated[
        bool, typer.Option("--write", help="Put the proposal into the card; its id changes.")
    ] = False,
    inputs: Annotated[
        int, typer.Option(min=0, max=100_000, help="Random inputs beside the golden vectors.")
    ] = 200,
    runtime: Annotated[
        list[Path] | None,
        typer.Option(help="A Python with another version of ONNX Runtime; again for more."),
    ] = None,
    models: Models = None,
    json: AsJson = False,
) -> None:
    """Measure how far a model's answers move between set-ups, and what the card should say.

    Threads, optimisation levels, batch sizes and other versions are compared with the canonical
    run. Ends with 1 where the members of a committee would split.
    """
    from oracle.cli.model_check import check_model
    from oracle.cli.place import models_of

    model = models_of(_settings(models)).find(name)
    code = check_model(model, count=inputs, runtimes=runtime or [], write=write, json=json)
    raise typer.Exit(code)


@app.command()
def contract(
    name: Annotated[str, typer.Argument(help="Name or 0x id.")],
    into: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write the file there, not to the terminal.")
    ] = None,
    trust: Annotated[
        int, typer.Option(min=1, max=4, help="The least trust level of a decision it takes.")
    ] = 1,
    models: Models = None,
) -> None:
    """Write a Solidity contract that asks this model: named inputs, packing, labels as an enum.

    It builds on the npm package that `oracle compile --package` writes.
    """
    from oracle.cli.place import models_of
    from oracle.core.consumer_source import consumer_source, contract_name

    model = models_of(_settings(models)).find(name)
    source = consumer_source(model.card, model.model_id, trust_level=trust)
    if into is None:
        typer.echo(source, nl=False)
        return
    path = into / f"{contract_name(model.card)}.sol" if into.is_dir() else into
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source, encoding="utf-8")
    out.print(f"[good]✓[/good] {path}")


@app.command()
def train(
    name: Annotated[str, typer.Argument(help="A bundled model of this checkout.")],
    check: Annotated[
        bool, typer.Option("--check", help="Only say whether training gives the same file.")
    ] = False,
    into: Annotated[Path | None, typer.Option(help="Write there instead.")] = None,
) -> None:
    """Train a bundled model again; the same data and code give the same file, byte for byte."""
    from oracle.cli.intake import train_model

    train_model(name, check=check, into=into)


def _settings(models: Path | None) -> Settings:
    from oracle.cli.settings import read_settings

    return read_settings(models=models)


def _inputs(model: StoredModel) -> object:
    card = model.card
    if not card.input.features:
        grid = table("tensor", "type", "shape")
        for tensor in card.input.tensors:
            shape = " × ".join("any" if dim is None else str(dim) for dim in tensor.shape)
            grid.add_row(tensor.name, tensor.dtype, shape)
        return grid
    example = model.vectors[0].features if model.vectors else {}
    grid = table("feature", "from", "to", "unit", "for example", "what", right=["from", "to"])
    for feature in card.input.features:
        low, high = ("", "")
        if feature.labels:
            low = ", ".join(feature.labels)
        else:
            low = "" if feature.low is None else f"{feature.low:f}"
            high = "" if feature.high is None else f"{feature.high:f}"
        grid.add_row(
            f"[head]{feature.name}[/head]",
            low,
            high,
            feature.unit or "",
            f"[id]{example.get(feature.name, '')}[/id]",
            f"[quiet]{feature.description or ''}[/quiet]",
        )
    return grid


def policy_words(model: StoredModel) -> str:
    """The rule in the model's folder, in plain words."""
    if model.policy is None:
        return "none: it can not be registered before it has a policy.json"
    from oracle.api.policies import class_words, threshold_words
    from oracle.core.policy import ThresholdRule

    rule = model.policy.rule
    if isinstance(rule, ThresholdRule):
        return threshold_words(
            model.card,
            rule.threshold + rule.band,
            rule.threshold - rule.band,
            rule.accept_at_or_above,
            rule.min_confidence,
        )
    return class_words(model.card, rule.verdict_by_label, len(rule.verdicts), rule.min_confidence)


def _as_json(model: StoredModel) -> dict[str, object]:
    return {
        "name": model.name,
        "id": "0x" + model.model_id.hex(),
        "title": model.card.title,
        "labels": list(model.card.labels),
        "decimals": model.card.decimals,
        "sha256": model.card.model.onnx.sha256,
        "folder": str(model.folder),
        "vectors": len(model.vectors),
    }
