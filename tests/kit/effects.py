"""Worlds in which one effect was planted: closes, and the features that the pipeline computes of them.

Every world has the effect of one agent at `size`; with `size` 0 it is noise. `found` counts labels apart from the
agent's own learning: the correlation of score and outcome, and its t statistic over instants.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from actors.agents.laws import trial_settings
from actors.agents.trial import START_NS, Market, Trial, a_market
from bot.agents import agent_of
from quant.features.engine import REGISTRY
from quant.features.history import batch

HOUR_S = 3600.0
SD = 0.004


class Found(NamedTuple):
    """Information coefficient of the scores, its t statistic over non-overlapping instants, and what was learned."""

    ic: float
    t: float
    coefficient: float
    labels: int


def priced(close: np.ndarray) -> Market:
    """A market of those closes (steps, N) with the features the pipeline makes of them."""
    steps = len(close)
    rows = np.ascontiguousarray(close.T)
    prices = {"open": np.roll(rows, 1, axis=1), "close": rows}
    prices["open"][:, 0] = rows[:, 0]
    prices["high"] = np.maximum(prices["open"], rows) * 1.0005
    prices["low"] = np.minimum(prices["open"], rows) / 1.0005
    history = prices | {"volume": np.ones_like(rows), "trades": np.ones_like(rows)}
    at_ns = START_NS + (1 + np.arange(steps)) * round(HOUR_S * 1e9)
    values = batch(history, at_ns, bar_s=HOUR_S, horizon_bars=4, features=REGISTRY)
    features = np.stack([np.broadcast_to(values[name], rows.shape) for name in REGISTRY.names])
    return Market(close, np.ascontiguousarray(features.transpose(2, 0, 1)))


def _chance(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def trending(size: float, seed: int, *, steps: int = 3000, width: int = 6) -> Market:
    """Drifts that last for weeks."""
    chance = _chance(seed)
    drift = np.zeros((steps, width))
    for step in range(1, steps):
        drift[step] = 0.99 * drift[step - 1] + np.sqrt(1 - 0.99**2) * chance.normal(size=width)
    return priced(100.0 * np.exp(np.cumsum(SD * (size * drift + chance.normal(size=(steps, width))), axis=0)))


def reverting(size: float, seed: int, *, steps: int = 3000, width: int = 6) -> Market:
    """Prices that leave their own slow walk and come back with a half-life of 14 bars."""
    chance = _chance(seed)
    gap = np.zeros((steps, width))
    for step in range(1, steps):
        gap[step] = 0.95 * gap[step - 1] + SD * chance.normal(size=width)
    walk = np.cumsum(SD * chance.normal(size=(steps, width)), axis=0)
    return priced(100.0 * np.exp(size * gap + (1.0 - 0.7 * size) * walk))


def paired(size: float, seed: int, *, steps: int = 2500, width: int = 6) -> Market:
    """Twins whose spread comes back; without the effect it wanders."""
    chance = _chance(seed)
    walk = np.repeat(np.cumsum(SD * chance.normal(size=(steps, width // 2)), axis=0), 2, axis=1)
    spread = np.zeros((steps, width))
    for step in range(1, steps):
        spread[step] = (1.0 - 0.08 * size) * spread[step - 1] + 0.5 * SD * chance.normal(size=width)
    return priced(100.0 * np.exp(walk + spread))


def reversing(size: float, seed: int, *, steps: int = 2500, width: int = 12) -> Market:
    """What one instrument does apart from the market comes back over the next days."""
    chance = _chance(seed)
    market, own = chance.normal(size=(steps, 1)), chance.normal(size=(steps, width))
    for step in range(61, steps):
        own[step] -= size * own[step - 60 : step].mean(axis=0)
    return priced(100.0 * np.exp(np.cumsum(SD * (0.5 * market + own), axis=0)))


def seasonal(size: float, seed: int, *, steps: int = 168 * 60, width: int = 4) -> Market:
    """Each hour of the week has a drift of its own."""
    chance = _chance(seed)
    drift = np.tile(np.repeat(chance.normal(size=21), 8), steps // 168 + 1)[:steps, None]
    close = 100.0 * np.exp(np.cumsum(SD * (size * drift + chance.normal(size=(steps, width))), axis=0))
    plain = a_market(width=width, steps=1, seed=seed)
    features = np.full((steps, len(REGISTRY), width), np.nan)
    for name in ("ewma_vol", "s_ref"):
        features[:, REGISTRY.index[name]] = SD
    return Market(close, features, plain.bar_s)


def breaking(size: float, seed: int, *, steps: int = 3000, width: int = 6) -> Market:
    """Prices at an end of the channel of the last 60 bars go on, the more the closer they are."""
    chance = _chance(seed)
    price = np.zeros((steps, width))
    for step in range(1, steps):
        window = price[max(0, step - 60) : step]
        low, high = window.min(axis=0), window.max(axis=0)
        place = (window[-1] - low) / np.where(high > low, high - low, 1.0) - 0.5
        price[step] = window[-1] + SD * (size * place + chance.normal(size=width))
    return priced(100.0 * np.exp(price))


def managed(size: float, seed: int, *, steps: int = 3500, width: int = 6) -> Market:
    """Drift against volatility that comes in waves of days."""
    chance = _chance(seed)
    wave = np.zeros((steps, width))
    for step in range(1, steps):
        wave[step] = 0.97 * wave[step - 1] + np.sqrt(1 - 0.97**2) * chance.normal(size=width)
    sd = SD * np.exp(0.5 * wave)
    return priced(
        100.0 * np.exp(np.cumsum(sd * (-size * np.roll(wave, 1, axis=0) + chance.normal(size=wave.shape)), axis=0))
    )


def told(*names: str, sign: float = 1.0, keep: float = 0.0, common: bool = False) -> Callable[[float, int], Market]:
    """A world whose next bar follows what the first of those features says, in a market that is noise otherwise."""

    def world(size: float, seed: int, *, steps: int = 3000, width: int = 6) -> Market:
        market = a_market(width=width, steps=steps, seed=seed)
        chance = _chance(seed)
        score = chance.normal(size=(steps, 1 if common else width)) * np.ones((1, width))
        for step in range(1, steps):
            score[step] = keep * score[step - 1] + np.sqrt(1 - keep**2) * score[step]
        drift = np.vstack([np.zeros((1, width)), score[:-1]])
        walk = np.cumsum(SD * (sign * size * drift + chance.normal(size=(steps, width))), axis=0)
        features = market.features.copy()
        for name in names:
            features[:, REGISTRY.index[name]] = score
        for name, value in FIXED.items():
            features[:, REGISTRY.index[name]] = value
        return Market(100.0 * np.exp(walk), features)

    return world


FIXED = {"rd_ment_z": 2.0, "rd_age": 0.0, "spread_bp": 400.0, "beta_btc_7d": 1.0, "t_to_fund": 0.99, "fund_now": 0.0}
FIXED |= {"dgs10_chg_5d": np.nan, "t10y2y": np.nan, "hy_oas_chg_5d": np.nan, "dxy_chg_5d": np.nan, "ewma94": SD}

WORLDS: dict[str, tuple[Callable[..., Market], float]] = {
    "ts_momentum": (trending, 0.12),
    "ou_reversion": (reverting, 1.0),
    "breakout": (breaking, 0.2),
    "vol_managed": (managed, 0.15),
    "funding_carry": (told("fund_z_30d", sign=-1.0, keep=0.9), 0.1),
    "ofi": (told("ofi_60s"), 0.2),
    "microprice": (told("micro_bp"), 0.2),
    "pairs": (paired, 1.0),
    "xs_reversal": (reversing, 0.8),
    "seasonality": (seasonal, 0.25),
    "sentiment": (told("rd_sent_ema6h", keep=0.9), 0.1),
    "macro": (told("vix_z", sign=-1.0, keep=0.95, common=True), 0.15),
}
"""For each agent a world with its effect, and how large the effect is."""


def found(kind: str, *, planted: bool, seed: int = 1, horizon_bars: int = 4) -> Found:
    """What an agent made of its world."""
    world, size = WORLDS[kind]
    market = world(size if planted else 0.0, seed)
    settings = trial_settings(horizon_bars * HOUR_S)
    trial = Trial(agent_of(kind)(settings)).live(market)
    outcomes = trial.outcomes[::horizon_bars]
    score = np.array([each.score.values for each in outcomes])
    z = np.array([each.realised.values / each.sigma.values for each in outcomes])
    known = np.isfinite(score) & np.isfinite(z) & (score != 0.0)
    s, y = np.where(known, score, 0.0), np.where(known, z, 0.0)
    products = (s * y).sum(axis=1)
    ic = float(products.sum() / np.sqrt((s * s).sum() * (y * y).sum())) if known.any() else 0.0
    deviation = float(np.sqrt((products**2).sum()))
    t = float(products.sum()) / deviation if deviation else 0.0
    return Found(ic, t, trial.agent.worth().coefficient, int(known.sum()))


def main() -> None:
    """Print what each agent finds in its world, and in noise: `python -m tests.kit.effects`."""
    for kind in WORLDS:
        for planted in (True, False):
            seen = found(kind, planted=planted)
            what = "planted" if planted else "noise"
            print(f"{kind:<14} {what:<8} ic {seen.ic:+.3f}  t {seen.t:+5.1f}  coefficient {seen.coefficient:+.3f}")


if __name__ == "__main__":
    main()
