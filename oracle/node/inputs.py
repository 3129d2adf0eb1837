"""Inputs that a request only names by its hash: found in the evidence store, or fetched into it.

A fetch waits for somebody else's machine, so it runs beside the answers; until it has ended the
request is left alone. What is not found is looked for again until the request's deadline: it may
still be put into the store.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.engine import Connection

from oracle.core import lifecycle
from oracle.core.errors import InvalidInput, NotFound, OracleError
from oracle.core.lifecycle import Failed, Origin, Request, State
from oracle.evidence.store import Name
from oracle.journal import inputs, requests
from oracle.journal.inputs import Reference
from oracle.journal.requests import Key
from oracle.node.parts import Parts, log

AT_ONCE = 16
"""Most inputs that are looked for at a time."""


class Inputs:
    """Looks for the inputs of requests by hash; ``running`` ends what is under way."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._under_way: dict[Key, asyncio.Task[None]] = {}

    async def sift(self, confirmed: Sequence[Request]) -> list[Request]:
        """Those that can be answered; the others' inputs are looked for."""
        empty = [r for r in confirmed if r.origin is Origin.CHAIN and not r.input]
        if not empty:
            return list(confirmed)
        about = [(request.model_id, request.subject) for request in empty]
        missing = await self._parts.journal.read(lambda db: inputs.references_of(db, about))
        for request in empty:
            key = (request.model_id, request.subject)
            if key in missing and key not in self._under_way and len(self._under_way) < AT_ONCE:
                look = self._look(request, missing[key])
                self._under_way[key] = asyncio.create_task(look)
        return [r for r in confirmed if (r.model_id, r.subject) not in missing]

    async def aclose(self) -> None:
        """End what is under way."""
        looking = list(self._under_way.values())
        for task in looking:
            task.cancel()
        await asyncio.gather(*looking, return_exceptions=True)

    async def _look(self, request: Request, reference: Reference) -> None:
        key = (request.model_id, request.subject)
        try:
            try:
                octets = await self.find(reference)
            except OracleError as error:
                await self._record(request, None, str(error))
                log.info("input_missing", request_id="0x" + request.subject.hex(), why=error.what)
            else:
                await self._record(request, octets, "")
        finally:
            self._under_way.pop(key, None)
            self._parts.to_answer.set()

    async def find(self, reference: Reference) -> bytes:
        """The input bytes of that hash.

        Raises:
            NotFound: they are not in the store, and the request says nothing of where they are.
            InvalidInput: the place that it names may not be asked.
            EvidenceError: the store or that place does not answer.
            VerificationError: that place gives other bytes.
        """
        store = self._parts.evidence
        name = Name(algorithm="keccak256", digest=reference.input_hash)
        if store is not None:
            try:
                return await asyncio.to_thread(store.get, name)
            except NotFound:
                pass
        if not reference.uri:
            raise NotFound(
                f"the input {name} is known by its hash only, and is not stored here",
                remedy="put it into the node's store: PUT /api/inputs",
            )
        octets = await self._parts.fetcher.fetch(reference.uri, name)
        if store is not None:
            await asyncio.to_thread(store.put, octets)
        return octets

    async def _record(self, request: Request, octets: bytes | None, why: str) -> None:
        """The input found, or why it was not; nothing where the request has moved on."""
        parts = self._parts

        def record(db: Connection) -> Request | None:
            now = requests.find(db, request.model_id, request.subject)
            if now is None or now.state is not State.CONFIRMED:
                return None
            if octets is None:
                changed = lifecycle.step(now, Failed(why), parts.now())
                requests.save(db, changed, at=parts.clock())
            else:
                changed = replace(now, input=octets, not_before=0, reason="")
                requests.save(db, changed, at=parts.clock(), note="the input was found")
            return changed

        changed = await parts.journal.write(record)
        if changed is not None:
            parts.observe("input_found" if octets is not None else "input_missing", changed)
            await parts.announce()


async def put_input(parts: Parts, octets: bytes) -> bytes:
    """Keep an input, for requests that name it by its hash.

    Returns:
        Its keccak256.

    Raises:
        InvalidInput: it is empty or too large, or the node has no store.
        EvidenceError: it was not kept.
    """
    if parts.evidence is None or not octets:
        raise InvalidInput("there is no input to keep", remedy="send the input's bytes")
    name = await asyncio.to_thread(parts.evidence.put, octets)

    def hurry(db: Connection) -> None:
        for request in inputs.waiting_for(db, name.digest):
            requests.save(db, replace(request, not_before=0), at=parts.clock())

    await parts.journal.write(hurry)
    parts.to_answer.set()
    return name.digest
