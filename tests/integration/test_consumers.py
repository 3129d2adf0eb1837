"""The contract that ``oracle model contract`` writes, for every bundled model: compiled against the
packed npm package, deployed, asked, answered by a node, its answer decoded.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from eth_utils.crypto import keccak

from oracle.chain.abi import Interface
from oracle.chain.local import local_chain
from oracle.chain.npm_package import write_package
from oracle.chain.signer import AccountSigner
from oracle.core.consumer_source import consumer_source, contract_name
from oracle.core.errors import InvalidInput, Reverted
from oracle.core.model_card import ClassHead
from oracle.core.packed import decode_packed
from oracle.core.policy import Verdict
from oracle.core.transaction import GWEI
from oracle.inference.store import CardStore
from tests.support.harness import MODELS, REQUESTER, World, deployed_world, running_node, until
from tests.support.packaged import ROOT, compile_against, installed_package

pytestmark = pytest.mark.asyncio(loop_scope="module")

OUT_OF_RANGE = keccak(text="OutOfRange(string)")[:4]
NAMES = sorted(model.name for model in CardStore.open(MODELS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A world with a running node, and the compiled consumers by name."""

    world: World
    compiled: dict[str, dict[str, Any]]

    @property
    def signer(self) -> AccountSigner:
        return AccountSigner(self.world.rpc, REQUESTER)

    async def deploy(self, name: str, *arguments: Any) -> tuple[str, Interface]:
        codec = Interface(self.compiled[name]["abi"])
        code = self.compiled[name]["bytecode"] + codec.encode_constructor(*arguments)
        receipt = await self.signer.send_transaction(to=None, calldata=code)
        assert receipt.contract is not None
        return receipt.contract, codec

    async def read(self, address: str, codec: Interface, function: str, *given: Any) -> Any:
        body = await self.world.rpc.eth_call(
            address, codec.encode(function, *given), block="latest"
        )
        found = codec.decode_output(function, body)
        return found if len(found) > 1 else next(iter(found.values()))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dApp's folder with the package installed."""
    project = tmp_path_factory.mktemp("dapp")
    await installed_package(project)
    return project


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(package: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    folder = tmp_path_factory.mktemp("consumers")
    sources = {
        f"{contract_name(model.card)}.sol": consumer_source(model.card, model.model_id)
        for model in CardStore.open(MODELS)
    }
    compiled = compile_against(package, sources)
    async with (
        local_chain(folder=folder) as chain,
        deployed_world(chain.url) as world,
        running_node(world, folder),
    ):
        yield Stage(world=world, compiled=compiled)


@pytest.mark.parametrize("name", NAMES)
async def test_consumer__asked__keeps_the_nodes_answer(stage: Stage, name: str) -> None:
    world, model = stage.world, stage.world.store.find(name)
    address, codec = await stage.deploy(contract_name(model.card), world.contract.address)
    assert model.policy is not None
    fee = await stage.read(address, codec, "fee")
    assert fee == model.policy.fee_gwei * GWEI
    vector = model.vectors[0]
    given = tuple(decode_packed(model.card.input.features, vector.input))

    assert await stage.read(address, codec, "packed", given) == vector.input
    assert await stage.read(address, codec, "MODEL_ID") == model.model_id
    receipt = await stage.signer.send_transaction(
        to=address,
        calldata=codec.encode("ask", given),
        value=fee,
    )
    asked = [codec.decode_event(log) for log in receipt.logs if log.address == address]
    assert asked[0] is not None
    name_of_event, fields = asked[0]
    assert name_of_event == "Asked"

    answer: dict[str, Any] = {}

    async def answered() -> bool:
        nonlocal answer
        answer = await stage.read(address, codec, "answerOf", fields["requestId"])
        return bool(answer["decidedAt"])

    await until(answered)
    assert answer["label" if model.card.labels else "value"] == vector.value
    assert answer["confidence"] == vector.confidence
    assert Verdict(answer["verdict"]).name == vector.verdict
    assert answer["trustLevel"] == 1


@pytest.mark.parametrize("name", NAMES)
async def test_consumer__number_outside_the_models_range__is_refused(
    stage: Stage, name: str
) -> None:
    """The node would not answer; the fee would wait for the deadline."""
    world, model = stage.world, stage.world.store.find(name)
    address, codec = await stage.deploy(contract_name(model.card), world.contract.address)
    features = model.card.input.features
    honest = decode_packed(features, model.vectors[0].input)
    refused = []
    for place, feature in enumerate(features):
        low, high = feature.bounds
        for beyond in (low - 1, high + 1):
            least = -(1 << feature.bits - 1) if feature.signed else 0
            if feature.labels or not least <= beyond < 1 << (feature.bits - feature.signed):
                continue  # the type refuses it
            given = (*honest[:place], beyond, *honest[place + 1 :])
            with pytest.raises(Reverted) as caught:
                await stage.read(address, codec, "packed", given)
            assert caught.value.arguments["raw"][:4] == OUT_OF_RANGE
            refused.append(feature.name)
    assert refused
    assert await stage.read(address, codec, "packed", tuple(honest)) == model.vectors[0].input


async def test_consumer__labels__are_an_enum_in_the_cards_order(stage: Stage) -> None:
    card = stage.world.store.find("wine-origin").card
    abi = stage.compiled[contract_name(card)]["abi"]
    (answer_of,) = (item for item in abi if item.get("name") == "answerOf")
    assert answer_of["outputs"][0]["internalType"].endswith(".Label")


async def test_package__is_npms__and_names_what_it_needs(package: Path) -> None:
    folder = package / "node_modules" / "decision-oracle"
    manifest = json.loads((folder / "package.json").read_text())
    assert manifest["name"] == "decision-oracle"
    assert set(manifest["peerDependencies"]) == {"@openzeppelin/contracts"}
    assert not (folder / "contracts" / "mocks").exists()
    abi = json.loads((folder / "abi" / "IDecisionGateway.json").read_text())
    assert {"ask", "find"} <= {item.get("name") for item in abi}


async def test_package__what_dapps_import__compiles_by_itself(package: Path) -> None:
    folder = package / "node_modules" / "decision-oracle" / "contracts"
    imports = "".join(
        f'import "decision-oracle/contracts/{path.relative_to(folder).as_posix()}";\n'
        for path in sorted(folder.rglob("*.sol"))
        if "interfaces" in path.parts or "consumer" in path.parts
    )
    head = "// SPDX-License-Identifier: MIT\npragma solidity ^0.8.27;\n"
    source = head + imports + "contract Everything {}\n"
    assert "Everything" in compile_against(package, {"Everything.sol": source})


async def test_package__folder_of_something_else__is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(InvalidInput, match="something else"):
        write_package(ROOT, tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


async def test_consumer__the_documented_dapp__compiles(package: Path, stage: Stage) -> None:
    text = (ROOT / "docs" / "dapps.md").read_text()
    (shown,) = re.findall(r"```solidity\n(.*?)```", text, re.DOTALL)
    model = stage.world.store.find("wine-origin")
    written = consumer_source(model.card, model.model_id)
    assert "Cellar" in compile_against(package, {"Cellar.sol": written + shown})


async def test_consumer__card_of_hostile_words__compiles(package: Path, stage: Stage) -> None:
    card = stage.world.store.find("credit-default").card
    words = [
        "mapping",
        "int8",
        "7 days",
        "a-b",
        "a b",
        "*/ } @evil",
        "Größe",
        "",
        "_",
        "Label",
        "x",
    ]
    features = tuple(
        replace(feature, name=word, description="@param\n*/ x", labels=("no", "no", "1", "\u202e"))
        for feature, word in zip(card.input.features, words, strict=True)
    )
    nasty = replace(
        card,
        description="line\nline */ @dev",
        input=replace(card.input, features=features),
        head=ClassHead(
            output="probabilities",
            labels=("part-time", "part time"),
            ambiguous=Decimal(0),
            scores="any",
        ),
    )
    compiled = compile_against(package, {"Nasty.sol": consumer_source(nasty, bytes(32))})
    assert contract_name(card) in compiled


async def test_consumer__model_of_tensors__takes_bytes(package: Path, stage: Stage) -> None:
    card = stage.world.store.find("delivery-time").card
    free = replace(card, input=replace(card.input, encoding="tensors", features=()))
    compiled = compile_against(package, {"Free.sol": consumer_source(free, bytes(32))})
    (ask,) = (i for i in compiled[contract_name(card)]["abi"] if i.get("name") == "ask")
    assert [given["type"] for given in ask["inputs"]] == ["bytes"]


async def test_consumer__wants_more_trust__refuses_one_signer(package: Path, stage: Stage) -> None:
    model = stage.world.store.find("delivery-time")
    source = consumer_source(model.card, model.model_id, trust_level=2)
    stage.compiled.update(compile_against(package, {"Strict.sol": source}))
    name = contract_name(model.card)
    address, codec = await stage.deploy(name, stage.world.contract.address)
    assert await stage.read(address, codec, "requiredTrustLevel") == 2
