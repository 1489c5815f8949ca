"""The base of every agent, a user's own included: override `on_frame` or `on_bar`, and say what you see.

`on_frame(view)` answers for all instruments at once. `on_bar(view)` answers for one: it is asked once per instrument,
with a view of width 1, through the same path. Exactly one of them is overridden. Either way the base class turns the
score into a mean by what the agent has earned so far: mu = coefficient * score * sigma, both learned from the agent's
own outcomes, closed ones only. NaN is said where nothing is believed; a frame without any belief is said once, and
then nothing until there is one again.

    class Pullback(Agent):
        def on_frame(self, view: View) -> Evidence:
            return Evidence.of(-view["z_20"], view.deviation)

What an agent remembers beyond that lies in the `Memory` that its `remembers` makes; `hear_marks`, `hear_closes` and
`hear_outcome` tell it what happened.
"""

from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec
import numpy as np

from actors.agents.settings import AgentSettings
from actors.agents.view import Evidence, View
from actors.agents.volatility import BeatVolatility, VolatilityState
from actors.alignment import moves
from actors.memory import NOTHING, StatefulActor
from contracts.belief import FeatureFrame, Outcome, RegimeState, SignalFrame
from contracts.column import Column, floats
from contracts.envelope import Envelope
from contracts.instrument import Universe
from contracts.market import BarFrame, BarHistory, MarkFrame, UniverseChanged
from contracts.quantities import SECOND_NS, Nanos
from quant.agents.memory import Memory
from quant.beliefs import Belief, believe, nothing
from quant.calibration import Calibration, CalibrationState, Worth
from quant.features.engine import REGISTRY
from quant.rolling import Floats
from quant.volatility import over_horizon

__all__ = ["Agent", "AgentSettings", "AgentState"]


class AgentState(msgspec.Struct, kw_only=True):
    """The last marks and bar, the regime, whether it had nothing to say; the rest is filled in snapshots only."""

    universe: Universe | None = None
    marks: MarkFrame | None = None
    mark_seq: int = 0
    close_ns: Nanos = 0
    regime: str = ""
    silent: bool = False
    calibration: CalibrationState | None = None
    volatility: VolatilityState | None = None
    memory: dict[str, Column] = {}


class Agent(StatefulActor[AgentState]):
    """Features and marks in, one `SignalFrame` per feature frame out.

    `needs` names the features that it speaks from: while all of them are absent it is silent.

    Raises:
        TypeError: neither or both of `on_frame` and `on_bar` are overridden, or `needs` names no feature.
    """

    role = "agent"
    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = (
        UniverseChanged,
        MarkFrame,
        FeatureFrame,
        Outcome,
        RegimeState,
    )
    kept = AgentState
    needs: ClassVar[tuple[str, ...]] = ()

    def __init__(self, settings: AgentSettings) -> None:
        overridden = [name for name in ("on_frame", "on_bar") if getattr(type(self), name) is not getattr(Agent, name)]
        if len(overridden) != 1:
            raise TypeError(f"{type(self).__name__} overrides {overridden or 'nothing'}, expected on_frame or on_bar")
        unknown = [name for name in self.needs if name not in REGISTRY.index]
        if unknown:
            raise TypeError(f"{type(self).__name__} needs {', '.join(unknown)}; no such feature")
        self._needed = np.array([REGISTRY.index[name] for name in self.needs], dtype=np.int64)
        self.settings = settings
        self.uniqueness = min(1.0, settings.label_s / settings.horizon_s)
        self.start(AgentState())

    def on_frame(self, view: View) -> Evidence:
        """What the agent sees of all instruments; by default each is asked for alone."""
        each = [self.on_bar(view.only(column)) for column in range(len(view.symbols))]
        return Evidence(*(np.concatenate(columns) for columns in zip(*each, strict=True)))

    def on_bar(self, view: View) -> Evidence:
        """What the agent sees of one instrument."""
        raise NotImplementedError

    def remembers(self, width: int) -> Memory | None:
        """Make what the agent remembers of so many instruments."""
        return None

    def hear_marks(self, marks: MarkFrame, at_ns: Nanos) -> None:
        """The mids of a beat; the features of the same beat follow."""

    def hear_closes(self, closes: Floats) -> None:
        """The closes (N,) of a bar, or of one of the history; only agents whose `inputs` name bars are told."""

    def hear_outcome(self, outcome: Outcome) -> None:
        """What came true of an own belief."""

    def worth(self) -> Worth:
        """What a unit of score is worth; by default what own outcomes say."""
        return self._calibration.worth

    @property
    def factor(self) -> float:
        """What the agent's deviation will be multiplied by."""
        return self._calibration.factor

    @property
    def sd_second(self) -> Floats:
        """The deviation (N,) of a log return over one second, from mids beat to beat."""
        return self._volatility.sd_second()

    def derive(self) -> None:
        state = self.state
        self._calibration = Calibration(self.settings.prior, self.uniqueness)
        self._volatility = BeatVolatility()
        self._memory = self.remembers(len(state.universe)) if state.universe else None
        if state.calibration is not None:
            self._calibration.load(state.calibration)
        if state.volatility is not None:
            self._volatility.load(state.volatility)
        if self._memory is not None and state.memory:
            self._memory.load({name: column.values for name, column in state.memory.items()})
        state.calibration, state.volatility, state.memory = None, None, {}
        self._measure(state.universe)

    def snapshot(self) -> AgentState:
        copy = super().snapshot()
        copy.calibration = self._calibration.state()
        copy.volatility = self._volatility.state()
        if self._memory is not None:
            copy.memory = {name: Column(values) for name, values in self._memory.state().items()}
        return copy

    def _measure(self, universe: Universe | None) -> None:
        self._symbols = universe.symbols if universe else ()
        self._tick_size = np.array([float(each.tick) for each in universe.instruments] if universe else [])

    def receive(self, envelope: Envelope[Any]) -> Iterable[msgspec.Struct]:
        said, state = envelope.payload, self.state
        if isinstance(said, FeatureFrame):
            return self._on_features(said, envelope)
        if isinstance(said, MarkFrame):
            self._volatility.add(said.mid.values, envelope.at_ns)
            state.marks, state.mark_seq = said, envelope.seq
            self.hear_marks(said, envelope.at_ns)
        elif isinstance(said, Outcome):
            self._on_outcome(said)
        elif isinstance(said, RegimeState):
            state.regime = said.label
        elif isinstance(said, BarFrame | BarHistory):
            self._on_bars(said)
        elif isinstance(said, UniverseChanged):
            self._on_universe(said.universe)
        return NOTHING

    def _on_bars(self, bars: BarFrame | BarHistory) -> None:
        """Each bar once and in order, whether it comes as history or as it closes."""
        ends = np.atleast_1d(bars.close_ns.values if isinstance(bars, BarHistory) else bars.close_ns)
        for end_ns, closes in zip(ends.tolist(), np.atleast_2d(bars.close.values), strict=True):
            if end_ns > self.state.close_ns:
                self.state.close_ns = end_ns
                self.hear_closes(closes)

    def _on_outcome(self, outcome: Outcome) -> None:
        if outcome.author == self.settings.name:
            self._calibration.update(
                outcome.realised.values, outcome.score.values, outcome.sigma.values, outcome.said_ns
            )
            self.hear_outcome(outcome)

    def _on_universe(self, universe: Universe) -> None:
        state, to = self.state, moves(self.state.universe, universe)
        self._volatility.lay_out(to)
        if self._memory is None:
            self._memory = self.remembers(len(universe))
        else:
            self._memory.lay_out(to)
        state.universe, state.marks, state.silent = universe, None, False
        self._measure(universe)

    def see(self, features: FeatureFrame, at_ns: Nanos) -> Evidence | None:
        """What the agent sees, with freshness 0 where quotes are too old; None before marks, or without its source.

        The score is NaN where a mark is not valid. This is the answer before anything was earned.
        """
        marks = self.state.marks
        assert features.schema == REGISTRY.schema_hash, f"features of schema {features.schema}"
        values = features.values.values
        if marks is None or (self.needs and not np.isfinite(values[self._needed]).any()):
            return None
        with np.errstate(invalid="ignore", divide="ignore"):
            view = self._view(values, marks, at_ns)
            evidence = self.on_frame(view)
            return Evidence(
                np.where(marks.valid.values, evidence.score, np.nan),
                evidence.deviation,
                np.where(view.age_s <= self.settings.horizon_s, evidence.freshness, 0.0),
            )

    def _on_features(self, features: FeatureFrame, envelope: Envelope[Any]) -> Iterable[msgspec.Struct]:
        marks, state = self.state.marks, self.state
        if marks is None:
            return NOTHING
        evidence = self.see(features, envelope.at_ns)
        if evidence is None and state.silent:
            return NOTHING
        with np.errstate(invalid="ignore", divide="ignore"):
            belief = nothing(len(marks.mid)) if evidence is None else self._believe(evidence)
        silent = not np.isfinite(belief.sigma).any()
        if silent and state.silent:
            return NOTHING
        state.silent = silent
        self._calibration.say(envelope.at_ns)
        return (
            SignalFrame(
                agent=self.settings.name,
                universe=features.universe,
                horizon_s=self.settings.horizon_s,
                mu=floats(belief.mu),
                sigma=floats(belief.sigma),
                confidence=floats(belief.confidence),
                score=floats(belief.score),
                regime=state.regime,
                based_on=(envelope.seq, state.mark_seq),
            ),
        )

    def _believe(self, evidence: Evidence) -> Belief:
        return believe(evidence.score, evidence.deviation, self._calibration.factor, self.worth(), evidence.freshness)

    def _view(self, values: Floats, marks: MarkFrame, at_ns: Nanos) -> View:
        settings, mid = self.settings, marks.mid.values
        tick_ns = marks.tick_ns.values
        known_to = np.maximum(self._tick_size, 0.5 * (marks.ask.values - marks.bid.values)) / mid
        return View(
            at_ns=at_ns,
            symbols=self._symbols,
            bar_s=settings.bar_s,
            horizon_s=settings.horizon_s,
            values=values,
            mid=mid,
            age_s=np.where(tick_ns > 0, (at_ns - tick_ns) / SECOND_NS, 0.0),  # 0: a history has no ticks
            deviation=self._deviation(values[REGISTRY.index["ewma_vol"]], known_to),
            known_to=known_to,
        )

    def _deviation(self, sd_bar: Floats, known_to: Floats) -> Floats:
        """Over the horizon: from bars, or from beats where the horizon is shorter than a bar.

        Never below one tick or half the spread: no closer than that is the mid itself known.
        """
        horizon_s, bar_s = self.settings.horizon_s, self.settings.bar_s
        first = over_horizon(sd_bar, horizon_s, bar_s)
        if horizon_s < bar_s or not np.isfinite(first).all():
            beats = over_horizon(self.sd_second, horizon_s, 1.0)
            first, second = (first, beats) if horizon_s >= bar_s else (beats, first)
            first = np.where(np.isfinite(first), first, second)
        return np.asarray(np.maximum(first, known_to))

    def check(self) -> None:
        state = self.state
        assert state.marks is None or state.universe is None or len(state.marks.mid) == len(state.universe)
