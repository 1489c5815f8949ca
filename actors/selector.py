"""The selector picks a diversified few from the slate, what is held first, and says what it left out.

The quality of a candidate is its net edge less caution per unit of tail loss, times confidence and the share that
fills. The tail loss is the slate's expected shortfall; where it says none, the distance from the mean to the outermost
adverse quantile (for a normal the 1 % quantile and the 2.5 % expected shortfall are one number). What an edge is worth
is learned from every closed belief, picked or not, and what its execution costs from our own orders. Picks are
penalised by the signed correlation of positions from bar returns.

A held position keeps its side and is judged without entry cost, because that is spent and leaving costs the same
whenever it happens; quality 0 says that nothing speaks for holding it. It turns only when the other side is worth a
whole round trip and its own side nothing.

With a generator by decision number one slot may go to a runner-up, drawn by what is believed of its execution; never
while the regime has just changed. Propensities are exact: 1 where nothing could have been otherwise.
"""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from actors.alignment import moved_array, moves
from actors.fill_experience import FillExperience
from actors.memory import NOTHING, StatefulActor
from actors.settings import at_least, more_than_zero, within
from actors.slots import Candidates, Choosing, Slots, certain, picked, slots
from contracts.account import Position
from contracts.belief import Outcome, RegimeState, Slate
from contracts.column import Column, floats
from contracts.decision import Selection
from contracts.envelope import Envelope
from contracts.instrument import Universe
from contracts.market import BarFrame, BarHistory, MarkFrame, UniverseChanged
from contracts.quantities import BPS, Nanos, Seconds, nanos, seconds
from contracts.trade import Execution, OrderState
from quant.bandit import PRIOR_MEAN, PRIOR_SD, BayesianRidge, RidgeState, evidence
from quant.exploration import SHARE_MAX
from quant.rolling import Floats, Ring
from quant.selection import Caps, Choice, quality, select
from quant.similarity import clusters, correlation, of_positions
from quant.sizing import net_edge


class SelectorSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many are picked, and how alike they may be.

    `caution` is how many standard errors of mu are taken off; `gamma` weighs the correlation penalty; instruments
    correlated above `cluster_above` are one cluster, of which `cluster_max` are picked; `returns_bars` are remembered.

    Raises:
        ValueError: a count below one, a weight below zero, or a correlation outside 0 to 1.
    """

    picks_max: int
    caution: float = 0.5
    gamma: float = 0.1
    cluster_above: float = 0.7
    cluster_max: int = 2
    runners_max: int = 5
    returns_bars: int = 240

    def __post_init__(self) -> None:
        more_than_zero("selector", picks_max=self.picks_max, cluster_max=self.cluster_max)
        at_least("selector", 2, returns_bars=self.returns_bars)
        at_least("selector", 0, caution=self.caution, gamma=self.gamma, runners_max=self.runners_max)
        within("selector", 0, 1, cluster_above=self.cluster_above)


class LearningSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How fast what edges were worth is forgotten, and which share of slots is given to learning.

    Raises:
        ValueError: a half-life that is not positive, a decay outside 0 to 1, or a share above 5 %.
    """

    half_life_s: Seconds = 30 * 86_400.0
    explore_share: float = SHARE_MAX
    returns_decay: float = 0.995

    def __post_init__(self) -> None:
        more_than_zero("learning", half_life_s=self.half_life_s, returns_decay=self.returns_decay)
        within("learning", 0, SHARE_MAX, explore_share=self.explore_share)
        within("learning", 0, 1, returns_decay=self.returns_decay)


class SelectorState(msgspec.Struct, kw_only=True):
    """The count of decisions, the side of each held symbol, the end of the last bar, and what was learned.

    `closes` (instruments, bars) and how many there ever were are filled in snapshots only, and so are `information`
    and `weighted`, the sums of the ridge.
    """

    decision: int = 0
    universe: Universe | None = None
    held: dict[str, int] = {}
    closes: Column | None = None
    bars: int = 0
    close_ns: Nanos = 0
    bar_seq: int = 0
    marks: MarkFrame | None = None
    frozen: bool = False
    learned_ns: Nanos = 0
    fills: FillExperience = msgspec.field(default_factory=FillExperience)
    information: Column | None = None
    weighted: Column | None = None


class Likeness(NamedTuple):
    """Signed correlation of returns (instruments, instruments), and the cluster of each instrument."""

    rho: Floats
    cluster: NDArray[np.int64]


LEARNING = LearningSettings()
Chance = Callable[[int], np.random.Generator]
"""The chance of a decision by its number, so that a replay and a restart draw the same."""


class Selector(StatefulActor[SelectorState]):
    """Slates in, one `Selection` each out, with empty picks where nothing is worth its cost."""

    role = "selector"
    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = (
        UniverseChanged, BarHistory, BarFrame, MarkFrame, RegimeState, Outcome, OrderState, Execution, Position, Slate,
    )  # fmt: skip
    kept = SelectorState

    def __init__(
        self, settings: SelectorSettings, learning: LearningSettings = LEARNING, chance: Chance | None = None
    ) -> None:
        self._settings, self._learning, self._chance = settings, learning, chance
        self.start(SelectorState())

    def derive(self) -> None:
        state = self.state
        instruments = state.universe.instruments if state.universe else ()
        self._symbols = tuple(each.symbol for each in instruments)
        self._can_short = np.array([each.can_short for each in instruments], dtype=np.bool_)
        self._likeness: Likeness | None = None
        self._ring = Ring(max(1, len(instruments)), self._settings.returns_bars)
        if state.closes is not None:
            self._ring.load((state.closes.values, state.bars))
        state.closes = None
        self._columns = {symbol: column for column, symbol in enumerate(self._symbols)}
        self._ridge = BayesianRidge(np.array(PRIOR_MEAN), np.array(PRIOR_SD), self._learning.half_life_s)
        if state.information is not None and state.weighted is not None:
            self._ridge.load(RidgeState(state.information.values, state.weighted.values))
        state.information = state.weighted = None

    def snapshot(self) -> SelectorState:
        copy = super().snapshot()
        closes, copy.bars = self._ring.state()
        copy.closes = floats(closes)
        copy.information, copy.weighted = (floats(each) for each in self._ridge.state())
        return copy

    def receive(self, envelope: Envelope[Any]) -> Iterable[msgspec.Struct]:
        said = envelope.payload
        if isinstance(said, Slate):
            return (self._selection(said, envelope.seq),)
        if isinstance(said, Position):
            side = (said.quantity > 0) - (said.quantity < 0)
            if side:
                self.state.held[said.symbol] = side
            else:
                self.state.held.pop(said.symbol, None)
        elif isinstance(said, BarFrame):
            self._push(said.close.values[None, :], [said.close_ns], envelope.seq)
        elif isinstance(said, BarHistory):
            self._push(said.close.values, said.close_ns.values.tolist(), envelope.seq)
        elif isinstance(said, UniverseChanged):
            self._on_universe(said.universe)
        else:
            self._learn(said)
        return NOTHING

    def _learn(self, said: msgspec.Struct) -> None:
        state = self.state
        if isinstance(said, MarkFrame):
            state.marks = said
        elif isinstance(said, RegimeState):
            state.frozen = said.flipped
        elif isinstance(said, OrderState):
            state.fills.on_order(said, state.marks, self._columns)
        elif isinstance(said, Execution):
            state.fills.on_execution(said)
        elif isinstance(said, Outcome) and len(said.quantiles) and len(said.cost_bps):
            self._on_outcome(said)

    def _on_outcome(self, outcome: Outcome) -> None:
        """Every candidate's net return, in deviations, whether it was picked or not."""
        state = self.state
        mu, sigma, cost = outcome.mu.values, outcome.sigma.values, outcome.cost_bps.values * BPS
        x = evidence(mu, sigma, cost, outcome.quantiles.values)
        y = (np.where(mu < 0.0, -1.0, 1.0) * outcome.realised.values - cost) / np.where(sigma > 0.0, sigma, np.nan)
        elapsed_ns = outcome.said_ns - state.learned_ns if state.learned_ns else nanos(outcome.horizon_s)
        unique = min(1.0, elapsed_ns / nanos(outcome.horizon_s))
        self._ridge.update(x, y, unique, seconds(elapsed_ns) if state.learned_ns else 0.0)
        state.learned_ns = outcome.said_ns

    def _push(self, closes: Floats, close_ns: list[Nanos], seq: int) -> None:
        """Bars (bars, instruments), oldest first; those already known are not taken again."""
        state = self.state
        fresh = [row for row, at_ns in enumerate(close_ns) if at_ns > state.close_ns]
        if state.universe is None or not fresh:
            return
        self._ring.push_many(closes[fresh].T)
        state.close_ns, state.bar_seq = close_ns[-1], seq
        self._likeness = None

    def _on_universe(self, universe: Universe) -> None:
        state = self.state
        if state.universe is not None:
            closes, state.bars = self._ring.state()
            state.closes = floats(moved_array(closes, moves(state.universe, universe), np.nan, axis=0))
            state.information, state.weighted = (floats(each) for each in self._ridge.state())
        state.universe, state.marks = universe, None
        self.derive()

    def _selection(self, slate: Slate, seq: int) -> Selection:
        state, settings = self.state, self._settings
        assert state.universe is not None and slate.universe == state.universe.version, "a slate of another universe"
        state.decision += 1
        candidates = self._candidates(slate)
        among = np.flatnonzero((candidates.quality > 0.0) | candidates.held)
        likeness = self._alike()
        rho = of_positions(likeness.rho[np.ix_(among, among)], candidates.side[among])
        caps = Caps(settings.picks_max, cluster_max=settings.cluster_max)
        cluster = likeness.cluster[among]
        choice = select(
            candidates.quality[among],
            rho,
            symbol=among,
            cluster=cluster,
            held=candidates.held[among],
            caps=caps,
            gamma=settings.gamma,
            runners=settings.runners_max,
        )
        chosen = self._slots(Choosing(candidates, among, rho, cluster, caps, settings.gamma), choice)
        return Selection(
            decision=state.decision,
            universe=slate.universe,
            picks=picked(candidates, among, chosen.picks, self._symbols),
            runners_up=picked(candidates, among, chosen.runners_up, self._symbols),
            correlation=floats(rho[np.ix_(*[[slot.at for slot in chosen.picks]] * 2)]),
            slate_seq=seq,
            based_on=(seq, state.bar_seq) if state.bar_seq else (seq,),
        )

    def _slots(self, choosing: Choosing, choice: Choice) -> Slots:
        """The choice with its propensities, one pick of it perhaps given to a runner-up."""
        share = self._learning.explore_share
        if self._chance is None or self.state.frozen or share == 0.0:
            return certain(choice)
        odds = [
            self.state.fills.of(self._symbols[column], spread)
            for column, spread in self._spreads(choosing.among[choice.runners_up])
        ]
        return slots(choosing, choice, odds, share, self._chance(self.state.decision))

    def _spreads(self, columns: NDArray[np.int64]) -> list[tuple[int, float]]:
        """Columns with their spreads in basis points, NaN without a valid mark."""
        marks = self.state.marks
        if marks is None:
            return [(column, float("nan")) for column in columns.tolist()]
        spread_bps = (marks.ask.values - marks.bid.values) / marks.mid.values / BPS
        return [(column, float(spread_bps[column])) for column in columns.tolist()]

    def _candidates(self, slate: Slate) -> Candidates:
        mu, confidence, cost = slate.mu.values, slate.confidence.values, slate.cost_bps.values * BPS
        quantiles = slate.quantiles.values
        mu_error = slate.mu_error.values if len(slate.mu_error) else np.sqrt(slate.disagreement.values)
        loss_long = slate.es_long.values if len(slate.es_long) else mu - quantiles[0]
        loss_short = slate.es_short.values if len(slate.es_short) else quantiles[-1] - mu
        held = np.array([self.state.held.get(symbol, 0) for symbol in self._symbols], dtype=np.float64)

        def worth(edge: Floats, side: Floats) -> Floats:
            shortfall = np.where(side > 0, loss_long, loss_short)
            return quality(edge, mu_error, shortfall, confidence, self._settings.caution)

        fresh_side = np.where(mu < 0, -1.0, 1.0)
        fill, slip = self._executions()
        edge = slate.sigma.values * (evidence(mu, slate.sigma.values, cost, quantiles) @ self._ridge.mean())
        # What the blend itself finds not worth its cost is no candidate, whatever was learned of others.
        net = np.where(net_edge(mu, cost) != 0.0, edge - slip, np.where(np.isfinite(mu - cost), 0.0, np.nan))
        fresh = np.where((fresh_side > 0) | self._can_short, fill * worth(net, fresh_side), 0.0)
        keep = np.where(held != 0, worth(held * mu, held), 0.0)
        stays = (held != 0) & ((keep > 0.0) | (fresh_side == held) | (fresh == 0.0))
        shortfall = np.where(fresh_side > 0, loss_long, loss_short) / np.where(confidence > 0.0, confidence, np.nan)
        return Candidates(np.where(stays, held, fresh_side), np.where(stays, keep, fresh), held != 0, shortfall)

    def _executions(self) -> tuple[Floats, Floats]:
        """The share expected to fill and the expected slippage as a return, of every instrument."""
        found = [
            self.state.fills.of(self._symbols[column], spread)
            for column, spread in self._spreads(np.arange(len(self._symbols)))
        ]
        return np.array([each.fill for each in found]), np.array([each.mean_bps for each in found]) * BPS

    def _alike(self) -> Likeness:
        if self._likeness is None:
            rho = correlation(np.diff(np.log(self._ring.view()), axis=1), self._learning.returns_decay)
            self._likeness = Likeness(rho, clusters(rho, self._settings.cluster_above))
        return self._likeness

    def check(self) -> None:
        assert self.state.decision >= 0, "decisions are counted from 1"
        assert all(self.state.held.values()), "a flat position is not held"
