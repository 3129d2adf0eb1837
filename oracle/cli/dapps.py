"""The example dApps, each asked in its own words: a lender, a clinic's desk, a delivery cover.

One is deployed for a model and an account at the first use, by CREATE2, and found again after that.
The account plays every part: borrower and lender, clinic, holder and carrier.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from oracle.chain.abi import interface
from oracle.chain.create2 import PROXY
from oracle.chain.deployment import ContractSpec, require_code
from oracle.chain.rpc import RpcPool
from oracle.chain.signer import Signer
from oracle.chain.wire import TxReceipt
from oracle.core.errors import InvalidInput

FINNEY = 10**15
LOAN = 10 * FINNEY
PREMIUM, PAYOUT = FINNEY, 5 * FINNEY


@dataclass(frozen=True, slots=True, kw_only=True)
class Dapp:
    """One of the example contracts.

    Attributes:
        contract: its artifact's name.
        is_a: what it is, for people.
        asks: what it does when it asks, for people.
        states: the names of what its cases can be, in the order of its Solidity enum.
    """

    contract: str
    is_a: str
    asks: str
    states: Sequence[str]

    def spec(self, decisions: str, model_id: bytes, account: str) -> ContractSpec:
        """The contract with its constructor's arguments."""
        more = (PREMIUM, PAYOUT) if self.contract == "DeliveryCover" else ()
        return ContractSpec(contract=self.contract, arguments=(decisions, model_id, account, *more))

    async def ensure(
        self, rpc: RpcPool, signer: Signer, decisions: str, model_id: bytes
    ) -> tuple[str, TxReceipt | None]:
        """The dApp's address, deployed where it is not there yet.

        Raises:
            VerificationError: other code is at its address.
        """
        spec = self.spec(decisions, model_id, signer.address)
        code = await rpc.code(spec.address, "latest")
        if code:
            require_code(spec.artifact, spec.address, code)
            return spec.address, None
        receipt = await signer.send_transaction(
            to=PROXY, calldata=spec.salt + spec.creation_code, value=self._capital
        )
        return spec.address, receipt

    async def ask(
        self, signer: Signer, address: str, input_bytes: bytes, fee_wei: int
    ) -> tuple[TxReceipt, bytes]:
        """Ask about an input.

        Returns:
            The receipt of the transaction that asked, and the case's key where the dApp names it
            otherwise than by the request's id; empty if not.
        """
        codec = interface(self.contract)
        case = b""
        match self.contract:
            case "CreditDesk":
                calldata = codec.encode("applyForLoan", LOAN, input_bytes)
            case "TriageDesk":
                calldata = codec.encode("admit", input_bytes)
            case _:
                case = secrets.token_bytes(32)
                bought = codec.encode("buy", case)
                await signer.send_transaction(to=address, calldata=bought, value=PREMIUM)
                calldata = codec.encode("report", case, input_bytes)
        receipt = await signer.send_transaction(to=address, calldata=calldata, value=fee_wei)
        return receipt, case

    async def outcome(self, rpc: RpcPool, address: str, request_id: bytes, case: bytes) -> str:
        """What the dApp made of the decision, in its own words."""
        codec = interface(self.contract)
        function = {"CreditDesk": "loanOf", "TriageDesk": "queueOf"}.get(self.contract, "coverOf")
        body = await rpc.eth_call(
            address, codec.encode(function, case or request_id), block="latest"
        )
        fields = codec.decode_output(function, body)
        number = fields["status"] if "status" in fields else next(iter(fields.values()))
        return self.states[int(number)]

    @property
    def _capital(self) -> int:
        """Wei that the contract is given when it is deployed."""
        return {"CreditDesk": 10 * LOAN, "DeliveryCover": 10 * PAYOUT}.get(self.contract, 0)


DAPPS: dict[str, Dapp] = {
    "credit-desk": Dapp(
        contract="CreditDesk",
        is_a="a lender",
        asks="applies for a loan",
        states=(
            "unknown",
            "applied",
            "approved",
            "declined",
            "in review by a person",
            "collected",
            "repaid",
            "cancelled",
        ),
    ),
    "triage-desk": Dapp(
        contract="TriageDesk",
        is_a="a clinic's triage",
        asks="admits a case",
        states=(
            "unknown",
            "waiting",
            "queued for a specialist",
            "queued as routine",
            "sent to a doctor",
        ),
    ),
    "delivery-cover": Dapp(
        contract="DeliveryCover",
        is_a="a delivery cover",
        asks="reports on a parcel",
        states=(
            "unknown",
            "active",
            "asked",
            "paid, the parcel is late",
            "closed, the parcel is on time",
        ),
    ),
}

_BY_WORD = {"credit": "credit-desk", "deliver": "delivery-cover", "fraud": "credit-desk"}


def dapp_for(model: str, wanted: str = "auto") -> Dapp:
    """The example that a model's name suggests, or the one that is named.

    Raises:
        InvalidInput: there is no such example.
    """
    if wanted == "auto":
        found = [name for word, name in _BY_WORD.items() if word in model]
        wanted = found[0] if found else "triage-desk"
    if wanted not in DAPPS:
        raise InvalidInput(
            f"no example dApp is named {wanted!r}", remedy=f"use one of {', '.join(DAPPS)}, or auto"
        )
    return DAPPS[wanted]
