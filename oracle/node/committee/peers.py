"""Other members over HTTP: signed messages and answers, nothing believed unchecked."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

import httpx

from oracle.chain.limited import read_at_most
from oracle.core.errors import ConfigError, InvalidInput, Transient, VerificationError
from oracle.core.peer import Envelope, Reply, read_replies
from oracle.core.quorum import Committee
from oracle.node.committee.ballot import check_message
from oracle.node.parts import Parts

SIGNATURE = "X-Oracle-Signature"
LARGEST = 1_000_000
"""Most bytes of an answer."""


class Peers:
    """Talks to the other members of this node's committees."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._http = httpx.AsyncClient(
            timeout=parts.options.peer_timeout, follow_redirects=False, trust_env=False
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.aclose()

    def envelope(self, member: str) -> Envelope:
        """From this operator to a member, now."""
        return Envelope(sender=self._parts.operator, receiver=member, at=self._parts.now())

    async def exchange(
        self, committee: Committee, member: str, what: str, body: bytes
    ) -> Sequence[Reply]:
        """Send a message to a member and give its checked answer.

        Args:
            what: ``opinions`` or ``ballots``.

        Raises:
            ConfigError: the member's address on the network is not known.
            Transient: it does not answer, or not in time.
            ChainError: this member's own signer refuses.
            VerificationError, InvalidInput: it answers something that is not its own, or garbage.
        """
        url = self._parts.peers.get(member)
        if url is None:
            raise ConfigError(
                f"the URL of member {member} is not known",
                remedy="add it to the peers file: oracle committee show",
            )
        signature = await self._parts.account.sign(committee.message(body))
        try:
            async with self._http.stream(
                "POST",
                f"{url.rstrip('/')}/peer/{what}",
                content=body,
                headers={SIGNATURE: "0x" + signature.hex(), "Content-Type": "application/json"},
            ) as response:
                answer = await read_at_most(response, LARGEST)
        except httpx.HTTPError as error:
            raise Transient(f"member {member} does not answer: {type(error).__name__}") from None
        if response.status_code != httpx.codes.OK:
            raise Transient(f"member {member} answers {response.status_code}: {answer[:200]!r}")
        envelope, replies = read_replies(answer)
        try:
            signed = bytes.fromhex(response.headers.get(SIGNATURE, "").removeprefix("0x"))
        except ValueError:
            raise InvalidInput(f"member {member} signs with no hexadecimal") from None
        check_message(
            committee,
            answer,
            signed,
            envelope,
            receiver=self._parts.operator,
            now=self._parts.now(),
        )
        if envelope.sender != member:
            raise VerificationError(f"{envelope.sender} answers at the URL of {member}")
        return replies
