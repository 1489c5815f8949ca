"""The selector picks a diversified few from the slate, what is held first, and says what it left out.

The quality of a candidate is its net edge less caution per unit of tail loss, times confidence; the tail loss is the
distance from the mean to the outermost adverse quantile of the slate (for a normal the 1 % quantile and the 2.5 %
expected shortfall are one number). Picks are penalised by the signed correlation of positions from bar returns.

A held position keeps its side and is judged without entry cost, because that is spent and leaving costs the same
whenever it happens; quality 0 says that nothing speaks for holding it. It turns only when the other side is worth a
whole round trip and its own side nothing. The choice is deterministic, so every propensity is 1.
"""

from collections.abc import Iterable
from typing import Any, ClassVar, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from actors.alignment import moved_array, moves
from actors.memory import NOTHING, StatefulActor
from actors.settings import at_least, more_than_zero, within
from contracts.account import Position
from contracts.belief import Slate
from contracts.column import Column, floats
from contracts.decision import Pick, Selection
from contracts.envelope import Envelope
from contracts.instrument import Universe
from contracts.market import BarFrame, BarHistory, UniverseChanged
from contracts.quantities import BPS, Nanos
from quant.rolling import Floats, Ring
from quant.selection import Caps, quality, select
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


class SelectorState(msgspec.Struct, kw_only=True):
    """The count of decisions, the side of each held symbol, and the end of the last bar.

    `closes` (instruments, bars) and how many there ever were are filled in snapshots only.
    """

    decision: int = 0
    universe: Universe | None = None
    held: dict[str, int] = {}
    closes: Column | None = None
    bars: int = 0
    close_ns: Nanos = 0
    bar_seq: int = 0


class Candidates(NamedTuple):
    """One candidate per instrument: its side (+1 long, -1 short), its quality, and whether it is held."""

    side: Floats
    quality: Floats
    held: NDArray[np.bool_]


class Likeness(NamedTuple):
    """Signed correlation of returns (instruments, instruments), and the cluster of each instrument."""

    rho: Floats
    cluster: NDArray[np.int64]


class Selector(StatefulActor[SelectorState]):
    """Slates in, one `Selection` each out, with empty picks where nothing is worth its cost."""

    role = "selector"
    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = (UniverseChanged, BarHistory, BarFrame, Position, Slate)
    kept = SelectorState

    def __init__(self, settings: SelectorSettings) -> None:
        self._settings = settings
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

    def snapshot(self) -> SelectorState:
        copy = super().snapshot()
        closes, copy.bars = self._ring.state()
        copy.closes = floats(closes)
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
        return NOTHING

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
        state.universe = universe
        self.derive()

    def _selection(self, slate: Slate, seq: int) -> Selection:
        state, settings = self.state, self._settings
        assert state.universe is not None and slate.universe == state.universe.version, "a slate of another universe"
        state.decision += 1
        candidates = self._candidates(slate)
        among = np.flatnonzero((candidates.quality > 0.0) | candidates.held)
        likeness = self._alike()
        rho = of_positions(likeness.rho[np.ix_(among, among)], candidates.side[among])
        choice = select(
            candidates.quality[among],
            rho,
            symbol=among,
            cluster=likeness.cluster[among],
            held=candidates.held[among],
            caps=Caps(settings.picks_max, cluster_max=settings.cluster_max),
            gamma=settings.gamma,
            runners=settings.runners_max,
        )
        return Selection(
            decision=state.decision,
            universe=slate.universe,
            picks=self._picks(candidates, among[choice.picks], choice.gains),
            runners_up=self._picks(candidates, among[choice.runners_up], choice.runner_gains),
            correlation=floats(rho[np.ix_(choice.picks, choice.picks)]),
            slate_seq=seq,
            based_on=(seq, state.bar_seq) if state.bar_seq else (seq,),
        )

    def _candidates(self, slate: Slate) -> Candidates:
        mu, confidence = slate.mu.values, slate.confidence.values
        mu_error = np.sqrt(slate.disagreement.values)
        loss_long, loss_short = mu - slate.quantiles.values[0], slate.quantiles.values[-1] - mu
        held = np.array([self.state.held.get(symbol, 0) for symbol in self._symbols], dtype=np.float64)

        def worth(edge: Floats, side: Floats) -> Floats:
            shortfall = np.where(side > 0, loss_long, loss_short)
            return quality(edge, mu_error, shortfall, confidence, self._settings.caution)

        fresh_side = np.where(mu < 0, -1.0, 1.0)
        net = np.abs(net_edge(mu, slate.cost_bps.values * BPS))
        fresh = np.where((fresh_side > 0) | self._can_short, worth(net, fresh_side), 0.0)
        keep = np.where(held != 0, worth(held * mu, held), 0.0)
        stays = (held != 0) & ((keep > 0.0) | (fresh_side == held) | (fresh == 0.0))
        return Candidates(np.where(stays, held, fresh_side), np.where(stays, keep, fresh), held != 0)

    def _alike(self) -> Likeness:
        if self._likeness is None:
            rho = correlation(np.diff(np.log(self._ring.view()), axis=1))
            self._likeness = Likeness(rho, clusters(rho, self._settings.cluster_above))
        return self._likeness

    def _picks(self, candidates: Candidates, columns: NDArray[np.int64], gains: Floats) -> tuple[Pick, ...]:
        return tuple(
            Pick(
                symbol=self._symbols[column],
                side="buy" if candidates.side[column] > 0 else "sell",
                quality=float(candidates.quality[column]),
                gain=gain,
                propensity=1.0,
                held=bool(candidates.held[column]),
            )
            for column, gain in zip(columns.tolist(), gains.tolist(), strict=True)
        )

    def check(self) -> None:
        assert self.state.decision >= 0, "decisions are counted from 1"
        assert all(self.state.held.values()), "a flat position is not held"
