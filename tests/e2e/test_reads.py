"""Gasless reads from a page of another site: the browser lets it read `/ccip`, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from oracle.chain.deployment import deploy, plan_deployment
from oracle.chain.gateway import gateway_spec, publish, url_template
from oracle.chain.signer import AccountSigner
from tests.support.browser import PATIENCE_MS, bundled
from tests.support.harness import OPERATOR
from tests.support.page import Served

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("page")]

HTML = "<!doctype html><title>A dApp</title><script type=module src=reads.js></script>"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def site(folder: Path) -> Iterator[str]:
    """A web server of somebody else's; ``localhost`` is another site than the node's 127.0.0.1."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=folder)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()


@pytest_asyncio.fixture(loop_scope="session")
async def elsewhere(browser: Browser, tmp_path: Path) -> AsyncIterator[Page]:
    """A tab on that site, with the dApp's script in it."""
    (tmp_path / "reads.js").write_text(await bundled("reads.js"))
    (tmp_path / "index.html").write_text(HTML)
    with site(tmp_path) as url:
        context = await browser.new_context()
        page = await context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        await page.goto(url)
        await page.wait_for_function("!!globalThis.ask")
        yield page
        await context.close()


async def test_ask__from_a_page_of_another_site__is_the_models_answer(
    elsewhere: Page, served: Served
) -> None:
    world = served.world
    model, vector = world.model, world.model.vectors[0]
    spec = gateway_spec(world.contract.address)
    signer = AccountSigner(world.rpc, OPERATOR)
    await deploy(plan_deployment(others=[spec]), world.rpc, signer)
    call = {
        "rpc": served.chain.url,
        "gateway": str(spec.address),
        "modelId": "0x" + model.model_id.hex(),
        "input": "0x" + vector.input.hex(),
    }
    fetched: list[str] = []
    elsewhere.on("request", lambda r: fetched.append(f"{r.method} {r.url.split('/', 3)[3][:5]}"))
    for size, method in ((16, "GET"), (None, "POST")):
        urls = {model.model_id: [url_template(served.url, size)]}
        await publish(world.rpc, signer, str(spec.address), urls)
        found = await elsewhere.evaluate("(call) => ask(call)", call)
        assert found == {"value": str(vector.value), "trustLevel": 1}
        assert f"{method} ccip" in [each.rstrip("/") for each in fetched]


async def test_page_of_another_site__reads_and_writes_nothing_else(
    elsewhere: Page, served: Served
) -> None:
    before = await served.world.decisions()
    read = await elsewhere.evaluate("(url) => tryTo(url)", f"{served.url}/api/decisions")
    options = {"method": "POST", "body": "{}", "headers": {"content-type": "text/plain"}}
    write = await elsewhere.evaluate(
        "([url, options]) => tryTo(url, options)", [f"{served.url}/api/decisions", options]
    )
    assert (read, write) == ("TypeError", "TypeError"), "the browser shows the page neither"
    assert await served.world.decisions() == before
