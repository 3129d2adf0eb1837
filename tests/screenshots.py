"""``make screenshots``: the page as it looks, from a real node on a real chain."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from playwright.async_api import Browser, Page, expect

from oracle.cli.logs import configure
from tests.support.browser import TestWallet, build_page, chromium
from tests.support.committee import committee
from tests.support.harness import REQUESTER, World
from tests.support.page import ANCHORED, SEALED, Served, served_node

INTO = Path(__file__).parents[1] / "docs" / "screenshots"
DESK, TALL, PHONE = (1280, 860), (1280, 1060), (390, 844)
Shot = Callable[[Page, Served, str], Awaitable[None]]


async def a_list(page: Page, served: Served, subject: str) -> None:
    """Decisions, as they arrive."""
    await page.goto("/")
    await expect(page.locator(".lines li").first).to_be_visible()


async def a_decision(page: Page, served: Served, subject: str) -> None:
    """One decision, explained."""
    await page.goto(f"/#/decision/0x{served.world.model.model_id.hex()}/{subject}")
    await expect(page.locator(".hero")).to_contain_text("said")


async def a_vote(page: Page, url: str, world: World) -> None:
    """A decision that four members voted about, from where their votes are on."""
    (asked,) = await world.ask(inputs=[world.model.vectors[0].input])
    await world.decided([asked])
    await page.goto(f"{url}/#/decision/0x{world.model.model_id.hex()}/0x{asked.hex()}")
    await scroll_to(page, "Who voted")


async def scroll_to(page: Page, heading: str) -> None:
    """Begin a little above a section."""
    section = page.get_by_role("region", name=heading)
    await expect(section).to_be_visible()
    await section.evaluate("it => scrollTo(0, it.getBoundingClientRect().top + scrollY - 150)")


async def predictions(page: Page, served: Served, subject: str) -> None:
    """Predictions without a decision: some anchored, the last ones only promised."""
    await page.goto("/#/predictions")
    await expect(page.locator(".lines li").first).to_be_visible()


async def a_prediction(page: Page, served: Served, subject: str) -> None:
    """An anchored prediction with its path."""
    await page.goto("/#/predictions?state=anchored")
    await page.locator(".lines li a").first.click()
    await scroll_to(page, "Its path to the chain")


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
    await page.evaluate("scrollTo(0, 0)")


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
    ("predictions", predictions, DESK, "light"),
    ("prediction", a_prediction, DESK, "dark"),
    ("prediction-phone", a_prediction, PHONE, "light"),
    ("check", a_check, DESK, "dark"),
    ("model", a_model, DESK, "light"),
    ("model-phone", a_model, PHONE, "dark"),
    ("ask", asking, TALL, "dark"),
    ("asked-phone", asked, PHONE, "light"),
)


async def seed(served: Served) -> str:
    """Decisions of every model, by everybody who can make one, and predictions without any; a
    subject asked on chain.
    """
    store = served.world.store
    async with httpx.AsyncClient(base_url=served.url, timeout=60) as http:
        for row in range(12):
            for model in store:
                if model.name in (ANCHORED, SEALED):
                    continue
                vector = model.vectors[row % len(model.vectors)]
                body = {"model": model.name, "input": "0x" + vector.input.hex(), "wait": 20}
                (await http.post("/api/decisions", json=body)).raise_for_status()
    await served.until_anchored(await promise(served, range(12)))
    await served.ask(SEALED)
    vectors = served.world.model.vectors
    unsure = next(vector.input for vector in vectors if vector.verdict == "REVIEW")
    subjects = await served.world.ask(3, inputs=[vectors[0].input, vectors[4].input, unsure])
    await served.world.decided(subjects)
    await served.decide_elsewhere(bytes(31) + b"\7", row=5)
    return "0x" + subjects[1].hex()


async def promise(served: Served, rows: range) -> str:
    """Have predictions promised; the first one's id."""
    vectors = served.world.store.find(ANCHORED).vectors
    inputs = [{"input": "0x" + vectors[row % len(vectors)].input.hex()} for row in rows]
    async with httpx.AsyncClient(base_url=served.url, timeout=60) as http:
        reply = await http.post("/api/predictions", json={"model": ANCHORED, "rows": inputs})
    return str(reply.raise_for_status().json()["predictions"][0]["id"])


@asynccontextmanager
async def shot(
    browser: Browser, name: str, size: tuple[int, int], scheme: str, url: str
) -> AsyncIterator[Page]:
    """A tab, whose picture is taken at the end."""
    context = await browser.new_context(
        base_url=url,
        viewport={"width": size[0], "height": size[1]},
        device_scale_factor=2 if size == PHONE else 1,
        color_scheme=scheme,  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    page = await context.new_page()
    yield page
    await expect(page.locator("#pulse")).to_have_text("live")
    await page.screenshot(path=INTO / f"{name}.png")
    await context.close()
    print(f"docs/screenshots/{name}.png")


async def of_one_node(browser: Browser, folder: Path) -> None:
    """All but the votes."""
    async with served_node(folder, name="credit-default", every_trust=True) as served:
        subject = await seed(served)
        with served.anchoring_held():
            await promise(served, range(3, 6))
            for name, show, size, scheme in SHOTS:
                async with shot(browser, name, size, scheme, served.url) as page:
                    await show(page, served, subject)


async def of_a_committee(browser: Browser, folder: Path) -> None:
    """Four members that vote on chain."""
    async with committee(folder, name=SEALED, sealed=(600, 600, 10**16)) as members:
        url = members.url(0)
        async with shot(browser, "vote", DESK, "light", url) as page:
            await a_vote(page, url, members.world)


async def main() -> None:
    """Start everything, look at it, stop it."""
    configure("error", "text")
    build_page()
    INTO.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as four:
        async with chromium() as browser:
            await of_one_node(browser, Path(one))
            await of_a_committee(browser, Path(four))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
