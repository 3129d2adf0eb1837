"""The README's ways into the oracle, at most eight lines each, run as they stand."""

from __future__ import annotations

import sys
from pathlib import Path

import httpx
import pytest

from oracle.chain.abi import Interface
from oracle.chain.contracts import DecisionContract
from oracle.chain.local import dev_account
from oracle.chain.rpc import RpcPool
from oracle.chain.signer import AccountSigner
from oracle.chain.toolchain import find_node
from tests.support.harness import CHAIN_ID, until
from tests.support.packaged import compile_against, installed_package
from tests.support.snippets import Snippet, snippets
from tests.support.up import ROOT, Ways

WAYS = {
    "You write dApps": ["solidity", "js", "js"],
    "You have MLOps tools, or a notebook": ["python", "python"],
    "You look": [""],
    "You check decisions": [""],
}
FOUND = [each for each in snippets(ROOT / "README.md") if each.place in WAYS]
CLIENT = ROOT / "dapp" / "client" / "src" / "index.ts"


def of(language: str) -> pytest.MarkDecorator:
    found = [each for each in FOUND if each.language == language]
    return pytest.mark.parametrize("snippet", found, ids=[each.lines[0][:40] for each in found])


def test_readme__has_a_way_for_everybody_in_at_most_eight_lines() -> None:
    for place, languages in WAYS.items():
        assert [each.language for each in FOUND if each.place == place] == languages
    assert [each.text for each in FOUND if len(each.lines) > 8] == []


@of("python")
def test_python__as_it_stands__runs(ways: Ways, snippet: Snippet) -> None:
    said = ways.run(sys.executable, "-c", ways.here(snippet.text))
    assert "final" in said or "run again" in said


@of("js")
def test_javascript__as_it_stands__runs(ways: Ways, snippet: Snippet, tmp_path: Path) -> None:
    packages = tmp_path / "node_modules"
    package = packages / "decision-oracle-client"  # as npm would install it, without a build
    package.mkdir(parents=True)
    (package / "package.json").write_text('{"type": "module", "exports": "./index.js"}')
    (package / "index.js").write_text(f'export * from "{CLIENT.as_uri()}";')
    (packages / "ethers").symlink_to(ROOT / "node_modules" / "ethers")
    script = tmp_path / "way.mjs"
    script.write_text(ways.here(snippet.text))
    said = ways.run(find_node(), script)
    assert "accept" in said or "Result" in said


@of("")
def test_terminal__as_it_stands__runs(ways: Ways, snippet: Snippet) -> None:
    said = ways.run("bash", "-ec", ways.here(snippet.text))
    assert "verified" in said or "order 1" in said or '"decisions"' in said


@of("solidity")
async def test_solidity__as_it_stands__is_asked_and_answered(
    ways: Ways, snippet: Snippet, tmp_path: Path
) -> None:
    await installed_package(tmp_path)
    (about,) = [line for line in (ROOT / "README.md").read_text().splitlines() if "--out" in line]
    command = about.split("`")[1]
    ways.run("bash", "-ec", command)
    consumer = (ways.shell.folder / command.split()[-1]).read_text()
    head = "// SPDX-License-Identifier: MIT\npragma solidity ^0.8.27;\n"
    made = compile_against(
        tmp_path, {"Lender.sol": head + snippet.text, "CreditDefaultConsumer.sol": consumer}
    )["Lender"]

    async with RpcPool([ways.rpc], chain_id=CHAIN_ID) as rpc:
        network = httpx.get(f"{ways.url}/readyz").json()["network"]
        signer = AccountSigner(rpc, dev_account(5, chain_id=CHAIN_ID))
        codec = Interface(made["abi"])
        model = await DecisionContract(rpc, network["contract"]).model_of(
            bytes.fromhex(httpx.get(f"{ways.url}/api/models/credit-default").json()["id"][2:]),
            block="latest",
        )
        assert model is not None
        code = made["bytecode"] + codec.encode_constructor(network["contract"])
        deployed = await signer.send_transaction(to=None, calldata=code)
        assert deployed.contract is not None
        loan = (9, 60, 73, 129, 0, 0, 800, 846, 1, 1, 0)
        sent = await signer.send_transaction(
            to=deployed.contract,
            calldata=codec.encode("ask", loan),
            value=model.fee_gwei * 10**9,
        )
        (request_id,) = {log.topics[1] for log in sent.logs if log.address == deployed.contract}

        async def granted() -> bool:
            body = await rpc.eth_call(
                deployed.contract, codec.encode("answerOf", request_id), block="latest"
            )
            return any(body)

        await until(granted)


def test_page__at_the_readmes_address__is_there(ways: Ways) -> None:
    (place,) = [
        line
        for line in (ROOT / "README.md").read_text().splitlines()
        if "shows decisions as they come" in line
    ]
    reply = httpx.get(ways.here(place.split("`")[1]))
    assert reply.status_code == 200, "run `make page`"
    assert "text/html" in reply.headers["content-type"]
