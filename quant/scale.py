"""The reference deviation of the next horizon: how large the next return will be, of every instrument, bar by bar.

Returns are freed from the season of the week. A heterogeneous autoregression (Corsi 2009, A Simple Approximate
Long-Memory Model of Realized Volatility) explains the log variance of the next horizon, over that of now, by what the
last bars showed at several memories (exponential ones as in Bollerslev, Hood, Huss and Pedersen 2018, Risk Everywhere):
absolute returns of the instrument and of the market, ranges, and signed returns of both (falls raise what follows).
One regression is pooled over all instruments, on closed labels alone; its level is held to what came true. `s_ref` is
its deviation times the season of the bars ahead. Laws: multiplying prices by a constant changes nothing; permuting the
instruments permutes the answers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quant.rolling import Floats, blend
from quant.season import HOURS, Season
from quant.volatility import DECAY, RETURNS_MIN

MEMORIES = np.array([0.0, 1.5, 6.0, 24.0, 96.0, 384.0])
"""Mean ages, in bars, of the absolute returns the regression sees; 0 is the last bar alone."""
RANGE_MEMORIES = np.array([0.0, 1.5, 6.0, 24.0, 96.0])
"""Of the deviation that the range of a bar shows (Parkinson 1980); nothing where highs and lows are unknown."""
SIGNED_MEMORIES = np.array([1.5, 6.0, 24.0])
MARKET_MEMORIES = np.array([0.0, 1.5, 6.0, 24.0, 96.0])
MARKET_SIGNED = np.array([0.0, 1.5, 6.0, 24.0])
_OWN = 1 + len(MEMORIES)
_RANGE = _OWN + len(RANGE_MEMORIES)
_SIGNED = _RANGE + len(SIGNED_MEMORIES)
_COMMON = _SIGNED + len(MARKET_MEMORIES)
POWERS = np.where(np.arange(_SIGNED) == 0, 2.0, 1.0)
TERMS = _COMMON + len(MARKET_SIGNED)
"""1, own absolute returns, ranges, own signed returns, absolute returns of the market, its signed returns."""
RATES = np.concatenate([[1.0 - DECAY], 1.0 / (1.0 + np.concatenate([MEMORIES, RANGE_MEMORIES, SIGNED_MEMORIES]))])
MARKET_RATES = 1.0 / (1.0 + np.concatenate([MARKET_MEMORIES, MARKET_SIGNED]))
REFRESH_BARS = 20
LABELS_MIN = 250
LABEL_AGE_BARS = 100
RIDGE = 30.0
"""Labels that speak for no effect at all: the deviation of now."""
LOG_MOST = 3.0
SIGNED_MOST = 3.0
MARKET_MOST = 8.0
MOVE_MOST = 5.0
SEASON_MOST = 16.0
RATIO_MOST = 64.0
VARIANCE_MIN = 1e-24
SIZE_MIN = 1e-12
PRESENT_SHARE = 0.1
"""Of a label this share is the variance of now: the logarithm of a quiet horizon would be noise alone."""
MEAN_ABSOLUTE = np.sqrt(np.pi / 2.0)
"""Deviation over the mean absolute value, of a normal variable."""
RANGE = np.sqrt(4.0 * np.log(2.0))
"""Log range over deviation, of a walk."""


class Scaled(NamedTuple):
    """Per bar, shape (n_instruments,), NaN while unknown.

    `har` is the deviation of the regression without the season, `season` the square root of the mean season of the
    horizon ahead, `s_ref` their product.
    """

    har: Floats
    season: Floats
    s_ref: Floats


class Scale:
    """Fed with every closed bar in order; the same object live, over history and in replay.

    `columns` is the state of the instruments, which come first; it is worked on with instruments last, as they lie in
    memory: (bars, ..., instruments).
    """

    def __init__(self, width: int, bar_s: float, horizon_bars: int) -> None:
        if horizon_bars < 1:
            raise ValueError(f"horizon of {horizon_bars} bars, expected 1 or more")
        self._horizon = horizon_bars
        self._season = Season(1, bar_s)
        self._looks = max(1, round(3_600.0 / bar_s))
        self._bar_ns = round(bar_s * 1e9)
        self._state = {
            "sums": np.zeros((len(RATES), width)),
            "mass": np.zeros((len(RATES), width)),
            "count": np.zeros((1, width)),
            "asked": np.full((horizon_bars * (TERMS + 2), width), np.nan),
            "recent": np.full((horizon_bars, width), np.nan),
        }
        self.columns = {name: rows.T for name, rows in self._state.items()}
        self.shared = {
            "season": self._season.seen,
            "follows": np.roll(np.arange(float(HOURS)), -1),
            "market": np.zeros((2, len(MARKET_RATES))),
            "gram": np.zeros((TERMS, TERMS)),
            "moment": np.zeros(TERMS),
            "weights": np.zeros(TERMS),
            "labels": np.zeros(1),
            "level": np.array([RIDGE, RIDGE]),
            "bars": np.zeros(1),
            "slot": np.full(1, -1.0),
        }

    def step(self, close_ns: int, r: Floats, spread: Floats) -> Scaled:
        """One closed bar: log return and log(high / low), (n_instruments,), NaN where absent."""
        return Scaled(*(column[:, 0] for column in self.run([close_ns], r[:, None], spread[:, None])))

    def run(self, close_ns: list[int], r: Floats, spread: Floats) -> Scaled:
        """Closed bars in order, (n_instruments, bars) in and out; the same as one by one."""
        with np.errstate(invalid="ignore", divide="ignore"):
            usual, ahead, means, counts = self._remember(close_ns, r.T, spread.T)
            free = r.T / usual[:, None]
            seen = ~np.isnan(free) & (counts >= RETURNS_MIN) & (means[:, 0] > VARIANCE_MIN)
            variance = np.where(seen, means[:, 0], np.nan)
            terms = self._terms(free, means, np.sqrt(variance))
            old = np.where(counts >= LABEL_AGE_BARS, variance, np.nan)
            har = np.empty(free.shape)
            for bar in range(len(har)):
                forecast = self._learn(free[bar], terms[bar], variance[bar], old[bar])
                har[bar] = np.sqrt(forecast * (self.shared["level"][0] / self.shared["level"][1]))
        season = np.broadcast_to(np.sqrt(ahead), r.shape)
        return Scaled(har.T, season, har.T * season)

    def _remember(self, close_ns: list[int], r: Floats, spread: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Usual size of each bar and mean factor ahead (bars,), means (bars, RATES, n), returns seen (bars, n)."""
        state, bars = self._state, len(r)
        values = np.empty((bars, len(RATES), r.shape[1]))
        values[:, 0] = r * r
        values[:, 1:_OWN] = (np.abs(r) * MEAN_ABSOLUTE)[:, None]
        values[:, _OWN:_RANGE] = np.where(spread > 0.0, spread / RANGE, np.nan)[:, None]
        values[:, _RANGE:] = r[:, None]
        known = (~np.isnan(r)).astype(np.float64)
        counts = state["count"] + np.cumsum(known, axis=0)
        usual, ahead, means = np.ones(bars), np.ones(bars), np.empty(values.shape)
        for bar in range(bars):
            if not self._season.idle:
                usual[bar], ahead[bar] = self._usual(close_ns[bar], r[bar])
                values[bar] /= (usual[bar] ** POWERS)[:, None]
            means[bar] = blend(state["sums"], state["mass"], values[bar], RATES[:, None])
            state["count"] += known[bar]
        return usual, ahead, means, counts

    def _usual(self, close_ns: int, r: Floats) -> tuple[float, float]:
        """How large moves of this bar usually are, the season having learned from it; mean factor of those ahead."""
        slot = self._move(close_ns)
        self._season.learn(slot, _mean(np.minimum(r * r / self._variance(), SEASON_MOST)[None]))
        table = self._season.table()[0]
        return float(np.sqrt(table[slot])), self._ahead(close_ns, slot, table)

    def _move(self, close_ns: int) -> int:
        """The slot of this bar; remembers which slot came after which, so that closed hours are skipped."""
        slot, last = self._season.slot(close_ns), int(self.shared["slot"][0])
        if last not in (-1, slot):
            self.shared["follows"][last] = slot
        self.shared["slot"][0] = slot
        return slot

    def _ahead(self, close_ns: int, slot: int, table: Floats) -> float:
        """Mean factor of the bars of the next horizon."""
        follows = self.shared["follows"]
        begun = round((close_ns % (3_600 * 10**9)) / self._bar_ns) % self._looks
        left = self._looks - begun if begun else 0
        total, wanted = 0.0, self._horizon
        while wanted > 0:
            bars = min(wanted, left)
            total, wanted = total + bars * table[slot], wanted - bars
            slot, left = int(follows[slot]), self._looks
        return float(total / self._horizon)

    def _variance(self) -> Floats:
        """The EW variance so far, NaN before RETURNS_MIN returns and without any movement."""
        state = self._state
        known = (state["count"][0] >= RETURNS_MIN) & (state["sums"][0] > VARIANCE_MIN)
        return np.asarray(state["sums"][0] / np.where(known, state["mass"][0], np.nan))

    def _terms(self, free: Floats, means: Floats, deviation: Floats) -> Floats:
        """What the regression sees at each bar, (bars, TERMS, n)."""
        slow = means[:, _OWN - 1]
        size = np.abs(free) * MEAN_ABSOLUTE
        market = self._market(size / slow, free / deviation)[..., None]
        terms = np.empty((len(free), TERMS, free.shape[1]))
        terms[:, 1:_SIGNED] = means[:, 1:] / deviation[:, None]
        terms[:, _SIGNED:_COMMON] = market[:, : _COMMON - _SIGNED] * (slow / deviation)[:, None]
        terms[:, _COMMON:] = market[:, _COMMON - _SIGNED :]
        for logs in (terms[:, 1:_RANGE], terms[:, _SIGNED:_COMMON]):
            logs[:] = _within(2.0 * np.log(np.maximum(logs, SIZE_MIN)), LOG_MOST)
        for signed in (terms[:, _RANGE:_SIGNED], terms[:, _COMMON:]):
            signed[:] = _within(signed, SIGNED_MOST)
        ranges = terms[:, _OWN:_RANGE]
        ranges[np.isnan(ranges)] = 0.0
        terms[:, 0] = 1.0
        return terms

    def _market(self, size: Floats, signed: Floats) -> Floats:
        """Exponential means over the market of relative sizes, then of signed moves, (bars, MARKET_RATES)."""
        sums, mass = self.shared["market"]
        values = np.empty((len(size), len(MARKET_RATES)))
        values[:, : len(MARKET_MEMORIES)] = _mean(np.minimum(size, MARKET_MOST))[:, None]
        values[:, len(MARKET_MEMORIES) :] = _mean(_within(signed, MOVE_MOST))[:, None]
        return np.stack([blend(sums, mass, row, MARKET_RATES) for row in values])

    def _learn(self, free: Floats, terms: Floats, variance: Floats, old: Floats) -> Floats:
        """Takes the label that closes with this bar, solves now and then, asks for the next horizon; its forecast."""
        shared, recent = self.shared, self._state["recent"]
        bars = int(shared["bars"][0])
        recent[bars % self._horizon] = free * free
        asked = self._state["asked"].reshape(self._horizon, TERMS + 2, -1)[bars % self._horizon]
        realised = recent.sum(axis=0) / self._horizon
        label = np.log((1.0 - PRESENT_SHARE) * realised / asked[-2] + PRESENT_SHARE)
        known = ~np.isnan(label + asked.sum(axis=0))
        here = asked if known.all() else asked[:, known]
        x, y = here[:-2], _within(label[known], LOG_MOST)
        shared["gram"] += x @ x.T
        shared["moment"] += x @ y
        shared["labels"] += len(y)
        shared["level"] += np.minimum(realised[known] / here[-1], RATIO_MOST).sum(), len(y)
        if bars % REFRESH_BARS == 0 and shared["labels"][0] >= LABELS_MIN:
            prior = np.full(TERMS, RIDGE)
            prior[0] = 1e-9
            shared["weights"][:] = np.linalg.solve(shared["gram"] + np.diag(prior), shared["moment"])
        forecast = variance * np.exp(shared["weights"] @ terms)
        asked[:-2] = terms
        asked[-2] = old
        asked[-1] = forecast
        shared["bars"][0] = bars + 1
        return np.asarray(forecast)


def _within(values: Floats, most: float) -> Floats:
    """Cut to [-most, most]; NaN stays."""
    return np.asarray(np.minimum(np.maximum(values, -most), most))


def _mean(values: Floats) -> Floats:
    """Over the instruments present, (bars, n) -> (bars,); NaN where nobody is."""
    known = ~np.isnan(values)
    count = known.sum(axis=1)
    return np.asarray(np.where(known, values, 0.0).sum(axis=1) / np.where(count > 0, count, np.nan))
