"""Whether a challenger may take the champion's place: by evidence, or not at all.

Laws: equal beliefs are never promoted; what has too few labels is never promoted; the order of rows does not matter.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np

from quant.quantiles import LEVELS
from quant.rolling import Floats
from quant.scores import coverage, mean_pinball
from quant.significance import diebold_mariano
from quant.validation import Times

LABELS_MIN: Final = 2000
T_MAX: Final = -1.65
COVERAGE_MIN, COVERAGE_MAX = 0.87, 0.93
"""Of the central 90 %."""


class Judgement(NamedTuple):
    """Whether to promote, on how many labels, the Diebold-Mariano t, the skill against the champion, the coverage.

    `reasons` says what stood in the way, with both numbers; empty when nothing does.
    """

    promote: bool
    labels: int
    t: float
    skill: float
    coverage_90: float
    reasons: tuple[str, ...]


def judge(z: Floats, challenger: Floats, champion: Floats, said_ns: Times, *, lag: int) -> Judgement:
    """Hold quantiles (levels, n) of a challenger against a champion's on outcomes z (n,).

    `lag` is over how many instants labels overlap, doubled; labels of one instant are one observation. Rows where
    anything is absent do not count.
    """
    known = np.isfinite(z) & np.isfinite(challenger).all(axis=0) & np.isfinite(champion).all(axis=0)
    labels = int(known.sum())
    if not labels:
        return Judgement(False, 0, math.nan, math.nan, math.nan, (f"0 labels, expected at least {LABELS_MIN}",))
    new = mean_pinball(challenger[:, known], z[known], LEVELS)
    old = mean_pinball(champion[:, known], z[known], LEVELS)
    t = diebold_mariano(new, old, said_ns[known], lag).t
    covered = float(coverage(challenger[:, known], z[known], LEVELS)[1])
    reasons = []
    if labels < LABELS_MIN:
        reasons.append(f"{labels} labels, expected at least {LABELS_MIN}")
    if not t <= T_MAX:
        reasons.append(f"Diebold-Mariano t {t:.2f}, expected at most {T_MAX}")
    if not COVERAGE_MIN <= covered <= COVERAGE_MAX:
        reasons.append(f"covers {covered:.3f} at 90 %, expected {COVERAGE_MIN} to {COVERAGE_MAX}")
    skill = 1.0 - float(new.sum()) / float(old.sum()) if old.sum() > 0 else math.nan
    return Judgement(not reasons, labels, t, skill, covered, tuple(reasons))
