"""The JavaScript client in a browser: a wallet asks on chain, and the receipt is checked there."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, Route

from tests.support.browser import TestWallet, bundled
from tests.support.page import Served

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("page")]

HTML = "<!doctype html><title>A dApp</title><script type=module src=/dapp.js></script>"


async def test_client__in_a_browser__asks_with_its_wallet_and_checks_the_receipt(
    page: Page, served: Served, wallet: TestWallet
) -> None:
    script = await bundled("browser.js")

    async def dapp(route: Route) -> None:
        await route.fulfill(body=HTML, content_type="text/html")

    async def code(route: Route) -> None:
        await route.fulfill(body=script, content_type="text/javascript")

    await page.route("**/dapp", dapp)
    await page.route("**/dapp.js", code)
    await page.goto("/dapp")
    await page.wait_for_function("!!globalThis.askAndCheck")
    found = await page.evaluate("(name) => askAndCheck(name)", served.world.model.name)

    assert found["verdict"] in ("ACCEPT", "REJECT", "REVIEW")
    outcomes = {check["name"]: check["outcome"] for check in found["checks"]}
    assert set(outcomes.values()) == {"held"}
    assert {"run again", "signed transaction", "event", "storage"} <= set(outcomes)
    assert wallet.asked.count("eth_sendTransaction") == 1
