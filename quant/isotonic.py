"""The chance of a rise, mended by isotonic regression only once that has proved better out of sample.

On signals without skill isotonic regression makes probabilities worse. It therefore begins with no weight, every
label first judges the map fitted before it, and the share that is believed is raised only by evidence.
"""

from __future__ import annotations

import math
from typing import ClassVar, Final

import numpy as np

from quant.remembering import Remembering
from quant.rolling import Floats
from quant.significance import long_run_variance

SHARES: Final = np.array([0.25, 0.5, 1.0])
LABELS_MAX, LABELS_MIN = 8000, 2000
INSTANTS_MAX = 2000
FITTED_EVERY = 500
PROVEN_T = -2.0
P_MIN, P_MAX = 0.01, 0.99
_GRID: Final = np.linspace(P_MIN, P_MAX, 99)


def isotonic_fit(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """The rising step function closest to y in least squares: sorted distinct x and its values there.

    Pool adjacent violators (Ayer et al. 1955), in one pass over blocks; equal x are averaged first.
    """
    places, index, counts = np.unique(x, return_inverse=True, return_counts=True)
    means = np.bincount(index, weights=y) / counts
    level: list[float] = []
    weight: list[float] = []
    length: list[int] = []
    for value, count in zip(means.tolist(), counts.tolist(), strict=True):
        level.append(value)
        weight.append(float(count))
        length.append(1)
        while len(level) > 1 and level[-2] >= level[-1]:
            total = weight[-2] + weight[-1]
            joined = (weight[-2] * level[-2] + weight[-1] * level[-1]) / total
            level[-2:], weight[-2:], length[-2:] = [joined], [total], [length[-2] + length[-1]]
    return places, np.repeat(level, length)


class EarnedIsotonic(Remembering):
    """p = p0 + share (isotonic(p0) - p0) with share in {0, .25, .5, 1}: 0 until the Brier score says otherwise.

    A share is believed when, over at least 2,000 labels judged by maps fitted before them, its Brier score is below
    that of the raw probability with an autocorrelation-consistent t < -2; of several the one with the lowest. Laws: the
    map rises; without evidence probabilities go through unchanged.
    """

    remembered: ClassVar[tuple[str, ...]] = ("labels", "cursor", "map", "judged", "share")

    def __init__(self) -> None:
        self.labels = np.full((2, LABELS_MAX), np.nan)
        self.cursor = np.zeros(3)  # labels ever, those since the last fit, labels judged
        self.map = _GRID.copy()
        self.judged = np.full((len(SHARES), INSTANTS_MAX), np.nan)
        self.share = np.zeros(1)

    def apply(self, p_up: Floats) -> Floats:
        """Probabilities (N,) to say; NaN stays."""
        share = float(self.share[0])
        return p_up if not share else np.asarray(p_up + share * (self._mapped(p_up) - p_up))

    def update(self, p_up: Floats, y: Floats, uniqueness: float) -> None:
        """Closed labels of one instant: raw probabilities (N,) as said, and what came true; y of 0 tells nothing."""
        known = np.isfinite(p_up) & np.isfinite(y) & (y != 0.0)
        if not known.any():
            return
        p, up = p_up[known], (y[known] > 0.0).astype(np.float64)
        ever, fresh, judged = self.cursor.tolist()
        if ever >= LABELS_MIN:
            self._judge(p, up)
            judged += len(p)
        place = (int(ever) + np.arange(len(p))) % LABELS_MAX
        self.labels[:, place] = p, up
        ever, fresh = ever + len(p), fresh + len(p)
        if ever >= LABELS_MIN and fresh >= FITTED_EVERY:
            self._fit()
            fresh = 0.0
            self.share = self._earned(math.ceil(2.0 / uniqueness)) if judged >= LABELS_MIN else self.share
        self.cursor = np.array([ever, fresh, judged])

    def _mapped(self, p: Floats) -> Floats:
        return np.asarray(np.interp(p, _GRID, self.map))

    def _judge(self, p: Floats, up: Floats) -> None:
        mixed = p + SHARES[:, None] * (self._mapped(p) - p)
        gain = ((mixed - up) ** 2 - (p - up) ** 2).mean(axis=1)
        self.judged = np.concatenate([self.judged[:, 1:], gain[:, None]], axis=1)

    def _fit(self) -> None:
        known = np.isfinite(self.labels[0])
        # To a tenth of a per cent probabilities are as good as equal, and few blocks are quickly pooled.
        places, values = isotonic_fit(np.round(self.labels[0][known], 3), self.labels[1][known])
        self.map = np.clip(np.interp(_GRID, places, values), P_MIN, P_MAX)

    def _earned(self, lag: int) -> Floats:
        gains = self.judged[:, np.isfinite(self.judged[0])]
        means = gains.mean(axis=1)
        errors = np.array([math.sqrt(long_run_variance(row, lag) / len(row)) for row in gains])
        proven = (errors > 0.0) & (means < PROVEN_T * errors)
        return np.array([float(SHARES[np.argmin(np.where(proven, means, np.inf))])]) if proven.any() else np.zeros(1)
