"""How much to hold: fractional Kelly under a cap, mixed with equal tail risk per position.

Notionals are EUR as floats, signed like the edge. Kelly (1956) for a small edge: share = mu / sigma^2; a fraction of it
because mu is estimated (Thorp 2006). Nothing here has a default: each number moves money.
"""

from __future__ import annotations

import numpy as np

from quant.rolling import Floats


def net_edge(mu: Floats, cost: Floats) -> Floats:
    """What is left of an edge after its round trip: sign(mu) * max(0, |mu| - cost), both shares of the price."""
    return np.asarray(np.sign(mu) * np.maximum(0.0, np.abs(mu) - cost))


def kelly_share(mu_net: Floats, sigma: Floats, *, fraction: float, share_max: float) -> Floats:
    """Share of equity per position, |share| <= share_max; 0 where mu or sigma is absent or sigma is 0.

    Laws: never shrinks when |mu| rises or sigma falls; has the sign of mu.
    """
    known = np.isfinite(mu_net) & np.isfinite(sigma) & (sigma > 0.0)
    variance = np.where(known, sigma, 1.0) ** 2
    share = fraction * np.where(known, mu_net, 0.0) / np.where(variance > 0.0, variance, 1.0)
    return np.clip(share, -share_max, share_max)


def confidence_share(confidence: float, full: float) -> float:
    """Share of its size that a position of that confidence gets: all from `full` on, below it in proportion.

    Laws: in [0, 1], never falls with the confidence; one that is not a number gets nothing.
    """
    return min(1.0, max(0.0, confidence / full)) if confidence == confidence else 0.0


def target_notional(
    mu_net: Floats,
    sigma: Floats,
    shortfall: Floats,
    *,
    equity_eur: float,
    kelly_fraction: float,
    share_max: float,
    parity: float,
) -> Floats:
    """Signed target in EUR: `parity` of it such that every position risks the same expected shortfall.

    The parity part spreads the gross of the Kelly part by 1/shortfall (a positive share of the price, (N,)); a
    position without a shortfall gets none of it. Laws: |target| <= share_max * equity; gross is at most Kelly's; no
    edge, no position; equity that is not positive gives no position.
    """
    share = kelly_share(mu_net, sigma, fraction=kelly_fraction, share_max=share_max)
    inverse = np.where((share != 0.0) & (shortfall > 0.0), 1.0 / np.where(shortfall > 0.0, shortfall, 1.0), 0.0)
    total = inverse.sum()
    spread = np.sign(share) * np.abs(share).sum() * inverse / (total if total > 0.0 else 1.0)
    mixed = (1.0 - parity) * share + parity * spread
    return np.asarray(max(0.0, equity_eur) * np.clip(mixed, -share_max, share_max))
