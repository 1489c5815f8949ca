"""Which weather the market has: a forward-filtered hidden Markov model of its return and its variance.

What is observed of a bar is the return of the equal-weighted market over its slow deviation, and the logarithm of its
fast variance over its slow one. Both are free of scale, so that one set of parameters fits bars of a minute and of a
day. Filtered means: from what was known at the time. Smoothed probabilities (Baum-Welch, `predict_proba` of a whole
series) look ahead and have no place here.
"""

from __future__ import annotations

import hashlib
import math
from typing import Final, NamedTuple

import numpy as np

from quant.rolling import Floats

WINSOR: Final = 6.0
"""Observations beyond this many units count as this many: one bad print must not be a regime."""
FAST, SLOW = 0.97, 0.998
"""Decays of the variances: 23 and 346 bars of half-life."""
RETURNS_MIN: Final = 30
"""Bars before a scale is known."""
GAP_BARS_MAX: Final = 60
"""A return over more bars than this says nothing of one bar."""
LABELS: Final = ("calm", "normal", "wild")


class Hmm(NamedTuple):
    """A Gaussian hidden Markov model of `states` states: start (s,), transition (s, s), mean (s, d), cov (s, d, d)."""

    start: Floats
    transition: Floats
    mean: Floats
    covariance: Floats

    @property
    def version(self) -> str:
        """Names the parameters: the first 12 hexadecimal digits of their SHA-256."""
        digest = hashlib.sha256()
        for each in self:
            digest.update(np.ascontiguousarray(each, dtype="<f8").tobytes())
        return digest.hexdigest()[:12]

    def ordered(self) -> Hmm:
        """The same model with its states in the order of the variance of the return: labels then mean the same."""
        order = np.argsort(self.covariance[:, 0, 0] + self.mean[:, 0] ** 2, kind="stable")
        return Hmm(self.start[order], self.transition[np.ix_(order, order)], self.mean[order], self.covariance[order])


def checked(model: Hmm) -> Hmm:
    """The model itself.

    Raises:
        ValueError: shapes that do not fit, rows that are no probabilities, or a covariance that is not positive.
    """
    states = len(model.start)
    shapes = (model.transition.shape, model.mean.shape, model.covariance.shape)
    if shapes != ((states, states), (states, 2), (states, 2, 2)):
        raise ValueError(f"a model of {states} states has shapes {shapes}")
    rows = np.vstack([model.start, model.transition])
    if not (bool((rows >= 0.0).all()) and bool(np.allclose(rows.sum(axis=1), 1.0, atol=1e-9))):
        raise ValueError(f"start and transition are no probabilities: {rows.tolist()}")
    if not bool((np.linalg.eigvalsh(model.covariance) > 0.0).all()):
        raise ValueError(f"a covariance is not positive: {model.covariance.tolist()}")
    return model


DEFAULT: Final = checked(
    Hmm(
        start=np.array([0.3, 0.4, 0.3]),
        transition=np.array([[0.99, 0.009, 0.001], [0.006, 0.988, 0.006], [0.001, 0.013, 0.986]]),
        mean=np.array([[0.0, -0.9], [0.0, -0.15], [0.0, 0.6]]),
        covariance=np.array([[[0.35, 0.0], [0.0, 0.12]], [[0.8, 0.0], [0.0, 0.05]], [[2.2, 0.0], [0.0, 0.16]]]),
    )
)
"""Rounded from fits to daily stocks, hourly and five-minute crypto, which agree; without a mean of the return."""


class Emission:
    """Log densities of the states of a model, with what does not change from step to step worked out once."""

    def __init__(self, model: Hmm) -> None:
        self._mean = model.mean
        self._precision = np.linalg.inv(model.covariance)
        _, logdet = np.linalg.slogdet(model.covariance)
        self._constant = -0.5 * (logdet + model.mean.shape[1] * math.log(2.0 * math.pi))

    def log_density(self, x: Floats) -> Floats:
        """Of one observation (d,): (states,); of many (n, d): (n, states)."""
        off = x[..., None, :] - self._mean
        return np.asarray(self._constant - 0.5 * np.einsum("...si,sij,...sj->...s", off, self._precision, off))


class ForwardFilter:
    """Probabilities of the states given all observations so far, one at a time, normalised in log space.

    Laws: probabilities sum to 1; equal to the last row of the smoothed probabilities of the prefix; `None` observed
    only lets time pass. The state is `log_p` alone (before the first observation: None).
    """

    def __init__(self, model: Hmm) -> None:
        self.model = checked(model)
        self.log_p: Floats | None = None
        self._emission = Emission(model)
        with np.errstate(divide="ignore"):
            self._log_start, self._log_transition = np.log(model.start), np.log(model.transition)

    @property
    def probabilities(self) -> Floats:
        """Shape (states,); the start before any observation."""
        return np.array(self.model.start) if self.log_p is None else np.exp(self.log_p)

    def step(self, x: Floats | None) -> Floats:
        """One observation (d,) later: the probabilities."""
        if self.log_p is None:
            predicted = self._log_start
        else:
            predicted = np.logaddexp.reduce(self.log_p[:, None] + self._log_transition, axis=0)
        if x is None:
            self.log_p = predicted if self.log_p is not None else None
            return self.probabilities
        joint = predicted + self._emission.log_density(x)
        self.log_p = joint - np.logaddexp.reduce(joint)
        return self.probabilities


class MarketState(NamedTuple):
    """The last closes (N,), how many bars ago they were, the market's variances, and its returns counted."""

    close: Floats
    age_bars: Floats
    fast: float
    slow: float
    returns: int


class Market:
    """Closes of bars in, what the model observes of the equal-weighted market out.

    The market's return is the mean log return of the instruments present, each over the root of the bars since its last
    close. Law: multiplying any instrument's closes by a constant, or permuting instruments, changes nothing.
    """

    def __init__(self, width: int) -> None:
        self._state = MarketState(np.full(width, np.nan), np.full(width, 1.0), math.nan, math.nan, 0)

    def push(self, close: Floats, bars: int = 1) -> Floats | None:
        """Closes (N,), `bars` bars after the last ones; NaN for absent.

        The observation (2,), or None while no scale is known or nothing is present.
        """
        old = self._state
        age = old.age_bars + (bars - 1)
        positive = np.where(close > 0.0, close, np.nan)
        returns = np.where(age <= GAP_BARS_MAX, np.log(positive / old.close) / np.sqrt(age), np.nan)
        known = np.isfinite(positive)
        closes, ages = np.where(known, positive, old.close), np.where(known, 1.0, age + 1.0)
        present = returns[np.isfinite(returns)]
        if not present.size:
            self._state = old._replace(close=closes, age_bars=ages)
            return None
        market = float(present.mean())
        seen = None if old.returns < RETURNS_MIN or not old.slow > 0.0 else market / math.sqrt(old.slow)
        # A jump moves the variances by what counts of it, so that one bad print does not blind the scale for long.
        square = market * market if seen is None else min(market * market, WINSOR * WINSOR * old.slow)
        count = old.returns + 1
        fast = _mean_step(old.fast, square, count, FAST)
        slow = _mean_step(old.slow, square, count, SLOW)
        self._state = MarketState(closes, ages, fast, slow, count)
        if seen is None or not fast > 0.0:
            return None
        return np.clip([seen, math.log(fast / slow)], -WINSOR, WINSOR)

    def state(self) -> MarketState:
        """Everything remembered."""
        return self._state

    def load(self, state: MarketState) -> None:
        """Become what said `state`."""
        self._state = MarketState(*state)


def _mean_step(mean: float, value: float, count: int, decay: float) -> float:
    """A plain mean at first, an exponential one once that remembers less."""
    return value if count == 1 else mean + max(1.0 / count, 1.0 - decay) * (value - mean)


def observations(closes: Floats) -> Floats:
    """The observations (n, 2) of a table of closes (bars, N), oldest first: what a model is fitted on."""
    market = Market(closes.shape[1])
    seen = [market.push(row) for row in closes]
    return np.array([each for each in seen if each is not None]).reshape(-1, 2)
