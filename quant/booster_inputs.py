"""What the scale stack and the boosters are told about a decision: names, order, hash, and one vectorised builder.

First what speaks of width (the scale stack reads only these): every agent's deviation and the pool's against the
reference, volatility over many windows, shape, calendar, order book, and the market as a whole. Then what speaks of
direction: every agent's mean, confidence and rolling skill, the pool, the stack, the regime. Everything is free of the
scale of prices; NaN means absent, and is legal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from quant.rolling import Floats

VERSION: Final = 2
REGIMES: Final = 3
SCALE: Final = "s_ref"
"""The feature that is the unit of everything: the reference deviation of one bar."""
ABSENT: Final = "absent"
VOLATILITIES: Final = (
    "ewma_vol",
    "ewma94",
    "har_pred_h",
    "rv_15",
    "rv_60",
    "rv_240",
    "rv_1440",
    "rv_7d",
    "park_60",
    "gk_60",
    "bv_60",
    "atr_14",
)
"""Features that are deviations of one bar: told as logarithms against the reference deviation of one bar."""
PLAIN: Final = (
    "ret_1",
    "ret_5",
    "ret_15",
    "ret_60",
    "jump_60",
    "semivar_60",
    "volvol_240",
    "term",
    "skew_240",
    "kurt_240",
    "es_ratio_1440",
    "seas_hw",
    "volz_60",
    "cntz_60",
    "burst",
    "spread_z",
    "upd_rate_z",
    "imb_l5",
    "ofi_10s",
    "simb_300s",
    "corr_mkt_1d",
    "xr_vol",
    "hod_sin",
    "hod_cos",
    "weekend",
    "vix_z",
)
MARKET: Final = ("size_1", "size_5", "market_ret_1", "market_ret_5", "market_size_1", "market_rv_15", "market_rv_60")
POOL: Final = ("pool_mu", "pool_disagreement", "share_up", "agreement", "weight_entropy", "stack_mu", "stack_error")


class PoolView(NamedTuple):
    """What the builder is told of the blend below the boosters; (N,), weights (K, N); in units of the scale."""

    mu: Floats
    sigma: Floats
    disagreement: Floats
    weights: Floats
    stack_mu: Floats
    stack_error: Floats


class BoosterInputs:
    """Names, schema and builder for those agents and those features; a feature that is not among them is absent.

    `features` are the content hashes of the rows there will be, by name and in their order. The schema is that of the
    names, of the hashes of the features that are used, of bar and horizon: a model that learned from another formula,
    on other bars or over another horizon is a model for another feature set. Laws: the order of instruments does not
    matter; multiplying all means, deviations and volatilities by one number changes nothing.
    """

    def __init__(self, agents: Sequence[str], features: Mapping[str, str], *, bar_s: float, horizon_s: float) -> None:
        self._rows = {name: row for row, name in enumerate(features)}
        self.width_names = (
            *(f"{agent}.deviation" for agent in agents),
            "pool_deviation",
            *VOLATILITIES,
            *PLAIN,
            *MARKET,
        )
        self.names = (
            *self.width_names,
            *(f"{agent}.{what}" for what in ("mu", "confidence", "skill") for agent in agents),
            *POOL,
            *(f"regime_{g}" for g in range(REGIMES)),
        )
        formulas = (f"{name}:{features.get(name, ABSENT)}" for name in (SCALE, *VOLATILITIES, *PLAIN))
        text = "\n".join((str(VERSION), repr(float(bar_s)), repr(float(horizon_s)), *self.names, *formulas))
        self.schema = hashlib.sha256(text.encode()).hexdigest()

    @property
    def n_width(self) -> int:
        """How many inputs, the first ones, speak of width."""
        return len(self.width_names)

    def width(self, features: Floats, deviation: Floats, pool_sigma: Floats, scale_bar: Floats) -> Floats:
        """The inputs about width, (n_width, N).

        `features` (features, N) in the order given; `deviation` (K, N) and `pool_sigma` (N,) in units of the scale;
        `scale_bar` (N,) the reference deviation of one bar.
        """
        plain = self._picked(PLAIN, features)
        volatility = _log(self._picked(VOLATILITIES, features) / scale_bar)
        return np.concatenate([_log(deviation), _log(pool_sigma)[None], volatility, plain, _market(plain, volatility)])

    def direction(self, mu: Floats, confidence: Floats, skill: Floats, pool: PoolView, regimes: Floats) -> Floats:
        """The other inputs; mu and confidence (K, N) in units of the scale, skill (K,), regimes (G,)."""
        width = mu.shape[1]
        rows = [
            mu,
            confidence,
            np.repeat(skill[:, None], width, axis=1),
            _shape_of_pool(mu, pool),
            np.repeat(regimes[:, None], width, axis=1),
        ]
        return np.concatenate(rows)

    def _picked(self, names: Sequence[str], features: Floats) -> Floats:
        absent = np.full(features.shape[1], np.nan)
        rows = [features[self._rows[name]] if name in self._rows else absent for name in names]
        picked = np.stack(rows)
        return np.where(np.isfinite(picked), picked, np.nan)


def _log(ratio: Floats) -> Floats:
    positive = np.isfinite(ratio) & (ratio > 0.0)
    return np.where(positive, np.log(np.where(positive, ratio, 1.0)), np.nan)


def _market(plain: Floats, volatility: Floats) -> Floats:
    """Sizes of the last moves, and means over the instruments of returns, sizes and short volatility ratios."""
    ret_1, ret_5 = plain[PLAIN.index("ret_1")], plain[PLAIN.index("ret_5")]
    rv_15, rv_60 = volatility[VOLATILITIES.index("rv_15")], volatility[VOLATILITIES.index("rv_60")]
    shared = [_mean(row) for row in (ret_1, ret_5, np.abs(ret_1), rv_15, rv_60)]
    return np.stack([np.abs(ret_1), np.abs(ret_5), *shared])


def _mean(row: Floats) -> Floats:
    """The mean over instruments for each of them; summed in sorted order, so that their order cannot matter."""
    known = np.sort(row[np.isfinite(row)])
    return np.full(len(row), known.mean() if len(known) else np.nan)


def _shape_of_pool(mu: Floats, pool: PoolView) -> Floats:
    alive = np.isfinite(mu)
    count = np.maximum(alive.sum(axis=0), 1)
    up = (np.where(alive, mu, 0.0) > 0.0).sum(axis=0) / count
    agreement = np.abs((pool.weights * np.sign(np.where(alive, mu, 0.0))).sum(axis=0))
    weights = np.where(pool.weights > 0.0, pool.weights, 1.0)
    entropy = -(weights * np.log(weights)).sum(axis=0)
    rows = [pool.mu, pool.disagreement, up, agreement, entropy, pool.stack_mu, pool.stack_error]
    return np.where(alive.any(axis=0), np.stack(rows), np.nan)
