"""The drift watcher says how far the beliefs may still be trusted, and by which evidence.

It hears features now and then, and of the blend's outcomes those that do not overlap. What it says stands until it says
otherwise (`quant.drift_ladder` has the rules): levels held by outcomes are latched, and are left one step at a time
after clean blocks of labels; a warning goes as soon as its evidence has gone.
"""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import msgspec
import numpy as np

from actors.input_watch import InputWatch, InputWatchState
from actors.memory import NOTHING, StatefulActor
from actors.settings import more_than_zero
from contracts.belief import DriftState, Example, FeatureFrame, ModelFitted, Outcome, Slate
from contracts.column import Column, flags, floats
from contracts.envelope import Envelope
from contracts.ports import Models
from contracts.quantities import Nanos, Seconds, nanos
from quant.changepoint import RunLength, RunState
from quant.drift import SIGMA_FACTOR_MAX, CalibrationState, CalibrationWatch, PageHinkley, PageHinkleyState
from quant.drift_ladder import CALM, LEVELS, POOL, WIDEN, Ladder, LadderState
from quant.population import Alarm, Population, PopulationState
from quant.rolling import Floats
from quant.scores import mean_pinball, normal_quantiles, pit

BLEND = "blend"
"""The author whose outcomes are heard."""
HAZARD = 1e-4
"""Of a change of the beliefs' errors, per label: on stationary errors less than one alarm in 10,000."""
WARM_LABELS = 100
"""Before so many every run is young, and no change is news."""
NAMED_MAX = 5
"""Features named in the reasons; of the rest their number is said."""
LOSS_MAX = 1.0
"""A single loss counts at most this much above the pool's: one outlier is no drift."""


class DriftWatcherSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often features are looked at: a bar is often enough.

    Raises:
        ValueError: a time that is not positive.
    """

    features_every_s: Seconds = 60.0

    def __post_init__(self) -> None:
        more_than_zero("drift watcher", features_every_s=self.features_every_s)


class Watching(msgspec.Struct, frozen=True):
    """All that is remembered of features and outcomes, as it goes into a snapshot."""

    population: dict[str, Column]
    frames: int
    losses: tuple[int, float, float, float]
    calibration: dict[str, Column]
    labels: float
    sway: float
    run: tuple[Column, ...]
    ladder: tuple[int, int, bool, float]


class DriftWatcherState(msgspec.Struct, kw_only=True):
    """When features were looked at, which are alarmed, labels heard and the end of the last, and the last word said.

    `raised_ns` is when the ladder last changed sigma: beliefs said before it were not widened as they are now.
    `watching` is filled in snapshots only; `told` is of what the boosters are told.
    """

    schema: str = ""
    looked_ns: Nanos = 0
    alarms: list[tuple[int, float, float]] = []
    heard: int = 0
    heard_ns: Nanos = 0
    raised_ns: Nanos = 0
    losses: str = ""
    narrow: str = ""
    said: DriftState | None = None
    watching: Watching | None = None
    told: InputWatchState = msgspec.field(default_factory=InputWatchState)


class DriftWatcher(StatefulActor[DriftWatcherState]):
    """Features and outcomes in, a `DriftState` out whenever it changes. `names` are the features in their order.

    `needs` are the features that each agent speaks from, `models` where the training of a model is looked up.
    """

    role = "drift_watcher"
    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = (FeatureFrame, Outcome, Example, ModelFitted, Slate)
    kept = DriftWatcherState

    def __init__(
        self,
        settings: DriftWatcherSettings,
        names: tuple[str, ...],
        models: Models | None = None,
        needs: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        self._every_ns = nanos(settings.features_every_s)
        self._names, self._models, self._needs = names, models, dict(needs or {})
        self.start(DriftWatcherState())

    def derive(self) -> None:
        self._population = Population(len(self._names))
        self._losses, self._calibration = PageHinkley(), CalibrationWatch()
        self._run, self._ladder = RunLength(HAZARD), Ladder()
        self._inputs = InputWatch(self.state.told, self._models, self._needs, self._every_ns)
        kept, self.state.watching = self.state.watching, None
        if kept is not None:
            columns = {name: column.values for name, column in kept.population.items()}
            self._population.load(PopulationState(frames=kept.frames, **columns))
            self._losses.load(PageHinkleyState(*kept.losses))
            filled = {name: column.values for name, column in kept.calibration.items()}
            self._calibration.load(CalibrationState(labels=kept.labels, sway=kept.sway, **filled))
            self._run.load(RunState(*(column.values for column in kept.run)))
            self._ladder.load(LadderState(*kept.ladder))

    def snapshot(self) -> DriftWatcherState:
        self.state.told = self._inputs.state
        copy = super().snapshot()
        copy.told.watched = self._inputs.kept()
        population = self._population.state()._asdict()
        frames, alarmed = population.pop("frames"), population.pop("alarmed")
        calibration = self._calibration.state()
        copy.watching = Watching(
            {"alarmed": flags(alarmed)} | {name: floats(values) for name, values in population.items()},
            frames,
            self._losses.state(),
            {name: floats(getattr(calibration, name)) for name in ("said", "plain", "weight")},
            calibration.labels,
            calibration.sway,
            tuple(floats(each) for each in self._run.state()),
            self._ladder.state(),
        )
        return copy

    def receive(self, envelope: Envelope[Any]) -> Iterable[msgspec.Struct]:
        said, state = envelope.payload, self.state
        if isinstance(said, FeatureFrame):
            if envelope.at_ns - state.looked_ns < self._every_ns:
                return NOTHING
            self._look(said, envelope.at_ns)
        elif isinstance(said, Outcome):
            if said.author != BLEND or not len(said.quantiles) or said.said_ns < state.heard_ns:
                return NOTHING
            self._hear(said, envelope.at_ns)
        elif isinstance(said, Example):
            factor = self._factor()
            if not self._inputs.hear(said, envelope.at_ns):
                return NOTHING
            if self._factor() != factor:
                state.raised_ns = envelope.at_ns
                self._calibration.restart()
            return (*self._word(envelope.seq), *self._inputs.figures(envelope.at_ns, envelope.seq))
        else:
            if said.model and not (isinstance(said, ModelFitted) and said.challenger):
                self._inputs.learned(said.model)
            return NOTHING
        return self._word(envelope.seq)

    def _look(self, frame: FeatureFrame, at_ns: Nanos) -> None:
        state = self.state
        assert len(frame.values) == len(self._names), f"{len(frame.values)} features, expected {len(self._names)}"
        if frame.schema != state.schema:
            state.schema, self._population = frame.schema, Population(len(self._names))
        state.looked_ns = at_ns
        self._population.push(frame.values.values)
        state.alarms = [(each.feature, each.divergence, each.absent) for each in self._population.alarms()]

    def _hear(self, outcome: Outcome, at_ns: Nanos) -> None:
        state = self.state
        y, quantiles = outcome.realised.values, outcome.quantiles.values
        u = pit(quantiles, y)
        if not np.isfinite(u).any():
            return
        state.heard += 1
        state.heard_ns = outcome.said_ns + nanos(outcome.horizon_s)
        self._run.update(self._standardised(u))
        factor = self._factor()
        before = self._ladder.held
        # What was said before the last change of sigma is not judged by the rules that hold since.
        if outcome.said_ns >= state.raised_ns:
            self._hear_losses(outcome, y, quantiles)
            block = self._calibration.update(u, factor)
            if block is not None:
                self._ladder.block(block)
                low, high = block.band
                state.narrow = f"coverage of 90 % is {block.coverage:.3f}, expected {low:.3f} to {high:.3f}"
        if self._ladder.held != before:
            state.raised_ns = at_ns
            self._calibration.restart()
            self._losses = PageHinkley()
        if self._ladder.held == CALM:
            state.losses = ""

    def _hear_losses(self, outcome: Outcome, y: Floats, quantiles: Floats) -> None:
        """The blend's loss over the pool's; while only the pool speaks there is nothing to compare."""
        if not len(outcome.pool_quantiles) or max(self._ladder.held, self._inputs.level) >= POOL:
            return
        own, pool = mean_pinball(quantiles, y), mean_pinball(outcome.pool_quantiles.values, y)
        both = np.isfinite(own) & np.isfinite(pool)
        base = float(pool[both].sum())
        if base > 0.0 and self._losses.update(min(LOSS_MAX, float(own[both].sum()) / base - 1.0)):
            self.state.losses = "losses rose against the pool's"
            self._ladder.losses_rose()

    def _standardised(self, u: Floats) -> float:
        """The mean normal score of one instant's outcomes, winsorised: a change of level or spread shows in it."""
        scores = normal_quantiles(np.clip(u[np.isfinite(u)], 1e-4, 1.0 - 1e-4))
        return float(np.clip(scores.mean() * np.sqrt(self._calibration.worth(len(scores))), -4.0, 4.0))

    def _word(self, seq: int) -> Iterable[msgspec.Struct]:
        """What is to be said, if it is not what was said last; figures alone are no news."""
        state, ladder = self.state, self._ladder
        fresh = state.heard >= WARM_LABELS and self._run.fresh > 0.5
        level = LEVELS[max(ladder.level(changed=bool(state.alarms) or fresh), self._inputs.level)]
        last, dropped = state.said, self._inputs.dropped()
        if last is not None and (last.level, last.size_factor, last.dropped) == (level, ladder.size_factor(), dropped):
            return NOTHING
        state.said = DriftState(
            level=level,
            reasons=tuple(self._reasons(fresh)),
            sigma_factor=self._factor(),
            size_factor=ladder.size_factor(),
            based_on=(seq,),
            dropped=dropped,
        )
        return (state.said,)

    def _factor(self) -> float:
        """What sigma is multiplied by: what outcomes demand, or, where inputs left their training, all there is."""
        widest = SIGMA_FACTOR_MAX if self._inputs.level >= WIDEN else 1.0
        return max(self._ladder.sigma_factor(), widest)

    def _reasons(self, fresh: bool) -> Iterable[str]:
        state, ladder = self.state, self._ladder
        if state.losses:
            yield state.losses
        if ladder.held > CALM or ladder.state().uneven:
            yield state.narrow or "no block of labels judged since"
        if fresh:
            yield "the errors of the beliefs changed lately"
        yield from self._inputs.reasons()
        for row, index, absent in state.alarms[:NAMED_MAX]:
            yield f"{self._names[row]}: index {index:.2f}, absent {absent:+.0%}"
        if len(state.alarms) > NAMED_MAX:
            yield f"and {len(state.alarms) - NAMED_MAX} features more"

    def check(self) -> None:
        assert 1.0 <= self._ladder.sigma_factor() <= SIGMA_FACTOR_MAX, "sigma is widened within bounds or not at all"
        assert all(0 <= Alarm(*each).feature < len(self._names) for each in self.state.alarms), "an alarm of no feature"
