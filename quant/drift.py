"""Whether beliefs have stopped coming true: losses that rise, and outcomes that fall where they should not.

`PageHinkley` hears the blend's loss against the pool's, `CalibrationWatch` where in the distributions said the outcomes
fell. Labels that overlap in time are not heard, and those of one instant count for as many as are independent of one
another.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np

from quant.rolling import Floats
from quant.scores import normal_cdf, normal_quantiles
from quant.significance import binomial_band, uniform_ks

BLOCK_LABELS: Final = 500.0
"""Independent labels that are judged together."""
RECOVERY_LABELS: Final = 100.0
"""The same once the beliefs are widened: what no longer helps costs with every label."""
SIGMA_FACTOR_MAX: Final = 1.25
CONFIDENCE: Final = 0.99
COVERED: Final = (0.05, 0.95)


class PageHinkleyState(NamedTuple):
    """How many values, their mean, the faded sum of what exceeds it, and its least value."""

    heard: int
    mean: float
    total: float
    least: float


class PageHinkley:
    """Has the mean of a sequence risen? (Page 1954; Hinkley 1971), with the sum fading as in river's.

    `allowed` is the rise that is no matter, `threshold` the sum at which it is. After an alarm it begins anew.
    """

    def __init__(
        self, *, allowed: float = 0.05, threshold: float = 10.0, fade: float = 0.9999, least_count: int = 30
    ) -> None:
        if not (allowed >= 0.0 and threshold > 0.0 and 0.0 < fade <= 1.0):
            raise ValueError(f"allowed {allowed}, threshold {threshold}, fade {fade}: expected >= 0, > 0, in (0, 1]")
        self._allowed, self._threshold, self._fade, self._least_count = allowed, threshold, fade, least_count
        self._state = PageHinkleyState(0, 0.0, 0.0, math.inf)

    def update(self, value: float) -> bool:
        """One value; whether the mean has risen. What is not finite is left out."""
        if not math.isfinite(value):
            return False
        old = self._state
        count = old.heard + 1
        mean = old.mean + (value - old.mean) / count
        total = self._fade * old.total + value - mean - self._allowed
        least = min(old.least, total)
        self._state = PageHinkleyState(count, mean, total, least)
        risen = count >= self._least_count and total - least > self._threshold
        if risen:
            self._state = PageHinkleyState(0, 0.0, 0.0, math.inf)
        return risen

    def state(self) -> PageHinkleyState:
        """Everything remembered."""
        return self._state

    def load(self, state: PageHinkleyState) -> None:
        """Become what said `state`."""
        self._state = PageHinkleyState(*state)


class CalibrationState(NamedTuple):
    """The block being filled: transforms as said and unwidened, their weights, and how instants sway together."""

    said: Floats
    plain: Floats
    weight: Floats
    labels: float
    sway: float


class Block(NamedTuple):
    """What a full block says of the beliefs: as they were said, and had they not been widened.

    `sigma_factor`, from 1 to SIGMA_FACTOR_MAX, is what sigma, not widened, would have had to be multiplied by for nine
    outcomes in ten to fall inside.
    """

    coverage: float
    plain_coverage: float
    band: tuple[float, float]
    ks_p: float
    sigma_factor: float = SIGMA_FACTOR_MAX

    @property
    def too_narrow(self) -> bool:
        """More outcomes fell outside the central 90 % as said than chance allows."""
        return self.coverage < self.band[0]

    @property
    def clean(self) -> bool:
        """Without widening the central 90 % hold enough, and outcomes fall evenly."""
        return self.plain_coverage >= self.band[0] and self.ks_p >= 1.0 - CONFIDENCE


class CalibrationWatch:
    """Judges one block of independent labels after another: a judgement never rests on the same label twice.

    A block has `BLOCK_LABELS`, or `RECOVERY_LABELS` while beliefs are widened.

    Labels of one instant are worth var(u) / var(mean of u), measured over the past; never less than one.
    """

    SWAY_KEEP: Final = 0.98

    def __init__(self) -> None:
        empty = np.empty(0)
        # Before anything is measured instants are taken to move as one: the judgement comes late, not early.
        self._state = CalibrationState(empty, empty, empty, 0.0, 1.0 / 12.0)

    def update(self, u: Floats, widened: float) -> Block | None:
        """The transforms (n,) of one instant's outcomes, whose sigma was widened so many times; NaN for unknown."""
        known = u[np.isfinite(u)]
        if not known.size:
            return None
        old, worth = self._state, self.worth(known.size)
        plain = known if widened == 1.0 else normal_cdf(normal_quantiles(known) * widened)
        off = float(plain.mean()) - 0.5
        sway = self.SWAY_KEEP * old.sway + (1.0 - self.SWAY_KEEP) * off * off
        state = CalibrationState(
            np.concatenate([old.said, known]),
            np.concatenate([old.plain, plain]),
            np.concatenate([old.weight, np.full(known.size, worth / known.size)]),
            old.labels + worth,
            sway,
        )
        if state.labels < (BLOCK_LABELS if widened == 1.0 else RECOVERY_LABELS):
            self._state = state
            return None
        empty = np.empty(0)
        self._state = CalibrationState(empty, empty, empty, 0.0, sway)
        return _judged(state)

    def worth(self, labels: int) -> float:
        """How many independent labels those of one instant stand for."""
        return min(float(labels), max(1.0, 1.0 / (12.0 * self._state.sway)))

    def restart(self) -> None:
        """Forget the block being filled: what comes is said under other rules."""
        empty = np.empty(0)
        self._state = self._state._replace(said=empty, plain=empty, weight=empty, labels=0.0)

    def state(self) -> CalibrationState:
        """Everything remembered."""
        return self._state

    def load(self, state: CalibrationState) -> None:
        """Become what said `state`."""
        self._state = CalibrationState(*state)


def _judged(state: CalibrationState) -> Block:
    level = COVERED[1] - COVERED[0]
    return Block(
        coverage=_covered(state.said, state.weight),
        plain_coverage=_covered(state.plain, state.weight),
        band=binomial_band(level, state.labels, CONFIDENCE),
        ks_p=uniform_ks(state.plain, state.labels).p,
        sigma_factor=_factor(state.plain, state.weight),
    )


def _factor(u: Floats, weight: Floats) -> float:
    """The distance in normal scores inside which nine tenths of the outcomes fell, over what it should be."""
    distance = np.abs(normal_quantiles(u))
    order = np.argsort(distance, kind="stable")
    mass = np.cumsum(weight[order])
    reached = distance[order[np.searchsorted(mass, (COVERED[1] - COVERED[0]) * mass[-1])]]
    return float(np.clip(reached / normal_quantiles(np.array(COVERED[1])), 1.0, SIGMA_FACTOR_MAX))


def _covered(u: Floats, weight: Floats) -> float:
    inside = (u >= COVERED[0]) & (u <= COVERED[1])
    return float(inside @ weight / weight.sum())
