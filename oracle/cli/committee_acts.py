"""What the owner of a model does about committees: deploy one, propose it, apply the change."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from rich.text import Text

from oracle.chain.contracts import DecisionContract
from oracle.chain.signer import AccountSigner
from oracle.chain.wire import TxReceipt
from oracle.cli.client import running_node
from oracle.cli.committee_chain import (
    apply_change,
    concerns,
    ensure_attestor,
    find_standing,
    members_from,
    propose,
    require_fit,
    require_owner,
)
from oracle.cli.committee_show import next_json, print_next
from oracle.cli.committee_terms import (
    Asked,
    attestor_name,
    doubts,
    terms_json,
    terms_of,
    terms_words,
)
from oracle.cli.compose import contract_at
from oracle.cli.console import err, facts, say, show_json
from oracle.cli.place import Place, models_of, open_place
from oracle.cli.settings import Settings
from oracle.core.errors import InvalidInput
from oracle.core.quorum import Committee
from oracle.core.sealed import SealedCommittee


@asynccontextmanager
async def _acting(settings: Settings) -> AsyncIterator[tuple[Place, DecisionContract]]:
    """The chain with a key to send from; that of the running node, where no other is named."""
    note = running_node(settings)
    url = note.rpc if note and note.rpc and not settings.urls else None
    async with open_place(settings, url=url) as place:
        contract, _ = await contract_at(place)
        yield place, contract


async def create_committee(
    settings: Settings,
    members: Sequence[str],
    threshold: int | None,
    for_models: Sequence[str],
    asked: Asked | None,
    json: bool,
) -> None:
    """Deploy a committee's attestor.

    Args:
        asked: the terms, where its members vote on chain.

    Raises:
        Conflict: the members would split over one of the models.
        InvalidInput, ConfigError: no such members, or no such quorum.
    """
    listed = members_from(members)
    needed = len(listed) // 2 + 1 if threshold is None else threshold
    known = models_of(settings)
    fit = [require_fit(known, which) for which in for_models]
    terms = None if asked is None else terms_of(fit, asked)
    async with _acting(settings) as (place, contract):
        signer = AccountSigner(place.rpc, place.account)
        with err.status("deploying …"):
            committee, receipt = await ensure_attestor(contract, signer, listed, needed, terms)
    warnings = concerns(len(listed), needed) + (doubts(fit, terms) if terms else [])
    names = list(for_models) or ["MODEL"]
    things: list[tuple[str, str]] = []
    for name in names:
        things += [
            (
                f"register {name} with it",
                f"oracle deploy --model {name} --attestor {committee.attestor}",
            ),
            (
                f"or, where {name} is registered: its owner proposes the change",
                f"oracle committee change {name} --members {','.join(listed)} --threshold {needed}"
                + _again(asked),
            ),
        ]
    if terms is None:
        things.append(
            (
                "each member's operator, for every other member",
                f"oracle committee join {names[0]} --member ADDRESS --url https://…",
            )
        )
    if json:
        show_json(_deployed(committee, receipt) | {"warnings": warnings, "next": next_json(things)})
        return
    _print_deployed(committee, receipt, warnings)
    print_next(things)


async def change_committee(
    settings: Settings,
    which: str,
    members: Sequence[str],
    threshold: int | None,
    asked: Asked | None,
    json: bool,
) -> None:
    """Deploy another committee's attestor, and propose it as the model's owner.

    Args:
        asked: the terms, where its members vote on chain; the present ones where None.

    Raises:
        Conflict: the members would split over the model, or vouch for it already.
        InvalidInput, ConfigError: no such members or quorum, or another owns the model.
    """
    known = models_of(settings)
    fit = require_fit(known, which)
    async with _acting(settings) as (place, contract):
        standing = await find_standing(contract, known, which)
        now = standing.committee
        if not members and (now is None or (threshold is None and asked is None)):
            raise InvalidInput(
                "nothing to change", remedy="give --members, --threshold, or --apply"
            )
        listed = members_from(members) if members else now.members if now else ()
        kept = now.threshold if now and now.threshold <= len(listed) else len(listed) // 2 + 1
        needed = kept if threshold is None else threshold
        signer = AccountSigner(place.rpc, place.account)
        require_owner(standing, signer.address)
        with err.status("deploying and proposing …"):
            terms = now.terms if isinstance(now, SealedCommittee) else None
            terms = terms if asked is None else terms_of([fit], asked)
            committee, deployed = await ensure_attestor(contract, signer, listed, needed, terms)
            receipt, due_at = await propose(contract, signer, standing, committee.attestor)
    warnings = concerns(len(listed), needed) + (doubts([fit], terms) if terms else [])
    things = [("once it is due, anyone", f"oracle committee change {which} --apply")]
    if json:
        found = _deployed(committee, deployed)
        found |= {"proposed_tx_hash": "0x" + receipt.tx_hash.hex(), "due_at": due_at}
        show_json(found | {"warnings": warnings, "next": next_json(things)})
        return
    _print_deployed(committee, deployed, warnings)
    say(
        Text.assemble(
            ("✓ ", "good"), ("proposed", "head"), f" for {standing.name}, due {_at(due_at)}"
        ),
        Text(
            "  Until then the present attestor answers, and every request that is asked ends\n"
            "  before: no open one is touched, and who does not agree has that time to leave.",
            style="quiet",
        ),
    )
    print_next(things)


async def apply_pending(settings: Settings, which: str, json: bool) -> None:
    """Apply the pending change of a model.

    Raises:
        NotFound: none is pending.
        Transient: it is not due yet.
    """
    known = models_of(settings)
    async with _acting(settings) as (place, contract):
        standing = await find_standing(contract, known, which)
        signer = AccountSigner(place.rpc, place.account)
        with err.status("applying …"):
            receipt = await apply_change(contract, signer, standing)
        standing = await find_standing(contract, known, which)
    if json:
        show_json({"attestor": standing.attestor, "tx_hash": "0x" + receipt.tx_hash.hex()})
    else:
        say(
            Text.assemble(
                ("✓ ", "good"), (standing.name, "head"), f" is vouched for by {standing.attestor}"
            )
        )


def _again(asked: Asked | None) -> str:
    """The same terms, as options."""
    if asked is None:
        return ""
    return (
        f" --sealed --commit-window {asked.commit_window} --reveal-window {asked.reveal_window}"
        f" --bond {asked.bond}"
    )


def _deployed(committee: Committee, receipt: TxReceipt | None) -> dict[str, Any]:
    return {
        "attestor": committee.attestor,
        "members": list(committee.members),
        "threshold": committee.threshold,
        "terms": terms_json(committee),
        "tx_hash": "0x" + receipt.tx_hash.hex() if receipt else None,
        "gas_used": receipt.gas_used if receipt else 0,
    }


def _print_deployed(
    committee: Committee, receipt: TxReceipt | None, warnings: Sequence[str]
) -> None:
    done = f"deployed, {receipt.gas_used:,} gas" if receipt else "there already"
    say(
        "",
        Text.assemble(
            ("✓ ", "good"),
            (f"{attestor_name(committee)} ", "head"),
            (committee.attestor, "id"),
            f" {done}",
        ),
        facts(
            [
                ("threshold", f"{committee.threshold} of {len(committee.members)}"),
                ("sealed votes", terms_words(committee)),
                *((f"member {place}", member) for place, member in enumerate(committee.members)),
            ]
        ),
    )
    for warning in warnings:
        say(Text.assemble(("  ! ", "warn"), warning))


def _at(unix: int) -> str:

    return datetime.fromtimestamp(unix).astimezone().strftime("%Y-%m-%d %H:%M %Z")
