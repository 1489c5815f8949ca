"""The ports: what the daemon needs of the outside; every implementation of one passes the same contract tests."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from contracts.envelope import Envelope
from contracts.instrument import Universe
from contracts.market import BarHistory
from contracts.model import ModelTexts
from contracts.quantities import Nanos, Seconds
from contracts.stored_features import FeatureSet, StoredFeatures
from contracts.stream import PartFrames, StreamBlock
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
from contracts.wire import Parsed, RawFrame, RawSignal


class FeedLost(ConnectionError):
    """The connection of a feed is gone; a state, not a crash."""


class FeedFinished(Exception):
    """A recording is at its end; nothing more will ever come."""


class SignalsLost(ConnectionError):
    """The connection to where agents elsewhere write is gone, or could not be made; a state, not a crash."""


class VenueSilent(ConnectionError):
    """The venue gave no answer, or one that proves nothing: whatever was asked may have happened."""


class JournalFailed(OSError):
    """The disk refused a write or a sync; from now on nothing may be sent."""


class ModelRejected(Exception):
    """A model that must not be used; says which one and why."""


class WorkFailed(Exception):
    """A worker process gave no result: it failed, took too long, or was killed; says why."""


class StoreUnavailable(ConnectionError):
    """The feature store gave no answer in time, or refused; whoever asked goes on without it."""


class Clock(Protocol):
    """Where the time comes from; gateways have no other."""

    def now(self) -> Nanos:
        """Nanoseconds since 1970 UTC."""

    async def sleep_until(self, at_ns: Nanos) -> None:
        """Return at that time, at once if it is past."""


class Parser(Protocol):
    """Bytes to market rows, without I/O; one for each connection epoch."""

    def parse(self, frame: RawFrame) -> Parsed:
        """What the frame says; raises MalformedFrame."""


class Feed(Protocol):
    """One source of market data."""

    name: str

    @property
    def universe(self) -> Universe:
        """The instruments this feed is asked for."""

    def history(self, bar_s: Seconds, bars: int, before_ns: Nanos) -> BarHistory | None:
        """Closed bars from before a time, at most that many; None where the source has none."""

    def parser(self, epoch: int) -> Parser:
        """A fresh parser for a connection."""

    def connect(self, epoch: int) -> AbstractAsyncContextManager[AsyncIterator[RawFrame]]:
        """Connect and subscribe; the iterator raises FeedLost when the connection goes, FeedFinished at the end."""


class SignalSource(Protocol):
    """Where agents of other processes leave what they believe."""

    def connect(self) -> AbstractAsyncContextManager[AsyncIterator[tuple[RawSignal, ...]]]:
        """Read on from the end: what was written before is old.

        The iterator gives what has come, never nothing, a few hundred records at most at once; it raises SignalsLost
        when the connection goes, as entering does where there is none. Neither takes longer than a few seconds to say.
        """


class OrderVenue(Protocol):
    """One account at one venue. Every question raises VenueSilent where the answer did not come."""

    name: str

    async def submit(self, order: Order) -> OrderAccepted | OrderRejected | OrderUnknown:
        """Send an order; silence or an ambiguous answer is OrderUnknown or VenueSilent, never OrderRejected."""

    async def cancel(self, cancel: CancelOrder) -> OrderCancelled | CancelRejected:
        """Cancel what is left of an order."""

    async def query(self, query: OrderQuery) -> OrderReport:
        """What the venue knows of an order."""

    async def snapshot(self) -> VenueSnapshot:
        """Balances, positions and open orders."""

    async def fills_since(self, cursor: int) -> tuple[tuple[Fill | FundingPaid, ...], int]:
        """The account's fills and funding from a cursor on, and the next cursor: the drop copy, apart from the stream.

        All that changes the account is in it: a snapshot asked for after it is true of what it told.
        """

    def stream(self) -> AbstractAsyncContextManager[AsyncIterator[Fill | OrderCancelled | FundingPaid]]:
        """The private stream; raises FeedLost when it goes. What happened while away must be asked for."""

    async def cancel_all(self) -> None:
        """Cancel every open order of the account."""


class Journal(Protocol):
    """The record of a run; the bus shows it every envelope before anyone acts on it."""

    def append(self, envelope: Envelope[Any], *, outside: bool) -> None:
        """Take the next record; raises JournalFailed once the disk has failed."""

    def end_turn(self) -> None:
        """The last record taken ends its turn."""

    async def durable(self, seq: int) -> None:
        """Return when the turn of that record is on the disk whole; raises JournalFailed."""

    def close(self) -> None:
        """Write, sync and seal what is there."""


class Models(Protocol):
    """Fitted models by the SHA-256 of their manifests; nothing unverified ever comes out."""

    def texts(self, model: str) -> ModelTexts:
        """The verified boosters of a model; raises ModelRejected with the reason."""


class ModelShelf(Models, Protocol):
    """The models of a run: those of the store that it took up, pinned beside its journal."""

    def champion(self) -> str:
        """The champion of the store; "" for none."""

    def adopt(self, model: str) -> ModelTexts:
        """Take a model that a worker has just found sound into the run; raises ModelRejected."""

    def crown(self, model: str, why: str) -> None:
        """Make a model the champion of the store; raises ModelRejected."""


class Workers(Protocol):
    """Work that would hold up the loop, each piece in a process of its own."""

    async def run(
        self, work: str, arguments: tuple[str, ...], *, data: Sequence[bytes] = (), timeout_s: Seconds
    ) -> str:
        """What the named work printed, after reading the data; raises WorkFailed.

        Cancelled or too late, its process is killed.
        """


class FeatureStore(Protocol):
    """Where features are kept for others to read: a cache that may be away or lie, and that no decision rests on.

    Each value says itself what it is of; one that does not say what was asked for is absent, and counted in `refused`.
    """

    name: str

    @property
    def refused(self) -> dict[str, int]:
        """How many values were treated as absent, by why."""

    @property
    def is_away(self) -> bool:
        """Whether it failed so often on end that it is not even asked for a while."""

    async def write(self, rows: StoredFeatures) -> None:
        """Keep a value for each row, in one round trip; raises StoreUnavailable: some may have been written."""

    async def read(self, of: FeatureSet, symbols: Sequence[str], *, since_ns: Nanos = 0) -> StoredFeatures:
        """What is there, in the order of the symbols, in one round trip; raises StoreUnavailable."""

    async def symbols(self, of: FeatureSet) -> tuple[str, ...]:
        """The instruments there are values of, in order; raises StoreUnavailable."""

    async def clean(self, keep: FeatureSet | None = None) -> int:
        """Take away what is of other sets than `keep`, all where that is None; how many. Raises StoreUnavailable."""

    async def close(self) -> None:
        """Close what is open."""


class StreamSource(Protocol):
    """What a desk reads: blocks of the stream and frames of the shards, verified, in whatever order they come."""

    async def take(self, within_s: Seconds) -> StreamBlock | PartFrames | None:
        """The next one; None if there was none in so many real seconds. Where time is virtual it stands meanwhile."""

    async def frames(self, within_s: Seconds) -> PartFrames | None:
        """The next frames, whatever blocks are here already; otherwise as `take`."""
