"""``make screenshots``: the page as it looks, from a real node on a real chain."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
from playwright.async_api import Browser, Page, expect

from oracle.cli.logs import configure
from tests.support.browser import TestWallet, build_page, chromium
from tests.support.harness import REQUESTER
from tests.support.page import Served, served_node

INTO = Path(__file__).parents[1] / "docs" / "screenshots"
DESK, PHONE = (1280, 860), (390, 844)
Shot = Callable[[Page, Served, str], Awaitable[None]]


async def a_list(page: Page, served: Served, subject: str) -> None:
    """Decisions, as they arrive."""
    await page.goto("/")
    await expect(page.locator(".lines li").first).to_be_visible()


async def a_decision(page: Page, served: Served, subject: str) -> None:
    """One decision, explained."""
    await page.goto(f"/#/decision/0x{served.world.model.model_id.hex()}/{subject}")
    await expect(page.locator(".hero")).to_contain_text("said")


async def a_check(page: Page, served: Served, subject: str) -> None:
    """*Check it myself*, all of it."""
    await a_decision(page, served, subject)
    await page.fill("#rpc-url", served.chain.url)
    await page.locator("#check").click()
    await expect(page.locator(".outcome[data-outcome]")).to_be_visible()
    await page.locator("#check").evaluate(
        "button => scrollTo(0, button.getBoundingClientRect().top + scrollY - 260)"
    )


async def a_model(page: Page, served: Served, subject: str) -> None:
    """A model's page."""
    await page.goto("/#/model/credit-default")
    await expect(page.get_by_role("region", name="Its latest values")).to_be_visible()


async def asking(page: Page, served: Served, subject: str) -> None:
    """The form, filled in."""
    wallet = TestWallet(rpc=served.chain.url, account=str(REQUESTER.address))
    await wallet.inject(page)
    await page.goto("/#/ask/credit-default")
    await page.get_by_role("button", name="Fill in an example").click()
    await page.get_by_label("An example dApp").check()


async def asked(page: Page, served: Served, subject: str) -> None:
    """A dApp asked and was called back."""
    await asking(page, served, subject)
    await page.locator("#send").click()
    await expect(page.locator("#called-back")).to_be_visible()
    await page.locator("#outcome").scroll_into_view_if_needed()
    await page.evaluate("scrollTo(0, document.body.scrollHeight)")


SHOTS: tuple[tuple[str, Shot, tuple[int, int], str], ...] = (
    ("list", a_list, DESK, "light"),
    ("list-phone", a_list, PHONE, "dark"),
    ("decision", a_decision, DESK, "light"),
    ("decision-phone", a_decision, PHONE, "light"),
    ("check", a_check, DESK, "dark"),
    ("model", a_model, DESK, "light"),
    ("model-phone", a_model, PHONE, "dark"),
    ("ask", asking, DESK, "dark"),
    ("asked-phone", asked, PHONE, "light"),
)


async def seed(served: Served) -> str:
    """Decisions of every model, by everybody who can make one; a subject asked on chain."""
    async with httpx.AsyncClient(timeout=60) as http:
        for row in range(12):
            for model in served.world.store:
                vector = model.vectors[row % len(model.vectors)]
                body = {"model": model.name, "input": "0x" + vector.input.hex(), "wait": 20}
                (await http.post(f"{served.url}/api/decisions", json=body)).raise_for_status()
    vectors = served.world.model.vectors
    unsure = next(vector.input for vector in vectors if vector.verdict == "REVIEW")
    subjects = await served.world.ask(3, inputs=[vectors[0].input, vectors[4].input, unsure])
    await served.world.decided(subjects)
    await served.decide_elsewhere(bytes(31) + b"\7", row=5)
    return "0x" + subjects[1].hex()


async def take(browser: Browser, served: Served, subject: str) -> None:
    """All of them."""
    for name, shot, (width, height), scheme in SHOTS:
        context = await browser.new_context(
            base_url=served.url,
            viewport={"width": width, "height": height},
            device_scale_factor=2 if width == PHONE[0] else 1,
            color_scheme=scheme,  # type: ignore[arg-type]
            reduced_motion="reduce",
        )
        page = await context.new_page()
        await shot(page, served, subject)
        await expect(page.locator("#pulse")).to_have_text("live")
        await page.screenshot(path=INTO / f"{name}.png")
        await context.close()
        print(f"docs/screenshots/{name}.png")


async def main() -> None:
    """Start everything, look at it, stop it."""
    configure("error", "text")
    build_page()
    INTO.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        async with (
            chromium() as browser,
            served_node(Path(folder), name="credit-default", every_trust=True) as served,
        ):
            await take(browser, served, await seed(served))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
