"""The meta-weighter blends what the agents believe into one slate, and says by which weights.

On the decide beat the latest signals are pooled by inverse variance with disagreement and error correlation
(`quant.blend`). A signal older than its own horizon is out. Error correlation is measured where outcomes of two agents
were said at the same instant; before that agents are taken to err as one, which is the cautious side.
"""

from collections.abc import Iterable
from typing import Any, ClassVar, Final

import msgspec
import numpy as np

from actors.memory import NOTHING, StatefulActor
from actors.settings import more_than_zero
from contracts.belief import Outcome, SignalFrame, Slate
from contracts.column import Column, floats
from contracts.envelope import Envelope
from contracts.instrument import Universe
from contracts.life import Beat
from contracts.market import MarkFrame, UniverseChanged
from contracts.quantities import Nanos, Seconds, seconds
from quant.blend import ErrorCorrelation, ErrorCorrelationState, Pool, pool
from quant.quantiles import LEVELS, student_quantiles
from quant.rolling import Floats
from quant.slippage import round_trip_bps

BLEND: Final = "pool-1"
INSTANTS_MAX: Final = 256
"""Instants of which not all agents' outcomes are known yet; the oldest is used as it is when there are more."""


class MetaWeighterSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose signals are blended, and over which horizon the slate is said.

    Raises:
        ValueError: no agent, one agent twice, or a horizon that is not positive.
    """

    agents: tuple[str, ...]
    horizon_s: Seconds

    def __post_init__(self) -> None:
        more_than_zero("meta-weighter", horizon_s=self.horizon_s)
        if not self.agents or len(dict.fromkeys(self.agents)) != len(self.agents):
            raise ValueError(f"meta-weighter: agents was {self.agents}, expected at least one and none twice")


class Said(msgspec.Struct, frozen=True):
    """The latest signals of one agent, by which message and when."""

    frame: SignalFrame
    seq: int
    at_ns: Nanos


class Correlated(msgspec.Struct, frozen=True):
    """`quant.blend.ErrorCorrelationState` as columns, each (agents, agents)."""

    products: Column
    energy: Column
    count: Column


class MetaWeighterState(msgspec.Struct, kw_only=True):
    """Signals and marks now; standardised errors by the instant said, waiting for other agents' outcomes.

    `correlation` is filled in snapshots only.
    """

    universe: Universe | None = None
    marks: MarkFrame | None = None
    mark_seq: int = 0
    said: dict[str, Said] = {}
    errors: dict[Nanos, dict[str, Column]] = {}
    correlation: Correlated | None = None
    strangers: int = 0


class MetaWeighter(StatefulActor[MetaWeighterState]):
    """Signals and outcomes in, a `Slate` out on every decide beat; NaN where nobody believes anything."""

    role = "weighter"
    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = (UniverseChanged, MarkFrame, SignalFrame, Outcome, Beat)
    kept = MetaWeighterState

    def __init__(self, settings: MetaWeighterSettings) -> None:
        self._settings = settings
        self.start(MetaWeighterState())

    def derive(self) -> None:
        state = self.state
        instruments = state.universe.instruments if state.universe else ()
        self._fee_bps = np.array([each.fee_taker_bps for each in instruments])
        self._correlation = ErrorCorrelation(len(self._settings.agents))
        if state.correlation is not None:
            kept, state.correlation = state.correlation, None
            self._correlation.load(ErrorCorrelationState(kept.products.values, kept.energy.values, kept.count.values))

    def snapshot(self) -> MetaWeighterState:
        copy = super().snapshot()
        copy.correlation = self._correlated()
        return copy

    def _correlated(self) -> Correlated:
        return Correlated(*(floats(each) for each in self._correlation.state()))

    def receive(self, envelope: Envelope[Any]) -> Iterable[msgspec.Struct]:
        said, state = envelope.payload, self.state
        if isinstance(said, SignalFrame):
            if said.agent in self._settings.agents:
                state.said[said.agent] = Said(said, envelope.seq, envelope.at_ns)
            else:
                state.strangers += 1
        elif isinstance(said, MarkFrame):
            state.marks, state.mark_seq = said, envelope.seq
        elif isinstance(said, Outcome):
            self._on_outcome(said)
        elif isinstance(said, UniverseChanged):
            state.universe = said.universe
            state.marks, state.said, state.errors = None, {}, {}
            state.correlation = self._correlated()
            self.derive()
        elif isinstance(said, Beat) and said.kind == "decide" and state.universe is not None:
            return (self._slate(state.universe, envelope.at_ns),)
        return NOTHING

    def _on_outcome(self, outcome: Outcome) -> None:
        state, agents = self.state, self._settings.agents
        if outcome.author not in agents or state.universe is None or outcome.universe != state.universe.version:
            return
        errors = state.errors.setdefault(outcome.said_ns, {})
        errors[outcome.author] = floats((outcome.realised.values - outcome.mu.values) / outcome.sigma.values)
        if len(errors) == len(agents):
            self._learn(outcome.said_ns)
        elif len(state.errors) > INSTANTS_MAX:
            self._learn(min(state.errors))

    def _learn(self, said_ns: Nanos) -> None:
        errors = self.state.errors.pop(said_ns)
        if len(errors) < 2:
            return
        absent = np.full(len(self._fee_bps), np.nan)
        rows = [errors[agent].values if agent in errors else absent for agent in self._settings.agents]
        self._correlation.update(np.stack(rows))

    def _slate(self, universe: Universe, at_ns: Nanos) -> Slate:
        state, settings = self.state, self._settings
        blended = self._pool(len(universe), at_ns)
        used = [state.said[agent].seq for agent in settings.agents if agent in state.said]
        return Slate(
            universe=universe.version,
            horizon_s=settings.horizon_s,
            mu=floats(blended.mu),
            sigma=floats(blended.sigma),
            confidence=floats(blended.confidence),
            disagreement=floats(blended.disagreement),
            cost_bps=floats(self._cost_bps(len(universe))),
            levels=floats(LEVELS),
            quantiles=floats(student_quantiles(blended.mu, blended.sigma)),
            agents=settings.agents,
            weights=floats(blended.weights),
            blend=BLEND,
            based_on=(*used, state.mark_seq) if state.mark_seq else tuple(used),
        )

    def _pool(self, width: int, at_ns: Nanos) -> Pool:
        agents, said = self._settings.agents, self.state.said
        table = np.full((3, len(agents), width), np.nan)
        said_s, age_s = np.ones(len(agents)), np.zeros(len(agents))
        for row, agent in enumerate(agents):
            if agent in said:
                frame = said[agent].frame
                table[:, row] = frame.mu.values, frame.sigma.values, frame.confidence.values
                said_s[row], age_s[row] = frame.horizon_s, seconds(at_ns - said[agent].at_ns)
        mu, sigma, confidence = table
        return pool(mu, sigma, confidence, said_s, age_s, self._settings.horizon_s, self._correlation.matrix())

    def _cost_bps(self, width: int) -> Floats:
        """A round trip of what fits the touch, since no size is known yet; NaN without a valid mark."""
        marks = self.state.marks
        if marks is None:
            return np.full(width, np.nan)
        half_spread_bps = 0.5e4 * (marks.ask.values - marks.bid.values) / marks.mid.values
        return round_trip_bps(self._fee_bps, half_spread_bps, np.zeros(width))

    def check(self) -> None:
        assert len(self.state.errors) <= INSTANTS_MAX, f"{len(self.state.errors)} instants wait for outcomes"
