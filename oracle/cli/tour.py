"""What ``oracle demo`` says: the words and shapes of each step, and nothing of how it works."""

from __future__ import annotations

import re
import textwrap
import time
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.padding import Padding
from rich.text import Text

from oracle.cli.console import ether, facts, out, say, seconds, table, verdict
from oracle.cli.hints import activation
from oracle.cli.running import STARTED

if TYPE_CHECKING:
    from oracle.chain.contracts import Decision
    from oracle.chain.local import LocalChain
    from oracle.cli.asking import Asked
    from oracle.inference.folder import StoredModel
    from oracle.inference.vectors import Vector
    from oracle.verify import Check

ARTICLE_GAS = 100_000
WIDTH = 92


class Tour:
    """Numbers the steps, and prints them."""

    def __init__(self) -> None:
        self._step = 0

    def open(self) -> None:
        """What this is about, before anything happens."""
        say(Text("\nDecision Oracle, a short tour", style="head"))
        prose(
            "A model runs off chain. What it said is put on chain, bound to exactly which model, "
            "which input and which output. A rule on chain turns it into a decision that other "
            "contracts act on, and anyone can check it. Everything below happens for real, on a "
            "chain that is started for it and gone afterwards."
        )

    def step(self, title: str, words: str) -> None:
        """The head of a step."""
        self._step += 1
        say(Text.assemble(f"\n{self._step}  ", (title, "step")))
        prose(words)

    def model(self, model: StoredModel) -> None:
        """The model and how well it does."""
        card = model.card
        self.step(
            "The model", f"{card.description} Trained on real data; it is a file like any other."
        )
        say(
            _facts(
                [
                    ("name", card.name),
                    ("data", re.split("[;(]", card.provenance.source)[0].strip()),
                    ("file", f"{card.model.onnx.file}, {card.model.onnx.size / 1024:,.0f} KiB"),
                    ("model id", Text("0x" + model.model_id.hex(), style="id")),
                ]
            )
        )
        prose(
            "The id is the hash of the model's card, which names the file's hash: change one bit "
            "and it is another model."
        )
        found = figures_of(model.folder)
        if found:
            grid = table("on rows it never saw", "this model", "without a model")
            for name, ours, baseline in found:
                grid.add_row(name, ours, f"[quiet]{baseline}[/quiet]")
            out.print(Padding(grid, (1, 0, 0, 3)))

    def chain(self, chain: LocalChain, contract: str, rule: str, gas: int, took: float) -> None:
        """The chain and what is on it."""
        self.step(
            "The chain",
            "A local blockchain was started, the decision contract deployed, and the model "
            "registered with the rule that turns what it says into a verdict.",
        )
        say(
            _facts(
                [
                    ("chain", f"{chain.engine}, id {chain.chain_id}, {seconds(took)}"),
                    ("contract", Text(contract, style="id")),
                    ("rule", rule),
                    ("cost, once", f"{gas:,} gas"),
                ]
            )
        )

    def input(self, vector: Vector) -> None:
        """A real case."""
        self.step("An input", f"A real case: {vector.note}.")
        pairs = [(name.replace("_", " "), value) for name, value in vector.features.items()]
        half = -(-len(pairs) // 2)
        grid = table("", "", "", "")
        grid.show_header = False
        for row in range(half):
            left = pairs[row]
            right = pairs[row + half] if row + half < len(pairs) else ("", "")
            grid.add_row(
                f"[quiet]{left[0]}[/quiet]", left[1], f"[quiet]{right[0]}[/quiet]", right[1]
            )
        out.print(Padding(grid, (0, 0, 0, 3)))
        say(
            _facts(
                [
                    ("as bytes", f"{len(vector.input)}, as Solidity's abi.encodePacked gives them"),
                    ("input hash", Text("0x" + vector.input_hash.hex(), style="id")),
                ]
            )
        )

    def prediction(self, account: dict[str, Any], model: StoredModel) -> None:
        """What the model said."""
        said = account["prediction"]
        self.step(
            "The prediction",
            "The node runs the model. Its outputs are rounded before they are hashed, so that "
            "every machine gets the same hash.",
        )
        units = f"{said['value']} on chain, with {said['decimals']} decimals"
        say(
            _facts(
                [
                    ("it says", Text(said["text"], style="head")),
                    ("stored as", None if model.card.labels else units),
                    ("confidence", _percent(said["confidence_ppm"])),
                    ("output hash", Text(said["output_hash"], style="id")),
                ]
            )
        )

    def transaction(self, account: dict[str, Any], meaning: str | None) -> None:
        """The transaction and its cost."""
        decision, sent = account["decision"], account["transactions"][-1]
        self.step(
            "The transaction",
            "makeDecision(prediction) is sent by the model's operator. The contract asks the rule, "
            "stores the decision in one slot, and emits an event.",
        )
        share = f"{sent['gas_used'] / ARTICLE_GAS:.0%}"
        say(
            _facts(
                [
                    ("verdict", verdict(decision["verdict"])),
                    ("which means", meaning),
                    ("transaction", Text(decision["tx_hash"], style="id")),
                    (
                        "gas",
                        Text.assemble(bar(sent["gas_used"], ARTICLE_GAS), f" {sent['gas_used']:,}"),
                    ),
                    ("", f"{share} of the 100,000 that the article this began with allows"),
                    ("fee", f"{ether(sent['fee'])} ETH at this chain's gas price"),
                    (
                        "took",
                        f"{seconds(account['seconds'])} from the question to the final answer",
                    ),
                ]
            )
        )

    def read_back(self, decision: Decision, model: StoredModel) -> None:
        """The contract's own word."""
        from oracle.api.words import TRUST, percent_text, verdict_word

        self.step(
            "Read back from the contract",
            "Any contract or program can ask: decisionOf(modelId, subject).",
        )
        say(
            _facts(
                [
                    ("verdict", verdict(verdict_word(decision.verdict))),
                    ("value", model.card.value_text(decision.value)),
                    (
                        "confidence",
                        percent_text(decision.confidence) if decision.confidence else None,
                    ),
                    ("decided at", time.strftime("%H:%M:%S", time.localtime(decision.decided_at))),
                    ("vouched for by", TRUST[decision.trust_level]),
                ]
            )
        )

    def dapp(
        self,
        asked: Asked,
        decision: Decision,
        outcome: str,
        vector: Vector,
        model: StoredModel,
        answer_gas: int,
        took: float,
    ) -> None:
        """The same, asked by a contract."""
        from oracle.api.words import verdict_word

        assert asked.dapp is not None
        self.step(
            "Now a dApp asks",
            f"{asked.dapp.contract}, {asked.dapp.is_a}, {asked.dapp.asks} with another case "
            f"({vector.note}) and pays the fee. The node sees the event, runs the model and "
            "answers; the contract calls the dApp back.",
        )
        say(
            _facts(
                [
                    ("dApp", Text(asked.dapp_address, style="id")),
                    (
                        "it asked",
                        f"{asked.receipt.gas_used:,} gas, fee {asked.fee_wei // 10**9:,} gwei",
                    ),
                    ("answered", f"after {seconds(took)}; {answer_gas:,} gas with the callback"),
                    (
                        "verdict",
                        Text.assemble(
                            verdict(verdict_word(decision.verdict)),
                            f"  {model.card.value_text(decision.value)}",
                        ),
                    ),
                    ("callback", decision.callback.name.lower()),
                    ("the dApp says", Text(outcome, style="head")),
                ]
            )
        )

    def rechecked(self, first: Sequence[Check], second: Sequence[Check]) -> None:
        """Every check, for both decisions."""
        self.step(
            "Check everything again",
            "Nobody has to believe the node: from the files and the chain alone, both decisions "
            "are computed again.",
        )
        grid = table("", "first", "dApp's", "")
        for one, other in zip(first, second, strict=True):
            ticks = (Text("✓", style="good"), Text("✓", style="good"))
            assert one.name == other.name
            both = one.what if one.what == other.what else f"{one.what}; {other.what}"
            grid.add_row(Text(one.name, style="quiet"), *ticks, both)
        out.print(Padding(grid, (0, 0, 0, 3)))

    def close(self, checks: int) -> None:
        """The end."""
        took = time.monotonic() - STARTED
        say(
            Text.assemble(
                ("\n✓ verified", "bold green"), f"  {checks} checks held, {seconds(took)} in all"
            )
        )
        say(
            Text.assemble(
                ("\n  Go on: ", "quiet"),
                ("oracle up" if activation() is None else "make up", "head"),
                " starts a chain and a node that stay, and says what to try.\n",
            )
        )


def prose(words: str) -> None:
    """A few sentences, at a width that reads well."""
    width = min(out.width, WIDTH)
    say(Text(textwrap.fill(words, width, initial_indent="   ", subsequent_indent="   ")))


def bar(part: int, whole: int, cells: int = 24) -> Text:
    """How much of the whole it is."""
    full = min(cells, round(cells * part / whole))
    return Text.assemble(("█" * full, "green"), ("░" * (cells - full), "quiet"))


def figures_of(folder: Path) -> list[tuple[str, str, str]]:
    """The held-out figures that the model's README states: name, ours, baseline."""
    try:
        text = (folder / "README.md").read_text(encoding="utf-8")
    except OSError:
        return []
    _, _, section = text.partition("## Figures")
    rows = []
    for line in section.partition("\n## ")[0].splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and len(cells) == 3 and not set(cells[0]) <= {"-", " ", ":"}:
            rows.append((cells[0], cells[1], cells[2]))
    return rows[1:]


def _facts(rows: Sequence[tuple[str, Any]]) -> Text:
    return facts(rows, indent=3)


def _percent(parts_per_million: int) -> str | None:
    return f"{Decimal(parts_per_million) / 10_000:.1f} %" if parts_per_million else None
