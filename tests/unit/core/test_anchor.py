"""Python's half of tests/vectors/merkle.json; Solidity's is AnchorVectors.t.sol."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from oracle.core.anchor import (
    HEAD_BYTES,
    LEAF_TYPES,
    MAX_INDEX,
    Batch,
    anchor_arguments,
    as_prediction,
    batch_after,
    decode_evidence,
    encode_evidence,
    leaf_of,
    log_id,
    verify_chain,
    verify_inclusion,
)
from oracle.core.canonical import keccak256
from oracle.core.errors import InvalidInput, VerificationError
from oracle.core.merkle import (
    MAX_LEAVES,
    MerkleTree,
    hash_leaf,
    hash_pair,
    proof_length,
    root_from,
    verify_proof,
)
from oracle.core.prediction import Prediction
from tests.support.vectors import octets, vectors

VECTORS = vectors("merkle")
CHAIN, LOG = int(VECTORS["chainId"]), VECTORS["log"]


def prediction_of(fields: dict[str, str]) -> Prediction:
    return Prediction(
        model_id=octets(fields["modelId"]),
        subject=octets(fields["subject"]),
        input_hash=octets(fields["inputHash"]),
        output_hash=octets(fields["outputHash"]),
        value=int(fields["value"]),
        confidence=int(fields["confidence"]),
        predicted_at=int(fields["predictedAt"]),
    )


def batch_of(fields: dict[str, Any]) -> Batch:
    return Batch(
        number=int(fields["number"]),
        first_index=int(fields["firstIndex"]),
        count=int(fields["count"]),
        root=octets(fields["root"]),
        previous=octets(fields["previous"]),
    )


def tree_of(fields: dict[str, Any]) -> MerkleTree:
    first = int(fields["firstIndex"])
    said = fields["predictions"]
    return MerkleTree([leaf_of(first + n, prediction_of(p)) for n, p in enumerate(said)])


BATCHES = [batch_of(fields) for fields in VECTORS["batches"]]
NINE = VECTORS["batches"][-2]


def test_leaf_types__are_those_of_the_vectors() -> None:
    assert [field.split()[0] for field in LEAF_TYPES] == VECTORS["types"]


@pytest.mark.parametrize("fields", VECTORS["batches"], ids=lambda fields: fields["count"])
def test_tree__is_the_javascript_librarys(fields: dict[str, Any]) -> None:
    batch, tree = batch_of(fields), tree_of(fields)
    assert tree.root == batch.root
    assert batch.id(CHAIN, LOG) == octets(fields["id"])
    for place, said in enumerate(fields["predictions"]):
        index, prediction = batch.first_index + place, prediction_of(said)
        proof = tuple(octets(node) for node in fields["proofs"][place])
        assert leaf_of(index, prediction) == octets(fields["leaves"][place])
        assert tree.proof(place) == proof
        assert len(proof) == proof_length(place, batch.count)
        verify_inclusion(batch, index, prediction, proof)
        evidence = encode_evidence(batch, index, proof)
        assert len(evidence) == HEAD_BYTES + 32 * len(proof)
        found = decode_evidence(evidence, prediction)
        assert (found.batch, found.index, found.proof) == (batch, index, proof)


def test_chain__of_the_vectors__has_no_gap() -> None:
    verify_chain(BATCHES, chain_id=CHAIN, log=LOG)
    last = None
    for batch in BATCHES:
        last = batch_after(last, batch.count, batch.root, chain_id=CHAIN, log=LOG)
        assert last == batch


@pytest.mark.parametrize(
    "wrong",
    [
        BATCHES[1:],
        BATCHES[:2] + BATCHES[3:],
        [BATCHES[0], BATCHES[2], BATCHES[1]],
        [BATCHES[0], replace(BATCHES[1], first_index=2), *BATCHES[2:]],
        [BATCHES[0], replace(BATCHES[1], root=BATCHES[2].root), *BATCHES[2:]],
        [BATCHES[0], BATCHES[0]],
    ],
    ids=["head cut off", "one dropped", "reordered", "index skipped", "rewritten", "twice"],
)
def test_chain__tampered_with__is_refused(wrong: list[Batch]) -> None:
    with pytest.raises(VerificationError, match="must come there"):
        verify_chain(wrong, chain_id=CHAIN, log=LOG)


def test_chain__of_another_log_or_chain__is_refused() -> None:
    for chain_id, log in ((CHAIN + 1, LOG), (CHAIN, "0x" + "22" * 20)):
        with pytest.raises(VerificationError, match="does not follow"):
            verify_chain(BATCHES, chain_id=chain_id, log=log)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"index": 30}, "has 3 nodes, not 4"),
        ({"index": 33}, "leads to"),
        ({"index": 29}, "outside batch"),
        ({"index": 39}, "outside batch"),
        ({"batch": BATCHES[-1]}, "outside batch"),
        ({"batch": replace(batch_of(NINE), count=5)}, "nodes, not"),
        ({"proof": ()}, "0 nodes, not"),
        ({"proof": (b"\0" * 31,) * 3}, "not 32 bytes"),
    ],
)
def test_inclusion__in_another_place__is_refused(change: dict[str, Any], reason: str) -> None:
    batch, tree = batch_of(NINE), tree_of(NINE)
    index = batch.first_index + 4
    given: dict[str, Any] = {
        "batch": batch,
        "index": index,
        "prediction": prediction_of(NINE["predictions"][4]),
        "proof": tree.proof(4),
    }
    verify_inclusion(**given)
    with pytest.raises(VerificationError, match=reason):
        verify_inclusion(**(given | change))


def test_inclusion__inner_node_as_leaf__is_refused() -> None:
    """FAULTS 33: the proof of a node is one shorter than that of any leaf below it."""
    tree = tree_of(NINE)
    leaf, proof = (
        leaf_of(int(NINE["firstIndex"]), prediction_of(NINE["predictions"][0])),
        tree.proof(0),
    )
    node = hash_pair(leaf, proof[0])
    with pytest.raises(VerificationError, match="nodes, not"):
        verify_proof(tree.root, node, proof[1:], position=0, count=len(tree))


@pytest.mark.parametrize(
    "field",
    ["model_id", "subject", "input_hash", "output_hash", "value", "confidence", "predicted_at"],
)
def test_inclusion__any_field_changed__is_refused(field: str) -> None:
    batch, tree = batch_of(NINE), tree_of(NINE)
    said = prediction_of(NINE["predictions"][5])
    old = getattr(said, field)
    other = old[:-1] + bytes([old[-1] ^ 1]) if isinstance(old, bytes) else old - 1
    with pytest.raises(VerificationError, match="leads to root"):
        verify_inclusion(
            batch, batch.first_index + 5, replace(said, **{field: other}), tree.proof(5)
        )


@given(leaves=st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=70))
def test_tree__any_leaves__proves_each_of_them_and_nothing_else(leaves: list[bytes]) -> None:
    hashed = [hash_leaf(bytes([n]) + leaf) for n, leaf in enumerate(leaves)]
    tree = MerkleTree(hashed)
    for place, leaf in enumerate(hashed):
        verify_proof(tree.root, leaf, tree.proof(place), position=place, count=len(tree))
        with pytest.raises(VerificationError):
            verify_proof(
                tree.root, keccak256(leaf), tree.proof(place), position=place, count=len(tree)
            )


@pytest.mark.parametrize(
    "make",
    [
        lambda: MerkleTree([]),
        lambda: MerkleTree([b"short"]),
        lambda: MerkleTree([b"\0" * 32]).proof(1),
        lambda: MerkleTree([b"\0" * 32]).proof(-1),
        lambda: leaf_of(MAX_INDEX + 1, prediction_of(NINE["predictions"][0])),
        lambda: replace(BATCHES[1], count=0),
        lambda: replace(BATCHES[1], first_index=MAX_INDEX),
        lambda: replace(BATCHES[1], root=b""),
        lambda: encode_evidence(BATCHES[1], 1, ()),
        lambda: decode_evidence(b"\0" * HEAD_BYTES, prediction_of(NINE["predictions"][0])),
        lambda: decode_evidence(b"\0" * 57, prediction_of(NINE["predictions"][0])),
    ],
)
def test_anchor__what_can_not_be__is_refused(make: Any) -> None:
    with pytest.raises(InvalidInput):
        make()


def test_prediction_of_a_batch__binds_log_and_header() -> None:
    batch = BATCHES[1]
    said = as_prediction(batch, chain_id=CHAIN, log=LOG, at=1)
    assert said.model_id == log_id(CHAIN, LOG) != log_id(CHAIN + 1, LOG)
    head = keccak256(b"decision-oracle/anchor-log/1")
    assert said.model_id == keccak256(head + encode(("uint256", "address"), (CHAIN, LOG)))
    assert said.output_hash == said.subject == batch.id(CHAIN, LOG)
    assert (said.input_hash, said.value, said.confidence) == (batch.root, batch.count, 0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"count": 0}, "a batch of 0 predictions"),
        ({"count": MAX_LEAVES + 1}, "predictions"),
        ({"number": -1}, "batch number -1"),
        ({"number": MAX_INDEX + 1}, "batch number"),
        ({"first_index": -1}, "from index -1"),
        ({"first_index": MAX_INDEX, "count": 1}, "reaches index"),
        ({"root": b"r" * 31}, "32 bytes each"),
        ({"previous": b"p" * 33}, "32 bytes each"),
    ],
)
def test_batch__that_no_log_has__is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        replace(BATCHES[0], **change)


def test_batch__at_the_ends_of_a_log__is_one() -> None:
    last = replace(BATCHES[0], number=MAX_INDEX, first_index=MAX_INDEX - MAX_LEAVES)
    assert replace(last, count=MAX_LEAVES).next_index == MAX_INDEX


def test_arguments__of_the_first_and_of_any_other__are_the_interfaces() -> None:
    zero = bytes(32)
    none = (zero, zero, BATCHES[0].count << 64, BATCHES[0].root)
    assert anchor_arguments(None, BATCHES[0]) == none
    first, second = BATCHES[1], BATCHES[2]
    assert min(first.number, first.first_index, first.count) > 0
    *last, span, root = anchor_arguments(first, second)
    assert (last, root) == ([first.root, first.previous], second.root)
    octets = span.to_bytes(32, "big")
    parts = (octets[:8], octets[8:16], octets[16:20], octets[20:24], octets[24:])
    numbers = tuple(int.from_bytes(part, "big") for part in parts)
    assert numbers == (first.number, first.first_index, first.count, second.count, 0)
    assert second.as_abi() == (
        second.number,
        second.first_index,
        second.count,
        second.root,
        second.previous,
    )


def test_evidence__with_a_node_too_few_or_too_many__is_no_evidence() -> None:
    batch, tree = batch_of(NINE), tree_of(NINE)
    said = prediction_of(NINE["predictions"][4])
    evidence = encode_evidence(batch, batch.first_index + 4, tree.proof(4))
    for wrong in (evidence[:-32], evidence + bytes(32)):
        with pytest.raises(InvalidInput, match="the proof of position 4 of 9 has"):
            decode_evidence(wrong, said)


@pytest.mark.parametrize(("position", "count"), [(-1, 3), (3, 3), (0, 0), (0, MAX_LEAVES + 1)])
def test_proof__of_a_place_that_no_tree_has__is_refused(position: int, count: int) -> None:
    with pytest.raises(VerificationError, match=f"no leaf {position} in a tree of {count}"):
        verify_proof(bytes(32), bytes(32), (), position=position, count=count)


def test_proof__in_the_largest_tree_that_there_is__verifies() -> None:
    proof = tuple(bytes([n]) * 32 for n in range(proof_length(0, MAX_LEAVES)))
    root = root_from(bytes(32), proof)
    verify_proof(root, bytes(32), proof, position=0, count=MAX_LEAVES)


def test_leaf__of_the_last_index_that_there_is__is_its_own() -> None:
    said = prediction_of(NINE["predictions"][0])
    types = [field.split()[0] for field in LEAF_TYPES]
    assert leaf_of(MAX_INDEX, said) == hash_leaf(encode(types, [MAX_INDEX, *said.as_abi()]))


def test_evidence__of_a_log_of_any_length__is_read_back_whole() -> None:
    said = prediction_of(NINE["predictions"][0])
    count, position = MAX_LEAVES - 1, MAX_LEAVES - 2**20
    first = MAX_INDEX - 2**40
    proof = tuple(bytes([n]) * 32 for n in range(proof_length(position, count)))
    root = root_from(leaf_of(first + position, said), proof)
    batch = Batch(number=2**63 + 5, first_index=first, count=count, root=root, previous=b"p" * 32)
    evidence = encode_evidence(batch, first + position, proof)
    found = decode_evidence(evidence, said)
    assert (found.batch, found.index, found.proof) == (batch, first + position, proof)
    for wrong in (evidence + b"\0", evidence[:-1]):
        with pytest.raises(InvalidInput):
            decode_evidence(wrong, said)
