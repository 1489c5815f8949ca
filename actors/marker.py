"""The marker keeps the last quote of every instrument and says them all as one frame on the beat.

A tick costs a few list assignments; columns are made at the beat only. An instrument that has no ticks in its epoch is
quoted by the best prices of its book, kept here until the first tick comes. The quotes at the close of a bar that
history tells are quotes like any other; where a bar has none, the last ones stand, and where all have one they stay
columns until a row wants to change one. A frame is said on every signal beat and, so that equity, loss limits and
outcomes do not wait for the next belief, on the first `second` beat of each `frame_s`.
"""

from collections.abc import Iterable
from typing import Any, ClassVar, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from actors.alignment import moved, moves
from actors.book_levels import BookLevels, closed, opened, touch_of
from actors.grid import Grid
from actors.memory import NOTHING, StatefulActor
from actors.settings import more_than_zero
from contracts.column import flags, given, given_rows
from contracts.envelope import Envelope
from contracts.instrument import Universe
from contracts.life import Beat
from contracts.market import BookDelta, BookSnapshot, ClosedBars, FeedStatus, MarkFrame, Tick, UniverseChanged
from contracts.quantities import Nanos, Seconds, nanos
from quant.order_book import OrderBook
from quant.rolling import Floats

DEPTH: Final = (BookDelta, BookSnapshot)
BOTH: Final = np.array(((1.0, 0.0), (0.0, 1.0), (1.0, 1.0)))
"""Makes of bid and ask the rows bid, ask, and both together, in whole ticks: exactly."""


class MarkerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often marks are said between signal beats.

    A frame costs 41 bytes of journal per instrument: at 1 s and 64 instruments some 230 MB a day.

    Raises:
        ValueError: a time that is not positive.
    """

    frame_s: Seconds = 1.0

    def __post_init__(self) -> None:
        more_than_zero("marker", frame_s=self.frame_s)


class MarkerState(msgspec.Struct, kw_only=True):
    """Whole ticks per column, 0 for an empty side; when and by which message they came; what was ignored, by kind.

    `ticked` is the epoch of the last tick; `books` are those of instruments without ticks, by
    symbol, in snapshots only.
    """

    universe: Universe | None = None
    bid: list[int] = []
    ask: list[int] = []
    tick_ns: list[int] = []
    tick_seq: list[int] = []
    epoch: list[int] = []
    ticked: list[int] = []
    books: dict[str, BookLevels] = {}
    said_ns: Nanos = 0
    unknown_symbol: int = 0
    old_epoch: int = 0


class Marker(StatefulActor[MarkerState]):
    """Last quotes as columns; not valid without both sides, with bid not below ask, or after a gap."""

    role = "marker"
    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = (
        UniverseChanged,
        Tick,
        BookDelta,
        BookSnapshot,
        ClosedBars,
        FeedStatus,
        Beat,
    )
    kept = MarkerState
    beats = ("signal", "second")

    def __init__(self, settings: MarkerSettings) -> None:
        self._frame_ns = nanos(settings.frame_s)
        self.start(MarkerState())

    def derive(self) -> None:
        universe = self.state.universe
        self._columns = dict(universe.positions) if universe else {}
        grid = Grid.of(each.tick for each in universe.instruments) if universe else Grid.of(())
        self._sides = grid.rows_of(1, 1)
        self._prices = grid.rows_of(1, 1, 2)  # bid, ask, and their sum in halves
        self._books = {self._columns[symbol]: opened(levels) for symbol, levels in self.state.books.items()}
        self.state.books = {}
        self._valid = flags(np.ones(len(self._columns)))  # where all are, as they nearly always are
        self._told: Envelope[ClosedBars] | None = None
        self._heard: dict[int, Envelope[Tick]] = {}
        state = self.state
        self._ticking = [now if now == of else -1 for now, of in zip(state.epoch, state.ticked, strict=True)]

    def snapshot(self) -> MarkerState:
        self._spread()
        copy = super().snapshot()
        copy.books = self._closed_books()
        return copy

    def _closed_books(self) -> dict[str, BookLevels]:
        symbols = tuple(self._columns)
        return {symbols[column]: closed(book) for column, book in self._books.items()}

    def receive(self, envelope: Envelope[Any]) -> Iterable[msgspec.Struct]:
        said = envelope.payload
        if type(said) is Tick:
            column = self._columns.get(said.symbol)
            if column is not None and said.epoch == self._ticking[column]:
                self._heard[column] = envelope  # all that the usual tick changes; put down when somebody asks
            else:
                self._on_tick(said, envelope)
            return NOTHING
        if isinstance(said, Beat):
            return self._on_beat(said, envelope.at_ns)
        if isinstance(said, DEPTH):
            self._on_depth(said, envelope)
            return NOTHING
        if isinstance(said, FeedStatus):
            self._on_status(said)
        elif isinstance(said, ClosedBars):
            self._on_closed(said, envelope)
        elif isinstance(said, UniverseChanged):
            self._on_universe(said.universe)
        return NOTHING

    def _on_closed(self, bars: ClosedBars, envelope: Envelope[ClosedBars]) -> None:
        if len(bars.bid) == bars.bid.present == bars.ask.present == len(self._columns):
            self._told = envelope
            self._heard.clear()
            return
        self._spread()
        ticks = self._ticks_of(bars)
        both = np.isfinite(ticks[0]) & np.isfinite(ticks[1])
        bid, ask = np.where(both, ticks, 0.0).astype(np.int64)
        for name, now in (("bid", bid), ("ask", ask), ("tick_ns", envelope.at_ns), ("tick_seq", envelope.seq)):
            setattr(self.state, name, np.where(both, now, getattr(self.state, name)).tolist())

    def _spread(self) -> None:
        """What was told as columns, and the ticks since, become the quotes of the state, row by row."""
        told, state, width = self._told, self.state, len(self._columns)
        if told is not None:
            self._told = None
            state.bid, state.ask = self._ticks_of(told.payload).astype(np.int64).tolist()
            state.tick_ns, state.tick_seq = [told.at_ns] * width, [told.seq] * width
        for column, envelope in self._heard.items():
            state.bid[column], state.ask[column] = envelope.payload.bid, envelope.payload.ask
            state.tick_ns[column], state.tick_seq[column] = envelope.at_ns, envelope.seq
        self._heard.clear()

    def _on_tick(self, tick: Tick, envelope: Envelope[Tick]) -> None:
        """The first tick of a connection, or one that does not count."""
        state = self.state
        column = self._columns.get(tick.symbol)
        if column is None:
            state.unknown_symbol += 1
        elif tick.epoch < state.epoch[column]:
            state.old_epoch += 1
        else:
            self._heard[column] = envelope
            state.epoch[column] = state.ticked[column] = self._ticking[column] = tick.epoch
            self._books.pop(column, None)

    def _on_depth(self, row: BookDelta | BookSnapshot, envelope: Envelope[Any]) -> None:
        state = self.state
        column = self._columns.get(row.symbol)
        if column is None or state.ticked[column] >= row.epoch or row.epoch < state.epoch[column]:
            return
        if row.epoch > state.epoch[column]:
            self._void(column, row.epoch)
        if isinstance(row, BookSnapshot):
            self._books[column] = OrderBook()
            apply = self._books[column].apply_snapshot
        elif column in self._books:
            apply = self._books[column].apply_delta
        else:
            return
        self._spread()
        apply(row.bid_ticks.values, row.bid_lots.values, row.ask_ticks.values, row.ask_lots.values)
        best = touch_of(self._books[column])
        state.bid[column], state.ask[column] = best.bid, best.ask
        state.tick_ns[column], state.tick_seq[column] = envelope.at_ns, envelope.seq

    def _on_beat(self, beat: Beat, at_ns: Nanos) -> Iterable[msgspec.Struct]:
        state = self.state
        due = beat.kind == "signal" or (
            beat.kind == "second" and at_ns // self._frame_ns > state.said_ns // self._frame_ns
        )
        if not due or state.universe is None:
            return NOTHING
        state.said_ns = at_ns
        return (self._frame(state.universe),)

    def _frame(self, universe: Universe) -> MarkFrame:
        sides, came = self._quotes()
        ticks = BOTH @ sides
        right = ticks[:2] < ticks[1:]  # the bid is below the ask, and there is one: else the ask would be their sum
        prices, valid = self._prices.floats(ticks), self._valid
        if np.count_nonzero(right) < right.size:
            known = right[0] & right[1]
            prices[:, ~known] = np.nan
            valid = given(known)
        bid, ask, mid = given_rows(prices)
        tick_ns, tick_seq = given_rows(came)
        return MarkFrame(universe.version, bid, ask, mid, tick_ns, tick_seq, valid)

    def _quotes(self) -> tuple[Floats, NDArray[np.int64]]:
        """Whole ticks of bid and ask (2, N); when and by which message they came (2, N)."""
        if self._heard:
            self._spread()
        told, state = self._told, self.state
        if told is None:
            came = np.array((state.tick_ns, state.tick_seq), dtype=np.int64)
            return np.array((state.bid, state.ask), dtype=np.float64), came
        came = np.empty((2, len(self._columns)), dtype=np.int64)
        came[0], came[1] = told.at_ns, told.seq
        return self._ticks_of(told.payload), came

    def _ticks_of(self, bars: ClosedBars) -> Floats:
        """Bid and ask (2, N) as whole ticks, NaN where there is none."""
        return self._sides.nearest(np.array((bars.bid.values, bars.ask.values)))

    def _on_status(self, status: FeedStatus) -> None:
        if status.state not in ("gap", "down"):
            return
        for symbol in status.symbols:
            column = self._columns.get(symbol)
            if column is not None and status.epoch >= self.state.epoch[column]:
                self._void(column, status.epoch)

    def _void(self, column: int, epoch: int) -> None:
        self._spread()
        self.state.bid[column] = self.state.ask[column] = 0
        self.state.epoch[column], self._ticking[column] = epoch, -1
        self._books.pop(column, None)

    def _on_universe(self, universe: Universe) -> None:
        self._spread()
        state = self.state
        to = moves(state.universe, universe)
        books = self._closed_books()
        kept = [each.symbol for each, column in zip(universe.instruments, to.tolist(), strict=True) if column >= 0]
        state.books = {symbol: books[symbol] for symbol in kept if symbol in books}
        state.universe = universe
        for name in ("bid", "ask", "tick_ns", "tick_seq", "epoch", "ticked"):
            setattr(state, name, moved(getattr(state, name), to, 0))
        self.derive()

    def check(self) -> None:
        state = self.state
        columns = (state.bid, state.ask, state.tick_ns, state.tick_seq, state.epoch, state.ticked)
        assert all(len(each) == len(self._columns) for each in columns), "marker columns differ in width"
