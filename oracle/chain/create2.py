"""Addresses that follow from code alone: CREATE2 (EIP-1014) through the deterministic proxy.

The same creation code gets the same address on every chain, so an address can be known, printed and
checked before anything is sent. The proxy is Arachnid's deterministic-deployment-proxy.
"""

from __future__ import annotations

import asyncio

from eth_typing import ChecksumAddress
from eth_utils.crypto import keccak

from oracle.chain.errors import MethodMissing
from oracle.chain.local import LOCAL_CHAIN_IDS
from oracle.chain.rpc import RpcPool
from oracle.chain.signer import Signer
from oracle.chain.wire import checksum
from oracle.core.errors import ChainError, ConfigError, VerificationError

PROXY = checksum("0x4e59b44847b379578588920ca78fbf26c0b4956c")
PROXY_CODE = bytes.fromhex(
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0"
    "3601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3"
)
PROXY_SENDER = checksum("0x3fab184622dc19b6109349b94811493bf2a45362")
PROXY_COST = 10**16
"""Wei: 100,000 gas at 100 gwei, as the presigned transaction says."""
PROXY_TRANSACTION = bytes.fromhex(
    "f8a58085174876e800830186a08080b853604580600e600039806000f350fe7f"
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0"
    "3601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3"
    "1ba02222222222222222222222222222222222222222222222222222222222222222"
    "a02222222222222222222222222222222222222222222222222222222222222222"
)
ZERO_SALT = bytes(32)


def create2_address(creation_code: bytes, salt: bytes = ZERO_SALT) -> ChecksumAddress:
    """Where the proxy puts this creation code (constructor arguments included)."""
    digest = keccak(b"\xff" + bytes.fromhex(PROXY[2:]) + salt + keccak(creation_code))
    return checksum("0x" + digest[12:].hex())


async def ensure_proxy(rpc: RpcPool, signer: Signer) -> bool:
    """Put the proxy on the chain where it is missing; True where it had to be.

    Raises:
        VerificationError: other code is at the proxy's address.
        ConfigError: the chain refuses the presigned transaction.
    """
    code = await rpc.code(PROXY, "latest")
    if code:
        if code != PROXY_CODE:
            raise VerificationError(
                f"the code at {PROXY} is 0x{keccak(code).hex()}, not the proxy's "
                f"0x{keccak(PROXY_CODE).hex()}",
                remedy="this chain can not be deployed to deterministically",
            )
        return False
    missing = PROXY_COST - await rpc.balance(PROXY_SENDER, "latest")
    if missing > 0:
        await signer.send_transaction(to=PROXY_SENDER, value=missing)
    await rpc.broadcast(PROXY_TRANSACTION)
    for _ in range(60):
        if await rpc.code(PROXY, "latest"):
            return True
        if rpc.chain_id in LOCAL_CHAIN_IDS and await _set_code(rpc):
            return True
        await asyncio.sleep(1.0)
    raise ConfigError(
        f"chain {rpc.chain_id} did not take the proxy's presigned transaction",
        remedy="ask the chain's operators for the deterministic deployment proxy",
    )


async def _set_code(rpc: RpcPool) -> bool:
    for method in ("anvil_setCode", "hardhat_setCode"):
        try:
            await rpc.call(method, [PROXY, "0x" + PROXY_CODE.hex()])
        except MethodMissing:
            continue
        except ChainError:
            return False
        return True
    return False
