"""A slate out of a blend, and what a round trip of each instrument costs."""

from typing import Final

import numpy as np

from contracts.belief import RegimeState, Slate
from contracts.column import floats
from contracts.market import MarkFrame
from contracts.quantities import Seconds
from quant.booster_inputs import REGIMES
from quant.decision import EXPERTS, Blend
from quant.quantiles import LEVELS
from quant.rolling import Floats
from quant.slippage import round_trip_bps

BLEND: Final = "chain-1"


def cost_bps(marks: MarkFrame | None, fee_bps: Floats) -> Floats:
    """A round trip (N,) of what fits the touch, since no size is known yet; NaN without a valid mark."""
    if marks is None:
        return np.full(len(fee_bps), np.nan)
    half_spread_bps = 0.5e4 * (marks.ask.values - marks.bid.values) / marks.mid.values
    return round_trip_bps(fee_bps, half_spread_bps, np.zeros(len(fee_bps)))


def slate_of(
    blend: Blend,
    *,
    universe: int,
    horizon_s: Seconds,
    agents: tuple[str, ...],
    cost_bps: Floats,
    regime: RegimeState | None,
    model: str,
    schema: str,
    based_on: tuple[int, ...],
) -> Slate:
    """The message that says a blend; without a regime the regimes are equally probable."""
    return Slate(
        universe=universe,
        horizon_s=horizon_s,
        mu=floats(blend.mu),
        sigma=floats(blend.sigma),
        confidence=floats(blend.confidence),
        disagreement=floats(blend.disagreement),
        cost_bps=floats(cost_bps),
        levels=floats(LEVELS),
        quantiles=floats(blend.quantiles),
        agents=agents,
        weights=floats(blend.weights),
        blend=BLEND,
        based_on=based_on,
        mu_error=floats(blend.mu_error),
        scale=floats(blend.scale),
        p_up=floats(blend.p_up),
        es_long=floats(blend.es_long),
        es_short=floats(blend.es_short),
        rung=blend.rung,
        model=model,
        schema=schema,
        regime=regime.label if regime else "",
        regimes=regime.probabilities if regime else floats(np.full(REGIMES, 1.0 / REGIMES)),
        stack=floats(blend.stack),
        experts=EXPERTS,
        expert_weights=floats(blend.expert_weights),
        pool_quantiles=floats(blend.pool_quantiles),
    )
