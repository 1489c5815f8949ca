"""What the other policy's choices of slates are worth on the record: by propensities, and by what the market did.

A slate's reward is the mean net return of its picks, over the horizon it was said for: side times what came true, less
the cost of a round trip for what was not held. What came true is known of every candidate, picked or not, so the other
slate's reward can be read off as well, if one believes that neither slate would have moved the market: that is
`market`. The propensities need no such belief, but they speak only where the recorded policy could have chosen what the
other one chooses: its sure picks must be the same, and its last slot one that had a chance. Everything else is without
support and left out, by count.

Decisions whose horizon is not over at the end of the record, or whose outcome is thinned out as overlapping, have no
reward. Those that count still overlap: intervals resample blocks of as many as fit into a horizon.
"""

import math
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np

from bot.diffing.decisions import Taken
from bot.diffing.twins import Pair
from contracts.belief import Outcome, Slate
from contracts.decision import Pick, Selection
from contracts.market import UniverseChanged
from contracts.quantities import BPS, Nanos, Side, nanos, sign
from quant.off_policy import Judgement, Log, interval, judge
from quant.rolling import Floats

BLEND: Final = "blend"
WHOLE: Final = 1.0 - 1e-9
Picked = tuple[str, Side, bool]
"""A symbol, its side, and whether it was held."""
Chosen = tuple[Picked, ...]
"""A slate whatever the order of its picks."""


class Figure(msgspec.Struct, frozen=True):
    """A mean in basis points per pick, its 95 % interval, and how many rows its weights are worth."""

    value: float
    low: float
    high: float
    rows: float

    @classmethod
    def of(cls, found: Judgement) -> "Figure":
        """As it was estimated."""
        return cls(*found)


NONE: Final = Figure(math.nan, math.nan, math.nan, 0.0)


class Worth(msgspec.Struct, frozen=True, kw_only=True):
    """What the choices are worth.

    `judged` decisions have a reward; in `chance` of them the recorded policy could have chosen otherwise, and in
    `supported` the other one chooses nothing that it could not. `support` is the mean share of the other policy's
    choices that have support. `market` is the mean reward of the other slates as the market went, `gain` that of the
    difference. The estimates by propensities (`logged`, `ips`, `snips`, `direct`, `dr`) are over `supported` decisions.
    """

    judged: int
    chance: int
    supported: int
    support: float
    seed: int
    block: int
    recorded: Figure
    market: Figure
    gain: Figure
    estimates: dict[str, Figure]


class _Waiting(NamedTuple):
    """A decision in both lives, until what it believed has come true."""

    at_ns: Nanos
    slate: Slate
    taken: Chosen
    recorded: Mapping[Chosen, float]
    other: Mapping[Chosen, float]
    places: Mapping[str, int]


class _Row(NamedTuple):
    """One decision with its reward; `log` are the fields of `quant.off_policy.Log`."""

    at_ns: Nanos
    log: tuple[float, float, float, float, float]
    market: float
    support: float
    chance: bool


class Judging:
    """Hears both lives and gathers what is needed to judge the other one."""

    def __init__(self) -> None:
        self._waiting: dict[int, _Waiting] = {}
        self._rows: list[_Row] = []
        self._places: dict[str, int] = {}
        self._horizon_s = 0.0

    def seen(self, was: Taken, now: Taken) -> None:
        """A decision in both lives."""
        if was.slate is None or was.selection is None or now.selection is None or not self._places:
            return
        self._horizon_s = was.slate.horizon_s
        taken, recorded = choices(was.selection)
        _, other = choices(now.selection)
        self._waiting[was.slate_seq] = _Waiting(was.at_ns, was.slate, taken, recorded, other, self._places)

    def heard(self, pair: Pair) -> None:
        """A turn of both lives; what came true is told by the recorded one."""
        for envelope in pair.was:
            payload: Any = envelope.payload
            if isinstance(payload, UniverseChanged):
                self._places = payload.universe.positions
            if isinstance(payload, Outcome) and payload.author == BLEND:
                waiting = self._waiting.pop(payload.said_seq, None)
                row = None if waiting is None else _row(waiting, payload)
                if row is not None:
                    self._rows.append(row)

    def worth(self, seed: int) -> Worth:
        """What was found; intervals are drawn by the seed."""
        rows = self._rows
        if not rows:
            return Worth(
                judged=0, chance=0, supported=0, support=math.nan, seed=seed, block=1, recorded=NONE, market=NONE,
                gain=NONE, estimates={},
            )  # fmt: skip
        chance, block = np.random.default_rng(seed), self._block()
        reward, market = np.array([row.log[0] for row in rows]), np.array([row.market for row in rows])
        kept = [row.log for row in rows if row.support >= WHOLE]
        log = Log(*(np.array(column) for column in zip(*kept, strict=True))) if kept else None
        found = {} if log is None else judge(log, chance, block=block)
        return Worth(
            judged=len(rows),
            chance=sum(row.chance for row in rows),
            supported=len(kept),
            support=float(np.mean([row.support for row in rows])),
            seed=seed,
            block=block,
            recorded=Figure.of(interval(reward, chance, block=block)),
            market=Figure.of(interval(market, chance, block=block)),
            gain=Figure.of(interval(market - reward, chance, block=block)),
            estimates={name: Figure.of(each) for name, each in found.items()},
        )

    def _block(self) -> int:
        """How many decisions that count fit into a horizon."""
        steps = np.diff([row.at_ns for row in self._rows])
        apart = float(np.median(steps)) if len(steps) else 0.0
        return max(1, math.ceil(nanos(self._horizon_s) / apart)) if apart > 0.0 else 1


def choices(selection: Selection) -> tuple[Chosen, dict[Chosen, float]]:
    """The slate that was chosen, and every slate that could have been with its probability; they sum to 1.

    Only the last slot is ever given to chance: its probability is that of the last pick, or of a runner-up in its
    place. Without picks nothing could have been chosen but nothing.
    """
    if not selection.picks:
        return (), {(): 1.0}
    sure = [_picked(pick) for pick in selection.picks[:-1]]
    taken = _slate([*sure, _picked(selection.picks[-1])])
    could = [each for each in (selection.picks[-1], *selection.runners_up) if each.propensity > 0.0]
    return taken, {_slate([*sure, _picked(each)]): each.propensity for each in could}


def _picked(pick: Pick) -> Picked:
    return pick.symbol, pick.side, pick.held


def _slate(picks: list[Picked]) -> Chosen:
    return tuple(sorted(picks))


def _row(waiting: _Waiting, outcome: Outcome) -> _Row | None:
    """One decision as the estimators want it; None where the return of one of the picks is not known."""
    slate, cost = waiting.slate, waiting.slate.cost_bps.values
    came, believed = outcome.realised.values / BPS, slate.mu.values / BPS

    def value(chosen: Chosen, returns: Floats) -> float:
        return _net(chosen, returns, cost, waiting.places)

    other = waiting.other
    market = sum(odds * value(each, came) for each, odds in other.items())
    row = (
        value(waiting.taken, came),
        waiting.recorded[waiting.taken],
        other.get(waiting.taken, 0.0),
        value(waiting.taken, believed),
        sum(odds * value(each, believed) for each, odds in other.items()),
    )
    if not all(map(math.isfinite, (*row, market))):
        return None
    support = sum(odds for each, odds in other.items() if each in waiting.recorded)
    return _Row(waiting.at_ns, row, market, support, len(waiting.recorded) > 1)


def _net(chosen: Chosen, returns: Floats, cost: Floats, places: Mapping[str, int]) -> float:
    """Mean net return of the picks in basis points; nothing earns nothing."""
    if not chosen:
        return 0.0
    nets = [
        sign(side) * returns[places[symbol]] - (0.0 if held else cost[places[symbol]]) for symbol, side, held in chosen
    ]
    return float(np.mean(nets))
