"""JSON-RPC's hexadecimal strings, made into typed values or refused.

Hashes and byte strings are ``bytes``, quantities ``int``, addresses checksummed ``str``. A reply
that does not have the promised form is ``Transient``: another endpoint may answer properly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from oracle.core.errors import Transient

BlockRef = bytes | int | Literal["latest", "pending", "safe", "finalized", "earliest"]
"""A block's hash (32 bytes), its number, or a tag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockStamp:
    """The part of a block's header that a read is pinned to.

    Attributes:
        hash, parent_hash: 32 bytes each.
        timestamp: Unix time in seconds.
        base_fee: wei per gas (EIP-1559), or None where the chain has none.
    """

    number: int
    hash: bytes
    parent_hash: bytes
    timestamp: int
    base_fee: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """One log entry as the chain gives it; ``body`` is what JSON-RPC names ``data``."""

    address: ChecksumAddress
    topics: tuple[bytes, ...]
    body: bytes
    block_number: int
    block_hash: bytes
    tx_hash: bytes
    tx_index: int
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TxReceipt:
    """What became of a mined transaction.

    Attributes:
        succeeded: False where it reverted (status 0).
        gas_price: effective price paid, wei per gas.
        contract: address created by the transaction, if any.
    """

    tx_hash: bytes
    succeeded: bool
    block_number: int
    block_hash: bytes
    gas_used: int
    gas_price: int
    contract: ChecksumAddress | None
    logs: tuple[Log, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeHistory:
    """EIP-1559 fees of recent blocks, oldest first, all in wei per gas.

    Attributes:
        base_fees: one for each block and, last, the next block's.
        tips: for each block, one priority fee per percentile asked for.
        fullness: gas used / gas limit of each block, 0 … 1.
    """

    oldest: int
    base_fees: tuple[int, ...]
    tips: tuple[tuple[int, ...], ...]
    fullness: tuple[float, ...]


def malformed(name: str, value: object) -> Transient:
    """The error for a reply that does not have the promised form; the value is cut short."""
    return Transient(
        f"malformed reply: {name} is {str(value)[:80]!r}",
        remedy="use another RPC endpoint if this repeats",
    )


def to_int(value: object, name: str) -> int:
    """A JSON-RPC quantity."""
    if not isinstance(value, str) or not value.startswith("0x") or len(value) > 66:
        raise malformed(name, value)
    try:
        return int(value, 16)
    except ValueError:
        raise malformed(name, value) from None


def to_bytes(value: object, name: str, size: int | None = None) -> bytes:
    """JSON-RPC unformatted bytes, of ``size`` bytes if given."""
    if not isinstance(value, str) or not value.startswith("0x"):
        raise malformed(name, value)
    try:
        octets = bytes.fromhex(value[2:])
    except ValueError:
        raise malformed(name, value) from None
    if size is not None and len(octets) != size:
        raise malformed(name, value)
    return octets


@lru_cache(maxsize=4096)
def checksum(address: str) -> ChecksumAddress:
    """The EIP-55 form of ``0x`` and 40 hex digits."""
    return to_checksum_address(address)


def to_address(value: object, name: str) -> ChecksumAddress:
    """An address of 20 bytes, checksummed."""
    to_bytes(value, name, 20)
    return checksum(str(value))


def to_object(value: object, name: str) -> Mapping[str, Any]:
    """A JSON object."""
    if not isinstance(value, Mapping):
        raise malformed(name, value)
    return value


def to_list(value: object, name: str) -> Sequence[Any]:
    """A JSON array."""
    if not isinstance(value, list):
        raise malformed(name, value)
    return value


def to_block(value: object) -> BlockStamp:
    """A block, without its transactions."""
    block = to_object(value, "block")
    base_fee = block.get("baseFeePerGas")
    return BlockStamp(
        number=to_int(block.get("number"), "block.number"),
        hash=to_bytes(block.get("hash"), "block.hash", 32),
        parent_hash=to_bytes(block.get("parentHash"), "block.parentHash", 32),
        timestamp=to_int(block.get("timestamp"), "block.timestamp"),
        base_fee=None if base_fee is None else to_int(base_fee, "block.baseFeePerGas"),
    )


def to_log(value: object) -> Log:
    """One log; a log marked ``removed`` is an error, as nothing here asks for removed ones."""
    log = to_object(value, "log")
    if log.get("removed"):
        raise malformed("log.removed", log.get("removed"))
    topics = to_list(log.get("topics"), "log.topics")
    if len(topics) > 4:
        raise malformed("log.topics", topics)
    return Log(
        address=to_address(log.get("address"), "log.address"),
        topics=tuple(to_bytes(topic, "log.topic", 32) for topic in topics),
        body=to_bytes(log.get("data"), "log.data"),
        block_number=to_int(log.get("blockNumber"), "log.blockNumber"),
        block_hash=to_bytes(log.get("blockHash"), "log.blockHash", 32),
        tx_hash=to_bytes(log.get("transactionHash"), "log.transactionHash", 32),
        tx_index=to_int(log.get("transactionIndex"), "log.transactionIndex"),
        index=to_int(log.get("logIndex"), "log.logIndex"),
    )


def to_receipt(value: object, *, logs: bool = True) -> TxReceipt:
    """A mined transaction's receipt, with or without its logs."""
    told = to_list(to_object(value, "receipt").get("logs"), "receipt.logs") if logs else ()
    receipt = to_object(value, "receipt")
    contract = receipt.get("contractAddress")
    return TxReceipt(
        tx_hash=to_bytes(receipt.get("transactionHash"), "receipt.transactionHash", 32),
        succeeded=to_int(receipt.get("status"), "receipt.status") == 1,
        block_number=to_int(receipt.get("blockNumber"), "receipt.blockNumber"),
        block_hash=to_bytes(receipt.get("blockHash"), "receipt.blockHash", 32),
        gas_used=to_int(receipt.get("gasUsed"), "receipt.gasUsed"),
        gas_price=to_int(receipt.get("effectiveGasPrice", "0x0"), "receipt.effectiveGasPrice"),
        contract=None if contract is None else to_address(contract, "receipt.contractAddress"),
        logs=tuple(to_log(log) for log in told),
    )


def to_fee_history(value: object) -> FeeHistory:
    """The answer of ``eth_feeHistory``."""
    fees = to_object(value, "feeHistory")
    return FeeHistory(
        oldest=to_int(fees.get("oldestBlock"), "feeHistory.oldestBlock"),
        base_fees=tuple(
            to_int(fee, "feeHistory.baseFeePerGas")
            for fee in to_list(fees.get("baseFeePerGas"), "feeHistory.baseFeePerGas")
        ),
        tips=tuple(
            tuple(to_int(tip, "feeHistory.reward") for tip in to_list(row, "feeHistory.reward"))
            for row in to_list(fees.get("reward") or [], "feeHistory.reward")
        ),
        fullness=tuple(
            float(share) for share in to_list(fees.get("gasUsedRatio"), "feeHistory.gasUsedRatio")
        ),
    )


def from_block(block: BlockRef) -> str | dict[str, object]:
    """The block argument of a state read; a hash goes as EIP-1898 and must be canonical."""
    if isinstance(block, bytes):
        return {"blockHash": "0x" + block.hex(), "requireCanonical": True}
    if isinstance(block, int):
        return hex(block)
    return block


def bloom_has(bloom: object, address: str) -> bool:
    """Whether a header's bloom filter (2048 bits, Yellow Paper 4.4.3) may hold logs of ``address``.

    A missing or empty filter says no, which is what chains without one give.
    """
    if not isinstance(bloom, str) or len(bloom) != 514:
        return False
    bits = int(bloom, 16)
    digest = keccak(bytes.fromhex(address[2:]))
    return all(
        bits >> (int.from_bytes(digest[start : start + 2], "big") & 2047) & 1 for start in (0, 2, 4)
    )
