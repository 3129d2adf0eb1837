"""Asking for a decision on chain, and waiting for it there: what ``request`` and ``demo`` share."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from oracle.chain.contracts import Decision, DecisionContract, Model
from oracle.chain.events import RequestByHashLog, RequestLog, decode_logs
from oracle.chain.signer import AccountSigner
from oracle.chain.wire import TxReceipt
from oracle.cli.dapps import Dapp
from oracle.core.canonical import keccak256
from oracle.core.errors import InvalidInput, NotFound, Undecided, VerificationError
from oracle.core.transaction import GWEI

POLL = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request that is on chain.

    Attributes:
        receipt: of the transaction that asked.
        dapp, dapp_address, case: the example dApp that asked, where one did.
    """

    model_id: bytes
    request_id: bytes
    receipt: TxReceipt
    fee_wei: int
    dapp: Dapp | None = None
    dapp_address: str = ""
    case: bytes = b""


async def registered(contract: DecisionContract, model_id: bytes) -> Model:
    """The model's registration.

    Raises:
        NotFound: it is not registered on this chain.
    """
    model = await contract.model_of(model_id, block="latest")
    if model is None:
        raise NotFound(
            f"model 0x{model_id.hex()} is not registered on chain {contract.rpc.chain_id}",
            remedy="register it: oracle deploy",
        )
    return model


async def ask_directly(
    contract: DecisionContract,
    signer: AccountSigner,
    model_id: bytes,
    input_bytes: bytes,
    *,
    fee_gwei: int | None = None,
    lifetime: int = 3600,
    by_hash: str | None = None,
) -> Asked:
    """Request a decision from an account without code.

    Args:
        by_hash: put only the input's hash on chain, and this URI of it, which may be empty.
        fee_gwei: what to offer; the model's own fee where None.
        lifetime: seconds for the answer, in the chain's time.

    Raises:
        NotFound: the model is not registered.
        Reverted: the contract refuses the request.
    """
    model = await registered(contract, model_id)
    head = await contract.rpc.block("latest")
    fee = (model.fee_gwei if fee_gwei is None else fee_gwei) * GWEI
    deadline = head.timestamp + lifetime
    calldata = (
        contract.encode_request_decision(model_id, input_bytes, callback_gas=0, deadline=deadline)
        if by_hash is None
        else contract.encode_request_by_hash(
            model_id, keccak256(input_bytes), by_hash, callback_gas=0, deadline=deadline
        )
    )
    receipt = await signer.send_transaction(to=contract.address, calldata=calldata, value=fee)
    return Asked(
        model_id=model_id,
        request_id=_request_in(receipt, contract),
        receipt=receipt,
        fee_wei=fee,
    )


async def ask_through(
    dapp: Dapp,
    contract: DecisionContract,
    signer: AccountSigner,
    model_id: bytes,
    input_bytes: bytes,
    *,
    fee_gwei: int | None = None,
) -> Asked:
    """Request a decision through an example dApp, which is deployed at its first use.

    Raises:
        NotFound: the model is not registered.
        Reverted: the dApp or the contract refuses.
    """
    model = await registered(contract, model_id)
    fee = (model.fee_gwei if fee_gwei is None else fee_gwei) * GWEI
    address, _ = await dapp.ensure(contract.rpc, signer, contract.address, model_id)
    receipt, case = await dapp.ask(signer, address, input_bytes, fee)
    return Asked(
        model_id=model_id,
        request_id=_request_in(receipt, contract),
        receipt=receipt,
        fee_wei=fee,
        dapp=dapp,
        dapp_address=address,
        case=case,
    )


async def decided(contract: DecisionContract, asked: Asked, *, timeout: float) -> Decision:
    """Wait for the decision in the contract itself.

    Raises:
        Undecided: it is not there when the timeout, seconds, has passed.
    """
    deadline = time.monotonic() + timeout
    while True:
        found = await contract.decision_of(asked.model_id, asked.request_id, block="latest")
        if found is not None:
            return found
        if time.monotonic() > deadline:
            raise Undecided(
                f"request 0x{asked.request_id.hex()} is not decided after {timeout:g} s",
                remedy="is the model's node running? after the deadline the fee can be refunded",
            )
        await asyncio.sleep(POLL)


def _request_in(receipt: TxReceipt, contract: DecisionContract) -> bytes:
    for entry in decode_logs(receipt.logs, contract.address):
        if isinstance(entry, RequestLog | RequestByHashLog):
            return entry.request_id
    raise VerificationError(
        f"transaction 0x{receipt.tx_hash.hex()} made no request at {contract.address}",
        remedy="check the contract's address",
    )


def input_of_hex(text: str) -> bytes:
    """Input bytes from ``0x`` hex.

    Raises:
        InvalidInput: it is none.
    """
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        raise InvalidInput(
            f"{text[:40]!r} is not hexadecimal", remedy="give 0x and hex digits"
        ) from None
