"""``oracle deploy``: the contracts and the models' registrations, on any network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from oracle.cli.console import out, show_json, table
from oracle.cli.options import AsJson
from oracle.cli.running import run

if TYPE_CHECKING:
    from oracle.chain.deployment import Deployed, StepReport
    from oracle.cli.settings import Settings


def deploy(
    network: Annotated[str | None, typer.Option(help="The network.")] = None,
    rpc: Annotated[str | None, typer.Option(help="RPC endpoint.")] = None,
    models: Annotated[Path | None, typer.Option(help="Folder of models to register.")] = None,
    attestor: Annotated[
        str | None,
        typer.Option(help="Who vouches for the models: a committee's address; else this account."),
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="Only this model of the folder; again for more.")
    ] = None,
    gateway_url: Annotated[
        list[str] | None,
        typer.Option(
            help="Base URL of an API that serves gasless reads of these models; again for more."
        ),
    ] = None,
    anchor_log: Annotated[
        bool, typer.Option("--anchor-log", help="Deploy this account's anchor log, too.")
    ] = False,
    anchored: Annotated[
        list[str] | None,
        typer.Option(help="Register this model with the anchor log as attestor; again for more."),
    ] = None,
    anchorer: Annotated[
        str | None,
        typer.Option(
            help="Deploy the anchor log of this quorum instead: its members sign each batch."
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say which addresses it would be.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Deploy the contracts and register the models; what is there is checked and kept.

    Addresses follow from the code alone (CREATE2), so they are the same on every chain. A run that
    was cut off is simply run again. Where reads are served can be changed at any time: whatever is
    answered there is verified on chain.
    """
    from oracle.cli.settings import read_settings

    settings = read_settings(network=network, rpc_urls=rpc, models=models)
    run(
        _deploy(
            settings,
            model or [],
            attestor,
            gateway_url or [],
            anchor_log,
            anchored or [],
            anchorer,
            dry_run,
            json,
        )
    )


async def _deploy(
    settings: Settings,
    only: Sequence[str],
    attestor: str | None,
    gateway_urls: Sequence[str],
    anchor_log: bool,
    anchored: Sequence[str],
    anchorer: str | None,
    dry_run: bool,
    json: bool,
) -> None:
    from oracle.chain.anchor import anchor_log_for
    from oracle.chain.deployment import ContractSpec, plan_deployment
    from oracle.chain.gateway import gateway_spec
    from oracle.cli.committee_chain import require_quorum, require_vouching
    from oracle.cli.compose import deploy_to
    from oracle.cli.place import models_of, open_place
    from oracle.inference.store import CardStore
    from oracle.node.registration import registration_of

    models = models_of(settings)
    if only:
        models = CardStore([models.find(name) for name in only])
    async with open_place(settings) as place:
        operator = place.account.address
        vouching = operator
        if attestor is not None:
            vouching = await require_vouching(place.rpc, models, attestor)
        who = operator if anchorer is None else await require_quorum(place.rpc, anchorer)
        log = anchor_log_for(who, operator)
        others = [log] if anchor_log or anchored or anchorer else []
        through_log = {models.find(name).model_id for name in anchored}
        attestors = {
            m.model_id: str(log.address) if m.model_id in through_log else vouching for m in models
        }
        if dry_run:
            contract = ContractSpec(contract="DecisionContract").address
            plan = plan_deployment(
                [registration_of(m, attestors[m.model_id]) for m in models if m.policy],
                others=[gateway_spec(contract), *others],
            )
            there = {
                s.address: bool(await place.rpc.code(s.address, "latest")) for s in plan.contracts
            }
            rows = [(s.contract, s.address, there[s.address]) for s in plan.contracts]
            if json:
                show_json([{"contract": c, "address": a, "deployed": d} for c, a, d in rows])
            else:
                grid = table("contract", "address", "there")
                for name, address, known in rows:
                    grid.add_row(name, address, "yes" if known else "no")
                out.print(grid)
            return
        if not json:
            out.print(
                f"\n{place.network.name}, chain {place.network.chain_id}, as {operator}\n",
                highlight=False,
            )
        report = None if json else _print_step
        deployed = await deploy_to(
            place,
            models,
            others=others,
            attestor=attestors,
            reads_at=gateway_urls,
            progress=report,
        )
    if json:
        show_json(_as_json(deployed))
        return
    total = sum(step.gas_used for step in deployed.steps)
    out.print(
        f"\n  [good]✓[/good] DecisionContract at [id]{deployed.address}[/id], {total:,} gas\n"
    )


def _print_step(step: StepReport) -> None:
    word = {"done": "[good]✓ done[/good]   ", "present": "[quiet]· there[/quiet]  "}
    said = word.get(str(step.state), "[bad]✗ differs[/bad]")
    cost = f"  [quiet]{step.gas_used:,} gas[/quiet]" if step.gas_used else ""
    where = f"  [id]{step.address}[/id]" if step.address else ""
    out.print(f"  {said} {step.subject}{where}{cost}  {step.note}".rstrip())


def _as_json(deployed: Deployed) -> dict[str, Any]:
    return {
        "chain_id": deployed.chain_id,
        "contract": deployed.address,
        "block_number": deployed.block_number,
        "steps": [
            {
                "subject": step.subject,
                "state": str(step.state),
                "address": step.address,
                "tx_hash": "0x" + step.tx_hash.hex() if step.tx_hash else None,
                "gas_used": step.gas_used,
            }
            for step in deployed.steps
        ],
    }
