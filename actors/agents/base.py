"""The base of every agent, a user's own included: override `on_frame` or `on_bar`, and say what you see.

`on_frame(view)` answers for all instruments at once. `on_bar(view)` answers for one: it is asked once per instrument,
with a view of width 1, through the same path. Exactly one of them is overridden. Either way the base class turns the
score into a mean by what the agent has earned so far: mu = coefficient * score * sigma, both learned from the agent's
own outcomes, closed ones only. A signal is said for every feature frame, NaN where nothing is believed.

    class Pullback(Agent):
        def on_frame(self, view: View) -> Evidence:
            return Evidence.of(-view["z_20"], view.deviation)
"""

from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec
import numpy as np

from actors.agents.view import Evidence, View
from actors.agents.volatility import BeatVolatility
from actors.alignment import moves
from actors.memory import NOTHING, StatefulActor
from actors.settings import more_than_zero, within
from contracts.belief import FeatureFrame, Outcome, SignalFrame
from contracts.column import floats
from contracts.envelope import Envelope
from contracts.instrument import Universe
from contracts.market import MarkFrame, UniverseChanged
from contracts.quantities import SECOND_NS, Nanos, Seconds
from quant.beliefs import believe
from quant.calibration import COEFFICIENT_MAX, Calibration, CalibrationState
from quant.features.engine import REGISTRY
from quant.rolling import Floats
from quant.volatility import over_horizon


class AgentSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who believes, over which horizon, and what its score is worth before any outcome is known.

    `prior` is the expected standardised outcome per unit of score; `label_s` the time between two of its outcomes, so
    that overlapping ones are not counted in full: the cadence, or the horizon over the overlaps that outcomes keep,
    whichever is longer.

    Raises:
        ValueError: no name, a time that is not positive, or a prior beyond what any agent may ever earn.
    """

    name: str
    horizon_s: Seconds
    prior: float
    label_s: Seconds
    bar_s: Seconds = 60.0

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("agent: name was empty, expected the name of its signals")
        owner = f"agent {self.name}"
        more_than_zero(owner, horizon_s=self.horizon_s, label_s=self.label_s, bar_s=self.bar_s)
        within(owner, -COEFFICIENT_MAX, COEFFICIENT_MAX, prior=self.prior)


class AgentState(msgspec.Struct, kw_only=True):
    """What it has earned, the last marks, and how the mids moved from beat to beat."""

    universe: Universe | None = None
    calibration: CalibrationState | None = None
    volatility: BeatVolatility = msgspec.field(default_factory=BeatVolatility)
    marks: MarkFrame | None = None
    mark_seq: int = 0


class Agent(StatefulActor[AgentState]):
    """Features and marks in, one `SignalFrame` per feature frame out.

    Raises:
        TypeError: neither or both of `on_frame` and `on_bar` are overridden.
    """

    role = "agent"
    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = (UniverseChanged, MarkFrame, FeatureFrame, Outcome)
    kept = AgentState

    def __init__(self, settings: AgentSettings) -> None:
        overridden = [name for name in ("on_frame", "on_bar") if getattr(type(self), name) is not getattr(Agent, name)]
        if len(overridden) != 1:
            raise TypeError(f"{type(self).__name__} overrides {overridden or 'nothing'}, expected on_frame or on_bar")
        self.settings = settings
        self.start(AgentState())

    def on_frame(self, view: View) -> Evidence:
        """What the agent sees of all instruments; by default each is asked for alone."""
        each = [self.on_bar(view.only(column)) for column in range(len(view.symbols))]
        return Evidence(*(np.concatenate(columns) for columns in zip(*each, strict=True)))

    def on_bar(self, view: View) -> Evidence:
        """What the agent sees of one instrument."""
        raise NotImplementedError

    def derive(self) -> None:
        settings, universe = self.settings, self.state.universe
        self._tick_size = np.array([float(each.tick) for each in universe.instruments] if universe else [])
        self._calibration = Calibration(settings.prior, min(1.0, settings.label_s / settings.horizon_s))
        if self.state.calibration is not None:
            self._calibration.load(self.state.calibration)

    def receive(self, envelope: Envelope[Any]) -> Iterable[msgspec.Struct]:
        said, state = envelope.payload, self.state
        if isinstance(said, FeatureFrame):
            return self._on_features(said, envelope)
        if isinstance(said, MarkFrame):
            state.volatility.add(said.mid.values, envelope.at_ns)
            state.marks, state.mark_seq = said, envelope.seq
        elif isinstance(said, Outcome):
            if said.author == self.settings.name:
                self._calibration.update(said.realised.values, said.score.values, said.sigma.values)
                state.calibration = self._calibration.state()
        elif isinstance(said, UniverseChanged):
            state.volatility.lay_out(moves(state.universe, said.universe))
            state.universe, state.marks = said.universe, None
            self.derive()
        return NOTHING

    def _on_features(self, features: FeatureFrame, envelope: Envelope[Any]) -> Iterable[msgspec.Struct]:
        universe, marks = self.state.universe, self.state.marks
        if universe is None or marks is None:
            return NOTHING
        assert features.schema == REGISTRY.schema_hash, f"features of schema {features.schema}"
        evidence = self.on_frame(self._view(universe, marks, features, envelope.at_ns))
        belief = believe(
            np.where(marks.valid.values, evidence.score, np.nan),
            evidence.deviation,
            self._calibration,
            evidence.freshness,
        )
        return (
            SignalFrame(
                agent=self.settings.name,
                universe=features.universe,
                horizon_s=self.settings.horizon_s,
                mu=floats(belief.mu),
                sigma=floats(belief.sigma),
                confidence=floats(belief.confidence),
                score=floats(belief.score),
                regime="",
                based_on=(envelope.seq, self.state.mark_seq),
            ),
        )

    def _view(self, universe: Universe, marks: MarkFrame, features: FeatureFrame, at_ns: Nanos) -> View:
        settings = self.settings
        values = features.values.values
        return View(
            at_ns=at_ns,
            symbols=universe.symbols,
            bar_s=settings.bar_s,
            horizon_s=settings.horizon_s,
            values=values,
            mid=marks.mid.values,
            age_s=(at_ns - marks.tick_ns.values) / SECOND_NS,
            deviation=self._deviation(values[REGISTRY.index["ewma_vol"]], marks),
        )

    def _deviation(self, sd_bar: Floats, marks: MarkFrame) -> Floats:
        """Over the horizon: from bars, or from beats where the horizon is shorter than a bar.

        Never below one tick or half the spread: no closer than that is the mid itself known.
        """
        horizon_s, bar_s = self.settings.horizon_s, self.settings.bar_s
        bars = over_horizon(sd_bar, horizon_s, bar_s)
        beats = over_horizon(self.state.volatility.sd_second(), horizon_s, 1.0)
        first, second = (bars, beats) if horizon_s >= bar_s else (beats, bars)
        known_to = np.maximum(self._tick_size, 0.5 * (marks.ask.values - marks.bid.values)) / marks.mid.values
        return np.asarray(np.maximum(np.where(np.isfinite(first), first, second), known_to))

    def check(self) -> None:
        state = self.state
        assert state.marks is None or state.universe is None or len(state.marks.mid) == len(state.universe)
