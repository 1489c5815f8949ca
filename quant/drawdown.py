"""How far below its peak the account is, and how much of the tail-risk budget that leaves."""

from __future__ import annotations

import numpy as np

KNOTS = (0.02, 0.06, 0.08)
LEFT = (1.0, 0.25, 0.0)
"""Full budget to 2 % down, a quarter of it at 6 %, close-only from 8 %."""


def drawdown(peak: float, equity: float) -> float:
    """Share of the peak that is lost, in [0, 1] for equity in [0, peak]; 1 where the peak is not positive."""
    return max(0.0, 1.0 - equity / peak) if peak > 0.0 else 1.0


def multiplier(down: float) -> float:
    """Share of the budget left at a drawdown: piecewise linear through KNOTS, LEFT; 0 means close only.

    Laws: in [0, 1], never rises with the drawdown; a drawdown that is not a number leaves nothing.
    """
    if down <= KNOTS[0]:
        return LEFT[0]
    return 0.0 if np.isnan(down) else float(np.interp(down, KNOTS, LEFT))
