"""What only a receipt tells: who signed, and the path from one prediction to the root on chain."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.async_api import Page, Route, expect

from oracle.core.receipt import Receipt
from oracle.core.receipt_json import write_receipt
from tests.e2e.test_decision import address, ask, part
from tests.support import receipts
from tests.support.page import Served

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("page")]


async def visit_with(page: Page, served: Served, receipt: Receipt) -> None:
    """A decision whose receipt is this one."""

    async def give(route: Route) -> None:
        await route.fulfill(body=write_receipt(receipt), content_type="application/json")

    await page.route("**/api/receipts/0x*", give)
    await page.goto(address(served, await ask(served)))


async def test_quorum__its_members_and_who_signed__are_listed(page: Page, served: Served):
    await visit_with(page, served, receipts.by_quorum())

    signed = part(page, "Who signed")
    await expect(signed).to_contain_text("2 of 3 members had to agree; 2 signed.")
    await expect(signed.get_by_role("listitem")).to_have_count(3)
    await expect(signed.locator("[data-signed]")).to_have_count(2)


async def test_quorum__how_it_agrees__is_told_member_by_member(page: Page, served: Served):
    members = [f"0x{number:040x}" for number in (1, 2, 3)]
    peers = [{"member": each, "heard": 7, "apart": at} for at, each in enumerate(members[1:])]
    committee = {"threshold": 2, "members": members, "decided": 9, "agreed": 7, "apart": 1}
    committee |= {"voted": 6, "peers": peers, "rounds": None, "voters": []}

    async def give(route: Route) -> None:
        found = await (await route.fetch()).json()
        await route.fulfill(json=found | {"committee": committee})

    await page.route("**/api/models/*/figures", give)
    await page.goto("/#/model/credit-default")
    agrees = part(page, "How the committee agrees")
    await expect(agrees).to_contain_text("2 of 3 members have to agree")
    await expect(agrees).to_contain_text("computed the latest 8 decisions too, and agrees with 7")
    await expect(agrees.get_by_role("row")).to_have_count(3)
    await expect(agrees.get_by_role("row").nth(2).get_by_role("cell")).to_have_text(
        ["0x000000…000003", "7", "1"]
    )


@pytest.mark.parametrize(("count", "place"), [(1, 0), (5, 2), (5, 4)])
async def test_anchor__its_path__is_drawn_hash_by_hash(
    page: Page, served: Served, count: int, place: int
):
    receipt = receipts.anchored(count=count, place_in_batch=place)
    receipt = replace(receipt, decision=receipts.decided().decision)
    await visit_with(page, served, receipt)

    assert receipt.anchor is not None
    path = part(page, "Its path to the chain").get_by_role("img")
    await expect(path).to_be_visible()
    drawn = await path.locator("title").all_text_contents()
    assert {"0x" + node.hex() for node in receipt.anchor.proof} <= set(drawn)
    if receipt.anchor.proof:
        assert drawn.count("0x" + receipt.anchor.batch.root.hex()) == 1
    await expect(path.locator('[data-node="leaf"]')).to_have_count(1)


async def test_no_receipt_for_strangers__the_account_stands_for_itself(page: Page, served: Served):
    async def refuse(route: Route) -> None:
        problem = {"detail": "the receipt shows an input that is not on chain", "remedy": "a key"}
        await route.fulfill(status=409, json=problem)

    await page.route("**/api/receipts/0x*", refuse)
    await page.goto(address(served, await ask(served)))
    await page.get_by_role("button", name="Check it myself").click()

    await expect(page.locator(".outcome")).to_contain_text("some of it could not be checked")
    await expect(page.locator(".steps")).to_contain_text("shows an input that is not on chain")
