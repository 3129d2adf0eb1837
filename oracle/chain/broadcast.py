"""Signed transactions to every endpoint, and one outcome of what they all said.

Sending the same bytes twice does no harm, so whatever is not a definite refusal counts as "maybe
sent": only the chain tells whether it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from eth_utils.crypto import keccak

from oracle.chain.endpoint import Endpoint, EndpointStatus
from oracle.chain.failover import BATCH, Failover
from oracle.chain.replies import Broadcast, RateLimited, SendOutcome, Unreachable, send_outcome
from oracle.core.errors import Transient

_CERTAINTY = (
    SendOutcome.ACCEPTED,
    SendOutcome.ALREADY_KNOWN,
    SendOutcome.MAYBE_SENT,
    SendOutcome.NONCE_TOO_LOW,
    SendOutcome.UNDERPRICED,
    SendOutcome.INSUFFICIENT_FUNDS,
    SendOutcome.FEE_CAP,
    SendOutcome.REFUSED,
)
"""Outcomes of several endpoints are summed up as the first of these that any of them gave."""


class Broadcaster(Failover):
    """Sends to every endpoint of the chain; its arguments are ``Failover``'s."""

    async def broadcast(self, raw: bytes) -> Broadcast:
        """Send one signed transaction to every endpoint; see ``broadcast_many``."""
        (sent,) = await self.broadcast_many([raw])
        return sent

    async def broadcast_many(self, raws: Sequence[bytes]) -> list[Broadcast]:
        """Send signed transactions to every endpoint, in order, a batch at a time.

        Never raises for what an endpoint says: a timeout or an unknown error is ``MAYBE_SENT``,
        and an endpoint that was not reached has no say unless none was.

        Raises:
            ConfigError: every endpoint serves another chain.
        """
        sent: list[Broadcast] = []
        for start in range(0, len(raws), BATCH):
            part = raws[start : start + BATCH]
            said = await asyncio.gather(*(self._send_to(each, part) for each in self.endpoints))
            self.refuse_wrong_chain()
            for position, raw in enumerate(part):
                answers = [outcomes[position] for outcomes in said if outcomes]
                outcome, why = min(
                    answers or [(SendOutcome.MAYBE_SENT, "no endpoint was reached")],
                    key=lambda answer: _CERTAINTY.index(answer[0]),
                )
                sent.append(Broadcast(outcome=outcome, tx_hash=keccak(raw), why=why))
        return sent

    async def _send_to(
        self, endpoint: Endpoint, raws: Sequence[bytes]
    ) -> list[tuple[SendOutcome, str]]:
        """One endpoint's say on each transaction; empty where it was not reached."""
        if endpoint.pause > 0 and endpoint.status is EndpointStatus.RATE_LIMITED:
            return []
        calls = [("eth_sendRawTransaction", ["0x" + raw.hex()]) for raw in raws]
        for again in (True, False):
            try:
                if not await endpoint.verify_chain(self.chain_id):
                    return []
                replies = await endpoint.exchange(calls)
            except (Unreachable, RateLimited):
                return []
            except Transient as fault:
                if again and endpoint.status is EndpointStatus.UNCHECKED:
                    continue  # a kept-alive connection was dropped; the same bytes do no harm
                return [(SendOutcome.MAYBE_SENT, fault.what)] * len(raws)
            endpoint.succeeded()
            break
        return [
            (SendOutcome.ACCEPTED, "")
            if reply.get("error") is None
            else send_outcome(reply["error"])
            for reply in replies
        ]
