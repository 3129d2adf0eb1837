"""EIP-712: the domain that binds everything signed here to one contract on one chain.

https://eips.ethereum.org/EIPS/eip-712
"""

from __future__ import annotations

from eth_utils.crypto import keccak

DOMAIN_NAME, DOMAIN_VERSION = "Decision Oracle", "1"
_DOMAIN_TYPEHASH = keccak(
    text="EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)


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
