"""The base of every strategy, a user's own included: override `on_bar`, `on_tick` or `on_frame`, and say what to hold.

`on_bar(bar, memory)` and `on_tick(quote, memory)` are asked for one instrument, `on_frame(frame, memory)` for all at
once. Exactly one is overridden. The answer is what to hold in base units, negative for short; NaN or None wants
nothing changed. The same arithmetic in `on_bar` and in `on_frame` says the same, bit for bit: an instrument without a
bar is not asked, what was written of it is undone, and its target stands.

    class Breakout(Strategy):
        remembers = {"highest": -inf}

        def on_bar(self, bar: Bar, memory: Row) -> float:
            risen, memory["highest"] = bar.close > memory["highest"], max(bar.close, memory["highest"])
            return 0.1 * bar.equity / bar.worth if risen else bar.position

All that a strategy remembers lies in `memory`: one float per instrument and name of `remembers`, with what it begins
with. Targets are said on a decide beat: when they have changed, for as long as something else is held, and while
anything is held once in an hour, because it may have become too much. Those of ticks are said at once when they
change. What becomes of them is the gate's to say.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from contextvars import copy_context
from typing import Any, ClassVar, Final

import msgspec
import numpy as np

from actors.alignment import moved_array, moves
from actors.memory import NOTHING, StatefulActor
from actors.strategies.answers import checked, differ, hold_to_shape
from actors.strategies.settings import StrategySettings
from actors.strategies.views import Bar, Floats, Frame, Market, Quote, Row, quote_of
from contracts.account import Equity, Position
from contracts.column import Column, floats
from contracts.decision import TargetFrame
from contracts.envelope import Envelope
from contracts.instrument import Universe
from contracts.life import Beat
from contracts.market import BarFrame, BarHistory, FxMark, Tick, UniverseChanged
from contracts.quantities import SECOND_NS, Nanos
from contracts.trade import VenueSnapshot
from quant.agents.memory import Memory, full

__all__ = ["Bar", "Frame", "Memory", "Quote", "Row", "Strategy", "StrategySettings"]

Chance = Callable[[int], np.random.Generator]
"""A fresh generator for a number, so that a replay and a restart draw the same."""

STYLES: Final = ("on_bar", "on_tick", "on_frame")
REVIEW_NS: Final = 3_600 * SECOND_NS
"""After that long without a frame the gate is asked to look at what is held again."""

BARS: Final = (BarFrame, BarHistory)
_ALWAYS: Final = (UniverseChanged, FxMark, VenueSnapshot, Position, Equity, Beat)


class StrategyState(msgspec.Struct, kw_only=True):
    """The whole strategy; `target` and `memory` are filled in snapshots only.

    `heard_seq` is the last bar or tick, `number` counts closes, `decision` the frames that were said, the last of them
    at `said_ns`; `fresh` since a target has changed after it.
    """

    universe: Universe | None = None
    number: int = 0
    close_ns: Nanos = 0
    heard_seq: int = 0
    decision: int = 0
    said_ns: Nanos = 0
    fresh: bool = False
    opened: bool = False
    positions: dict[str, float] = {}
    rates: dict[str, float] = {}
    currency: str = ""
    equity: float = math.nan
    target: Column | None = None
    memory: dict[str, Column] = {}


class Strategy(StatefulActor[StrategyState]):
    """Bars or ticks in, a `TargetFrame` out on the decide beats on which there is something to say.

    Raises:
        TypeError: none or several of `on_bar`, `on_tick` and `on_frame` are overridden.
    """

    role = "strategy"
    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = (*_ALWAYS, BarFrame, BarHistory)
    kept = StrategyState
    beats = ("decide",)
    Settings: ClassVar[type[StrategySettings]] = StrategySettings
    remembers: ClassVar[Mapping[str, float]] = {}

    settings: Any
    """An instance of the strategy's `Settings`."""

    chance: Chance
    """A generator by a number, such as that of a bar: all chance that a strategy has."""

    def __init_subclass__(cls, **named: Any) -> None:
        super().__init_subclass__(**named)
        in_ticks = cls.on_tick is not Strategy.on_tick
        cls.inputs = (*_ALWAYS, Tick) if in_ticks else (*_ALWAYS, BarFrame, BarHistory)

    def __init__(self, settings: StrategySettings, chance: Chance) -> None:
        self._style = self.style()
        # Strategies divide by zero as numpy does, without its warnings; to set that for each close takes a microsecond.
        self._calm = copy_context()
        self._calm.run(np.seterr, invalid="ignore", divide="ignore", over="ignore")
        self.settings = settings
        self.chance = chance
        self.start(StrategyState())

    @classmethod
    def style(cls) -> str:
        """Which of the three is overridden; raises TypeError for none or several."""
        found = [name for name in STYLES if getattr(cls, name) is not getattr(Strategy, name)]
        if len(found) != 1:
            raise TypeError(
                f"{cls.__name__} overrides {' and '.join(found) or 'nothing'}, expected one of {', '.join(STYLES)}"
            )
        return found[0]

    def on_bar(self, bar: Bar, memory: Row) -> float | None:
        """What to hold of one instrument whose bar has closed, in base units; NaN or None: what is held."""
        raise NotImplementedError

    def on_tick(self, quote: Quote, memory: Row) -> float | None:
        """What to hold of one instrument that was quoted, in base units; NaN or None: what is held."""
        raise NotImplementedError

    def on_frame(self, frame: Frame, memory: Memory) -> Floats | None:
        """What to hold of all instruments, (N,) in base units; NaN: what is held, None: what is held of all."""
        raise NotImplementedError

    def derive(self) -> None:
        state = self.state
        self._memory = self._remembering(state)
        width = len(state.universe) if state.universe is not None else 0
        self._target = np.full(width, np.nan) if state.target is None else state.target.values.copy()
        state.target, state.memory = None, {}
        self._columns = dict(state.universe.positions) if state.universe is not None else {}
        self._symbols = tuple(self._columns)
        instruments = state.universe.instruments if state.universe is not None else ()
        self._grain = np.array([float(each.lot) for each in instruments]) * (1.0 - 1e-9)
        self._position = np.array([state.positions.get(symbol, 0.0) for symbol in self._symbols])
        self._nothing = np.full(width, np.nan)
        self._compared = False
        self._rate_again()

    def _remembering(self, state: StrategyState) -> Memory:
        width = len(state.universe) if state.universe is not None else 0
        memory = Memory({name: full(width, of=empty) for name, empty in self.remembers.items()})
        if state.memory:
            memory.load({name: column.values for name, column in state.memory.items()})
        return memory

    def _rate_again(self) -> None:
        """What one unit of each instrument's quote is worth in the account's currency, NaN where it is not known."""
        state = self.state
        known = state.rates | {state.currency: 1.0}
        instruments = state.universe.instruments if state.universe is not None else ()
        self._rate = np.array([known.get(each.quote, np.nan) for each in instruments])
        columns = zip(self._rate.tolist(), self._position.tolist(), self._target.tolist())
        self._markets = {
            each.symbol: Market(column, float(each.tick), float(each.lot), *row, Row(self._memory, column))
            for (column, each), row in zip(enumerate(instruments), columns)
        }

    def snapshot(self) -> StrategyState:
        copy = super().snapshot()
        copy.target = floats(self._target)
        copy.memory = self._memorised()
        return copy

    def _memorised(self) -> dict[str, Column]:
        return {name: Column(values) for name, values in self._memory.state().items()}

    def receive(self, envelope: Envelope[Any]) -> Iterable[msgspec.Struct]:
        said, state = envelope.payload, self.state
        if type(said) is Tick:  # first, because there are so many
            return self._on_tick(said, envelope)
        if isinstance(said, Beat):
            return (self._frame(envelope.at_ns),) if said.kind == "decide" and self._is_due(envelope.at_ns) else NOTHING
        if isinstance(said, BARS):
            self._on_bars(said, envelope.seq)
        elif isinstance(said, Equity):
            state.equity = float(said.equity)
            if said.currency != state.currency:
                state.currency = said.currency
                self._rate_again()
        elif isinstance(said, Position):
            self._hold(said.symbol, float(said.quantity))
        elif isinstance(said, FxMark):
            self._on_rate(said.currency, float(said.rate))
        elif isinstance(said, VenueSnapshot):
            self._on_opening(said)
        elif isinstance(said, UniverseChanged):
            self._on_universe(said.universe)
        return NOTHING

    def _is_due(self, at_ns: Nanos) -> bool:
        if self.state.fresh:
            return True
        if not self._compared:
            # Once for each change of either: most beats find both as they were.
            self._apart = bool(np.count_nonzero(np.abs(self._target - self._position) >= self._grain))
            self._holding = bool(self._position.any())
            self._compared = True
        return self._apart or (self._holding and at_ns - self.state.said_ns >= REVIEW_NS)

    def _frame(self, at_ns: Nanos) -> TargetFrame:
        state = self.state
        assert state.universe is not None, "nothing is wanted of no universe"
        state.decision += 1
        state.said_ns, state.fresh = at_ns, False
        return TargetFrame(state.decision, state.universe.version, floats(self._target), (state.heard_seq,))

    def _on_rate(self, currency: str, rate: float) -> None:
        if self.state.rates.get(currency) != rate:
            self.state.rates[currency] = rate
            self._rate_again()

    def _on_opening(self, snapshot: VenueSnapshot) -> None:
        """What is held at the opening; later snapshots only prove what executions have said."""
        if not self.state.opened:
            self.state.opened = True
            for symbol, quantity in snapshot.positions.items():
                self._hold(symbol, float(quantity))

    def _hold(self, symbol: str, quantity: float) -> None:
        self.state.positions[symbol] = quantity
        if symbol in self._columns:
            self._position[self._columns[symbol]] = self._markets[symbol].held = quantity
            self._compared = False

    def _on_universe(self, universe: Universe) -> None:
        state = self.state
        if state.universe is not None:
            to = moves(state.universe, universe)
            self._memory.lay_out(to)
            state.target = floats(moved_array(self._target, to, np.nan))
            state.memory = self._memorised()
        state.universe = universe
        self.derive()

    def _on_tick(self, tick: Tick, envelope: Envelope[Any]) -> Iterable[msgspec.Struct]:
        market, bid, ask = self._markets.get(tick.symbol), tick.bid, tick.ask
        if market is None or not 0 < bid < ask:
            return NOTHING
        state, at_ns = self.state, envelope.at_ns
        state.heard_seq = envelope.seq
        said = self.on_tick(quote_of(tick, at_ns, market, state.equity), market.row)
        wanted, before = math.nan if said is None else float(said), market.target
        if wanted == before or (wanted != wanted and before != before):
            return NOTHING
        market.target = self._target[market.column] = checked(tick.symbol, wanted)
        self._compared = False
        return (self._frame(at_ns),)

    def _on_bars(self, bars: BarFrame | BarHistory, seq: int) -> None:
        """Each close once and in order, whether it comes as history or as it closes."""
        state = self.state
        if state.universe is None or bars.universe != state.universe.version:
            return
        state.heard_seq = seq
        first, high, low = bars.open.values, bars.high.values, bars.low.values
        last, volume = bars.close.values, bars.volume.values
        if isinstance(bars, BarFrame):
            whole = bars.close.present == len(bars.close)
            self._on_close(bars.close_ns, whole, (first, high, low, last, volume))
            return
        for row, close_ns in enumerate(bars.close_ns.values.tolist()):
            whole = bool(np.isfinite(last[row]).all())
            self._on_close(close_ns, whole, tuple(each[row] for each in (first, high, low, last, volume)))

    def _on_close(self, close_ns: Nanos, whole: bool, prices: tuple[Floats, ...]) -> None:
        """Open, high, low, close and volume of one close; `whole` where every instrument has a bar."""
        state = self.state
        if close_ns <= state.close_ns:
            return
        state.close_ns, state.number = close_ns, state.number + 1
        before = self._target
        worth = prices[3] * self._rate
        self._calm.run(self._ask_each if self._style == "on_bar" else self._ask_all, whole, prices, worth)
        if self._target is not before:
            self._compared = False
            state.fresh = state.fresh or differ(self._target, before)

    def _ask_each(self, whole: bool, prices: tuple[Floats, ...], worth: Floats) -> None:
        state = self.state
        self._target = self._target.copy()
        for column in range(len(worth)) if whole else np.flatnonzero(np.isfinite(prices[3])).tolist():
            symbol = self._symbols[column]
            first, high, low, last, volume = (each[column] for each in prices)
            bar = Bar(
                state.number, state.close_ns, symbol, first, high, low, last, volume,
                self._position[column], state.equity, worth[column],
            )  # fmt: skip
            self._target[column] = checked(symbol, self.on_bar(bar, Row(self._memory, column)))

    def _ask_all(self, whole: bool, prices: tuple[Floats, ...], worth: Floats) -> None:
        state, symbols = self.state, self._symbols
        present, before = (None, {}) if whole else (np.isfinite(prices[3]), self._memory.state())
        first, high, low, last, volume = prices
        held = self._position.copy()
        frame = Frame(state.number, state.close_ns, symbols, first, high, low, last, volume, held, state.equity, worth)
        said = self.on_frame(frame, self._memory)
        wanted = self._nothing if said is None else np.asarray(said, dtype=np.float64)
        if self.remembers or wanted.shape != self._nothing.shape:
            shapes = {name: self._memory[name].shape for name in self.remembers} | {"the answer": wanted.shape}
            hold_to_shape(type(self).__name__, shapes, self._nothing.shape)
        if present is not None:
            for name in self.remembers:
                self._memory[name] = np.where(present, self._memory[name], before[name])
        if wanted.tobytes() == self._target.tobytes():
            return
        for column in np.flatnonzero(np.isinf(wanted)):
            checked(symbols[column], float(wanted[column]))
        self._target = wanted.copy() if present is None else np.where(present, wanted, self._target)

    def check(self) -> None:
        assert len(self._target) == len(self._position) == len(self._columns), "targets differ in width"
        held = [market.held for market in self._markets.values()]
        assert held == self._position.tolist(), "quotes are shown with another position than is held"
