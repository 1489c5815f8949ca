"""The regime watcher answers every closed bar with the weather of the market, before features are said on it.

History warms it up and is answered once. A regime counts as changed when another label has been at least `surely`
probable for `persist_bars` bars on end; `flipped` then holds for `flip_bars` bars, of which that bar is the first. A
hole in the bars lets the time of the hidden states pass unseen.
"""

from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec
import numpy as np

from actors.alignment import moved_array, moves
from actors.memory import NOTHING, StatefulActor
from actors.settings import more_than_zero, within
from contracts.belief import RegimeState
from contracts.column import Column, floats
from contracts.envelope import Envelope
from contracts.instrument import Universe
from contracts.market import BarFrame, BarHistory, UniverseChanged
from contracts.quantities import Nanos, Seconds, nanos
from quant.changepoint import RunLength, RunState
from quant.regime import DEFAULT, LABELS, ForwardFilter, Hmm, Market, MarketState
from quant.rolling import Floats

HOLE_BARS_MAX = 300
"""After longer holes nothing is left to fade."""


class RegimeWatcherSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a change counts, and how long it is fresh news.

    Raises:
        ValueError: a count that is not positive, or a probability outside .5 to 1.
    """

    bar_s: Seconds = 60.0
    persist_bars: int = 3
    surely: float = 0.8
    flip_bars: int = 10

    def __post_init__(self) -> None:
        owner = "regime watcher"
        more_than_zero(owner, bar_s=self.bar_s, persist_bars=self.persist_bars, flip_bars=self.flip_bars)
        within(owner, 0.5, 1.0, surely=self.surely)


class Watched(msgspec.Struct, frozen=True):
    """The market's scale, the log probabilities (None before any), and the run lengths, as they go into a snapshot."""

    close: Column
    age_bars: Column
    fast: float
    slow: float
    returns: int
    log_p: Column | None
    run_p: Column
    run_mean: Column
    run_rate: Column


class RegimeWatcherState(msgspec.Struct, kw_only=True):
    """The label that counts, the one on trial, bars left of a flip, the last bar; `watched` in snapshots only."""

    universe: Universe | None = None
    settled: str = ""
    trial: str = ""
    trial_bars: int = 0
    flip_left: int = 0
    close_ns: Nanos = 0
    old_bars: int = 0
    watched: Watched | None = None


class RegimeWatcher(StatefulActor[RegimeWatcherState]):
    """Bars in, one `RegimeState` for each; universe changes keep the weather and the scale."""

    role = "regime_watcher"
    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = (UniverseChanged, BarHistory, BarFrame)
    kept = RegimeWatcherState

    def __init__(self, settings: RegimeWatcherSettings, model: Hmm = DEFAULT) -> None:
        self._settings = settings
        self._model = model
        self._version = model.version
        self.start(RegimeWatcherState())

    def derive(self) -> None:
        state = self.state
        self._market = Market(len(state.universe) if state.universe else 0)
        self._filter, self._run = ForwardFilter(self._model), RunLength()
        if state.watched is not None:
            kept, state.watched = state.watched, None
            self._market.load(MarketState(kept.close.values, kept.age_bars.values, kept.fast, kept.slow, kept.returns))
            self._filter.log_p = None if kept.log_p is None else kept.log_p.values
            self._run.load(RunState(kept.run_p.values, kept.run_mean.values, kept.run_rate.values))

    def snapshot(self) -> RegimeWatcherState:
        copy = super().snapshot()
        copy.watched = self._watched()
        return copy

    def _watched(self) -> Watched:
        market, log_p = self._market.state(), self._filter.log_p
        return Watched(
            floats(market.close),
            floats(market.age_bars),
            market.fast,
            market.slow,
            market.returns,
            None if log_p is None else floats(log_p),
            *(floats(each) for each in self._run.state()),
        )

    def receive(self, envelope: Envelope[Any]) -> Iterable[msgspec.Struct]:
        said, universe = envelope.payload, self.state.universe
        if isinstance(said, UniverseChanged):
            self._on_universe(said.universe)
            return NOTHING
        if universe is None:
            return NOTHING
        assert said.universe == universe.version, f"bars of universe {said.universe}, expected {universe.version}"
        assert said.bar_s == self._settings.bar_s, f"bars of {said.bar_s} s, expected {self._settings.bar_s} s"
        if isinstance(said, BarHistory):
            rows = zip(said.close_ns.values.tolist(), said.close.values, strict=True)
        else:
            rows = zip([said.close_ns], [said.close.values], strict=True)
        taken = [self._take(close_ns, close) for close_ns, close in rows]
        return (self._answer(envelope.seq),) if any(taken) else NOTHING

    def _take(self, close_ns: Nanos, close: Floats) -> bool:
        """One bar; whether it was new."""
        state = self.state
        if close_ns <= state.close_ns:
            state.old_bars += 1
            return False
        bars = max(1, round((close_ns - state.close_ns) / nanos(self._settings.bar_s))) if state.close_ns else 1
        state.close_ns = close_ns
        for _ in range(min(bars - 1, HOLE_BARS_MAX)):
            self._filter.step(None)
        seen = self._market.push(close, bars)
        self._filter.step(seen)
        if seen is not None:
            self._run.update(float(seen[0]))
            self._judge()
        return True

    def _judge(self) -> None:
        state, settings = self.state, self._settings
        state.flip_left = max(0, state.flip_left - 1)
        p = self._filter.probabilities
        label = LABELS[int(np.argmax(p))]
        if not state.settled:
            state.settled = label
        if label == state.settled or float(p.max()) < settings.surely:
            state.trial, state.trial_bars = "", 0
            return
        state.trial_bars = state.trial_bars + 1 if label == state.trial else 1
        state.trial = label
        if state.trial_bars >= settings.persist_bars:
            state.settled, state.trial, state.trial_bars = label, "", 0
            state.flip_left = settings.flip_bars

    def _answer(self, seq: int) -> RegimeState:
        p = self._filter.probabilities
        return RegimeState(
            probabilities=floats(p),
            label=LABELS[int(np.argmax(p))],
            run_bars=self._run.expected,
            fresh=self._run.fresh,
            flipped=self.state.flip_left > 0,
            parameters=self._version,
            based_on=(seq,),
        )

    def _on_universe(self, universe: Universe) -> None:
        state = self.state
        to = moves(state.universe, universe)
        kept = self._watched()
        state.watched = msgspec.structs.replace(
            kept,
            close=floats(moved_array(kept.close.values, to, np.nan)),
            age_bars=floats(moved_array(kept.age_bars.values, to, 1.0)),
        )
        state.universe = universe
        self.derive()

    def check(self) -> None:
        p = self._filter.probabilities
        assert abs(float(p.sum()) - 1.0) < 1e-9, f"probabilities of the regimes sum to {float(p.sum())}"
        assert 0 <= self.state.flip_left <= self._settings.flip_bars, f"{self.state.flip_left} bars left of a flip"
