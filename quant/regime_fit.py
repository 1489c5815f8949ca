"""Fits the regime model off line: Baum-Welch on several series at once, with a prior for staying.

Expectation-maximisation (Rabiner 1989) with pseudo-counts on the diagonal of the transition matrix and a small floor
under the covariances. The start is by terciles of the variance observed, so that the same data give the same model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from quant.regime import Emission, Hmm, checked
from quant.rolling import Floats

COVARIANCE_PRIOR = 0.01
TINY = 1e-300


class Fitted(NamedTuple):
    """A model with its states in order, its log likelihood, and how many iterations it took."""

    model: Hmm
    log_likelihood: float
    iterations: int


class Expected(NamedTuple):
    """What one pass over the series expects: occupation, transitions, first and second moments, log likelihood."""

    start: Floats
    transitions: Floats
    weight: Floats
    first: Floats
    second: Floats
    log_likelihood: float


def fit(
    series: Sequence[Floats],
    *,
    states: int = 3,
    sticky: float = 100.0,
    iterations: int = 100,
    tolerance: float = 1e-4,
    start: Hmm | None = None,
) -> Fitted:
    """The model of series of observations, each (n, 2), which do not continue one another.

    `sticky` pseudo-counts are added to staying in each state. Ends when the mean log likelihood of a step grows by
    less than `tolerance` / 100, or after so many iterations.

    Raises:
        ValueError: fewer than 50 observations for each state, or values that are not finite.
    """
    together = np.concatenate([np.asarray(each, dtype=np.float64) for each in series])
    if len(together) < 50 * states or not bool(np.isfinite(together).all()):
        raise ValueError(f"{len(together)} observations for {states} states, expected at least 50 for each and finite")
    model = _terciles(together, states) if start is None else checked(start)
    before, taken, growing = -np.inf, 0, True
    while growing and taken < iterations:
        expected = expect(model, series)
        model = maximise(expected, sticky)
        growing = expected.log_likelihood - before >= tolerance * len(together) / 100.0
        before, taken = expected.log_likelihood, taken + 1
    return Fitted(checked(model.ordered()), before, taken)


def expect(model: Hmm, series: Sequence[Floats]) -> Expected:
    """One pass forward and backward over every series."""
    return _summed([_expect_one(model, np.asarray(each, dtype=np.float64)) for each in series])


def maximise(expected: Expected, sticky: float) -> Hmm:
    """The most likely model of what is expected, given the priors."""
    transitions = expected.transitions + sticky * np.eye(len(expected.weight))
    weight = np.maximum(expected.weight, TINY)
    mean = expected.first / weight[:, None]
    scatter = expected.second - weight[:, None, None] * mean[:, :, None] * mean[:, None, :]
    covariance = (scatter + COVARIANCE_PRIOR * np.eye(mean.shape[1])) / weight[:, None, None]
    return Hmm(
        expected.start / expected.start.sum(), transitions / transitions.sum(axis=1, keepdims=True), mean, covariance
    )


def smoothed(model: Hmm, x: Floats) -> Floats:
    """Probabilities (n, states) given the WHOLE series: for fitting alone, because they look ahead."""
    forward, backward, _, _ = _passes(model, x)
    joint = forward * backward
    return np.asarray(joint / joint.sum(axis=1, keepdims=True))


def _expect_one(model: Hmm, x: Floats) -> Expected:
    forward, backward, density, log_likelihood = _passes(model, x)
    gamma = forward * backward
    gamma /= gamma.sum(axis=1, keepdims=True)
    ahead = density[1:] * backward[1:]
    pairs = forward[:-1, :, None] * model.transition * ahead[:, None, :]
    pairs /= np.maximum(pairs.sum(axis=(1, 2), keepdims=True), TINY)
    return Expected(
        gamma[0],
        pairs.sum(axis=0),
        gamma.sum(axis=0),
        gamma.T @ x,
        np.einsum("ns,ni,nj->sij", gamma, x, x),
        log_likelihood,
    )


def _passes(model: Hmm, x: Floats) -> tuple[Floats, Floats, Floats, float]:
    """Forward and backward probabilities, each row summing to 1, densities over their largest, log likelihood."""
    log_density = Emission(model).log_density(x)
    top = log_density.max(axis=1)
    density = np.exp(log_density - top[:, None])
    n, states = density.shape
    forward, backward = np.empty((n, states)), np.ones((n, states))
    predicted, log_likelihood = model.start, float(top.sum())
    for t in range(n):
        row = predicted * density[t]
        total = max(float(row.sum()), TINY)
        forward[t] = row / total
        log_likelihood += float(np.log(total))
        predicted = forward[t] @ model.transition
    for t in range(n - 2, -1, -1):
        row = model.transition @ (density[t + 1] * backward[t + 1])
        backward[t] = row / max(float(row.sum()), TINY)
    return forward, backward, density, log_likelihood


def _summed(each: Sequence[Expected]) -> Expected:
    arrays = zip(*(one[:5] for one in each), strict=True)
    start, transitions, weight, first, second = (np.sum(np.stack(part), axis=0) for part in arrays)
    return Expected(start, transitions, weight, first, second, sum(one.log_likelihood for one in each))


def _terciles(x: Floats, states: int) -> Hmm:
    """A first guess: states are equal shares of the observations by their variance, and stay 50 steps."""
    parts = np.array_split(x[np.argsort(x[:, 1], kind="stable")], states)
    stay = 0.98
    transition = np.full((states, states), (1.0 - stay) / (states - 1)) if states > 1 else np.ones((1, 1))
    np.fill_diagonal(transition, stay if states > 1 else 1.0)
    covariance = np.stack([np.cov(part.T) + COVARIANCE_PRIOR * np.eye(x.shape[1]) for part in parts])
    return Hmm(np.full(states, 1.0 / states), transition, np.stack([part.mean(axis=0) for part in parts]), covariance)
