"""The broker process seen from the daemon: the `OrderVenue` port over a local socket.

Every question has a connection of its own, so a broker that was restarted needs no reconnecting, and no answer can be
taken for that of another question. What does not come in time, or does not read, is silence.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from adapters.simulated.instruments import VENUE
from adapters.simulated.listener import Event
from adapters.simulated.protocol import (
    LINE_MAX,
    Accepted,
    Ask,
    Cancel,
    CancelAll,
    Cancelled,
    CancelRefused,
    Done,
    Filled,
    FillPage,
    Fills,
    Funded,
    Query,
    Rejected,
    Reported,
    Say,
    Shown,
    Snapshot,
    Stream,
    Submit,
    Unknown,
    line,
    read_say,
)
from contracts.ports import Clock, FeedLost, VenueSilent
from contracts.quantities import Seconds
from contracts.trade import (
    CancelOrder,
    CancelRejected,
    Fill,
    FundingPaid,
    Order,
    OrderAccepted,
    OrderCancelled,
    OrderQuery,
    OrderRejected,
    OrderReport,
    OrderUnknown,
    VenueSnapshot,
)

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class RemoteVenue:
    """One account at a broker process on this machine; `address` is a Unix socket's path or a port of 127.0.0.1."""

    def __init__(self, address: Path | int, clock: Clock, timeout_s: Seconds, name: str = VENUE) -> None:
        self.name = name
        self._address = address
        self._clock = clock
        self._timeout_s = timeout_s

    async def submit(self, order: Order) -> OrderAccepted | OrderRejected | OrderUnknown:
        """Send an order; raises VenueSilent, after which the order may live."""
        said = await self._ask(Submit(order))
        if isinstance(said, Accepted | Rejected | Unknown):
            return said.value
        raise self._strange(said)

    async def cancel(self, cancel: CancelOrder) -> OrderCancelled | CancelRejected:
        """Cancel what is left of an order; raises VenueSilent."""
        said = await self._ask(Cancel(cancel))
        if isinstance(said, Cancelled | CancelRefused):
            return said.value
        raise self._strange(said)

    async def cancel_all(self) -> None:
        """Cancel every open order of the account; raises VenueSilent."""
        said = await self._ask(CancelAll())
        if not isinstance(said, Done):
            raise self._strange(said)

    async def query(self, query: OrderQuery) -> OrderReport:
        """What the venue knows of an order; raises VenueSilent."""
        asked_ns = self._clock.now()
        said = await self._ask(Query(query))
        if isinstance(said, Reported):
            return msgspec.structs.replace(said.value, asked_ns=asked_ns)
        raise self._strange(said)

    async def snapshot(self) -> VenueSnapshot:
        """Balances, positions and open orders; raises VenueSilent."""
        asked_ns = self._clock.now()
        said = await self._ask(Snapshot())
        if isinstance(said, Shown):
            return msgspec.structs.replace(said.value, asked_ns=asked_ns)
        raise self._strange(said)

    async def fills_since(self, cursor: int) -> tuple[tuple[Fill | FundingPaid, ...], int]:
        """All fills and payments from a cursor on, page by page, and the next cursor; raises VenueSilent."""
        fills: list[Fill | FundingPaid] = []
        while True:
            page = await self._ask(Fills(cursor))
            if not isinstance(page, FillPage):
                raise self._strange(page)
            if not (page.value or page.payments):
                return tuple(fills), page.cursor
            fills += (*page.value, *page.payments)
            cursor = page.cursor

    @asynccontextmanager
    async def stream(self) -> AsyncIterator[AsyncIterator[Event]]:
        """The private stream from now on; raises FeedLost when the connection cannot be had or goes."""
        try:
            async with asyncio.timeout(self._timeout_s):
                reader, writer = await self._connect()
                writer.write(line(Stream()))
                await self._heard(reader)
        except (OSError, VenueSilent) as error:
            raise FeedLost(f"{self.name}: no private stream: {type(error).__name__} {error}") from error
        events = self._events(reader)
        try:
            yield events
        finally:
            await events.aclose()
            writer.close()

    async def _events(self, reader: asyncio.StreamReader) -> AsyncGenerator[Event, None]:
        while True:
            try:
                said = await self._heard(reader)
            except (OSError, VenueSilent) as error:
                raise FeedLost(f"{self.name}: the private stream is gone: {error}") from error
            if isinstance(said, Filled | Cancelled | Funded):
                yield said.value

    async def _ask(self, ask: Ask) -> Say:
        try:
            async with asyncio.timeout(self._timeout_s):
                reader, writer = await self._connect()
                try:
                    writer.write(line(ask))
                    return await self._heard(reader)
                finally:
                    writer.close()
        except TimeoutError as error:
            raise VenueSilent(f"{self.name}: no answer within {self._timeout_s} s") from error
        except OSError as error:
            raise VenueSilent(f"{self.name} at {self._address}: {error}") from error

    def _strange(self, said: Say) -> VenueSilent:
        return VenueSilent(f"{self.name}: the answer was {type(said).__name__}, which answers another question")

    async def _connect(self) -> Connection:
        if isinstance(self._address, Path):
            return await asyncio.open_unix_connection(self._address, limit=LINE_MAX)
        return await asyncio.open_connection("127.0.0.1", self._address, limit=LINE_MAX)

    async def _heard(self, reader: asyncio.StreamReader) -> Say:
        try:
            data = await reader.readline()
            if not data.endswith(b"\n"):
                raise VenueSilent(f"{self.name}: the connection was closed without an answer")
            return read_say(data)
        except (ValueError, msgspec.MsgspecError) as error:
            raise VenueSilent(f"{self.name}: an answer does not read: {error}") from error
