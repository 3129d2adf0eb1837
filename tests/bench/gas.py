"""Gas of every path, exact, beside what other systems' own contracts need for the same."""

from __future__ import annotations

from pathlib import Path

from oracle.chain.local import HARDFORK, local_chain
from tests.bench.plot import bars
from tests.bench.sheet import Sheet
from tests.support.gas import Gas, measure_gas, rows
from tests.support.world import deploy_models, open_world

LIMITS = {
    "make_decision": (58_000, "the article's limit 100k; a bare authorised slot + event 46.6k"),
    "request": (57_000, "Airnode 86k, Operator 120k, Infernet 156k, ORA 202k"),
    "answer": (52_000, "Operator 49k (slot reused), Airnode 62k, ORA 89k, Infernet 117k"),
    "answers_of_25": (30_000, "no callbacks; peers' figures are of one answer"),
    "round_trip": (138_000, "Airnode 148k, Operator 170k, Infernet 273k, ORA 291k"),
    "quorum_3_of_4": (80_000, "OCR2 104k; Scribe 81k with 5 signers, no decision stored"),
    "quorum_6_of_9": (95_000, "OCR2 131k; Keystone 122k with 4 signers"),
    "quorum_11_of_16": (120_000, "OCR2 179k"),
    "first_commit": (48_000, "Reality 101k"),
    "commit": (48_000, "Reality 101k"),
    "reveal": (52_000, "Reality 84k"),
    "tally": (130_000, "of four votes"),
    "sealed_relay": (70_000, "the outcome becomes a decision"),
    "anchor": (50_000, "EAS timestamp 45.9k for one item, 2.48M for a hundred"),
    "anchored_relay": (85_000, "at depth 20; Pyth 58k at depth 8, nothing decided"),
}
"""The most that we allow ourselves, and peers' own contracts measured for the same operation."""

PEERS = {
    "request": {"Airnode": 86_000, "Operator": 120_000, "Infernet": 156_000, "ORA": 202_000},
    "round_trip": {"Airnode": 148_000, "Operator": 170_000, "Infernet": 273_000, "ORA": 291_000},
    "quorum_3_of_4": {"OCR2, k = 3": 104_000},
    "quorum_6_of_9": {"OCR2, k = 6": 131_000},
    "quorum_11_of_16": {"OCR2, k = 11": 179_000},
}
"""Those of them that do the same whole operation."""


async def measure(scratch: Path) -> Sheet:
    """Measure every operation on Anvil."""
    async with local_chain(folder=scratch) as chain:
        deployed = await deploy_models(chain)
        async with open_world(chain, deployed) as world:
            gas = await measure_gas(world)
    sheet = Sheet(name="gas", title="Gas", command="make bench ONLY=gas")
    sheet.say(
        f"Full receipt gas on Anvil with {HARDFORK.capitalize()}'s rules; exact, and pinned by "
        "`tests/integration/chain/test_gas.py`. Peers' figures were measured once on their own "
        "contracts; they are not measured again here."
    )
    lines = []
    for name, used in rows(gas):
        limit, others = LIMITS[name]
        words = name.replace("_", " ")
        held = used <= limit
        if not held:
            sheet.missed.append(f"gas of {words}: {used:,}, promised {limit:,}")
        mark = "" if held else " **missed**"
        lines.append([words, f"{used:,}{mark}", f"{limit:,}", others])
    sheet.table(("operation", "gas", "at most", "others"), lines)
    sheet.plot("gas", "Gas beside other systems", _plot(gas))
    a_million = gas.anchor / 1_000_000
    sheet.say(
        f"Anchoring costs the same whatever the batch holds: {a_million:.2f} gas a prediction "
        "at a million."
    )
    return sheet


def _plot(gas: Gas) -> str:
    found = dict(rows(gas))
    shown: list[tuple[str, float, bool]] = []
    for name, peers in PEERS.items():
        words = name.replace("_", " ")
        shown.append((f"{words}: ours", found[name], True))
        shown += [(f"{words}: {peer}", used, False) for peer, used in peers.items()]
    return bars("Gas of the same whole operation", shown)
