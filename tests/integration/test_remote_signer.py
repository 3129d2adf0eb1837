"""A key that Web3Signer or Clef holds: what is signed is what was asked for, or nothing is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from eth_account import Account

from oracle.chain.gateway import AskCall
from oracle.chain.local import LocalChain
from oracle.chain.remote_key import RemoteKey, SignerKind
from oracle.chain.signed import read_signed
from oracle.core.errors import ChainError, ConfigError, Transient
from oracle.core.lifecycle import State
from oracle.core.prediction import Prediction
from oracle.core.promise import promise_message
from oracle.core.quorum import Committee
from oracle.core.signatures import signer_of
from oracle.core.typed_data import TypedMessage
from oracle.journal import Journal, votes
from oracle.node.anchoring.filed import filed
from oracle.node.anchoring.promise import Asked, promise
from oracle.node.node import Node
from oracle.node.readiness import readiness
from oracle.node.reading import Reader
from tests.support.desk import BY_ADDRESS as MEMBERS
from tests.support.desk import COMMITTEE, ME, MODEL, SUBJECT, Desk, proposal, said
from tests.support.harness import (
    CHAIN_ID,
    OPERATOR,
    OPTIONS,
    REQUESTER,
    World,
    deployed_world,
    request_of,
    until,
    wired_node,
)
from tests.support.signer_stand_in import StandIn, stand_in

LOG = "0x0B0b0b0b0B0B0B0B0b0b0b0b0B0B0B0B0B0b0B0b"
SAID = Prediction(
    model_id=b"m" * 32,
    subject=b"s" * 32,
    input_hash=b"i" * 32,
    output_hash=b"o" * 32,
    value=-(2**127),  # beyond what a JSON number holds
    confidence=1_000_000,
    predicted_at=2**40 - 1,
)
FIELDS = {
    "type": 2,
    "chainId": CHAIN_ID,
    "nonce": 0,
    "to": LOG,
    "value": 0,
    "data": b"\x01\x02",
    "gas": 90_000,
    "maxFeePerGas": 10**10,
    "maxPriorityFeePerGas": 1,
}
LEGACY = {k: v for k, v in FIELDS.items() if k not in ("type", "to") and "Fee" not in k} | {
    "gasPrice": 10**9
}
BOTH = pytest.mark.parametrize("signer", ["web3signer", "clef"], indirect=True)
TRIO = Committee(
    attestor=LOG,
    chain_id=CHAIN_ID,
    members=(str(OPERATOR.address), str(REQUESTER.address)),
    threshold=2,
)
MESSAGES = [
    SAID.message(CHAIN_ID, LOG),
    TRIO.opinion(SAID),
    TRIO.message('{"from":"0x…","text":"ä\\n"}'.encode()),
    promise_message(chain_id=CHAIN_ID, log=LOG, prediction=SAID, anchor_by=2**40 - 1),
]


@pytest_asyncio.fixture
async def signer(request: pytest.FixtureRequest) -> AsyncIterator[StandIn]:
    async with stand_in(request.param, OPERATOR, CHAIN_ID) as running:
        yield running


@pytest_asyncio.fixture
async def key(signer: StandIn) -> AsyncIterator[RemoteKey]:
    found = RemoteKey(SignerKind(signer.kind), signer.url, OPERATOR.address, timeout=5)
    yield found
    await found.close()


@BOTH
@pytest.mark.parametrize("message", MESSAGES, ids=lambda each: each.primary_type)
async def test_sign__each_kind_of_message__is_as_a_local_key_signs_it(
    key: RemoteKey, signer: StandIn, message: TypedMessage
) -> None:
    """The stand-in encodes the JSON by itself, so both agree on every field."""
    signature = await key.sign(message)
    assert signer_of(message.digest, signature) == OPERATOR.address
    assert signer.signed[0]["primaryType"] == message.primary_type


@BOTH
@pytest.mark.parametrize("fields", [FIELDS, LEGACY], ids=["EIP-1559", "legacy, creating"])
async def test_sign_transaction__is_what_a_local_key_signs(
    key: RemoteKey, fields: dict[str, Any]
) -> None:
    raw = await key.sign_transaction(fields)
    assert raw == bytes(OPERATOR.sign_transaction(fields).raw_transaction)
    assert read_signed(raw).sender == OPERATOR.address


@BOTH
@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        ("another key", "signed another"),
        ("garbage", "signature|another transaction"),
        ("denies", "Request denied|No unlocked account"),
        ("other gas", "fields are not those of nonce 0"),
    ],
)
async def test_signer__that_signs_otherwise_or_not_at_all__is_not_believed(
    key: RemoteKey, signer: StandIn, behaviour: str, words: str
) -> None:
    signer.behaviour = behaviour
    with pytest.raises(ChainError, match=words) as raised:
        await key.sign_transaction(FIELDS)
    if behaviour != "other gas":
        with pytest.raises(ChainError, match=words):
            await key.sign(MESSAGES[0])
    assert not isinstance(raised.value, Transient)


@BOTH
async def test_signer__of_another_chain__is_refused(key: RemoteKey, signer: StandIn) -> None:
    """Web3Signer signs for the chain it is configured with, whatever it is asked."""
    signer.chain_id = 1
    with pytest.raises(ChainError, match=r"for chain 1, not 31337|does not match"):
        await key.sign_transaction(FIELDS)


@BOTH
async def test_signer__that_hangs_or_drops__is_given_up_in_time(signer: StandIn) -> None:
    key = RemoteKey(SignerKind(signer.kind), signer.url, OPERATOR.address, timeout=0.2)
    signer.behaviour = "hangs"
    began = time.monotonic()
    with pytest.raises(Transient, match=r"did not answer .* in 0.2 s"):
        await key.sign(MESSAGES[0])
    assert time.monotonic() - began < 5
    signer.behaviour = "drops"
    with pytest.raises(Transient, match="can not be reached"):
        await key.sign_transaction(FIELDS)
    await key.close()


@BOTH
async def test_sign__high_s__is_brought_to_the_form_that_contracts_take(
    key: RemoteKey, signer: StandIn
) -> None:
    plain = await key.sign(MESSAGES[0])
    signer.behaviour = "high s"
    assert await key.sign(MESSAGES[0]) == plain


@BOTH
async def test_seed__is_the_same_each_time_and_needs_a_deterministic_signer(
    key: RemoteKey, signer: StandIn
) -> None:
    again = RemoteKey(SignerKind(signer.kind), signer.url, OPERATOR.address)
    assert await key.seed() == await again.seed()
    assert len(await key.seed()) == 32
    fresh = RemoteKey(SignerKind(signer.kind), signer.url, OPERATOR.address)
    signer.behaviour = "random"
    assert signer_of(MESSAGES[0].digest, await fresh.sign(MESSAGES[0])) == OPERATOR.address
    with pytest.raises(ChainError, match="differently each time"):
        await fresh.seed()
    for each in (again, fresh):
        await each.close()


@pytest.mark.parametrize("signer", ["web3signer"], indirect=True)
async def test_check__key_that_the_signer_does_not_have__is_named(signer: StandIn) -> None:
    key = RemoteKey(SignerKind.WEB3SIGNER, signer.url, REQUESTER.address)
    with pytest.raises(ConfigError, match=f"no key of {REQUESTER.address}"):
        await key.check()
    await key.close()


async def test_errors__never_show_the_signers_credentials() -> None:
    key = RemoteKey(SignerKind.CLEF, "http://user:planted@127.0.0.1:9/planted", OPERATOR.address)
    with pytest.raises(Transient) as raised:
        await key.check()
    assert "127.0.0.1:9" in str(raised.value)
    assert "planted" not in f"{raised.value}{key!r}"
    await key.close()


@asynccontextmanager
async def node_of(key: RemoteKey, world: World, folder: Path) -> AsyncIterator[Node]:
    """A running node whose key is elsewhere."""
    options = replace(OPTIONS, anchor_every=0.2)
    place = {"rpc_url": world.url, "contract": world.contract.address, "folder": folder}
    async with wired_node(**place, account=key, options=options) as node:
        running = asyncio.create_task(node.run())
        try:
            yield node
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running


@BOTH
async def test_node__key_held_elsewhere__answers_reads_and_outlives_the_signers_absence(
    signer: StandIn, key: RemoteKey, chain: LocalChain, tmp_path: Path
) -> None:
    async with (
        deployed_world(chain.url) as world,
        node_of(key, world, tmp_path) as node,
    ):
        (first,) = await world.ask()
        await world.decided([first])
        reader, model = Reader(node), world.model
        call = AskCall(
            chain_id=CHAIN_ID,
            model_id=model.model_id,
            input=model.vectors[0].input,
            as_of=await world.rpc.timestamp("latest"),
        )
        reading = await reader.ask(call)
        message = reading.prediction.message(CHAIN_ID, reader.gateway)
        r_s, v = reading.evidence[:64], reading.evidence[64]
        assert Account._recover_hash(message.digest, vrs=vrs(r_s, v)) == OPERATOR.address

        signer.behaviour = "drops"
        (second,) = await world.ask()

        async def noticed() -> bool:
            return "loop:sending" in {check.name for check in await readiness(node)}

        await until(noticed)
        checks = {check.name: check for check in await readiness(node)}
        assert not checks["signer"].ok
        assert "can not be reached" in checks["signer"].what
        assert (await request_of(node, world, second)).state is State.VOUCHED
        signer.behaviour = "honest"
        made = await world.decided([second])
        assert [each.prediction.subject for each in made] == [first, second]

        async def well() -> bool:
            return all(check.ok for check in await readiness(node))

        await until(well)


@BOTH
async def test_node__key_held_elsewhere__signs_promises_and_keeps_them(
    signer: StandIn, key: RemoteKey, chain: LocalChain, tmp_path: Path
) -> None:
    async with (
        deployed_world(chain.url, anchored=True) as world,
        node_of(key, world, tmp_path) as node,
    ):
        rows = [Asked(input=vector.input) for vector in world.model.vectors[:3]]
        made = await promise(node.parts, world.model.model_id, rows)

        async def anchored() -> bool:
            return all([(await filed(node.parts, each.receipt_id)).is_anchored for each in made])

        await until(anchored)
        (asked,) = await world.ask()
        await world.decided([asked])
    assert [each["primaryType"] for each in signer.signed] == ["Promise"] * 4


def vrs(r_s: bytes, v: int) -> tuple[int, int, int]:
    return v, int.from_bytes(r_s[:32], "big"), int.from_bytes(r_s[32:], "big")


@BOTH
async def test_member__that_votes_on_chain__derives_its_salts_from_a_signature(
    signer: StandIn, key: RemoteKey, chain: LocalChain, tmp_path: Path
) -> None:
    alone = ([str(OPERATOR.address)], 1)
    async with (
        deployed_world(chain.url, committee=alone, sealed=(600, 600, 10**15)) as world,
        node_of(key, world, tmp_path),
    ):
        (asked,) = await world.ask()
        (made,) = await world.decided([asked])
        assert made.trust_level == 3
    assert {each["primaryType"] for each in signer.signed} == {"Seed"}


@BOTH
async def test_vote__of_a_member_whose_key_is_elsewhere__is_asked_for_once(
    signer: StandIn, tmp_path: Path
) -> None:
    """What is voted for is on record before any signer hears of it, and never changes."""
    async with stand_in(signer.kind, MEMBERS[ME], CHAIN_ID) as own:
        key = RemoteKey(SignerKind(own.kind), own.url, ME, timeout=5)
        async with await Journal.at(tmp_path / "journal.db").open({}) as journal:
            desk = Desk(journal)
            desk.parts.account = key
            await desk.compute()
            await desk.ask()
            own.behaviour = "denies"
            with pytest.raises(ChainError, match="refuses"):
                await desk.propose(proposal(700, 700, 700))
            standing = await journal.read(lambda db: votes.find_vote(db, MODEL, SUBJECT))
            assert standing is not None
            assert standing.signature == votes.UNSIGNED

            own.behaviour = "honest"
            await desk.ask(own=701)
            reply = await desk.propose(proposal(701, 701, 701, prediction=701))
            assert reply.earlier == proposal(700, 700, 700)
            assert reply.vote is not None
            assert signer_of(COMMITTEE.vote_digest(said(700)), reply.vote) == ME
            again = await desk.propose(proposal(700, 700, 700))
            assert again.vote == reply.vote
        await key.close()
    voted = [each["message"]["value"] for each in own.signed if each["primaryType"] == "Prediction"]
    assert set(voted) == {"700"}, "no second prediction was ever shown to the signer"
