"""Seals and salts: the same as the contract's, bound to everything, derived without a memory."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from eth_abi.abi import encode

from oracle.core.canonical import keccak256
from oracle.core.errors import InvalidInput
from oracle.core.prediction import Prediction
from oracle.core.sealed import (
    Opening,
    RoundKey,
    SealedCommittee,
    Terms,
    encode_round,
    member_of,
    opening_of,
    round_of,
    salt_of,
    seal_of,
    secret_of,
)
from tests.support.vectors import octets, vectors

SEALS = vectors("seal")["seals"]


def read(item: dict[str, Any]) -> tuple[SealedCommittee, RoundKey, str, Opening]:
    committee = SealedCommittee(
        attestor=item["attestor"],
        chain_id=item["chainId"],
        members=tuple(item["members"]),
        threshold=3,
        terms=Terms(commit_window=1, reveal_window=1, bond=0, tolerance=None),
    )
    key = RoundKey(
        model_id=octets(item["round"]["modelId"]),
        subject=octets(item["round"]["subject"]),
        number=int(item["round"]["number"], 16),
    )
    opening = Opening(
        input_hash=octets(item["opening"]["inputHash"]),
        output_hash=octets(item["opening"]["outputHash"]),
        value=int(item["opening"]["value"]),
        confidence=item["opening"]["confidence"],
        salt=octets(item["opening"]["salt"]),
    )
    return committee, key, committee.members[item["member"]], opening


@pytest.mark.parametrize("item", SEALS)
def test_seal__vectors__are_the_contracts(item: dict[str, Any]) -> None:
    committee, key, operator, opening = read(item)
    seal = seal_of(committee, key, operator, opening)
    assert seal == octets(item["seal"])
    assert member_of(seal) == item["member"]


@pytest.mark.parametrize("item", SEALS)
def test_salt__from_the_key_alone__is_the_vectors(item: dict[str, Any]) -> None:
    committee, key, _, opening = read(item)
    assert salt_of(secret_of(octets(item["privateKey"])), committee, key) == opening.salt


def test_seal__any_part_differs__is_another() -> None:
    committee, key, operator, opening = read(SEALS[0])
    others = [
        seal_of(replace(committee, chain_id=2), key, operator, opening),
        seal_of(replace(committee, attestor=committee.members[1]), key, operator, opening),
        seal_of(committee, replace(key, model_id=b"m" * 32), operator, opening),
        seal_of(committee, replace(key, subject=b"s" * 32), operator, opening),
        seal_of(committee, replace(key, number=9), operator, opening),
        seal_of(committee, key, committee.members[2], opening),
        *(
            seal_of(committee, key, operator, replace(opening, **change))  # type: ignore[arg-type]
            for change in (
                {"input_hash": b"i" * 32},
                {"output_hash": b"o" * 32},
                {"value": 77},
                {"confidence": 78},
                {"salt": b"t" * 32},
            )
        ),
    ]
    hidden = {seal[:31] for seal in [seal_of(committee, key, operator, opening), *others]}
    assert len(hidden) == 12


def test_salt__another_round_chain_attestor_or_key__is_another() -> None:
    committee, key, *_ = read(SEALS[0])
    secret = secret_of(b"k" * 32)
    salts = {
        salt_of(secret, committee, key),
        salt_of(secret_of(b"l" * 32), committee, key),
        salt_of(secret, replace(committee, chain_id=5), key),
        salt_of(secret, replace(committee, attestor=committee.members[0]), key),
        salt_of(secret, committee, replace(key, number=1)),
        salt_of(secret, committee, replace(key, subject=b"s" * 32)),
        salt_of(secret, committee, replace(key, model_id=b"m" * 32)),
    }
    assert len(salts) == 7
    assert b"k" * 32 not in salts


def test_seal__a_stranger__has_none() -> None:
    committee, key, _, opening = read(SEALS[0])
    with pytest.raises(InvalidInput, match="no member"):
        seal_of(committee, key, "0x" + "11" * 20, opening)


def test_opening__of_a_prediction__leaves_its_time_out() -> None:
    said = Prediction(
        model_id=b"m" * 32,
        subject=b"s" * 32,
        input_hash=b"i" * 32,
        output_hash=b"o" * 32,
        value=3,
        confidence=4,
        predicted_at=5,
    )
    assert opening_of(said, b"t" * 32) == opening_of(replace(said, predicted_at=6), b"t" * 32)
    with pytest.raises(InvalidInput, match="32 bytes"):
        opening_of(said, b"short")


def test_opening__that_the_contract_takes_none_of__is_refused() -> None:
    said = Prediction(
        model_id=b"m" * 32,
        subject=b"s" * 32,
        input_hash=b"i" * 32,
        output_hash=b"o" * 32,
        value=-5,
        confidence=1_000_000,
        predicted_at=7,
    )
    assert opening_of(said, b"x" * 32).confidence == 1_000_000
    for length in (0, 31, 33):
        with pytest.raises(InvalidInput, match=f"a salt has 32 bytes, not {length}"):
            opening_of(said, b"x" * length)
    with pytest.raises(InvalidInput, match="confidence 1000001 is outside"):
        replace(said, confidence=1_000_001)


def test_evidence__of_a_round__comes_back() -> None:
    assert round_of(encode_round(3)) == 3
    with pytest.raises(InvalidInput, match="names no round"):
        round_of(b"\0" * 31)


@pytest.mark.parametrize(
    "wrong",
    [{"commit_window": 0}, {"reveal_window": 2**32}, {"bond": -1}, {"tolerance": 2**128}],
)
def test_terms__that_the_contract_refuses__are_refused(wrong: dict[str, int]) -> None:
    good: dict[str, Any] = {"commit_window": 1, "reveal_window": 1, "bond": 0, "tolerance": 0}
    with pytest.raises(InvalidInput):
        Terms(**{**good, **wrong})


def test_terms__labels_and_numbers__are_told_apart() -> None:
    labels = Terms(commit_window=6, reveal_window=7, bond=8, tolerance=None)
    numbers = Terms(commit_window=6, reveal_window=7, bond=8, tolerance=0)
    assert labels.as_abi() == (6, 7, 8, 0, 0)
    assert numbers.as_abi() == (6, 7, 8, 1, 0)
    assert labels.rule.tolerance is None


def test_structs__as_the_abi_takes_them__are_in_the_interfaces_order() -> None:
    committee, key, operator, opening = read(SEALS[0])
    types = ["uint256", "address", "bytes32", "bytes32", "uint256", "address"]
    types += ["bytes32", "bytes32", "int128", "uint32", "bytes32"]
    values = (committee.chain_id, committee.attestor, *key.as_abi(), operator, *opening.as_abi())
    assert keccak256(encode(types, values))[:31] == seal_of(committee, key, operator, opening)[:31]


TERMS = {"commit_window": 1, "reveal_window": 1, "bond": 0, "tolerance": None}


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("commit_window", 2**32 - 1),
        ("reveal_window", 2**32 - 1),
        ("bond", 2**96 - 1),
        ("tolerance", 2**128 - 1),
    ],
)
def test_terms__up_to_what_the_contract_holds__are_taken(name: str, most: int) -> None:
    assert getattr(Terms(**{**TERMS, name: most}), name) == most  # type: ignore[arg-type]
    with pytest.raises(InvalidInput):
        Terms(**{**TERMS, name: most + 1})  # type: ignore[arg-type]
