"""The marker keeps the last quote of every instrument and says them all as one frame on the beat.

A tick costs a few list assignments; columns are made at the beat only. An instrument that has no ticks in its epoch is
quoted by the best prices of its book, kept here until the first tick comes. The quotes at the close of a bar that
history tells are quotes like any other; where a bar has none, the last ones stand. A frame is said on every signal beat
and, so that equity, loss limits and outcomes do not wait for the next belief, on the first `second` beat of each
`frame_s`.
"""

from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec
import numpy as np

from actors.alignment import moved, moves
from actors.book_levels import BookLevels, closed, opened, touch_of
from actors.grid import Grid
from actors.memory import NOTHING, StatefulActor
from actors.settings import more_than_zero
from contracts.column import flags, floats, integers
from contracts.envelope import Envelope
from contracts.instrument import Universe
from contracts.life import Beat
from contracts.market import BookDelta, BookSnapshot, ClosedBars, FeedStatus, MarkFrame, Tick, UniverseChanged
from contracts.quantities import Nanos, Seconds, nanos
from quant.order_book import OrderBook


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
        self._grid = Grid.of(each.tick for each in universe.instruments) if universe else Grid.of(())
        self._books = {self._columns[symbol]: opened(levels) for symbol, levels in self.state.books.items()}
        self.state.books = {}

    def snapshot(self) -> MarkerState:
        copy = super().snapshot()
        copy.books = self._closed_books()
        return copy

    def _closed_books(self) -> dict[str, BookLevels]:
        symbols = tuple(self._columns)
        return {symbols[column]: closed(book) for column, book in self._books.items()}

    def receive(self, envelope: Envelope[Any]) -> Iterable[msgspec.Struct]:
        said = envelope.payload
        if type(said) is Tick:
            self._on_tick(said, envelope)
            return NOTHING
        if isinstance(said, BookDelta | BookSnapshot):
            self._on_depth(said, envelope)
            return NOTHING
        if isinstance(said, Beat):
            return self._on_beat(said, envelope.at_ns)
        if isinstance(said, FeedStatus):
            self._on_status(said)
        elif isinstance(said, ClosedBars):
            self._on_closed(said, envelope)
        elif isinstance(said, UniverseChanged):
            self._on_universe(said.universe)
        return NOTHING

    def _on_closed(self, bars: ClosedBars, envelope: Envelope[Any]) -> None:
        bid, ask, width = bars.bid.values, bars.ask.values, len(self._columns)
        quoted = np.isfinite(bid) & np.isfinite(ask)
        told = {"tick_ns": [envelope.at_ns] * width, "tick_seq": [envelope.seq] * width}
        for name, side in (("bid", bid), ("ask", ask)):
            told[name] = self._grid.counts(np.where(quoted, side, 0.0)).tolist()
        whole = np.count_nonzero(quoted) == width
        for name, row in told.items():
            known = row if whole else np.where(quoted, row, getattr(self.state, name)).tolist()
            setattr(self.state, name, known)

    def _on_tick(self, tick: Tick, envelope: Envelope[Any]) -> None:
        state = self.state
        column = self._columns.get(tick.symbol)
        if column is None:
            state.unknown_symbol += 1
        elif tick.epoch < state.epoch[column]:
            state.old_epoch += 1
        else:
            state.bid[column] = tick.bid
            state.ask[column] = tick.ask
            state.tick_ns[column] = envelope.at_ns
            state.tick_seq[column] = envelope.seq
            state.epoch[column] = tick.epoch
            if column in self._books:
                del self._books[column]
            state.ticked[column] = tick.epoch

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
        bid_ticks = np.array(self.state.bid, dtype=np.int64)
        ask_ticks = np.array(self.state.ask, dtype=np.int64)
        valid = (bid_ticks > 0) & (bid_ticks < ask_ticks)
        bid, ask = self._grid.floats(bid_ticks), self._grid.floats(ask_ticks)
        mid = self._grid.floats(bid_ticks + ask_ticks) / 2.0
        if np.count_nonzero(valid) < len(valid):
            bid[~valid] = ask[~valid] = mid[~valid] = np.nan
        return MarkFrame(
            universe=universe.version,
            bid=floats(bid),
            ask=floats(ask),
            mid=floats(mid),
            tick_ns=integers(self.state.tick_ns),
            tick_seq=integers(self.state.tick_seq),
            valid=flags(valid),
        )

    def _on_status(self, status: FeedStatus) -> None:
        if status.state not in ("gap", "down"):
            return
        for symbol in status.symbols:
            column = self._columns.get(symbol)
            if column is not None and status.epoch >= self.state.epoch[column]:
                self._void(column, status.epoch)

    def _void(self, column: int, epoch: int) -> None:
        state = self.state
        state.bid[column] = state.ask[column] = 0
        state.epoch[column] = epoch
        self._books.pop(column, None)

    def _on_universe(self, universe: Universe) -> None:
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
