"""What the page says when the node or the chain is away, and when they come back."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, Route, expect

from oracle.chain.rpc import RpcPool
from oracle.core.errors import Transient
from oracle.node.metrics import Metrics
from tests.e2e.test_decision import address, ask
from tests.e2e.test_list import decide, row
from tests.support.page import Served, serving
from tests.support.ports import free_port

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("page")]


async def test_node_away_and_back__says_so_and_misses_nothing(browser: Browser, served: Served):
    port = free_port()
    context = await browser.new_context()
    page = await context.new_page()
    async with serving(served.node, Metrics(), port=port) as url:
        await page.goto(url)
        await expect(page.locator("#pulse")).to_have_text("live")

    await expect(page.locator("#notice")).to_contain_text("The node is away")
    await expect(page.locator("#pulse")).to_have_text("node away")
    missed = await decide(served)
    await page.get_by_role("link", name="Models").click()
    await expect(page.get_by_role("alert")).to_contain_text("The node is away")
    await page.get_by_role("link", name="Decisions", exact=True).click()

    async with serving(served.node, Metrics(), port=port):
        await expect(page.locator("#pulse")).to_have_text("live")
        await expect(page.locator("#notice")).to_be_empty()
        await expect(row(page, missed)).to_be_visible()
        await context.close()


async def test_connection_broken__what_was_missed_comes_by_itself(browser: Browser, served: Served):
    port = free_port()
    context = await browser.new_context()
    page = await context.new_page()
    async with serving(served.node, Metrics(), port=port) as url:
        await page.goto(url)
        await expect(page.locator("#pulse")).to_have_text("live")
        await expect(page.locator(".lines li").first).to_be_visible()
    missed = await decide(served)
    async with serving(served.node, Metrics(), port=port):
        await expect(row(page, missed)).to_be_visible()
        await context.close()


async def test_stream_refused__says_so_and_looks_again(page: Page, served: Served):
    async def refuse(route: Route) -> None:
        await route.fulfill(status=429, json={"detail": "128 connections listen already"})

    await page.route("**/api/stream", refuse)
    await page.goto("/")
    await expect(page.locator("#notice")).to_contain_text("The node sends no news")
    await expect(page.locator("#pulse")).to_have_text("no news")
    await expect(row(page, await decide(served))).to_be_visible()

    await page.unroute("**/api/stream")
    await expect(page.locator("#pulse")).to_have_text("live")
    await expect(page.locator("#notice")).to_be_empty()


async def test_chain_away__says_so_and_goes_on_when_it_is_back(
    browser: Browser, served: Served, monkeypatch: pytest.MonkeyPatch
):
    context = await browser.new_context(base_url=served.url)
    page = await context.new_page()
    asked = await ask(served)
    await page.goto("/#/model/credit-default")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Credit default")
    with monkeypatch.context() as broken:

        async def gone(*_: object, **__: object) -> None:
            raise Transient("no RPC endpoint answers", remedy="wait")

        broken.setattr(RpcPool, "block", gone)
        broken.setattr(RpcPool, "eth_call", gone)
        await page.goto("/")
        await expect(page.locator("#notice")).to_contain_text("The chain is away")
        await expect(page.locator(".lines li").first).to_be_visible()
        await page.goto(address(served, asked))
        await expect(page.locator(".hero")).to_contain_text("the loan may be granted")
        await page.reload()
        await expect(page.locator(".hero")).to_contain_text("the loan may be granted")
        await page.goto("/#/model/credit-default")
        await expect(page.get_by_text("the rules as they were read last")).to_be_visible()
        await page.goto("/#/ask/credit-default")
        await page.get_by_role("button", name="Fill in an example").click()
        await page.get_by_label("This node").check()
        await page.locator("#send").click()
        await expect(page.get_by_role("alert")).to_contain_text("No RPC endpoint answers")
    await expect(page.locator("#pulse")).to_have_text("live")
    await expect(page.locator("#notice")).to_be_empty()
    await page.locator("#send").click()
    await expect(page.locator("#outcome").get_by_role("heading")).to_have_text("Decided")
    await context.close()
