"""Predictions without a decision: promised, anchored, their path drawn, checked, and decided on."""

from __future__ import annotations

import secrets
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect

from oracle.node.metrics import Metrics
from tests.e2e.test_decision import part
from tests.support.page import ANCHORED, Served, serving

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("page")]

KEY, READ_KEY = "a-key-of-sixteen-characters", "a-key-to-read-with-only"


async def promise(served: Served, count: int = 1, *, wait: bool = True) -> list[dict[str, Any]]:
    """Have predictions promised in one batch; until they are anchored, if that is waited for."""
    vectors = served.world.store.find(ANCHORED).vectors
    rows = [
        {"input": "0x" + vectors[at].input.hex(), "subject": "0x" + secrets.token_hex(32)}
        for at in range(count)
    ]
    async with httpx.AsyncClient(base_url=served.url, timeout=30) as http:
        reply = await http.post("/api/predictions", json={"model": ANCHORED, "rows": rows})
        assert reply.status_code == 202, reply.text
        made: list[dict[str, Any]] = reply.json()["predictions"]
        if wait:
            await served.until_anchored(made[-1]["id"])
        return [(await http.get(f"/api/predictions/{each['id']}")).json() for each in made]


def line(page: Page, promised: dict[str, Any]):
    return page.locator(f'.lines li[data-id="{promised["id"]}"]')


async def test_list__pending_with_its_deadline__then_anchored_by_itself(page: Page, served: Served):
    with served.anchoring_held():
        (pending,) = await promise(served, wait=False)
        await page.goto("/#/predictions")
        row = line(page, pending)
        await expect(row.locator(".badge")).to_have_text("Promised")
        await expect(row.locator(".means")).to_contain_text("on chain by")
        await expect(row.locator(".means")).to_contain_text("in 9 min")
        await page.select_option("#p-state", "anchored")
        await expect(row).to_have_count(0)
        await page.select_option("#p-state", "")
        await expect(row).to_be_visible()
    await expect(row.locator(".badge")).to_have_text("Anchored")
    await expect(row.locator(".means")).to_contain_text("batch")


async def test_pending__is_explained_and_checked_as_far_as_it_has_come(page: Page, served: Served):
    with served.anchoring_held():
        (pending,) = await promise(served, wait=False)
        await page.goto(f"/#/prediction/{pending['id']}")
        await expect(page.locator(".hero")).to_contain_text("Nothing of it is on the chain yet")
        await expect(
            part(page, "What was asked").get_by_role("row", name="proline")
        ).to_be_visible()
        await expect(part(page, "What the operator promised")).to_contain_text("Deadline")
        await page.get_by_role("button", name="Check it myself").click()
        await expect(page.locator(".outcome")).to_contain_text(
            "Everything that there is so far holds"
        )
        claims = await page.locator(".steps strong").all_inner_texts()
        assert "The operator signed a promise to anchor it" in claims
        assert "The model, run in this browser, says the same" in claims
    await expect(page.locator(".hero")).to_contain_text("It is fixed on the chain")


async def test_anchored__its_path_is_drawn__checked_on_chain__and_it_is_decided_on(
    page: Page, served: Served
):
    anchored = (await promise(served, 5))[2]
    async with httpx.AsyncClient(base_url=served.url) as http:
        receipt = (await http.get(anchored["receipt"])).json()

    await page.goto(f"/#/prediction/{anchored['id']}")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Wine origin said")
    path = part(page, "Its path to the chain").get_by_role("img")
    drawn = await path.locator("title").all_text_contents()
    assert len(receipt["anchor"]["proof"]) >= 2
    assert {*receipt["anchor"]["proof"], receipt["anchor"]["batch"]["root"]} <= set(drawn)

    await page.fill("#rpc-url", served.chain.url)
    await page.get_by_role("button", name="Check it myself").click()
    await expect(page.locator(".outcome")).to_contain_text("Everything holds")
    await expect(page.locator(".steps")).to_contain_text("The chain has the batch’s root")

    await page.get_by_role("button", name="Have it decided").click()
    await page.get_by_role("link", name="see the decision").click()
    await expect(part(page, "Who vouched for it")).to_contain_text("One operator")
    await expect(part(page, "Its path to the chain").get_by_role("img")).to_be_visible()
    await page.get_by_role("button", name="Check it myself").click()
    await expect(page.locator(".outcome")).to_contain_text("Everything holds")


async def test_keyed_node__a_stranger_learns_why__and_a_key_does_what_it_is_for(
    browser, served: Served
):
    (anchored,) = await promise(served)
    async with serving(served.node, Metrics(), keys=[KEY, f"read:{READ_KEY}"]) as url:
        context = await browser.new_context(base_url=url)
        page = await context.new_page()
        await page.goto("/#/predictions")
        await expect(page.locator("main")).to_contain_text("shows it only to those who have a key")
        await page.get_by_label("API key").fill("not-the-key-of-this-node")
        await page.get_by_role("button", name="Show it").click()
        await expect(page.get_by_role("alert")).to_contain_text("does not open it")
        await page.get_by_label("API key").fill(READ_KEY)
        await page.get_by_role("button", name="Show it").click()
        await line(page, anchored).get_by_role("link").click()
        await page.locator("#relay").click()
        can = part(page, "Can a contract decide on it?")
        await expect(can).to_contain_text("The API key is for read, this needs decide.")
        await can.get_by_label("API key").fill(KEY)
        await can.locator("form").get_by_role("button", name="Have it decided").click()
        await expect(page.get_by_role("link", name="see the decision")).to_be_visible()
        await context.close()
