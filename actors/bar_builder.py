"""The bar builder closes bars of `bar_s` on the UTC grid and says each once, in order, after its end has passed.

Prices are mids of valid quotes; an instrument that was only traded in a bar, not quoted, gets the trades' prices.
Volume and count are always those of trades. A bar covers [start, close): what comes at the close belongs to the next
bar, and no bar ever sees it. The bar in which the builder starts covers what it heard of it. Where history tells bars
that are closed already, those are said, and none is built beside them.
"""

from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec
import numpy as np

from actors.alignment import Moves, moved, moved_array, moves
from actors.grid import Grid
from actors.memory import NOTHING, StatefulActor
from actors.settings import more_than_zero
from contracts.column import Column, floats, given, integers
from contracts.envelope import Envelope
from contracts.instrument import Universe
from contracts.life import Beat
from contracts.market import BarFrame, ClosedBars, Tick, Trade, UniverseChanged
from contracts.quantities import Nanos, Seconds, nanos


class BarBuilderSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The length of a bar, and how much of a silence is told.

    After a silence longer than `gap_bars_max` bars only the last `gap_bars_max` are said and the others counted: no
    window of any feature looks further back, and one beat must not say a week of nothing.

    Raises:
        ValueError: a length that is not positive, or fewer than one bar.
    """

    bar_s: Seconds = 60.0
    gap_bars_max: int = 240

    def __post_init__(self) -> None:
        more_than_zero("bar builder", bar_s=self.bar_s, gap_bars_max=self.gap_bars_max)


class Extent(msgspec.Struct):
    """First, highest, lowest and last price of each column in half ticks; 0 for none yet."""

    first: list[int] = []
    high: list[int] = []
    low: list[int] = []
    last: list[int] = []

    def add(self, column: int, price: int) -> None:
        """Take one price; a positive one."""
        last = self.last[column]
        if price == last:
            return
        self.last[column] = price
        if not last:
            self.first[column] = self.high[column] = self.low[column] = price
        elif price > last:
            if price > self.high[column]:
                self.high[column] = price
        elif price < self.low[column]:
            self.low[column] = price

    def lists(self) -> tuple[list[int], ...]:
        """First, high, low, last."""
        return self.first, self.high, self.low, self.last


class BarBuilderState(msgspec.Struct, kw_only=True):
    """The bar being built, whose end is `close_ns` (0 before the first message), and closed ones not yet said.

    `told` since history has told a bar: nothing is built any more.
    """

    universe: Universe | None = None
    close_ns: Nanos = 0
    quotes: Extent = msgspec.field(default_factory=Extent)
    prints: Extent = msgspec.field(default_factory=Extent)
    lots: list[int] = []
    trades: list[int] = []
    seq: list[int] = []
    closed: list[BarFrame] = []
    unknown_symbol: int = 0
    invalid_price: int = 0
    untold_bars: int = 0
    told: bool = False


class BarBuilder(StatefulActor[BarBuilderState]):
    """Ticks and trades in, closed bars out; NaN where nothing was quoted or traded in the bar."""

    role = "bar_builder"
    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = (UniverseChanged, Tick, Trade, ClosedBars, Beat)
    kept = BarBuilderState
    beats = ("signal", "second")

    def __init__(self, settings: BarBuilderSettings) -> None:
        self._bar_s = settings.bar_s
        self._bar_ns = nanos(settings.bar_s)
        self._gap_bars_max = settings.gap_bars_max
        self.start(BarBuilderState())

    def derive(self) -> None:
        universe = self.state.universe
        instruments = universe.instruments if universe else ()
        self._columns = dict(universe.positions) if universe else {}
        self._ticks = Grid.of(each.tick for each in instruments)
        self._lots = Grid.of(each.lot for each in instruments)
        self._none = integers(np.zeros(len(instruments), dtype=np.int64))

    def receive(self, envelope: Envelope[Any]) -> Iterable[msgspec.Struct]:
        said, state = envelope.payload, self.state
        if type(said) is ClosedBars:
            self._on_closed(said, envelope.seq)
        elif envelope.at_ns >= state.close_ns and not state.told:
            self._close_up_to(envelope.at_ns)
        if type(said) is Tick:
            self._on_tick(said, envelope.seq)
        elif type(said) is Trade:
            self._on_trade(said, envelope.seq)
        elif isinstance(said, UniverseChanged):
            self._on_universe(said.universe)
        elif isinstance(said, Beat) and said.kind != "decide" and state.closed:
            closed, state.closed = state.closed, []
            return closed
        return NOTHING

    def _on_tick(self, tick: Tick, seq: int) -> None:
        state, bid, ask = self.state, tick.bid, tick.ask
        column = self._columns.get(tick.symbol)
        if column is None:
            state.unknown_symbol += 1
        elif not 0 < bid < ask:
            state.invalid_price += 1
        else:
            quotes, price = state.quotes, bid + ask
            if price != quotes.last[column]:
                quotes.add(column, price)
            state.seq[column] = seq

    def _on_trade(self, trade: Trade, seq: int) -> None:
        state = self.state
        column = self._columns.get(trade.symbol)
        if column is None:
            state.unknown_symbol += 1
        elif trade.price <= 0:
            state.invalid_price += 1
        else:
            state.prints.add(column, 2 * trade.price)
            state.lots[column] += trade.lots
            state.trades[column] += 1
            state.seq[column] = seq

    def _on_closed(self, bars: ClosedBars, seq: int) -> None:
        state = self.state
        assert bars.bar_s == self._bar_s, f"history told bars of {bars.bar_s} s, expected {self._bar_s} s"
        state.told = True
        tick_seq = self._none.values + seq
        if bars.close.present < len(bars.close):
            tick_seq *= np.isfinite(bars.close.values)
        frame = BarFrame(
            universe=bars.universe,
            bar_s=bars.bar_s,
            close_ns=bars.close_ns,
            open=bars.open,
            high=bars.high,
            low=bars.low,
            close=bars.close,
            volume=bars.volume,
            trades=_counts(bars.trades) if bars.trades.present else self._none,
            tick_seq=given(tick_seq),
        )
        state.closed.append(frame)
        del state.closed[: -self._gap_bars_max]

    def _close_up_to(self, at_ns: Nanos) -> None:
        """Close every bar that ended by then; the first message of all only finds its place on the grid."""
        state = self.state
        next_close_ns = (at_ns // self._bar_ns + 1) * self._bar_ns
        if state.close_ns and state.universe is not None:
            ended = (next_close_ns - state.close_ns) // self._bar_ns
            told = min(ended, self._gap_bars_max)
            if told < ended:
                state.untold_bars += ended - told
                self._start_bar(len(state.universe))
            for close_ns in range(next_close_ns - told * self._bar_ns, next_close_ns, self._bar_ns):
                state.closed.append(self._frame(state.universe, close_ns))
                self._start_bar(len(state.universe))
            state.closed = state.closed[-self._gap_bars_max :]
        state.close_ns = next_close_ns

    def _frame(self, universe: Universe, close_ns: Nanos) -> BarFrame:
        state = self.state
        quoted = np.array(state.quotes.lists(), dtype=np.int64)
        traded = np.array(state.prints.lists(), dtype=np.int64)
        half_ticks = np.where(quoted > 0, quoted, traded)
        known = half_ticks[0] > 0
        first, high, low, last = np.where(known, self._ticks.floats(half_ticks) / 2.0, np.nan)
        volume = self._lots.floats(np.array(state.lots, dtype=np.int64))
        return BarFrame(
            universe=universe.version,
            bar_s=self._bar_s,
            close_ns=close_ns,
            open=floats(first),
            high=floats(high),
            low=floats(low),
            close=floats(last),
            volume=floats(np.where(known, volume, np.nan)),
            trades=integers(state.trades),
            tick_seq=integers(state.seq),
        )

    def _start_bar(self, width: int) -> None:
        state = self.state
        state.quotes = Extent(*([0] * width for _ in range(4)))
        state.prints = Extent(*([0] * width for _ in range(4)))
        state.lots, state.trades, state.seq = [0] * width, [0] * width, [0] * width

    def _on_universe(self, universe: Universe) -> None:
        state = self.state
        to = moves(state.universe, universe)
        state.quotes = Extent(*(moved(each, to, 0) for each in state.quotes.lists()))
        state.prints = Extent(*(moved(each, to, 0) for each in state.prints.lists()))
        state.lots, state.trades = moved(state.lots, to, 0), moved(state.trades, to, 0)
        state.seq = moved(state.seq, to, 0)
        state.closed = [_laid_out(frame, universe, to) for frame in state.closed]
        state.universe = universe
        self.derive()

    def check(self) -> None:
        state = self.state
        columns = (*state.quotes.lists(), *state.prints.lists(), state.lots, state.trades, state.seq)
        assert all(len(each) == len(self._columns) for each in columns), "bar columns differ in width"
        assert state.close_ns % self._bar_ns == 0, f"bar end {state.close_ns} is off the grid of {self._bar_ns}"


def _counts(trades: Column) -> Column:
    return integers(np.where(np.isfinite(trades.values), trades.values, 0.0))


def _laid_out(frame: BarFrame, universe: Universe, to: Moves) -> BarFrame:
    rows = {
        name: floats(moved_array(_of(frame, name), to, np.nan)) for name in ("open", "high", "low", "close", "volume")
    }
    counts = {name: integers(moved_array(_of(frame, name), to, 0)) for name in ("trades", "tick_seq")}
    return msgspec.structs.replace(frame, universe=universe.version, **rows, **counts)


def _of(frame: BarFrame, name: str) -> Any:
    column: Column = getattr(frame, name)
    return column.values
