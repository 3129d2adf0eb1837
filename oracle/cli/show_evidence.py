"""Who vouched for a decision, as people and programs read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.text import Text

from oracle.api.words import TRUST
from oracle.cli.console import facts, mark
from oracle.verify.evidence import Signature, Vouched

HOLDS = {True: "signature holds", False: "signature does not hold", None: "a contract, by EIP-1271"}


def trust_words(level: int) -> str:
    """``a quorum (level 2)``."""
    word = TRUST[level] if 0 < level < len(TRUST) else "unknown"
    return f"{word} (level {level})"


def evidence_lines(account: Mapping[str, Any], found: Vouched | str) -> Text:
    """The trust level in words, and the members who signed."""
    decision = account["decision"]
    if decision is None:
        return Text("")
    rows: list[tuple[str, Any]] = [("trust", trust_words(decision["trust_level"]))]
    if isinstance(found, str):
        rows.append(("evidence", Text(f"not read: {found}", style="warn")))
        return facts(rows)
    if found.committee is None:
        rows.append(("vouched by", found.attestor))
        return facts(rows)
    committee, signed = found.committee, found.signatures
    size = len(committee.members)
    rows.append(("attestor", f"{found.attestor}, {committee.threshold} of {size} members"))
    rows.append(("relayed by", found.sender))
    if found.round is not None:
        rows.append(("decided in", f"round {found.round} of sealed votes"))
    rows += [("signed by", _line(committee.members.index(each.member), each)) for each in signed]
    return facts(rows)


def _line(place: int, signature: Signature) -> Text:
    sign = mark(signature.holds is not False)
    return Text.assemble(
        signature.member, f"  member {place}  ", sign, (f" {HOLDS[signature.holds]}", "quiet")
    )


def evidence_json(found: Vouched | str) -> dict[str, Any]:
    """The same for programs; ``error`` says why there is nothing else."""
    if isinstance(found, str):
        return {"error": found}
    committee = found.committee
    return {
        "error": None,
        "attestor": found.attestor,
        "relayed_by": found.sender,
        "threshold": committee.threshold if committee else None,
        "round": found.round,
        "members": list(committee.members) if committee else None,
        "signatures": [
            {"member": each.member, "index": committee.members.index(each.member)}
            | {"holds": each.holds}
            for each in found.signatures
        ]
        if committee and found.round is None
        else None,
    }
