"""One decision: explained to a person, and checked by their own browser."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from tests.e2e.test_list import decide
from tests.support.browser import TestWallet, Watched
from tests.support.harness import REQUESTER
from tests.support.page import Served

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("page")]


async def ask(served: Served) -> str:
    """An account asks on chain; the subject."""
    (asked,) = await served.world.ask()
    await served.world.decided([asked])
    return "0x" + asked.hex()


def address(served: Served, subject: str) -> str:
    return f"/#/decision/0x{served.world.model.model_id.hex()}/{subject}"


def part(page: Page, heading: str):
    return page.get_by_role("region", name=heading)


async def check(page: Page, served: Served, subject: str, *, rpc: str | None = None) -> None:
    """Press the button, with an endpoint of the visitor's own."""
    await page.goto(address(served, subject))
    await page.fill("#rpc-url", rpc or served.chain.url)
    await page.get_by_role("button", name="Check it myself").click()
    await expect(page.locator(".outcome[data-outcome]")).to_be_visible()


async def test_decision__asked_on_chain__is_explained_in_words(page: Page, served: Served):
    subject = await ask(served)
    await page.goto(address(served, subject))

    await expect(page.get_by_role("heading", level=1)).to_have_text(
        "The probability of default is below 0.250: the loan may be granted"
    )
    await expect(page.locator(".hero .said")).to_have_text("Credit default said 0.007")
    asked = part(page, "What was asked")
    start = str(REQUESTER.address)[:8]
    await expect(asked).to_contain_text(f"The account {start}")
    await expect(asked).to_contain_text("0.00005 ETH (50,000 gwei)")
    await expect(asked.get_by_role("row", name="seniority")).to_contain_text("years")
    await expect(asked.get_by_role("row", name="home")).to_contain_text("owner")
    said = part(page, "What the model said")
    await expect(said.get_by_role("img")).to_be_visible()
    rule = part(page, "Which rule applied")
    await expect(rule).to_contain_text("reject from 0.350, accept below 0.250")
    await expect(part(page, "Who vouched for it")).to_contain_text("One operator")
    cost = part(page, "What it cost")
    await expect(cost).to_contain_text(re.compile(r"Paid to the chain .*0\.0000\d+ ETH"))
    went = part(page, "How it went").locator("li strong")
    await expect(went).to_have_text(
        [
            "Seen on chain",
            "Accepted for work",
            "The model has spoken",
            "Vouched for",
            "Sent to the chain",
            "Final",
        ]
    )


async def test_decision__one_of_several_in_a_transaction__costs_its_share_and_is_checked(
    page: Page, served: Served
):
    asked = await served.world.ask_at_once(3)
    made = [d for d in await served.world.decided(asked) if d.prediction.subject in asked]
    assert len({each.tx_hash for each in made}) == 1
    await check(page, served, "0x" + asked[1].hex())
    await expect(page.locator(".outcome")).to_contain_text("Everything holds")
    cost = part(page, "What it cost")
    await expect(cost).to_contain_text("One of 3 decisions in a transaction: an equal share of it.")
    await expect(cost).to_contain_text(re.compile(r"Gas\s*[23]\d,\d{3}"))


async def test_check__honest_node__everything_holds(tab: tuple[Page, Watched], served: Served):
    page, seen = tab
    await check(page, served, await ask(served))

    await expect(page.locator(".outcome")).to_contain_text("Everything holds")
    outcomes = await page.locator(".steps li").evaluate_all(
        "all => all.map(e => e.dataset.outcome)"
    )
    assert set(outcomes) == {"right"}
    claims = await page.locator(".steps strong").all_inner_texts()
    for claim in (
        "The card is this model’s",
        "The model’s file is the one that the card names",
        "The model, run in this browser, says the same",
        "The operator signed exactly this",
        "The contract is the published one",
        "The contract holds this very decision",
        "The rule’s contract gives this verdict",
    ):
        assert claim in claims
    assert "/page/ort-wasm-simd-threaded.wasm" in seen.loaded
    assert served.chain.url.removeprefix("http://") in seen.hosts


async def test_check__through_the_wallet__everything_holds(
    page: Page, wallet: TestWallet, served: Served
):
    await page.goto(address(served, await ask(served)))
    await page.select_option("#rpc-choice", label="Test Wallet")
    await page.get_by_role("button", name="Check it myself").click()

    await expect(page.locator(".outcome")).to_contain_text("Everything holds")
    assert {"eth_chainId", "eth_call", "eth_getTransactionReceipt"} <= set(wallet.asked)


async def test_check__no_connection__says_that_the_chain_was_not_asked(page: Page, served: Served):
    await page.goto(address(served, await ask(served)))
    await page.get_by_role("button", name="Check it myself").click()

    await expect(page.locator(".outcome")).to_contain_text("some of it could not be checked")
    open_ = page.locator('.steps [data-outcome="open"]')
    await expect(open_).to_contain_text(["Your connection leads to the same chain"])


async def test_check__endpoint_away__is_not_taken_for_a_lie(page: Page, served: Served):
    subject = await ask(served)
    await page.route(f"{served.chain.url}/**", lambda route: route.abort())
    await check(page, served, subject)

    await expect(page.locator(".outcome")).to_contain_text("some of it could not be checked")
    await expect(page.locator('.steps [data-outcome="open"]')).to_have_count(1)


async def test_check__wallet_away__is_not_taken_for_a_lie(
    page: Page, wallet: TestWallet, served: Served
):
    wallet.away = True
    await page.goto(address(served, await ask(served)))
    await page.select_option("#rpc-choice", label="Test Wallet")
    await page.get_by_role("button", name="Check it myself").click()

    await expect(page.locator(".outcome")).to_contain_text("some of it could not be checked")
    open_ = page.locator('.steps [data-outcome="open"]')
    await expect(open_).to_contain_text(["Your connection leads to the same chain"])
    await expect(open_).to_contain_text(["disconnected"])


def _prediction(receipt: dict[str, Any]) -> None:
    receipt["prediction"]["outputHash"] = "0x" + "ab" * 32


def _input(receipt: dict[str, Any]) -> None:
    given = receipt["input"]["bytes"]
    receipt["input"]["bytes"] = given[:-1] + ("0" if given[-1] != "0" else "1")


def _card(receipt: dict[str, Any]) -> None:
    receipt["card"]["tolerance"] = 1000


def _block(receipt: dict[str, Any]) -> None:
    receipt["decision"]["blockHash"] = "0x" + "ab" * 32


def _signature(receipt: dict[str, Any]) -> None:
    raw = receipt["decision"]["evidence"]["raw"]
    receipt["decision"]["evidence"]["raw"] = raw[:-2] + ("00" if raw[-2:] != "00" else "01")


def _subject(receipt: dict[str, Any]) -> None:
    receipt["prediction"]["subject"] = "0x" + "ab" * 32


@pytest.mark.parametrize(
    ("alter", "claim"),
    [
        (_prediction, "The outputs are the ones that were signed for"),
        (_input, "The input is the one that was decided about"),
        (_card, "The card is this model’s"),
        (_block, "The decision’s block is in the chain"),
        (_signature, "The operator signed exactly this"),
        (_subject, "The receipt is about what is shown here"),
    ],
)
async def test_check__receipt_altered__fails_where_it_was(
    page: Page, served: Served, alter: Callable[[dict[str, Any]], None], claim: str
):
    subject = await ask(served)

    async def lie(route: Route) -> None:
        receipt = await (await route.fetch()).json()
        alter(receipt)
        await route.fulfill(json=receipt)

    await page.route("**/api/receipts/0x*", lie)
    await check(page, served, subject)

    await expect(page.locator(".outcome")).to_contain_text("Do not rely on it")
    wrong = page.locator('.steps [data-outcome="wrong"]')
    await expect(wrong).to_have_count(1)
    await expect(wrong).to_contain_text(claim)


@pytest.mark.parametrize(("field", "value"), [("value", "900"), ("verdict", "reject")])
async def test_check__page_shown_something_else__is_noticed(
    page: Page, served: Served, field: str, value: str
):
    subject = await ask(served)

    async def lie(route: Route) -> None:
        account = await (await route.fetch()).json()
        account["decision"][field] = value
        await route.fulfill(json=account)

    await page.route("**/api/decisions/0x*", lie)
    await check(page, served, subject)

    wrong = page.locator('.steps [data-outcome="wrong"]')
    await expect(wrong).to_contain_text(f"the page shows the {field} {value}")


async def test_check__model_file_altered__fails_where_it_was(page: Page, served: Served):
    async def other_file(route: Route) -> None:
        octets = bytearray(await (await route.fetch()).body())
        octets[-1] ^= 1
        await route.fulfill(body=bytes(octets))

    await page.route("**/api/models/*/files/model.onnx", other_file)
    await check(page, served, await ask(served))

    wrong = page.locator('.steps [data-outcome="wrong"]')
    await expect(wrong).to_contain_text("The model’s file is the one that the card names")


async def test_check__model_file_not_to_be_had__is_not_taken_for_a_lie(page: Page, served: Served):
    await page.route("**/api/models/*/files/*", lambda route: route.abort())
    await check(page, served, await ask(served))

    await expect(page.locator(".outcome")).to_contain_text("some of it could not be checked")
    open_ = page.locator('.steps [data-outcome="open"]')
    await expect(open_).to_contain_text(["The model’s file is the one that the card names"])
    await expect(page.locator('.steps [data-outcome="wrong"]')).to_have_count(0)


async def test_names__with_markup__are_only_text(page: Page, served: Served):
    async def markup(route: Route) -> None:
        model = json.loads(await (await route.fetch()).text())
        model["title"] = "<img src=x onerror=alert(1)>"
        await route.fulfill(json=model)

    await page.route("**/api/models/0x*", markup)
    await page.goto(address(served, await decide(served)))
    await expect(page.locator(".hero")).to_contain_text("<img src=x onerror")
    await expect(page.locator("main img")).to_have_count(0)


async def test_model__shows_its_card_record_and_spread(page: Page, served: Served):
    await decide(served)
    await page.goto("/#/model/credit-default")

    await expect(page.get_by_role("heading", level=1)).to_have_text("Credit default")
    await expect(part(page, "Its latest values").get_by_role("img")).to_be_visible()
    await expect(part(page, "What goes in").get_by_role("row", name="income")).to_be_visible()
    await expect(part(page, "Its card")).to_contain_text(served.world.model.card.model.onnx.sha256)
    await expect(part(page, "How good it is")).to_contain_text("AUC")
    before = await part(page, "What it decided").inner_text()
    await decide(served)
    await expect(part(page, "What it decided")).not_to_have_text(before)
