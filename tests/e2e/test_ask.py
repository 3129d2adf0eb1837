"""*Ask for a decision*: with a wallet, through a dApp that is called back, and through the node."""

from __future__ import annotations

import httpx
import pytest
from playwright.async_api import Page, Route, expect

from oracle.chain.artifacts import load_artifact
from oracle.node.metrics import Metrics
from tests.e2e.test_access import faults
from tests.support.browser import TestWallet
from tests.support.page import Served, serving

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("page")]

KEY = "a-key-of-sixteen-characters"


async def fill_in(page: Page, base: str = "") -> None:
    """The form of a model, with its example."""
    await page.goto(f"{base}/#/ask/credit-default")
    await page.get_by_role("button", name="Fill in an example").click()


async def test_form__is_made_from_the_card(page: Page, served: Served):
    await page.goto("/#/ask/credit-default")

    income = page.get_by_label("income", exact=True)
    await expect(income).to_have_attribute("max", "2000")
    await expect(page.get_by_label("seniority (years)")).to_have_attribute("step", "1")
    assert await page.get_by_label("home", exact=True).locator("option").all_inner_texts() == [
        "choose …",
        *("owner", "rent", "parents", "priv", "other", "ignore"),
    ]
    await page.get_by_role("button", name="Fill in an example").click()
    await income.fill("2001")
    await page.locator("#send").click()
    assert await income.evaluate("field => !field.validity.valid")
    await expect(page.locator("#outcome")).to_be_empty()


async def test_form__of_a_model_that_takes_tensors__sends_them(page: Page, served: Served):
    sent = []

    async def tensors(route: Route) -> None:
        model = await (await route.fetch()).json()
        tensor = {"name": "x", "dtype": "float32", "shape": ["rows", 2]}
        model["card"]["input"] = {"encoding": "tensors", "tensors": [tensor]}
        await route.fulfill(json=model)

    async def take(route: Route) -> None:
        sent.append(route.request.post_data_json)
        await route.fulfill(status=409, json={"detail": "taken", "remedy": "ask again"})

    await page.route("**/api/models/delivery-time", tensors)
    await page.route("**/api/decisions", take)
    await page.goto("/#/ask/delivery-time")
    await page.get_by_label("This node").check()
    field = page.get_by_label("Tensors as JSON")
    for wrong, why in (("{", "no JSON"), ('{"tensors": {"y": [[1]]}}', "x")):
        await field.fill(wrong)
        await page.locator("#send").click()
        await expect(page.get_by_role("alert")).to_contain_text(why)
    assert sent == []
    await field.fill('{"tensors": {"x": [[1, 2]]}}')
    await page.locator("#send").click()
    await expect(page.get_by_role("alert")).to_contain_text("Taken")
    assert [each["input"] for each in sent] == [{"tensors": {"x": [[1, 2]]}}]


async def test_wallet__asks_on_chain__and_the_verdict_shows(
    page: Page, wallet: TestWallet, served: Served
):
    await fill_in(page)
    await page.get_by_label("My wallet").check()
    await page.locator("#send").click()

    outcome = page.locator("#outcome")
    await expect(outcome.get_by_role("heading")).to_have_text("Decided")
    await expect(outcome.locator(".badge")).to_have_text("Accepted")
    await outcome.get_by_role("link").click()
    await expect(page.get_by_role("region", name="What was asked")).to_contain_text(
        wallet.account[:8]
    )


async def test_dapp__asks_and_is_called_back__its_outcome_shows(
    page: Page, wallet: TestWallet, served: Served
):
    await fill_in(page)
    await page.get_by_label("An example dApp: a lender").check()
    await page.locator("#send").click()

    called = page.locator("#called-back")
    await expect(called).to_have_text("Your contract, a lender, was called back: approved.")
    await expect(page.locator("#outcome")).to_contain_text("The callback was delivered")
    deployed_and_asked = wallet.asked.count("eth_sendTransaction")
    assert deployed_and_asked == 2

    await page.locator("#send").click()
    await expect(called).to_be_hidden()
    await expect(called).to_contain_text("approved")
    assert wallet.asked.count("eth_sendTransaction") == deployed_and_asked + 1


async def require_trust_level(served: Served, desk: str, level: int) -> None:
    """Make a deployed desk one that was built to ask for this trust level, by its immutables."""
    code = bytearray(await served.world.rpc.code(desk, "latest"))
    for start, length in load_artifact("CreditDesk").immutables:
        if int.from_bytes(code[start : start + length]) in (1, 2):
            code[start : start + length] = level.to_bytes(length)
    await served.world.rpc.call("anvil_setCode", [desk, "0x" + code.hex()])


async def test_dapp__can_not_be_told__says_why__and_is_told_once_it_is_mended(
    page: Page, wallet: TestWallet, served: Served
):
    await fill_in(page)
    await page.get_by_label("An example dApp: a lender").check()
    await page.locator("#send").click()
    called, details = page.locator("#called-back"), page.locator("#outcome").get_by_role("link")
    await expect(called).to_contain_text("approved")
    first = str(await details.get_attribute("href")).split("/")[-1]
    async with httpx.AsyncClient(base_url=served.url) as http:
        account = (await http.get(f"/api/decisions/{first}")).json()
    desk = account["request"]["requester"]

    await require_trust_level(served, desk, 2)
    await page.locator("#send").click()
    await expect(called).to_have_text(
        "Your contract, a lender, was not told; for it the case is still: applied."
    )
    why = "it refuses: TrustLevelTooLow(trustLevel=1, required=2)"
    failed = page.locator(".callback")
    await expect(failed).to_contain_text(f"Called again now, {why}.")
    assert await faults(page) == []
    elsewhere = await page.context.new_page()
    await elsewhere.goto(f"{served.url}/{await details.get_attribute('href')}")
    await expect(elsewhere.get_by_role("region", name="What it cost")).to_contain_text(why)
    await elsewhere.close()

    await require_trust_level(served, desk, 1)
    await failed.get_by_role("button", name="Look again").click()
    await failed.get_by_role("button", name="Tell it with Test Wallet").click()
    await expect(called).to_have_text("Your contract, a lender, was called back: approved.")
    await expect(failed).to_have_count(0)


async def test_dapp__of_several_transactions__is_led_through_them(
    page: Page, wallet: TestWallet, served: Served
):
    await page.goto("/#/ask/delivery-time")
    await page.get_by_role("button", name="Fill in an example").click()
    await page.get_by_label("An example dApp: a delivery cover").check()
    await page.locator("#send").click()

    called = page.locator("#called-back")
    await expect(called).to_have_text(
        "Your contract, a delivery cover, was called back: closed, the parcel is on time."
    )
    assert wallet.asked.count("eth_sendTransaction") == 3, "deployed, bought, reported"


async def test_wallet__on_another_chain__is_asked_to_switch(
    page: Page, wallet: TestWallet, served: Served
):
    wallet.chain = 1
    await fill_in(page)
    await page.get_by_label("My wallet").check()
    await page.locator("#send").click()

    await expect(page.locator("#outcome").get_by_role("heading")).to_have_text("Decided")
    assert wallet.chain == 31337


async def test_wallet__declines__says_so_and_asks_nothing(
    page: Page, wallet: TestWallet, served: Served
):
    wallet.declines = True
    await fill_in(page)
    await page.get_by_label("My wallet").check()
    await page.locator("#send").click()

    await expect(page.get_by_role("alert")).to_contain_text(
        "Test Wallet was not allowed to connect; allow it in the wallet"
    )
    await expect(page.locator("#send")).to_be_enabled()


async def test_wallet__away__says_so_and_can_be_tried_again(
    page: Page, wallet: TestWallet, served: Served
):
    wallet.away = True
    await fill_in(page)
    await page.get_by_label("My wallet").check()
    await page.locator("#send").click()
    await expect(page.get_by_role("alert")).to_contain_text("Test Wallet")
    await expect(page.get_by_role("alert")).to_contain_text("disconnected")

    wallet.away = False
    await page.locator("#send").click()
    await expect(page.locator("#outcome").get_by_role("heading")).to_have_text("Decided")


async def test_no_wallet__says_so(page: Page, served: Served):
    await fill_in(page)
    await page.get_by_label("My wallet").check()

    await expect(page.get_by_text("No wallet has announced itself")).to_be_visible()
    await page.locator("#send").click()
    await expect(page.get_by_role("alert")).to_contain_text("There is no wallet to ask with")


async def test_node__asks__and_the_verdict_shows(page: Page, served: Served):
    await page.goto("/#/ask/delivery-time")
    await page.get_by_role("button", name="Fill in an example").click()
    await page.get_by_label("This node").check()
    await page.locator("#send").click()

    await expect(page.locator("#outcome").get_by_role("heading")).to_have_text("Decided")


async def test_node__with_keys__asks_for_one(browser, served: Served):
    async with serving(served.node, Metrics(), keys=[KEY]) as url:
        context = await browser.new_context()
        page = await context.new_page()
        await fill_in(page, url)
        await page.get_by_label("This node").check()
        await page.locator("#send").click()
        await expect(page.get_by_role("alert")).to_have_text(
            "Writing needs an API key. Write one above."
        )

        await page.get_by_label("API key").fill(KEY)
        await page.locator("#send").click()
        await expect(page.locator("#outcome").get_by_role("heading")).to_have_text("Decided")
        await context.close()
