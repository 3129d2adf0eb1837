"""EIP-712: what is signed here, in the domain that binds it to one contract on one chain.

Everything that a key of an operator signs, but for transactions, is a :class:`TypedMessage`: its
digest is what contracts and peers check, its JSON is what a signer in another process or machine
reads before it signs. https://eips.ethereum.org/EIPS/eip-712
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eth_utils.crypto import keccak

DOMAIN_NAME, DOMAIN_VERSION = "Decision Oracle", "1"
_DOMAIN_FIELDS = {
    "name": "string",
    "version": "string",
    "chainId": "uint256",
    "verifyingContract": "address",
}

Types = Mapping[str, Mapping[str, str]]
"""Each struct's fields in their order: type by name."""


def type_of(name: str, types: Types) -> str:
    """EIP-712 ``encodeType`` of a struct whose own fields name no struct that names others."""
    nested = sorted({kind for kind in types[name].values() if kind in types})
    return "".join(
        f"{each}({','.join(f'{kind} {field}' for field, kind in types[each].items())})"
        for each in (name, *nested)
    )


_DOMAIN_TYPEHASH = keccak(text=type_of("EIP712Domain", {"EIP712Domain": _DOMAIN_FIELDS}))


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedMessage:
    """One struct in the domain of one contract.

    Attributes:
        contract: the verifying contract's address ``0x…``.
        types: the struct's, and those of structs in it.
        content: the struct's values as JSON has them; integers are decimal text, since a number in
            JSON may lose digits.
        struct_hash: EIP-712 ``hashStruct`` of the content, 32 bytes.
    """

    chain_id: int
    contract: str
    primary_type: str
    types: Types
    content: Mapping[str, Any]
    struct_hash: bytes

    @property
    def digest(self) -> bytes:
        """What is signed, 32 bytes."""
        return typed_digest(self.chain_id, self.contract, self.struct_hash)

    def as_json(self) -> dict[str, Any]:
        """The message as ``eth_signTypedData`` takes it."""
        types = {"EIP712Domain": _DOMAIN_FIELDS, **self.types}
        return {
            "types": {
                struct: [{"name": name, "type": kind} for name, kind in fields.items()]
                for struct, fields in types.items()
            },
            "primaryType": self.primary_type,
            "domain": {
                "name": DOMAIN_NAME,
                "version": DOMAIN_VERSION,
                "chainId": self.chain_id,
                "verifyingContract": self.contract,
            },
            "message": dict(self.content),
        }


def domain_separator(chain_id: int, contract: str) -> bytes:
    """The separator of the domain whose verifying contract has the address ``0x…``, 32 bytes."""
    return keccak(
        _DOMAIN_TYPEHASH
        + keccak(text=DOMAIN_NAME)
        + keccak(text=DOMAIN_VERSION)
        + chain_id.to_bytes(32, "big")
        + bytes.fromhex(contract[2:]).rjust(32, b"\0")
    )


def typed_digest(chain_id: int, contract: str, struct_hash: bytes) -> bytes:
    """What is signed for a struct of that hash, 32 bytes."""
    return keccak(b"\x19\x01" + domain_separator(chain_id, contract) + struct_hash)
