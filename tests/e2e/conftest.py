"""A node with its page, a browser, and a tab whose faults fail the test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.support.browser import (
    PATIENCE_MS,
    TestWallet,
    Watched,
    build_page,
    chromium,
    watch,
)
from tests.support.harness import REQUESTER
from tests.support.page import Served, served_node

expect.set_options(timeout=PATIENCE_MS)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    build_page()
    async with chromium() as opened:
        yield opened


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def served(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Served]:
    folder = tmp_path_factory.mktemp("page")
    async with served_node(folder, name="credit-default", every_trust=True) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def tab(browser: Browser, served: Served) -> AsyncIterator[tuple[Page, Watched]]:
    """A tab of a fresh visitor; the test fails where a script fails or the policy refuses."""
    context = await browser.new_context(base_url=served.url)
    page, seen = await watch(context)
    yield page, seen
    await context.close()
    assert seen.faults == []
    allowed = {served.url.removeprefix("http://"), served.chain.url.removeprefix("http://")}
    assert seen.hosts <= allowed


@pytest.fixture
def page(tab: tuple[Page, Watched]) -> Page:
    return tab[0]


@pytest_asyncio.fixture(loop_scope="session")
async def wallet(page: Page, served: Served) -> TestWallet:
    """A wallet in the tab, with an account that has funds."""
    injected = TestWallet(rpc=served.chain.url, account=str(REQUESTER.address))
    await injected.inject(page)
    return injected
