"""``/api/stream``: decisions as they arrive, as server-sent events.

One loop reads what changed off the journal and passes it to every listener. Events carry the
position behind them as their id; a browser whose connection broke sends it back (``Last-Event-ID``)
and misses nothing. Where the journal does not know that position any more, after a reorganisation
or with another journal, the listener is told to load the list anew (``reset``).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Annotated

import structlog
from fastapi import APIRouter, Header, Request
from fastapi.responses import StreamingResponse
from sqlalchemy.engine import Connection

from oracle.api.context import Context
from oracle.api.examples import PROBLEMS
from oracle.api.problems import Refusal
from oracle.api.views import line_view
from oracle.core.errors import JournalError
from oracle.journal.feed import Line, Position, changed_since

log = structlog.get_logger("oracle.api")

KEEP_ALIVE = 15.0
"""Seconds of silence after which a comment is sent; proxies close what is silent."""
IDLE = 5.0
"""Longest sleep of the loop that nobody wakes, seconds."""
RECONNECT_MS = 1000
"""How soon a browser connects again."""
AT_ONCE = 200
"""Most changes that are read at once; a listener that is further behind loads the list anew."""
LISTENERS = 128
"""Most listeners of one node."""
WAITING = 512
"""Most events that wait for one listener."""

_ID = re.compile(r"([0-9]{1,18})-([0-9]{1,18})-([0-9]{1,18})-([0-9a-f]{0,16})")
_RESET = "reset"

EXAMPLE = 'id: 8-5-0-1f0c9a7be2d43350\nevent: decision\ndata: {"subject": "0x…", …}\n\n'

router = APIRouter(prefix="/api/stream", tags=["decisions"])


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event; an id only where a listener may go on from it."""

    name: str
    body: str = "{}"
    id: str | None = None

    def __str__(self) -> str:
        place = f"id: {self.id}\n" if self.id is not None else ""
        return f"{place}event: {self.name}\ndata: {self.body}\n\n"


class Stream:
    """What changes in one node's journal, for any number of listeners.

    The loop runs while somebody listens; what it costs does not grow with how many do.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._bell = asyncio.Event()
        self._rewound = False
        self._position = Position()
        self._listeners: set[asyncio.Queue[Event | None]] = set()
        self._loop: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        context.node.parts.observers.append(self._ring)

    def close(self) -> None:
        """End every connection, so that the server can stop."""
        for listener in self._listeners:
            _put(listener, None)

    def check_room(self) -> None:
        """Refuse one more listener where there are too many.

        Raises:
            Refusal: there are.
        """
        if len(self._listeners) >= LISTENERS:
            raise Refusal(
                429,
                "Too many listeners",
                f"{LISTENERS} connections listen to the stream already",
                remedy="close some, or ask /api/decisions from time to time",
                headers={"Retry-After": "10"},
            )

    @asynccontextmanager
    async def listen(self, after: str | None) -> AsyncIterator[asyncio.Queue[Event | None]]:
        """A queue of events from now on, or from behind the one with this id; None ends it.

        Raises:
            JournalError: the journal can not be read.
        """
        queue: asyncio.Queue[Event | None] = asyncio.Queue()
        self._listeners.add(queue)
        try:
            async with self._starting:
                if self._loop is None or self._loop.done():
                    self._position = await self._context.node.parts.journal.read(Position.at_end)
                    self._loop = asyncio.create_task(self._follow())
            for event in await self._missed(after):
                queue.put_nowait(event)
            yield queue
        finally:
            self._listeners.discard(queue)
            if not self._listeners and self._loop is not None:
                self._loop.cancel()
                self._loop = None

    def _ring(self, stage: str, _request: object, /) -> None:
        """Wake the loop (an :class:`~oracle.node.parts.Observer`)."""
        self._rewound = self._rewound or stage == "rewound"
        self._bell.set()

    async def _missed(self, after: str | None) -> list[Event]:
        """What a listener begins with."""
        begin = Event("open", id=_text(self._position))
        if after is None:
            return [begin]
        position = _position(after)
        if position is None:
            return [begin, Event(_RESET)]

        def read(db: Connection) -> tuple[list[Line], Position] | None:
            return changed_since(db, position, limit=AT_ONCE) if position.holds(db) else None

        found = await self._context.node.parts.journal.read(read)
        if found is None or len(found[0]) >= AT_ONCE:
            return [begin, Event(_RESET)]
        return [begin, *self._events(*found)]

    async def _follow(self) -> None:
        """Pass on what changes, until cancelled."""
        while True:
            self._bell.clear()
            try:
                more = await self._turn()
            except JournalError as error:
                log.warning("stream_waits", why=error.what)
                more = False
            if more:
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(IDLE):
                    await self._bell.wait()

    async def _turn(self) -> bool:
        """Pass on the next changes; whether more may wait."""
        journal = self._context.node.parts.journal
        if self._rewound:
            self._rewound = False
            self._position = await journal.read(Position.at_end)
            self._tell([Event(_RESET, id=_text(self._position))])
            return True
        at = self._position
        lines, self._position = await journal.read(lambda db: changed_since(db, at, limit=AT_ONCE))
        self._tell(self._events(lines, self._position))
        return len(lines) >= AT_ONCE

    def _events(self, lines: list[Line], behind: Position) -> list[Event]:
        """The last one carries the position; who is cut off before it gets all of them again."""
        views = [line_view(each, self._context.card(each.model_id)) for each in lines]
        last = len(views) - 1
        return [
            Event("decision", view.model_dump_json(), _text(behind) if place == last else None)
            for place, view in enumerate(views)
        ]

    def _tell(self, events: list[Event]) -> None:
        for listener in self._listeners:
            for event in events:
                _put(listener, event)


def _put(listener: asyncio.Queue[Event | None], event: Event | None) -> None:
    """Queue an event; a listener that takes none loads the list anew when it does again."""
    if listener.qsize() >= WAITING:
        while not listener.empty():
            listener.get_nowait()
        listener.put_nowait(Event(_RESET))
    listener.put_nowait(event)


def _text(position: Position) -> str:
    return f"{position.entry}-{position.block}-{position.log}-{position.block_hash[:8].hex()}"


def _position(text: str) -> Position | None:
    found = _ID.fullmatch(text)
    if found is None or len(found[4]) % 2:
        return None
    entry, block, place = (int(found[part]) for part in (1, 2, 3))
    return Position(entry=entry, block=block, log=place, block_hash=bytes.fromhex(found[4]))


@router.get(
    "",
    summary="Decisions as they arrive",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Server-sent events, without an end.",
            "content": {"text/event-stream": {"schema": {"type": "string"}, "example": EXAMPLE}},
        },
        429: PROBLEMS[429],
    },
)
async def stream(
    request: Request,
    last_event_id: Annotated[
        str | None, Header(description="The id of the last event that was seen, to go on from it.")
    ] = None,
) -> StreamingResponse:
    """`decision` with a line as in the list, whenever one is new or has moved; `reset` where the
    list is to be loaded anew; a comment where nothing happens for a while.
    """
    hub: Stream = request.app.state.stream
    hub.check_room()
    return StreamingResponse(
        _texts(hub, last_event_id),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _texts(hub: Stream, after: str | None) -> AsyncIterator[str]:
    async with hub.listen(after) as events:
        yield f"retry: {RECONNECT_MS}\n\n"
        while True:
            try:
                async with asyncio.timeout(KEEP_ALIVE):
                    event = await events.get()
            except TimeoutError:
                yield ": still here\n\n"
                continue
            if event is None:
                return
            yield str(event)
