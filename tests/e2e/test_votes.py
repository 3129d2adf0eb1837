"""Sealed votes on the page: each commitment and its opening, and how the members agree."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from tests.e2e.test_decision import part
from tests.support.page import SEALED, Served

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("page")]


def place(number: int) -> dict[str, Any]:
    return {"at": 1_790_000_000 + number, "block_number": number, "tx_hash": f"0x{number:064x}"}


def vote(number: int, **changes: Any) -> dict[str, Any]:
    """A member's part, as the API tells it: sealed, opened, agreed."""
    said = {"text": "benign", "value": "1", "confidence_ppm": 0, "holds": True, "salt": "0x"}
    return {
        "member": f"0x{number:040x}",
        "index": number,
        "sealed": {**place(number), "seal": "0x" + "ab" * 32},
        "revealed": {**place(16 + number), **said},
        "leaked": None,
        "agreed": True,
        "bond_lost": False,
    } | changes


async def test_decision__voted_about__shows_who_sealed_and_opened_what_when(
    page: Page, served: Served
):
    asked = await served.ask(SEALED)
    await page.goto(f"/#/decision/0x{served.world.store.find(SEALED).model_id.hex()}/{asked}")

    await expect(part(page, "Who vouched for it")).to_contain_text("A sealed vote")
    voted = part(page, "Who voted")
    await expect(voted).to_contain_text("1 of 1 members sealed a vote, 1 opened it")
    await expect(voted).to_contain_text("The bond is 0.001 ETH each")
    member = voted.get_by_role("listitem")
    await expect(member).to_contain_text(re.compile(r"agreed.*sealed.*opened.*(malignant|benign)"))
    await expect(member.locator(".hash")).to_have_count(3)
    await expect(page.get_by_role("heading", level=1)).to_contain_text("refer to a specialist")
    await expect(page.locator(".hero .said")).to_contain_text("malignant, with a probability of")

    await page.fill("#rpc-url", served.chain.url)
    await page.get_by_role("button", name="Check it myself").click()
    await expect(page.locator(".outcome")).to_contain_text("Everything holds")
    claims = await page.locator(".steps strong").all_inner_texts()
    assert "Every vote that was opened is the one that was sealed" in claims
    assert "Enough members agreed on exactly this" in claims
    assert all(claim[0].isupper() for claim in claims), "each in words"

    await page.goto(f"/#/model/{SEALED}")
    cost = part(page, "What it decided")
    await expect(cost).to_contain_text(re.compile("costs this operator [12][0-9]{2},[0-9]{3} gas"))
    agrees = part(page, "How the committee agrees")
    await expect(agrees).to_contain_text(re.compile("rounds? of sealed votes .*came to"))
    await expect(agrees.get_by_role("row")).to_have_count(2)


async def test_votes__leaked_unopened_apart_or_missing__are_told_apart(page: Page, served: Served):
    asked = await served.ask(SEALED)
    leaked = {**place(40), "reporter": "0x" + "ee" * 20, "reward_wei": "1"}
    parts = [
        vote(1),
        vote(2, revealed=None, agreed=False, leaked=leaked, bond_lost=True),
        vote(3, revealed=None, agreed=False, bond_lost=True),
        vote(4, agreed=False),
        vote(5, sealed=None, revealed=None, agreed=False),
    ]
    found = {
        "round": 0,
        "threshold": 1,
        "bond_wei": "1000000000000000",
        "seal_until": 1_790_000_100,
        "reveal_until": 1_790_000_200,
        "decided": True,
        "closed": place(60),
        "votes": parts,
    }

    async def give(route: Route) -> None:
        await route.fulfill(json={"rounds": [found]})

    await page.route("**/api/decisions/*/votes*", give)
    await page.goto(f"/#/decision/0x{served.world.store.find(SEALED).model_id.hex()}/{asked}")
    members = part(page, "Who voted").get_by_role("listitem")
    await expect(members).to_contain_text(
        [
            "agreed",
            "gave its vote away: it is void",
            "never opened its vote: the bond is lost",
            "opened, not with the outcome",
            "did not vote",
        ]
    )
    await expect(members.nth(1)).to_contain_text("reported by 0xeeeeee")
