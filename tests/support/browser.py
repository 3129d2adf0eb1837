"""A headless Chromium with a wallet, and an eye on what the page must not do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from hatch_build import bundle
from oracle.api import page as served_page
from oracle.chain.toolchain import find_node
from tests.support.needs import program

ROOT = Path(__file__).parents[2]
LIVE = ROOT / "tests" / "js" / "live"
IN_BROWSERS = ("browser.js", "reads.js")
"""What other sites' pages run in the tests."""
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MS = 30_000
_ANNOUNCE = """
const info = {uuid: "5d1e6c4e-0f0e-4b5e-9d1c-0c0ffee00001", name: "Test Wallet",
  rdns: "org.example.wallet",
  icon: "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'/>"};
const request = async ({method, params}) => {
  const {result, error} = await window.askWallet(method, params ?? []);
  if (error) throw Object.assign(new Error(error.message), error);
  return result;
};
const announce = () => dispatchEvent(new CustomEvent("eip6963:announceProvider",
  {detail: Object.freeze({info, provider: {request}})}));
addEventListener("eip6963:requestProvider", announce);
announce();
"""
_REPORT = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
"""


def build_page() -> None:
    """Bundle the page where it is missing or older than what it is made of."""
    if bundle(ROOT):
        served_page._packed.cache_clear()


_BUNDLES: dict[str, str] = {}


async def bundled(name: str) -> str:
    """One of ``IN_BROWSERS`` with all that it imports; bundled together, once."""
    if not _BUNDLES:
        with TemporaryDirectory() as folder:
            process = await asyncio.create_subprocess_exec(
                find_node(),
                ROOT / "node_modules" / "esbuild-wasm" / "bin" / "esbuild",
                *(LIVE / each for each in IN_BROWSERS),
                *("--bundle", "--format=esm", "--target=es2022", "--log-level=error"),
                f"--outdir={folder}",
                cwd=ROOT,
            )
            assert await process.wait() == 0
            _BUNDLES.update({each: (Path(folder) / each).read_text() for each in IN_BROWSERS})
    return _BUNDLES[name]


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """The browser that is installed."""
    executable = program("chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=executable, headless=True, args=list(ARGUMENTS)
        )
        yield browser
        await browser.close()


@dataclass
class Watched:
    """What a visit did that it must not do, and what it loaded.

    Attributes:
        faults: errors of scripts, and what the page's policy refused.
        hosts: whom it talked to.
        loaded: the paths that it fetched.
    """

    faults: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    loaded: list[str] = field(default_factory=list)


async def watch(context: BrowserContext) -> tuple[Page, Watched]:
    """A new tab whose faults are noted."""
    seen = Watched()
    page = await context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    await page.add_init_script(_REPORT)

    def note(request: Any) -> None:
        url = httpx.URL(request.url)
        if url.scheme != "data":
            seen.hosts.add(f"{url.host}:{url.port}")
            seen.loaded.append(url.path)

    def said(message: Any) -> None:
        # A refused request is told by Chromium itself; what the page makes of it is what counts.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            seen.faults.append(message.text)

    page.on("request", note)
    page.on("console", said)
    page.on("pageerror", lambda error: seen.faults.append(str(error)))
    return page, seen


@dataclass
class TestWallet:
    """A wallet that announces itself to pages (EIP-6963) and signs with a development account.

    Attributes:
        declines: whether its owner says no to what it is asked to sign.
        chain: the chain id that it says it is on, before it is asked to switch.
        away: whether it answers nothing but that it is disconnected (EIP-1193).
    """

    __test__ = False

    rpc: str
    account: str
    declines: bool = False
    chain: int | None = None
    away: bool = False
    asked: list[str] = field(default_factory=list)

    async def inject(self, page: Page) -> None:
        """Be in the page before its scripts run."""
        await page.expose_function("askWallet", self._answer)
        await page.add_init_script(_ANNOUNCE)

    async def _answer(self, method: str, params: list[Any]) -> dict[str, Any]:
        self.asked.append(method)
        if self.away:
            return {"error": {"code": 4900, "message": "The wallet is disconnected."}}
        if self.declines and method in ("eth_requestAccounts", "eth_sendTransaction"):
            return {"error": {"code": 4001, "message": "User rejected the request."}}
        match method:
            case "eth_requestAccounts" | "eth_accounts":
                return {"result": [self.account]}
            case "eth_chainId" if self.chain is not None:
                return {"result": hex(self.chain)}
            case "wallet_switchEthereumChain":
                self.chain = int(params[0]["chainId"], 16)
                return {"result": None}
        async with httpx.AsyncClient(timeout=30) as http:
            call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
            answer = (await http.post(self.rpc, json=call)).json()
        return {key: answer[key] for key in ("result", "error") if key in answer}
