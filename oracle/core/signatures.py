"""Who signed a digest: compact signatures (EIP-2098), each in one form only."""

from __future__ import annotations

from eth_keys.constants import SECPK1_N
from eth_keys.datatypes import Signature
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError

from oracle.core.errors import InvalidInput, VerificationError
from oracle.core.quorum import expand


def signer_of(digest: bytes, signature: bytes) -> str:
    """The checksummed address that signed.

    Raises:
        VerificationError: it is no signature, or the other form of one (a high ``s``), which
            contracts refuse (EIP-2).
    """
    try:
        r, s, parity = expand(signature)
        if s > SECPK1_N // 2:
            raise VerificationError(
                f"0x{signature.hex()[:16]}… is a signature with a high s",
                remedy="somebody rewrote it; take the form that wallets give",
            )
        key = Signature(vrs=(parity, r, s)).recover_public_key_from_msg_hash(digest)
    except (BadSignature, ValidationError, InvalidInput) as error:
        raise VerificationError(f"0x{signature.hex()[:16]}… is no signature: {error}") from None
    return key.to_checksum_address()
