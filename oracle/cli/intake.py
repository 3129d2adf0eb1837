"""A model from elsewhere, asked about in the terminal; and a bundled one, trained again."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import orjson
from rich.text import Text

from oracle.cli.console import err, facts, out, say, table
from oracle.cli.home import Home
from oracle.cli.place import bundled_models
from oracle.cli.settings import Settings
from oracle.core.errors import ConfigError, Conflict, InvalidInput, NotFound, VerificationError
from oracle.core.model_card import ModelCard
from oracle.inference.folder import CARD, load_model
from oracle.inference.intake import Proposal, Question, propose, write
from oracle.inference.writing import Written

ALWAYS = frozenset({"name", "description", "encoding", "features", "head"})
"""Asked in a terminal even though there is a default: the file can not know them."""
JUDGEMENT = frozenset({"verdicts", "threshold", "accept"})
"""What the answers will be used for is the operator's to say."""


def add_model(
    settings: Settings,
    file: Path,
    pairs: list[str],
    examples: Path | None,
    *,
    quiet: bool,
    ask_all: bool,
) -> Written:
    """Write a model's folder from an ONNX file.

    Args:
        pairs: answers as ``key=value``.
        examples: a JSON file with a list of inputs.
        quiet: ask and print nothing; defaults for what is not answered.
        ask_all: ask every question, not only those that the file leaves open.

    Raises:
        InvalidInput: an answer is not acceptable, or the model is not.
        Conflict: the folder exists.
    """
    with err.status(f"reading {file.name} …"):
        proposal = propose(file)
    answers = dict(_pair(pair) for pair in pairs)
    if not quiet:
        _show_proposal(file, proposal)
        if sys.stdin.isatty():
            _ask(proposal, answers, ask_all)
    card = proposal.card(answers)
    folder = (settings.models or Home(settings.home).models) / card.name
    if (folder / CARD).exists():
        raise Conflict(
            f"{folder} exists already", remedy="choose another name: --set name=…, or remove it"
        )
    inputs = _examples(examples)
    with err.status("writing, and measuring whether rows may run together …"):
        written = write(proposal, answers, folder, examples=inputs)
    if not quiet:
        _show_written(written)
    return written


def train_model(name: str, *, check: bool, into: Path | None) -> None:
    """Run a bundled model's ``train.py``.

    Raises:
        NotFound: there is no such model with a script.
        ConfigError: scikit-learn is not installed.
        VerificationError: with ``check``, the files differ.
    """
    folder = bundled_models() / name
    script = folder / "train.py"
    if not script.is_file():
        known = sorted(path.parent.name for path in bundled_models().glob("*/train.py"))
        raise NotFound(f"no script {script}", remedy=f"known are: {', '.join(known) or 'none'}")
    if importlib.util.find_spec("skl2onnx") is None:
        raise ConfigError(
            "training needs scikit-learn and skl2onnx",
            remedy="pip install 'decision-oracle[train]'",
        )
    if not check:
        _run_script(script, into or folder)
        out.print(f"[good]✓[/good] trained; see {(into or folder) / 'README.md'}")
        return
    with tempfile.TemporaryDirectory(prefix="oracle-train-") as scratch:
        again = Path(scratch) / name
        with err.status(f"training {name} again …"):
            _run_script(script, again)
        fresh, kept = load_model(again), load_model(folder)
        if fresh.onnx != kept.onnx or fresh.model_id != kept.model_id:
            raise VerificationError(
                f"training {name} again gives model 0x{fresh.model_id.hex()}, "
                f"not 0x{kept.model_id.hex()}",
                remedy="compare library versions with the card's trained_with",
            )
    out.print(f"[good]✓[/good] {name}: training again gives the same file, byte for byte")


def _run_script(script: Path, into: Path) -> None:
    into.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [sys.executable, str(script), "--into", str(into)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise InvalidInput(
            f"{script} failed: {said[-1] if said else 'it said nothing'}",
            remedy=f"run it yourself to see more: python {script}",
        )


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise InvalidInput(f"--set {text!r} is not KEY=VALUE", remedy="write --set labels=yes,no")
    return key.strip(), value.strip()


def _examples(path: Path | None) -> list[Any]:
    if path is None:
        return []
    try:
        found = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise InvalidInput(f"{path} can not be read: {error}", remedy="give a JSON list") from None
    if not isinstance(found, list):
        raise InvalidInput(f"{path} is no list", remedy="write a JSON list of inputs")
    return found


def _show_proposal(file: Path, proposal: Proposal) -> None:
    found = proposal.found
    say(
        Text.assemble(
            "\n",
            (file.name, "head"),
            f"  {len(found.onnx) / 1024:,.0f} KiB, {found.facts.producer or 'unknown producer'}",
        )
    )
    grid = table("", "name", "type", "shape")
    for kind, specs in (("takes", found.inputs), ("gives", found.outputs)):
        for spec in specs:
            shape = " × ".join("any" if dim is None else str(dim) for dim in spec.shape)
            grid.add_row(f"[quiet]{kind}[/quiet]", spec.name, spec.dtype, shape or "one")
    out.print(grid)
    for note in proposal.notes:
        say(Text.assemble(("  · ", "warn"), note))
    say("")


def _is_open(question: Question, proposal: Proposal) -> bool:
    """Whether the file leaves it open: nobody but the operator can know."""
    if question.key == "encoding":
        return len(question.choices) > 1
    if question.key == "labels":
        return not proposal.found.labels
    return question.key in ALWAYS | JUDGEMENT


def _ask(proposal: Proposal, answers: dict[str, str], ask_all: bool) -> None:
    """Ask in the terminal what is open and not answered yet; Return takes the default."""
    told: dict[str, str] = {}
    for question in proposal.questions:
        told[question.key] = answers.get(question.key, question.default)
        if question.key in answers or not question.applies(told):
            continue
        if not ask_all and not _is_open(question, proposal):
            continue
        given = _answer(question, _shown_default(question), told.get("labels", ""))
        told[question.key] = answers[question.key] = given.strip()


def _answer(question: Question, default: str, labels: str) -> str:
    """One answer from the terminal, asked for again until it is one of the choices."""
    about = f" ({labels})" if question.key == "verdicts" and labels else ""
    say(Text.assemble("\n", (question.text + about, "head")))
    hint = f"{' | '.join(question.choices)}; " if question.choices else ""
    say(Text(f"  {hint}Return for {default}", style="quiet"))
    while True:
        given = input("  › ").strip() or question.default
        if not question.choices or given in question.choices:
            return given
        say(Text(f"  give one of {', '.join(question.choices)}", style="warn"))


def _shown_default(question: Question) -> str:
    """What Return means, in words where the default is empty."""
    meaning = {"verdicts": "REVIEW for every label", "features": "feature_0, feature_1 …"}
    return question.default or meaning.get(question.key, "nothing")


def _show_written(written: Written) -> None:
    card = written.model.card
    say(
        Text.assemble("\n", ("✓ ", "good"), (card.name, "head"), f"  in {written.model.folder}"),
        facts(
            [
                ("model id", Text("0x" + written.model.model_id.hex(), style="id")),
                ("input", _input_words(card)),
                ("says", ", ".join(card.labels) or f"a number with {card.decimals} decimals"),
                ("batching", card.batching.measured),
                ("vectors", f"{len(written.model.vectors)}"),
            ]
        ),
    )
    if not written.model.vectors:
        untried = "no input could be tried: give a real one with --examples before you rely on it"
        say(Text.assemble(("  · ", "warn"), untried))
    if written.model.policy is None:
        say(Text.assemble(("  · ", "warn"), "it has no policy.json, which it needs on chain"))
    say(
        Text.assemble(
            ("\n  Next: ", "quiet"),
            ("oracle up", "head"),
            " registers and serves it; on other networks ",
            ("oracle deploy", "head"),
            ", then start the node again.\n",
        )
    )


def _input_words(card: ModelCard) -> str:
    if card.input.encoding == "packed":
        return f"{len(card.input.features)} features, packed into {card.input.packed_size} bytes"
    return ", ".join(f"{spec.name} ({spec.dtype})" for spec in card.input.tensors)
