"""A committee as people and programs read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text

from oracle.api.words import ether_text
from oracle.cli.committee_chain import Standing, duration
from oracle.cli.committee_peers import Fees, Peer
from oracle.cli.committee_terms import terms_json, terms_words
from oracle.cli.console import ether, facts, say, seconds
from oracle.cli.show_evidence import trust_words
from oracle.core.quorum import Committee
from oracle.core.sealed import SealedCommittee


def print_standing(
    standing: Standing, peers: Sequence[Peer], fees: Fees | None, own: str | None
) -> None:
    """Everything about the committee behind a model."""
    model, committee = standing.model, standing.committee
    say(
        "",
        Text.assemble((standing.name, "head"), "  ", _who(committee)),
        facts(
            [
                ("attestor", Text(standing.attestor, style="id")),
                ("trust", trust_words(model.trust_level) if model else None),
                ("sealed votes", terms_words(committee)),
                ("owner", model.owner if model else None),
                ("paused", "yes" if model and model.paused else None),
                ("fees", _fees(fees)),
                ("pending", _pending(standing)),
            ]
        ),
    )
    if committee is not None:
        say("", _members(peers, fees, own))
    say("")


def _who(committee: Committee | None) -> str:
    if committee is None:
        return "one operator vouches, or a contract of another kind"
    how = "vote on chain" if isinstance(committee, SealedCommittee) else "vouch"
    return f"{committee.threshold} of {len(committee.members)} members {how}"


def _fees(fees: Fees | None) -> str | None:
    if fees is None:
        return None
    pots = "" if fees.pots is None else f"{ether(ether_text(fees.pots))} ETH in pots, "
    return f"{pots}{ether(ether_text(sum(fees.credits.values())))} ETH to withdraw"


def _pending(standing: Standing) -> Text | None:
    if standing.change is None or standing.model is None:
        return None
    coming = standing.coming
    who = f"{coming.threshold} of {len(coming.members)} members" if coming else "one operator"
    due = "due: oracle committee change MODEL --apply"
    if standing.due_in:
        due = f"due in {duration(standing.due_in)}"
    return Text(f"{who}, attestor {standing.change.config.attestor}, {due}", style="warn")


def _members(peers: Sequence[Peer], fees: Fees | None, own: str | None) -> Text:
    """A line for each: whole addresses, which can be copied."""
    lines = []
    for place, peer in enumerate(peers):
        line = Text.assemble((f"  {place:>2}  ", "quiet"), (peer.member, "id"), "  ")
        line.append_text(_answers(peer)).append(f"  {peer.url}")
        credit = fees.credits.get(peer.member, 0) if fees else 0
        if credit:
            line.append(f"  {ether(ether_text(credit))} ETH to withdraw", style="quiet")
        if peer.member == own:
            line.append("  ← this node", style="good")
        if peer.what:
            line.append(f"\n      {peer.what}", style="warn")
        lines.append(line)
    return Text("\n").join(lines)


def _answers(peer: Peer) -> Text:
    if not peer.alive:
        return Text("no", style="bad")
    if not peer.ready:
        return Text("not ready", style="warn")
    return Text(f"ready in {seconds(peer.seconds)}", style="good")


def standing_json(
    standing: Standing, peers: Sequence[Peer], fees: Fees | None, own: str | None
) -> dict[str, Any]:
    """The same for programs."""
    model, change = standing.model, standing.change
    return {
        "name": standing.name,
        "model_id": "0x" + standing.model_id.hex() if standing.model_id else None,
        "owner": model.owner if model else None,
        "trust_level": model.trust_level if model else None,
        "attestor": standing.attestor,
        "threshold": standing.committee.threshold if standing.committee else None,
        "terms": terms_json(standing.committee),
        "this_node": own,
        "members": [
            {
                "index": place,
                "member": peer.member,
                "url": peer.url or None,
                "alive": peer.alive,
                "ready": peer.ready,
                "what": peer.what or None,
                "credit_wei": str(fees.credits.get(peer.member, 0)) if fees else None,
            }
            for place, peer in enumerate(peers)
        ],
        "pots_wei": str(fees.pots) if fees and fees.pots is not None else None,
        "pending": {
            "attestor": change.config.attestor,
            "due_at": model.change_at + 1,
            "threshold": standing.coming.threshold if standing.coming else None,
            "members": list(standing.coming.members) if standing.coming else None,
        }
        if change and model
        else None,
    }


def print_next(things: Sequence[tuple[str, str]]) -> None:
    """What to do next, if anything."""
    if not things:
        return
    lines = [Text("\nNext:", style="head")]
    for what, command in things:
        lines += [Text(f"\n  {what}", style="quiet"), Text(f"    {command}")]
    say(Text("\n").join([*lines, Text("")]))


def next_json(things: Sequence[tuple[str, str]]) -> list[Mapping[str, str]]:
    """The same for programs."""
    return [{"what": what, "command": command} for what, command in things]
