"""The book keeper holds one book per instrument and says what they show, on every signal beat, last of the market.

Nothing of a book survives its connection epoch: a gap, a lost connection or data of a newer epoch voids it, and changes
are ignored (counted) until the next snapshot; the end of a connection that was replaced before voids nothing. An
instrument without a book is measured by the best sizes of its ticks, so that imbalance and order flow exist where a
feed has no depth; what needs more levels is NaN there. Trades tell what of the best sizes was traded away.
"""

from collections.abc import Iterable
from typing import Any, ClassVar, Final

import msgspec
import numpy as np

from actors.alignment import moved, moves
from actors.book_counts import BookCounts
from actors.book_levels import BookLevels, Ladders, closed, opened, touch_of
from actors.book_measures import measured
from actors.memory import NOTHING, StatefulActor
from actors.settings import more_than_zero
from contracts.column import floats, integers
from contracts.envelope import Envelope
from contracts.instrument import Universe
from contracts.life import Beat
from contracts.market import BookDelta, BookFrame, BookSnapshot, FeedStatus, Tick, Trade, UniverseChanged
from contracts.quantities import SECOND_NS, Nanos, Seconds, nanos
from quant.order_book import OrderBook
from quant.order_flow import Touch

NO_TOUCH: Final = Touch(0, 0, 0, 0)
LONG_NS: Final = 60 * SECOND_NS
MEASURES: Final = tuple(name for name in BookFrame.__struct_fields__ if name not in ("universe", "book_seq"))


class BookKeeperSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far back order flow is summed; it is kept in slices from beat to beat, so whole seconds make sense.

    The windows of 1 and 60 s are there besides.

    Raises:
        ValueError: a window that is not positive.
    """

    window_s: Seconds = 10.0

    def __post_init__(self) -> None:
        more_than_zero("book keeper", window_s=self.window_s)


class BookKeeperState(msgspec.Struct, kw_only=True):
    """Per column: the touch, its epoch, the last message that changed it, since when its mid stands, and the touch as
    it was at the last trade (NO_TOUCH for none). `books` is filled in snapshots only.
    """

    universe: Universe | None = None
    touch: list[Touch] = []
    epoch: list[int] = []
    book_seq: list[int] = []
    mid_ns: list[Nanos] = []
    at_trade: list[Touch] = []
    counts: BookCounts = msgspec.field(default_factory=BookCounts)
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
        Trade,
        BookSnapshot,
        BookDelta,
        FeedStatus,
        Beat,
    )
    kept = BookKeeperState
    beats = ("signal", "second")

    def __init__(self, settings: BookKeeperSettings) -> None:
        self._window_ns = nanos(settings.window_s)
        self.start(BookKeeperState())

    def derive(self) -> None:
        universe = self.state.universe
        self._columns = dict(universe.positions) if universe else {}
        self._lot_size = np.array([float(each.lot) for each in universe.instruments] if universe else [])
        self._books = [None if levels is None else opened(levels) for levels in self.state.books]
        self.state.books = []
        self._ladders = Ladders(len(self._columns))
        self._dirty: dict[int, None] = dict.fromkeys(range(len(self._columns)))

    def snapshot(self) -> BookKeeperState:
        copy = super().snapshot()
        copy.books = [None if book is None else closed(book) for book in self._books]
        return copy

    def receive(self, envelope: Envelope[Any]) -> Iterable[msgspec.Struct]:
        said = envelope.payload
        if type(said) is Tick:
            self._on_tick(said, envelope)
        elif type(said) is BookDelta or type(said) is BookSnapshot:
            self._on_depth(said, envelope)
        elif type(said) is Trade:
            self._on_trade(said)
        elif isinstance(said, Beat):
            return self._on_beat(said, envelope.at_ns)
        elif isinstance(said, FeedStatus):
            self._on_status(said)
        elif isinstance(said, UniverseChanged):
            self._on_universe(said.universe)
        return NOTHING

    def _on_tick(self, tick: Tick, envelope: Envelope[Any]) -> None:
        state = self.state
        column = self._columns.get(tick.symbol)
        if column is None:
            state.unknown_symbol += 1
        elif tick.epoch != state.epoch[column] and not self._opened(column, tick.epoch):
            return
        elif self._books[column] is None:
            self._changed(column, Touch(tick.bid, tick.bid_lots, tick.ask, tick.ask_lots), envelope)

    def _on_trade(self, trade: Trade) -> None:
        column = self._columns.get(trade.symbol)
        if column is None:
            self.state.unknown_symbol += 1
        else:
            self.state.counts.traded[column] += trade.lots
            self.state.at_trade[column] = self.state.touch[column]

    def _on_depth(self, row: BookSnapshot | BookDelta, envelope: Envelope[Any]) -> None:
        column = self._columns.get(row.symbol)
        if column is None:
            self.state.unknown_symbol += 1
        elif row.epoch != self.state.epoch[column] and not self._opened(column, row.epoch):
            return
        elif isinstance(row, BookSnapshot):
            self._on_snapshot(column, row, envelope)
        elif (book := self._books[column]) is None:
            self.state.no_book += 1
        else:
            book.apply_delta(row.bid_ticks.values, row.bid_lots.values, row.ask_ticks.values, row.ask_lots.values)
            self._dirty[column] = None
            self._changed(column, touch_of(book), envelope)

    def _opened(self, column: int, epoch: int) -> bool:
        """Whether another epoch than the column's is a newer one; nothing of a book survives it."""
        if epoch < self.state.epoch[column]:
            self.state.old_epoch += 1
            return False
        self._void(column)
        self.state.epoch[column] = epoch
        return True

    def _on_snapshot(self, column: int, row: BookSnapshot, envelope: Envelope[Any]) -> None:
        book = OrderBook()
        book.apply_snapshot(row.bid_ticks.values, row.bid_lots.values, row.ask_ticks.values, row.ask_lots.values)
        self._void(column)
        self._books[column] = book
        self._changed(column, touch_of(book), envelope)

    def _changed(self, column: int, touch: Touch, envelope: Envelope[Any]) -> None:
        """The book of a column is now that; a restated touch is an update without flow."""
        state = self.state
        before = state.touch[column]
        state.book_seq[column] = envelope.seq
        state.counts.updates[column] += 1
        if touch == before:
            return
        state.touch[column] = touch
        if touch.bid + touch.ask != before.bid + before.ask:
            state.mid_ns[column] = envelope.at_ns
        if before.bid > 0 and before.ask > 0 and touch.bid > 0 and touch.ask > 0:
            state.counts.touch_changed(column, before, touch)

    def _void(self, column: int) -> None:
        self._books[column] = None
        self.state.touch[column] = self.state.at_trade[column] = NO_TOUCH
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
        state.counts.end_slice(at_ns, max(self._window_ns, LONG_NS))
        return (self._frame(state.universe, at_ns),) if beat.kind == "signal" else NOTHING

    def _frame(self, universe: Universe, at_ns: Nanos) -> BookFrame:
        self._ladders.read(list(self._dirty), self._books)
        self._dirty = {}
        state = self.state
        if state.touch.count(NO_TOUCH) == len(state.touch):
            nothing = floats(np.full(len(universe), np.nan))
            return BookFrame(
                universe=universe.version, **dict.fromkeys(MEASURES, nothing), book_seq=integers(state.book_seq)
            )
        windows = state.counts.within(at_ns, (SECOND_NS, self._window_ns, LONG_NS))
        rows = measured(windows, np.array(state.touch), np.array(state.at_trade), self._ladders)
        rows["depth"] *= self._lot_size
        rows["ldepth_10bp"] += np.log(self._lot_size)
        rows["mid_age_ms"] += (at_ns - np.array(state.mid_ns)) / 1e6
        columns = {name: floats(row) for name, row in rows.items()}
        return BookFrame(universe=universe.version, **columns, book_seq=integers(state.book_seq))

    def _on_universe(self, universe: Universe) -> None:
        state = self.state
        to = moves(state.universe, universe)
        state.universe = universe
        state.touch, state.at_trade = moved(state.touch, to, NO_TOUCH), moved(state.at_trade, to, NO_TOUCH)
        for name in ("epoch", "book_seq", "mid_ns"):
            setattr(state, name, moved(getattr(state, name), to, 0))
        state.counts.lay_out(to)
        state.books = moved([None if book is None else closed(book) for book in self._books], to, None)
        self.derive()

    def check(self) -> None:
        state, width = self.state, len(self._columns)
        columns = (state.touch, state.at_trade, state.epoch, state.book_seq, state.mid_ns, self._books)
        assert {len(each) for each in columns} | state.counts.widths() == {width}, "book columns differ in width"
        for column, book in enumerate(self._books):
            assert book is None or state.touch[column] == touch_of(book), f"touch of column {column} is not its book's"
