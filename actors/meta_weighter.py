"""The meta-weighter blends what the agents believe into one slate, says by which weights, and learns as labels close.

On the decide beat the latest signals, features and regime go through `quant.chain`; the slate comes back as an outcome
of author `blend` once its horizon is over. From that the chain learns, and an `Example` is said from which the next
boosters are trained. A signal older than its own horizon is out. What drift demands is done at once.
"""

from collections.abc import Iterable
from typing import Any, ClassVar, Final

import msgspec
import numpy as np

from actors.alignment import moves
from actors.memory import NOTHING, StatefulActor
from actors.settings import more_than_zero
from actors.slates import cost_bps, slate_of
from contracts.belief import DriftState, Example, FeatureFrame, ModelFitted, Outcome, RegimeState, SignalFrame, Slate
from contracts.column import Column, floats
from contracts.envelope import Envelope
from contracts.instrument import Universe
from contracts.life import Beat
from contracts.market import MarkFrame, UniverseChanged
from contracts.ports import ModelRejected, Models
from contracts.quantities import Nanos, Seconds, nanos, seconds
from quant.booster_inputs import REGIMES
from quant.boosters import Model
from quant.chain import Chain
from quant.curve import SLOPE_CALIBRATED
from quant.decision import Blend, Decision
from quant.features.engine import REGISTRY
from quant.viewing import ChainSettings

AUTHOR: Final = "blend"
"""The author of the outcomes of slates."""
POOL_ONLY: Final = ("pool", "half", "flat")


class MetaWeighterSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose signals are blended, over which horizon and on which bars; open labels kept; slope of the tails.

    `overlaps_max` must be that of the outcomes actor, or labels are missed.

    Raises:
        ValueError: no agent, one agent twice, or a number that is not positive.
    """

    agents: tuple[str, ...]
    horizon_s: Seconds
    bar_s: Seconds = 60.0
    overlaps_max: int = 64
    tail_slope: float = SLOPE_CALIBRATED

    def __post_init__(self) -> None:
        more_than_zero(
            "meta-weighter",
            horizon_s=self.horizon_s,
            bar_s=self.bar_s,
            overlaps_max=self.overlaps_max,
            tail_slope=self.tail_slope,
        )
        if not self.agents or len(dict.fromkeys(self.agents)) != len(self.agents):
            raise ValueError(f"meta-weighter: agents was {self.agents}, expected at least one and none twice")


class Said(msgspec.Struct, frozen=True):
    """The latest signals of one agent, by which message and when."""

    frame: SignalFrame
    seq: int
    at_ns: Nanos


class MetaWeighterState(msgspec.Struct, kw_only=True):
    """What was said last; who was not listened to and why; `chain` and `models` are filled in snapshots only."""

    universe: Universe | None = None
    marks: MarkFrame | None = None
    mark_seq: int = 0
    features: FeatureFrame | None = None
    feature_seq: int = 0
    regime: RegimeState | None = None
    drift: DriftState | None = None
    said: dict[str, Said] = {}
    chain: dict[str, Column] = {}
    models: tuple[str, str] = ("", "")
    strangers: int = 0
    other_features: int = 0
    unknown_labels: int = 0
    models_refused: int = 0
    abstained: int = 0


class MetaWeighter(StatefulActor[MetaWeighterState]):
    """Signals and outcomes in, a `Slate` out on every decide beat; NaN where nobody believes anything."""

    role = "weighter"
    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = (
        UniverseChanged,
        MarkFrame,
        FeatureFrame,
        RegimeState,
        SignalFrame,
        Outcome,
        DriftState,
        ModelFitted,
        Beat,
    )
    kept = MetaWeighterState
    beats = ("decide",)

    def __init__(self, settings: MetaWeighterSettings, models: Models | None = None) -> None:
        self._settings = settings
        self._models = models
        self.start(MetaWeighterState())

    def derive(self) -> None:
        state = self.state
        instruments = state.universe.instruments if state.universe else ()
        self._fee_bps = np.array([each.fee_taker_bps for each in instruments])
        self.chain = Chain(self._chain_settings(), len(instruments)) if instruments else None
        if self.chain is not None and state.chain:
            self.chain.load({name: column.values for name, column in state.chain.items()})
            self._reinstall(self.chain, state.models)
        state.chain = {}

    def _chain_settings(self) -> ChainSettings:
        own = self._settings
        return ChainSettings(own.agents, REGISTRY.hashes, own.horizon_s, own.bar_s, own.overlaps_max, own.tail_slope)

    def _reinstall(self, chain: Chain, names: tuple[str, str]) -> None:
        """Build the models again that were in use; one that the store no longer gives is gone, and counted."""
        chain.boosters.champion, chain.boosters.challenger = (self._built(chain, name) for name in names)

    def _built(self, chain: Chain, name: str) -> Model | None:
        if not name:
            return None
        # LightGBM is loaded only where a model is used.
        from quant.quantile_regression import QuantileModel

        try:
            if self._models is None:
                raise ModelRejected(f"model {name[:12]}: there is no store of models")
            return QuantileModel.from_texts(self._models.texts(name), schema=chain.inputs.schema)
        except ModelRejected:
            self.state.models_refused += 1
            return None

    def snapshot(self) -> MetaWeighterState:
        copy = super().snapshot()
        if self.chain is not None:
            copy.chain = {name: floats(value) for name, value in self.chain.state().items()}
            copy.models = self.chain.boosters.names()
        return copy

    def receive(self, envelope: Envelope[Any]) -> Iterable[msgspec.Struct]:
        said, state = envelope.payload, self.state
        if isinstance(said, Beat):
            return self._on_beat(said, envelope.at_ns)
        if isinstance(said, Outcome):
            return self._on_outcome(said, envelope.seq)
        if isinstance(said, SignalFrame):
            self._on_signal(said, envelope)
        elif isinstance(said, MarkFrame):
            state.marks, state.mark_seq = said, envelope.seq
        elif isinstance(said, FeatureFrame):
            self._on_features(said, envelope.seq)
        elif isinstance(said, RegimeState):
            state.regime = said
        elif isinstance(said, DriftState):
            state.drift = said
        elif isinstance(said, ModelFitted):
            self._on_model(said)
        elif isinstance(said, UniverseChanged):
            self._on_universe(said.universe)
        return NOTHING

    def _on_signal(self, frame: SignalFrame, envelope: Envelope[Any]) -> None:
        if frame.agent in self._settings.agents:
            self.state.said[frame.agent] = Said(frame, envelope.seq, envelope.at_ns)
        else:
            self.state.strangers += 1

    def _on_features(self, frame: FeatureFrame, seq: int) -> None:
        if frame.schema == REGISTRY.schema_hash:
            self.state.features, self.state.feature_seq = frame, seq
        else:
            self.state.other_features += 1

    def _on_universe(self, universe: Universe) -> None:
        state, chain = self.state, self.chain
        to = moves(state.universe, universe)
        state.universe = universe
        state.marks, state.features, state.said = None, None, {}
        self.derive()
        if chain is not None and len(to):
            self.chain = chain.moved(to)

    def _on_model(self, fitted: ModelFitted) -> None:
        chain = self.chain
        if chain is None:
            self.state.models_refused += 1
            return
        if not fitted.model:
            chain.boosters.demote()
            chain.ladder.forget_boosters()
            return
        model = self._built(chain, fitted.model)
        if model is not None:
            chain.boosters.install(model, challenger=fitted.challenger)
            chain.ladder.forget_challenger()

    def _on_outcome(self, outcome: Outcome, seq: int) -> Iterable[msgspec.Struct]:
        state, chain = self.state, self.chain
        if outcome.author != AUTHOR or chain is None or state.universe is None:
            return NOTHING
        if outcome.universe != state.universe.version:
            return NOTHING
        lesson = chain.learn(outcome.said_ns, outcome.realised.values)
        if lesson is None:
            state.unknown_labels += 1
            return NOTHING
        example = Example(
            universe=outcome.universe,
            schema=chain.inputs.schema,
            said_ns=outcome.said_ns,
            end_ns=outcome.said_ns + nanos(outcome.horizon_s),
            x=floats(lesson.x),
            base=floats(lesson.base),
            z=floats(lesson.z),
            scale=floats(lesson.scale),
            weight=lesson.uniqueness,
            based_on=(seq,),
        )
        return (example,)

    def _on_beat(self, beat: Beat, at_ns: Nanos) -> Iterable[msgspec.Struct]:
        universe, chain = self.state.universe, self.chain
        if beat.kind != "decide" or universe is None or chain is None:
            return NOTHING
        blend = chain.believe(self._decision(len(universe), at_ns))
        self.state.abstained = chain.boosters.abstained
        return (self._slate(universe, chain, blend),)

    def _decision(self, width: int, at_ns: Nanos) -> Decision:
        state, agents = self.state, self._settings.agents
        mu, sigma, confidence = table = np.full((3, len(agents), width), np.nan)
        said_s, age_s = np.ones(len(agents)), np.zeros(len(agents))
        dropped = state.drift.dropped if state.drift else ()
        for row, agent in enumerate(agents):
            if agent in state.said and agent not in dropped:
                frame = state.said[agent].frame
                table[:, row] = frame.mu.values, frame.sigma.values, frame.confidence.values
                said_s[row], age_s[row] = frame.horizon_s, seconds(at_ns - state.said[agent].at_ns)
        features = state.features.values.values if state.features else np.full((len(REGISTRY.names), width), np.nan)
        regimes = state.regime.probabilities.values if state.regime else np.full(REGIMES, 1.0 / REGIMES)
        drift = state.drift
        return Decision(
            at_ns,
            mu,
            sigma,
            confidence,
            said_s,
            age_s,
            features,
            regimes,
            drift.sigma_factor if drift else 1.0,
            drift is not None and drift.level in POOL_ONLY,
        )

    def _slate(self, universe: Universe, chain: Chain, blend: Blend) -> Slate:
        state, own = self.state, self._settings
        used = [state.said[agent].seq for agent in own.agents if agent in state.said]
        used += [seq for seq in (state.feature_seq, state.mark_seq) if seq]
        return slate_of(
            blend,
            universe=universe.version,
            horizon_s=own.horizon_s,
            agents=own.agents,
            cost_bps=cost_bps(state.marks, self._fee_bps),
            regime=state.regime,
            model=chain.boosters.names()[0] if blend.rung == "booster" else "",
            schema=chain.inputs.schema,
            based_on=tuple(used),
        )

    def check(self) -> None:
        if self.chain is not None:
            waiting = len(self.chain.pending)
            assert waiting <= 2 * self._settings.overlaps_max, f"{waiting} beliefs wait for labels"
