"""The page for everybody: by keyboard, for screen readers, by any light, in a small window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.e2e.test_anchored import promise
from tests.e2e.test_decision import address, ask, check
from tests.e2e.test_list import decide, row
from tests.support.browser import TestWallet
from tests.support.page import SEALED, Served

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("page")]

AUDIT = (Path(__file__).parents[1] / "js" / "live" / "audit.js").read_text()
DESK, NARROW = (1280, 860), (320, 640)
"""WCAG 2.2, 1.4.10: a page is read without scrolling sideways at 320 pixels."""
NAMED = frozenset(
    ("button", "combobox", "heading", "image", "link", "log", "navigation")
    + ("radio", "region", "search", "spinbutton", "textbox")
)
"""Roles that mean nothing to who can not see them, unless they have a name."""


async def nameless(page: Page) -> list[str]:
    """What Chromium shows to screen readers without saying what it is (4.1.2)."""
    session = await page.context.new_cdp_session(page)
    tree = (await session.send("Accessibility.getFullAXTree"))["nodes"]
    await session.detach()
    return [
        f"4.1.2 {_text(node, 'role')} without a name"
        for node in tree
        if not node["ignored"] and _text(node, "role") in NAMED and not _text(node, "name").strip()
    ]


def _text(node: dict[str, Any], what: str) -> str:
    return str(node.get(what, {}).get("value", ""))


async def faults(page: Page) -> list[str]:
    return [*await page.evaluate(AUDIT), *await nameless(page)]


async def tab_to(page: Page, selector: str, most: int = 60) -> None:
    """Press Tab until the element has the focus."""
    wanted = page.locator(selector)
    for _ in range(most):
        await page.keyboard.press("Tab")
        if await wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"{most} times Tab did not reach {selector}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_view__for_any_reader__has_no_fault(page: Page, served: Served, scheme: str):
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    asked, vote = await ask(served), await served.ask(SEALED)
    anchored = (await promise(served, 3))[1]
    voted = f"/#/decision/0x{served.world.store.find(SEALED).model_id.hex()}/{vote}"
    views = {
        "/#/": ".lines li",
        "/#/?subject=0xfff0": ".empty",
        address(served, asked): ".timeline",
        voted: ".voters li",
        "/#/predictions": ".lines li",
        f"/#/prediction/{anchored['id']}": "svg.proof",
        "/#/models": ".models li",
        "/#/model/credit-default": "svg.histogram",
        f"/#/model/{SEALED}": "text=How the committee agrees",
        "/#/ask/credit-default": "#send",
        "/#/nothing": "[role=alert]",
    }
    found: list[str] = []
    titles = set()
    for view, sign in views.items():
        await page.goto(view)
        await expect(page.locator(sign).first).to_be_visible()
        titles.add(await page.title())
        for width, height in (DESK, NARROW):
            await page.set_viewport_size({"width": width, "height": height})
            found += [f"{view} at {width}: {fault}" for fault in await faults(page)]
    assert not found, "\n".join(found)
    assert len(titles) == len(views) - 1, "each has a title of its own, but for the filtered list"

    await check(page, served, asked)
    assert await faults(page) == []


async def test_audit__of_a_page_with_faults__finds_each(page: Page):
    await page.goto("/#/models")
    await expect(page.locator(".models li").first).to_be_visible()
    await page.evaluate(
        """() => {
          const main = document.querySelector("main");
          const add = (tag, text, styles = {}) => {
            const made = document.createElement(tag);
            made.textContent = text;
            Object.assign(made.style, styles);
            main.append(made);
            return made;
          };
          add("p", "pale", {color: "#999", background: "#aaa"});
          add("h4", "too deep");
          add("button", "");
          add("button", "x", {minHeight: "0", padding: "0", width: "20px", height: "20px"});
          add("div", "wide", {width: "3000px"});
          add("p", "twice").id = "main";
          add("label", "astray").htmlFor = "nowhere";
          add("p", "first").tabIndex = 3;
        }"""
    )
    rules = {fault.split()[0] for fault in await faults(page)}
    assert rules == {"1.3.1", "1.4.3", "1.4.10", "2.4.3", "2.5.8", "4.1.2"}


async def test_keyboard__alone__reaches_a_decision(page: Page, served: Served):
    subject = await decide(served)
    await page.goto("/")
    await expect(row(page, subject)).to_be_visible()

    await page.keyboard.press("Tab")
    await expect(page.get_by_text("Skip to the content")).to_be_focused()
    for name in ("Decision Oracle", "Decisions", "Predictions", "Models", "Ask"):
        await page.keyboard.press("Tab")
        await expect(page.locator(":focus")).to_have_text(name)
    for field in ("#f-model", "#f-verdict", "#f-subject"):
        await page.keyboard.press("Tab")
        await expect(page.locator(field)).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(row(page, subject).locator("a")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator(".hero")).to_contain_text("Credit default said")
    await expect(page.locator("main")).to_be_focused()

    for role in ("banner", "navigation", "main", "contentinfo"):
        await expect(page.get_by_role(role)).to_have_count(1)


async def test_keyboard__alone__checks_a_decision(page: Page, served: Served):
    await page.goto(address(served, await ask(served)))
    await expect(page.locator("#check")).to_be_visible()

    await tab_to(page, "#rpc-url")
    await page.keyboard.type(served.chain.url)
    await page.keyboard.press("Tab")
    await expect(page.locator("#check")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status").filter(has_text="Everything holds")).to_be_visible()


async def test_keyboard__alone__asks_for_a_decision(page: Page, wallet: TestWallet, served: Served):
    await page.goto("/#/ask/credit-default")
    await expect(page.locator("#send")).to_be_visible()

    await tab_to(page, "#example")
    await page.keyboard.press("Enter")
    await page.locator("#feature-seniority").focus()
    await tab_to(page, "input[name=way]:checked")
    while not await page.get_by_label("My wallet").is_checked():
        await page.keyboard.press("ArrowUp")
    await tab_to(page, "#send")
    await page.keyboard.press("Enter")
    outcome = page.get_by_role("status").filter(has_text="The model said")
    await expect(outcome).to_be_visible()
    assert wallet.asked.count("eth_sendTransaction") == 1
