"""One decision in units of the reference deviation: what agents, pool and stack say, and what boosters are told."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from quant.agent_skill import AgentSkill
from quant.blend import Pool, harmonise, pool_harmonised
from quant.booster_inputs import SCALE, BoosterInputs, PoolView
from quant.curve import SLOPE_CALIBRATED
from quant.decision import Decision
from quant.rolling import Floats
from quant.scale_stack import ScaleStack
from quant.stack import RegimeStack, Stacked


class ChainSettings(NamedTuple):
    """Who speaks, by which features, over which horizon and bar; open labels kept; slope of the tails.

    `features` are content hashes by name, in the order of the rows of every decision.
    """

    agents: tuple[str, ...]
    features: Mapping[str, str]
    horizon_s: float
    bar_s: float
    overlaps_max: int = 64
    tail_slope: float = SLOPE_CALIBRATED


class View(NamedTuple):
    """In units of `scale` (N,): mean, deviation (K, N), corrected by `factors` (K,); pool, stack, factor of width."""

    scale: Floats
    mean: Floats
    deviation: Floats
    factors: Floats
    pool: Pool
    stacked: Stacked
    width: Floats
    inputs: Floats


def stack_sigma(view: View) -> Floats:
    """Deviation (N,) of the stack: the learned width, and the error of its mean."""
    return np.asarray(np.sqrt(view.width**2 + view.stacked.error**2))


class Eye:
    """Turns decisions into views.

    The scale is the feature `s_ref` over the horizon; where there is none, the harmonic deviation of the agents alive.
    An agent whose mean or deviation is not finite, or whose deviation is not positive, is silent there.
    """

    def __init__(self, settings: ChainSettings) -> None:
        self._horizon_s = settings.horizon_s
        self._steps = math.sqrt(settings.horizon_s / settings.bar_s)
        self._s_ref = list(settings.features).index(SCALE) if SCALE in settings.features else -1
        self.inputs = BoosterInputs(
            settings.agents, settings.features, bar_s=settings.bar_s, horizon_s=settings.horizon_s
        )

    def view(self, decision: Decision, skill: AgentSkill, stack: RegimeStack, scale_stack: ScaleStack) -> View:
        """The decision, as seen with what has been learned so far."""
        factors = skill.factors()
        mean, deviation = self._heard(decision)
        deviation = deviation * factors[:, None]
        scale = self._scale(decision.features, deviation)
        mean, deviation = mean / scale, deviation / scale
        freshness = np.exp(-2.0 * decision.age_s / decision.said_s)
        trust = skill.trust()
        pooled = pool_harmonised(mean, deviation, decision.confidence, freshness, trust)
        stacked = stack.mean(mean, decision.regimes, trust)
        width = self.inputs.width(decision.features, deviation, pooled.sigma, scale / self._steps)
        told = PoolView(pooled.mu, pooled.sigma, pooled.disagreement, pooled.weights, stacked.mean, stacked.error)
        direction = self.inputs.direction(mean, decision.confidence, skill.correlations(), told, decision.regimes)
        inputs = np.concatenate([width, np.where(np.isfinite(direction), direction, np.nan)])
        return View(scale, mean, deviation, factors, pooled, stacked, scale_stack.factor(width), inputs)

    def _heard(self, decision: Decision) -> tuple[Floats, Floats]:
        mean, deviation = harmonise(decision.mu, decision.sigma, decision.said_s, self._horizon_s, decision.age_s)
        heard = np.isfinite(mean) & np.isfinite(deviation) & (deviation > 0.0)
        return np.where(heard, mean, np.nan), np.where(heard, deviation, np.nan)

    def _scale(self, features: Floats, deviation: Floats) -> Floats:
        bar = features[self._s_ref] if self._s_ref >= 0 else np.full(deviation.shape[1], np.nan)
        known = np.isfinite(bar) & (bar > 0.0)
        alive = np.isfinite(deviation)
        precision = np.where(alive, 1.0 / np.where(alive, deviation, 1.0) ** 2, 0.0).sum(axis=0)
        pooled = np.sqrt(alive.sum(axis=0) / np.where(precision > 0.0, precision, np.nan))
        return np.where(known, np.where(known, bar, 1.0) * self._steps, pooled)
