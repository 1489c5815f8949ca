"""A venue behind a socket: lines in, lines out; where the venue is silent the connection ends without an answer."""

import asyncio
from typing import Final

import msgspec

from adapters.simulated.protocol import (
    FILLS_PER_LINE,
    Ask,
    Cancel,
    CancelAll,
    Done,
    FillPage,
    Fills,
    Query,
    Snapshot,
    Stream,
    Submit,
    line,
    read_ask,
)
from contracts.ports import FeedLost, OrderVenue, VenueSilent
from contracts.trade import FundingPaid

CONNECTIONS_MAX: Final = 64


class VenueServer:
    """Serves one venue to at most 64 connections; whoever comes later is turned away at once."""

    def __init__(self, venue: OrderVenue) -> None:
        self._venue = venue
        self._connections: dict[asyncio.Task[None], asyncio.StreamReader] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the asks of one connection in their order until it closes or asks what cannot be read."""
        task: asyncio.Task[None] | None = asyncio.current_task()
        assert task is not None
        if len(self._connections) >= CONNECTIONS_MAX:
            writer.close()
            return
        self._connections[task] = reader
        try:
            while data := await reader.readline():
                await self._answer(read_ask(data), writer)
        except (msgspec.MsgspecError, ValueError, ConnectionError, FeedLost, VenueSilent):
            pass  # the client sees a closed connection, which is the answer
        except asyncio.CancelledError:
            task.uncancel()
        finally:
            del self._connections[task]
            writer.close()

    def reap(self) -> None:
        """End the connections that nobody reads any more; a silent stream would not notice by itself."""
        for task, reader in self._connections.items():
            if reader.at_eof():
                task.cancel()

    def close(self) -> None:
        """End every connection."""
        for task in self._connections:
            task.cancel()

    async def _answer(self, ask: Ask, writer: asyncio.StreamWriter) -> None:
        if isinstance(ask, Stream):
            await self._stream(writer)
        else:
            writer.write(line(await self._ask(ask)))
            await writer.drain()

    async def _ask(self, ask: Submit | Cancel | CancelAll | Query | Snapshot | Fills) -> msgspec.Struct:
        if isinstance(ask, Submit):
            return await self._venue.submit(ask.order)
        if isinstance(ask, Cancel):
            return await self._venue.cancel(ask.cancel)
        if isinstance(ask, Query):
            return await self._venue.query(ask.query)
        if isinstance(ask, Snapshot):
            return await self._venue.snapshot()
        if isinstance(ask, Fills):
            fills, cursor = await self._venue.fills_since(ask.cursor)
            page = fills[:FILLS_PER_LINE]
            payments = tuple(each for each in page if isinstance(each, FundingPaid))
            told = tuple(each for each in page if not isinstance(each, FundingPaid))
            return FillPage(told, cursor - len(fills) + len(page), payments)
        await self._venue.cancel_all()
        return Done()

    async def _stream(self, writer: asyncio.StreamWriter) -> None:
        async with self._venue.stream() as events:
            writer.write(line(Done()))
            async for event in events:
                writer.write(line(event))
                await writer.drain()
