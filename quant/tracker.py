"""A slow tracker of coverage: each quantile level is moved until outcomes fall below it as often as it says.

The proportional term of conformal PID control (Angelopoulos, Candes and Tibshirani 2023). Slow on purpose: rates of
.01 and more cost pinball loss.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from quant.quantiles import LEVELS
from quant.remembering import Remembering
from quant.rolling import Floats

RATE = 0.002
OFFSET_MAX = 0.5


class CoverageTracker(Remembering):
    """Offsets (levels,) in units of the reference deviation, at most .5 in size.

    Laws: after T instants the share of outcomes below a level is off by at most (max |offset| + rate)/(rate T); an
    instant without labels moves nothing.
    """

    remembered: ClassVar[tuple[str, ...]] = ("offsets",)

    def __init__(self) -> None:
        self.offsets = np.zeros(len(LEVELS))

    def apply(self, quantiles: Floats) -> Floats:
        """Quantiles (levels, N) moved and put in order along the levels."""
        return np.sort(quantiles + self.offsets[:, None], axis=0)

    def update(self, quantiles: Floats, z: Floats) -> None:
        """Closed labels of one instant: quantiles (levels, N) as said, outcomes (N,)."""
        known = np.isfinite(z) & np.isfinite(quantiles).all(axis=0)
        if not known.any():
            return
        below = (z[known] <= quantiles[:, known]).mean(axis=1)
        self.offsets = np.clip(self.offsets + RATE * (LEVELS - below), -OFFSET_MAX, OFFSET_MAX)
