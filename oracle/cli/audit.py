"""``oracle audit``: every decision of a range of blocks, and the anchor logs and promises of it."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from oracle.cli.console import err, out, say, show_json
from oracle.cli.options import AsJson

if TYPE_CHECKING:
    from oracle.chain.rpc import RpcPool
    from oracle.cli.settings import Settings
    from oracle.verify.audit import Finding, Kind

_SPAN = re.compile(r"([1-9][0-9]*)([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
BAD: tuple[Kind, ...] = ("mismatch", "gap")
SIGNS = {"held": ("✓", "good"), "close": ("≈", "warn"), "unknown": ("?", "warn")}


def audit(
    model: Annotated[str | None, typer.Option(help="Only this model's; name or id.")] = None,
    since: Annotated[
        str, typer.Option(help="A block's number, a span such as 24h or 7d, or a date.")
    ] = "0",
    anchor_log: Annotated[
        list[str] | None,
        typer.Option(help="An anchor log's address; those that vouch for the models without it."),
    ] = None,
    receipts: Annotated[
        Path | None, typer.Option(help="A folder of receipts whose promises are to be held.")
    ] = None,
    network: Annotated[str | None, typer.Option(help="The network.")] = None,
    rpc: Annotated[str | None, typer.Option(help="RPC endpoint.")] = None,
    contract: Annotated[str | None, typer.Option(help="The decision contract.")] = None,
    models: Annotated[str | None, typer.Option(help="Folder of models.")] = None,
    api: Annotated[str | None, typer.Option(help="A node's API, to ask for inputs.")] = None,
    json: AsJson = False,
) -> None:
    """Check a whole range of blocks: decisions, the links of anchor logs, promises.

    Exits with 5 where something does not match, with 1 where something came late.
    """
    from oracle.cli.running import run
    from oracle.cli.settings import read_settings

    settings = read_settings(
        network=network, rpc_urls=rpc, contract=contract, models=models, api_url=api
    )
    given = sorted(receipts.glob("*.json")) if receipts else []
    with err.status("auditing …"):
        found = run(_audit(settings, model, since, anchor_log, given))
    if json:
        show_json(_as_json(found))
    else:
        _show(found)
    _judge(found)


async def _audit(
    settings: Settings,
    model: str | None,
    since: str,
    anchor_logs: list[str] | None,
    receipts: list[Path],
) -> dict[str, list[Finding]]:
    """The findings by what they are about."""
    from oracle.chain.contracts import DecisionContract
    from oracle.cli.place import decisions_of, models_of
    from oracle.cli.reading import reading
    from oracle.cli.verifying import known_input, read_file
    from oracle.verify.audit import audit_decisions, audit_log, audit_promise

    store = models_of(settings)
    only = store.find(model).model_id if model else None
    async with reading(settings) as rpc:
        head = await rpc.block("latest")
        first = await _first(rpc, since)
        contract = DecisionContract(rpc, decisions_of(settings))
        found: dict[str, list[Finding]] = {"decisions": [], "batches": [], "promises": []}

        async def find_input(log: Any) -> Any:
            return await known_input(contract, log, settings)

        if first <= head.number:
            found["decisions"] = [
                each
                async for each in audit_decisions(
                    contract, [*store], find_input, first=first, last=head.number, only=only
                )
            ]
        wanted = [only] if only else [each.model_id for each in store]
        for address in anchor_logs or await _logs_of(contract, wanted):
            found["batches"] += [each async for each in audit_log(rpc, address, last=head.number)]
        for path in receipts:
            receipt = read_file(str(path))
            assert receipt is not None
            found["promises"].append(
                await audit_promise(receipt, path.name, rpc, now=head.timestamp)
            )
    return found


async def _first(rpc: RpcPool, since: str) -> int:
    """The first block to look at.

    Raises:
        InvalidInput: it is no number, span or date.
    """
    from datetime import UTC, datetime

    from oracle.chain.blocks import block_at
    from oracle.core.errors import InvalidInput

    if since.isdecimal():
        return int(since)
    span = _SPAN.fullmatch(since)
    if span:
        now = (await rpc.block("latest")).timestamp
        return await block_at(rpc, now - int(span[1]) * _SECONDS[span[2]])
    try:
        when = datetime.fromisoformat(since)
    except ValueError:
        raise InvalidInput(
            f"{since!r} is no block, span or date", remedy="write 1200, 24h, 7d or 2026-01-31"
        ) from None
    return await block_at(rpc, int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()))


async def _logs_of(contract: Any, wanted: list[bytes]) -> list[str]:
    """The anchor logs among the models' attestors."""
    from oracle.chain.artifacts import load_artifact

    code = load_artifact("AnchorLog").code_hash()
    found: list[str] = []
    for each in wanted:
        model = await contract.model_of(each, block="latest")
        if model is None or not model.verifies or model.attestor in found:
            continue
        there = await contract.rpc.code(model.attestor, "latest")
        if load_artifact("AnchorLog").code_hash(there) == code:
            found.append(str(model.attestor))
    return found


def _as_json(found: dict[str, list[Finding]]) -> dict[str, Any]:
    return {
        name: {
            "counts": dict(Counter(each.kind for each in findings)),
            "findings": [
                {"kind": each.kind, "about": each.about, "what": each.what, "block": each.block}
                for each in findings
                if each.kind != "held"
            ],
        }
        for name, findings in found.items()
    }


def _show(found: dict[str, list[Finding]]) -> None:
    from rich.padding import Padding
    from rich.text import Text

    from oracle.cli.console import begin, table

    say("")
    for name, findings in found.items():
        counts = Counter(each.kind for each in findings)
        words = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())) or "none"
        say(Text.assemble("  ", (name.ljust(10), "head"), words))
        wrong = [each for each in findings if each.kind != "held"]
        if wrong:
            grid = table("", "block", "about", "what", right=["block"])
            for each in wrong:
                sign, style = SIGNS.get(each.kind, ("✗", "bad"))
                about = begin(each.about) if len(each.about) == 66 else each.about
                line = f"{each.kind}: {each.what}"
                grid.add_row(Text(sign, style=style), str(each.block or "—"), about, line)
            out.print(Padding(grid, (0, 0, 0, 4)))
    say("")


def _judge(found: dict[str, list[Finding]]) -> None:
    """End the command by what was found.

    Raises:
        VerificationError: something does not match.
        Exit: something came late.
    """
    from oracle.cli.exits import ExitCode
    from oracle.core.errors import VerificationError

    kinds = Counter(each.kind for findings in found.values() for each in findings)
    wrong = sum(kinds[kind] for kind in BAD)
    if wrong:
        raise VerificationError(
            f"{wrong} of {sum(kinds.values())} do not match",
            remedy="look at each with `oracle verify`",
        )
    if kinds["late"]:
        err.print(f"[bad]✗[/bad] {kinds['late']} later than promised")
        raise typer.Exit(ExitCode.FAILED)
