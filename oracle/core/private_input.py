"""Inputs that only their holder can show, field by field.

Each field of the input gets a salt of its own, and a leaf over salt, name and value. The commitment
is keccak256(tag ‖ root of the leaves), which stands where a plain input's hash would: on chain, in
the prediction. Who has a field's salt and value can show that field and nothing of the others.
Without the salt a leaf says nothing, however few values the field can have, so to delete the salts
is to make the commitment unlinkable to the person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from eth_abi.abi import encode

from oracle.core.canonical import keccak256
from oracle.core.errors import InvalidInput, VerificationError
from oracle.core.merkle import MerkleTree, hash_leaf
from oracle.core.model_card import ModelCard
from oracle.core.receipt import HiddenField, PlainInput, PrivateInput, Receipt, ShownField
from oracle.core.tensors import decode_tensors, encode_tensors

TAG = keccak256(b"decision-oracle/private-input/1")
"""What the hashed bytes of every private input begin with, and those of no plain one."""

SALT_BYTES = 32
_FIELD_TYPES = ("bytes32", "string", "bytes")


def field_names(card: ModelCard) -> tuple[str, ...]:
    """What a card's input consists of: its features, or its tensors, in order."""
    if card.input.encoding == "packed":
        return tuple(feature.name for feature in card.input.features)
    return tuple(spec.name for spec in card.input.tensors)


def seal_input(card: ModelCard, octets: bytes, secret: bytes) -> PrivateInput:
    """The input bytes as salted fields, all shown; for the holder only.

    Args:
        octets: input bytes in the card's encoding.
        secret: 32 random bytes; each field's salt is derived from them.

    Raises:
        InvalidInput: the bytes are no input of the card, or the secret is too short.
    """
    if len(secret) != SALT_BYTES:
        raise InvalidInput(f"the salt has {len(secret)} bytes", remedy=f"draw {SALT_BYTES}")
    names, parts = field_names(card), _split(card, octets)
    return PrivateInput(
        fields=tuple(
            ShownField(name=name, value=part, salt=_salt(secret, place))
            for place, (name, part) in enumerate(zip(names, parts, strict=True))
        )
    )


def commitment_of(given: PrivateInput) -> bytes:
    """The ``inputHash`` of a private input, 32 bytes, whatever of it is shown."""
    return keccak256(TAG + MerkleTree([_leaf(field) for field in given.fields]).root)


def input_hash_of(given: PlainInput | PrivateInput) -> bytes:
    """The ``inputHash`` of a receipt's input, 32 bytes.

    Raises:
        VerificationError: a plain input that begins like a private one's hashed bytes.
    """
    if isinstance(given, PrivateInput):
        return commitment_of(given)
    if given.octets.startswith(TAG):
        raise VerificationError(
            "the plain input begins with the tag of private inputs",
            remedy="somebody passes a commitment off as an input: do not rely on this receipt",
        )
    return keccak256(given.octets)


def show_only(receipt: Receipt, names: Sequence[str]) -> Receipt:
    """The same receipt with nothing of its input but these fields.

    Raises:
        InvalidInput: the input is not private, or a field is unknown or hidden already.
    """
    if not isinstance(receipt.input, PrivateInput):
        raise InvalidInput(
            "the receipt's input is not private: its hash covers all of it at once",
            remedy="ask for the decision with --private",
        )
    shown = {field.name for field in receipt.input.fields if isinstance(field, ShownField)}
    missing = [name for name in names if name not in shown]
    if missing:
        raise InvalidInput(
            f"the receipt does not show {', '.join(missing)}",
            remedy=f"it shows {', '.join(sorted(shown)) or 'nothing'}",
        )
    fields = tuple(
        field
        if isinstance(field, HiddenField) or field.name in names
        else HiddenField(name=field.name, leaf=_leaf(field))
        for field in receipt.input.fields
    )
    return replace(receipt, input=PrivateInput(fields=fields))


def hide_all(receipt: Receipt) -> Receipt:
    """The same receipt with nothing of a private input; a plain one is left as it is."""
    return show_only(receipt, ()) if isinstance(receipt.input, PrivateInput) else receipt


def whole_input(given: PlainInput | PrivateInput) -> bytes | None:
    """The input bytes; None where a field is hidden."""
    if isinstance(given, PlainInput):
        return given.octets
    parts = [field.value for field in given.fields if isinstance(field, ShownField)]
    return b"".join(parts) if len(parts) == len(given.fields) else None


def _split(card: ModelCard, octets: bytes) -> list[bytes]:
    if card.input.encoding == "tensors":
        arrays = decode_tensors(octets, card.input.tensors, max_elements=card.limits.max_elements)
        return [encode_tensors([array]) for array in arrays]
    if len(octets) != card.input.packed_size:
        raise InvalidInput(
            f"the packed input has {len(octets)} bytes, not {card.input.packed_size}",
            remedy=f"send one input of {card.name}",
        )
    parts, at = [], 0
    for feature in card.input.features:
        parts.append(octets[at : at + feature.bits // 8])
        at += feature.bits // 8
    return parts


def _salt(secret: bytes, place: int) -> bytes:
    return keccak256(TAG + secret + place.to_bytes(32, "big"))


def _leaf(field: ShownField | HiddenField) -> bytes:
    if isinstance(field, HiddenField):
        return field.leaf
    return hash_leaf(encode(_FIELD_TYPES, (field.salt, field.name, field.value)))
