"""A chain in memory for the sender's tests: what it takes, mines and forgets is set by the test."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from eth_account import Account
from eth_account.typed_transactions import TypedTransaction
from eth_utils.crypto import keccak
from hexbytes import HexBytes

from oracle.chain.replies import Broadcast, SendOutcome
from oracle.chain.wire import BlockStamp, TxReceipt

OPERATOR = Account.from_key("0x" + "11" * 32)


@dataclass
class FakeRpc:
    """As much of RpcPool as the sender uses."""

    head: int = 10
    base_fee: int = 10**9
    mempool: dict[int, bytes] = field(default_factory=dict)
    mined: dict[bytes, TxReceipt] = field(default_factory=dict)
    spent: int = 0
    says: SendOutcome | None = None
    sends: list[bytes] = field(default_factory=list)
    asked: list[bytes] = field(default_factory=list)
    wei: int = 10**20

    async def balance(self, address: str, *, block: object) -> int:
        assert (address, block) == (OPERATOR.address, "latest")
        return self.wei

    async def block(self, which: object) -> BlockStamp:
        assert which == "latest"
        return BlockStamp(
            number=self.head,
            hash=block_hash(self.head),
            parent_hash=block_hash(self.head - 1),
            timestamp=1_000 + self.head,
            base_fee=self.base_fee,
        )

    async def nonce(self, address: str, *, block: object) -> int:
        assert address == OPERATOR.address
        assert block in ("pending", "latest") or isinstance(block, int)
        if block == "pending":
            return self.spent + len([n for n in self.mempool if n >= self.spent])
        return self.spent

    async def broadcast_many(self, raws: list[bytes]) -> list[Broadcast]:
        return [self._take(raw) for raw in raws]

    async def receipts(self, hashes: list[bytes], *, logs: bool = True) -> list[TxReceipt | None]:
        self.asked += hashes
        return [self.mined.get(each) for each in hashes]

    def _take(self, raw: bytes) -> Broadcast:
        tx_hash = keccak(raw)
        self.sends.append(raw)
        if self.says is not None:
            return Broadcast(outcome=self.says, tx_hash=tx_hash, why="as the test says")
        nonce = nonce_of(raw)
        if nonce < self.spent:
            return Broadcast(outcome=SendOutcome.NONCE_TOO_LOW, tx_hash=tx_hash)
        known = self.mempool.get(nonce) == raw
        self.mempool[nonce] = raw
        return Broadcast(
            outcome=SendOutcome.ALREADY_KNOWN if known else SendOutcome.ACCEPTED, tx_hash=tx_hash
        )

    def mine(self, *, succeeded: bool = True, only: int | None = None) -> None:
        """Mine the mempool from the next nonce on, in one block, or up to that nonce."""
        self.head += 1
        while self.spent in self.mempool and (only is None or self.spent <= only):
            raw = self.mempool.pop(self.spent)
            self.mined[keccak(raw)] = TxReceipt(
                tx_hash=keccak(raw),
                succeeded=succeeded,
                block_number=self.head,
                block_hash=block_hash(self.head),
                gas_used=50_000,
                gas_price=self.base_fee,
                contract=None,
                logs=(),
            )
            self.spent += 1


class FakeContract:
    """An address to send to."""

    address_bytes = b"\xcc" * 20


def block_hash(number: int) -> bytes:
    return keccak(text=f"block {number}")


def nonce_of(raw: bytes) -> int:
    return int(fields_of(raw)["nonce"])


def fields_of(raw: bytes) -> dict[str, Any]:
    fields: dict[str, Any] = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
    return fields
