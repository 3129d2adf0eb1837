"""The list of decisions: it grows while it is looked at, filters, and needs no mouse."""

from __future__ import annotations

import asyncio
import secrets

import httpx
import pytest
from eth_utils.crypto import keccak
from playwright.async_api import Page, expect

from tests.support.page import Served

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("page")]


async def decide(served: Served, model: str = "credit-default", row: int = 0) -> str:
    """Have the node decide; the subject."""
    vector = served.world.store.find(model).vectors[row]
    body = {"model": model, "input": "0x" + vector.input.hex(), "wait": 20}
    body["subject"] = "0x" + secrets.token_hex(32)
    async with httpx.AsyncClient(timeout=30) as http:
        reply = await http.post(f"{served.url}/api/decisions", json=body)
    assert reply.status_code == 200, reply.text
    return str(body["subject"])


def row(page: Page, subject: str):
    return page.locator(f'.lines li[data-subject="{subject}"]')


async def test_list__decision_made_meanwhile__shows_and_is_announced(page: Page, served: Served):
    await page.goto("/")
    await expect(page.locator("#pulse")).to_have_text("live")

    subject = await decide(served)

    await expect(row(page, subject)).to_contain_text("Credit default")
    await expect(row(page, subject).locator(".badge")).to_have_text("Accepted")
    await expect(page.locator(".lines li").first).to_have_attribute("data-subject", subject)
    await expect(page.locator('#said[aria-live="polite"]')).to_contain_text(
        "Credit default: accepted"
    )


async def test_list__decision_by_another_program__shows_as_such(page: Page, served: Served):
    await page.goto("/")
    await expect(page.locator("#pulse")).to_have_text("live")

    subject = keccak(secrets.token_bytes(8))
    await served.decide_elsewhere(subject)

    await expect(row(page, "0x" + subject.hex())).to_contain_text("not asked through this node")


async def test_filters__leave_out_what_does_not_fit_also_of_the_new_ones(
    page: Page, served: Served
):
    credit, ride = await decide(served), await decide(served, "delivery-time")
    await page.goto("/")
    await page.focus("#f-model")
    await page.select_option("#f-model", "delivery-time")
    await expect(row(page, credit)).to_have_count(0)
    await expect(row(page, ride)).to_be_visible()
    assert "model=delivery-time" in page.url
    await expect(page.locator("#f-model")).to_be_focused()

    later_credit, later_ride = await decide(served), await decide(served, "delivery-time")
    await expect(row(page, later_ride)).to_be_visible()
    await expect(row(page, later_credit)).to_have_count(0)

    await page.fill("#f-subject", ride[:11])
    await page.press("#f-subject", "Enter")
    await expect(row(page, ride)).to_be_visible()
    await expect(row(page, later_ride)).to_have_count(0)

    vectors = served.world.model.vectors
    rejecting = next(at for at, vector in enumerate(vectors) if vector.verdict == "REJECT")
    rejected = await decide(served, row=rejecting)
    await page.goto("/#/?verdict=reject")
    await expect(row(page, rejected)).to_be_visible()
    assert set(await page.locator(".lines .badge").all_inner_texts()) == {"Rejected"}

    await page.goto("/#/?verdict=reject&model=credit-default&subject=0xffffffffffff")
    await expect(page.get_by_text("No decision fits these filters yet")).to_be_visible()
    await page.get_by_role("link", name="Clear").click()
    await expect(row(page, later_credit)).to_be_visible()


async def test_list__longer_than_a_page__shows_older_ones(page: Page, served: Served):
    oldest = await decide(served)
    await asyncio.gather(*(decide(served) for _ in range(31)))
    await page.goto("/")
    await expect(page.locator(".lines li")).to_have_count(30)
    await page.get_by_role("button", name="Show older ones").click()
    await expect(row(page, oldest)).to_be_visible()
