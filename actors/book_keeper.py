"""The book keeper holds one book per instrument and says what they show, on every signal beat, last of the market.

Nothing of a book survives its connection epoch: a gap, a lost connection or data of a newer epoch voids it, and changes
are ignored (counted) until the next snapshot; the end of a connection that was replaced before voids nothing. An
instrument without a book is measured by the best sizes of its ticks, so that imbalance and order flow exist where a
feed has no depth; only `imbalance_l5` is NaN there.
"""

from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec
import numpy as np

from actors.alignment import moved, moved_array, moves
from actors.book_levels import BookLevels, closed, five_of, opened, touch_of
from actors.memory import NOTHING, StatefulActor
from actors.settings import more_than_zero
from contracts.column import Column, floats, integers
from contracts.envelope import Envelope
from contracts.instrument import Universe
from contracts.life import Beat
from contracts.market import BookDelta, BookFrame, BookSnapshot, FeedStatus, Tick, UniverseChanged
from contracts.quantities import Nanos, Seconds, nanos
from quant.order_book import OrderBook
from quant.order_flow import Touch, imbalance, measure, order_flow

NO_TOUCH = Touch(0, 0, 0, 0)


class BookKeeperSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far back order flow is summed; it is kept in slices from beat to beat, so whole seconds make sense.

    Raises:
        ValueError: a window that is not positive.
    """

    window_s: Seconds = 10.0

    def __post_init__(self) -> None:
        more_than_zero("book keeper", window_s=self.window_s)


class Slice(msgspec.Struct, frozen=True):
    """What happened between two beats: `counts` has the rows of `BookKeeperState.counts`."""

    end_ns: Nanos
    counts: Column


class BookKeeperState(msgspec.Struct, kw_only=True):
    """Per column: the touch, its epoch, the last message that changed it, lots of the best five levels.

    `flow`, `depth`, `events` and `updates` count since the last beat, in lots and messages; `slices` are those before.
    `books` is filled in snapshots only.
    """

    universe: Universe | None = None
    touch: list[Touch] = []
    epoch: list[int] = []
    book_seq: list[int] = []
    five: list[tuple[int, int]] = []
    flow: list[int] = []
    depth: list[int] = []
    events: list[int] = []
    updates: list[int] = []
    slices: list[Slice] = []
    books: list[BookLevels | None] = []
    unknown_symbol: int = 0
    old_epoch: int = 0
    no_book: int = 0


class BookKeeper(StatefulActor[BookKeeperState]):
    """Snapshots, deltas and ticks in, the cross-section of the books out; NaN where there is no valid touch."""

    role = "book_keeper"
    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = (
        UniverseChanged,
        Tick,
        BookSnapshot,
        BookDelta,
        FeedStatus,
        Beat,
    )
    kept = BookKeeperState

    def __init__(self, settings: BookKeeperSettings) -> None:
        self._window_ns = nanos(settings.window_s)
        self.start(BookKeeperState())

    def derive(self) -> None:
        universe = self.state.universe
        self._columns = dict(universe.positions) if universe else {}
        self._lot_size = np.array([float(each.lot) for each in universe.instruments] if universe else [])
        self._books = [None if levels is None else opened(levels) for levels in self.state.books]
        self.state.books = []
        self._dirty: dict[int, None] = dict.fromkeys(range(len(self._columns)))

    def snapshot(self) -> BookKeeperState:
        self._count_levels()
        copy = super().snapshot()
        copy.books = [None if book is None else closed(book) for book in self._books]
        return copy

    def receive(self, envelope: Envelope[Any]) -> Iterable[msgspec.Struct]:
        said = envelope.payload
        if type(said) is Tick:
            self._on_tick(said, envelope.seq)
        elif type(said) is BookDelta or type(said) is BookSnapshot:
            self._on_depth(said, envelope.seq)
        elif isinstance(said, Beat):
            return self._on_beat(said, envelope.at_ns)
        elif isinstance(said, FeedStatus):
            self._on_status(said)
        elif isinstance(said, UniverseChanged):
            self._on_universe(said.universe)
        return NOTHING

    def _on_tick(self, tick: Tick, seq: int) -> None:
        state = self.state
        column = self._columns.get(tick.symbol)
        if column is None:
            state.unknown_symbol += 1
        elif tick.epoch != state.epoch[column] and not self._opened(column, tick.epoch):
            return
        elif self._books[column] is None:
            self._changed(column, Touch(tick.bid, tick.bid_lots, tick.ask, tick.ask_lots), seq)

    def _on_depth(self, row: BookSnapshot | BookDelta, seq: int) -> None:
        column = self._columns.get(row.symbol)
        if column is None:
            self.state.unknown_symbol += 1
        elif row.epoch != self.state.epoch[column] and not self._opened(column, row.epoch):
            return
        elif isinstance(row, BookSnapshot):
            self._on_snapshot(column, row, seq)
        elif (book := self._books[column]) is None:
            self.state.no_book += 1
        else:
            book.apply_delta(row.bid_ticks.values, row.bid_lots.values, row.ask_ticks.values, row.ask_lots.values)
            self._dirty[column] = None
            self._changed(column, touch_of(book), seq)

    def _opened(self, column: int, epoch: int) -> bool:
        """Whether another epoch than the column's is a newer one; nothing of a book survives it."""
        if epoch < self.state.epoch[column]:
            self.state.old_epoch += 1
            return False
        self._void(column)
        self.state.epoch[column] = epoch
        return True

    def _on_snapshot(self, column: int, row: BookSnapshot, seq: int) -> None:
        book = OrderBook()
        book.apply_snapshot(row.bid_ticks.values, row.bid_lots.values, row.ask_ticks.values, row.ask_lots.values)
        self._void(column)
        self._books[column] = book
        self._changed(column, touch_of(book), seq)

    def _changed(self, column: int, touch: Touch, seq: int) -> None:
        """The book of a column is now that; a restated touch is an update without flow."""
        state = self.state
        before = state.touch[column]
        state.book_seq[column] = seq
        state.updates[column] += 1
        if touch == before:
            return
        state.touch[column] = touch
        if before.bid > 0 and before.ask > 0 and touch.bid > 0 and touch.ask > 0:
            state.flow[column] += order_flow(before, touch)
            state.depth[column] += touch.bid_lots + touch.ask_lots
            state.events[column] += 1

    def _void(self, column: int) -> None:
        self._books[column] = None
        self.state.touch[column] = NO_TOUCH
        self._dirty[column] = None

    def _on_status(self, status: FeedStatus) -> None:
        if status.state not in ("gap", "down"):
            return
        for symbol in status.symbols:
            column = self._columns.get(symbol)
            if column is not None and status.epoch >= self.state.epoch[column]:
                self._void(column)
                self.state.epoch[column] = status.epoch

    def _on_beat(self, beat: Beat, at_ns: Nanos) -> Iterable[msgspec.Struct]:
        state = self.state
        if beat.kind == "decide" or state.universe is None:
            return NOTHING
        width = len(state.universe)
        counts = integers([state.flow, state.depth, state.events, state.updates])
        horizon_ns = at_ns - self._window_ns
        state.slices = [each for each in state.slices if each.end_ns > horizon_ns]
        state.slices.append(Slice(at_ns, counts))
        state.flow, state.depth, state.events, state.updates = ([0] * width for _ in range(4))
        return (self._frame(state.universe),) if beat.kind == "signal" else NOTHING

    def _count_levels(self) -> None:
        for column in self._dirty:
            book = self._books[column]
            self.state.five[column] = (0, 0) if book is None else five_of(book)
        self._dirty = {}

    def _frame(self, universe: Universe) -> BookFrame:
        self._count_levels()
        state = self.state
        bid, bid_lots, ask, ask_lots = np.array(state.touch, dtype=np.int64).T
        bid_five, ask_five = np.array(state.five, dtype=np.int64).T
        flow, depth, events, updates = np.sum([each.counts.values for each in state.slices], axis=0)
        shown = measure(bid, bid_lots, ask, ask_lots)
        valid = ~np.isnan(shown.spread_bps)
        lots = np.where(events > 0, depth / np.maximum(events, 1), bid_lots + ask_lots) / 2.0
        mean_lots = np.where(valid & (lots > 0), lots, np.nan)
        return BookFrame(
            universe=universe.version,
            spread_bps=floats(shown.spread_bps),
            imbalance_l1=floats(shown.imbalance),
            imbalance_l5=floats(np.where(valid, imbalance(bid_five, ask_five), np.nan)),
            micro_bps=floats(shown.micro_bps),
            ofi=floats(flow / mean_lots),
            depth=floats(mean_lots * self._lot_size),
            updates=floats(np.where(valid, updates, np.nan)),
            book_seq=integers(state.book_seq),
        )

    def _on_universe(self, universe: Universe) -> None:
        state = self.state
        to = moves(state.universe, universe)
        state.universe = universe
        state.touch, state.five = moved(state.touch, to, NO_TOUCH), moved(state.five, to, (0, 0))
        for name in ("epoch", "book_seq", "flow", "depth", "events", "updates"):
            setattr(state, name, moved(getattr(state, name), to, 0))
        state.slices = [Slice(each.end_ns, integers(moved_array(each.counts.values, to, 0))) for each in state.slices]
        state.books = moved([None if book is None else closed(book) for book in self._books], to, None)
        self.derive()

    def check(self) -> None:
        state, width = self.state, len(self._columns)
        columns = (state.touch, state.epoch, state.book_seq, state.five, state.flow, state.depth, state.events)
        assert all(len(each) == width for each in (*columns, state.updates, self._books)), (
            "book columns differ in width"
        )
        for column, book in enumerate(self._books):
            assert book is None or state.touch[column] == touch_of(book), f"touch of column {column} is not its book's"
