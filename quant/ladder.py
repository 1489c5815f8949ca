"""The ladder pool, stack, booster: a rung is climbed when it has proved better, and left when it has proved worse.

Evidence is the mean pinball loss of every rung at the same instants, kept for the last 2,000 of them. Instants overlap,
so differences are held against their autocorrelation-consistent error (Diebold and Mariano 1995).
"""

from __future__ import annotations

import math
from typing import ClassVar, Final, Literal

import numpy as np

from quant.remembering import Remembering
from quant.rolling import Floats
from quant.significance import long_run_variance

Rung = Literal["pool", "stack", "booster"]
RUNGS: Final[tuple[Rung, ...]] = ("pool", "stack", "booster")
INSTANTS_MAX = 2000
LABELS_MIN = 2000.0
LABELS_LATELY, INSTANTS_LATELY = 1000.0, 256
"""What is lately: labels, and no fewer instants, because the instruments of an instant share its shocks: fifty days of
overlapping labels of twenty stocks tell no error, and by them the blend fell and climbed for nothing."""
INSTANTS_MIN = 64
PROMOTE_T = -1.65
HEDGE_T = -1.0
"""The stack blends the pool in, so that it can lose little: it is climbed on credit at the first judging, and little is
asked of it to be climbed again."""
FALL_T = 1.65
DEMOTE_T = 2.0
DEMOTE_LOSS = 0.005
JUDGED_EVERY = 16
CHAMPION, CHALLENGER, CHALLENGER_COVERS = 3, 4, 5
COVERAGE_MIN, COVERAGE_MAX = 0.87, 0.93


class Ladder(Remembering):
    """On which rung the blend stands.

    The boosters are climbed when their loss is below that of the stack with t <= -1.65 over at least 2,000 labels, the
    stack on credit at the first judging, and later when its loss is lately below that of the pool with t <= -1.
    Either is left for the rung below by the evidence that climbs: a loss above that of the rung below with t >= 1.65
    over at least 2,000 labels. And the blend falls to the pool when it lately lost more than .5 % against it with
    t > 2; lately is the last 1,000 labels, or 256 instants if they are more. A challenger is proved by the same
    evidence as a booster, against the champion, if its central 90 % hold between 87 and 93 % of outcomes. Laws: without
    labels it stands on the pool; a rung that does not speak is not stood on.
    """

    remembered: ClassVar[tuple[str, ...]] = ("losses", "counts", "standing", "clock")

    def __init__(self) -> None:
        rows = len(RUNGS) + 3  # and the losses of champion and challenger, and the coverage of the latter
        self.losses = np.full((rows, INSTANTS_MAX), np.nan)  # oldest first
        self.counts = np.zeros(INSTANTS_MAX)
        self.standing = np.zeros(1)
        self.clock = np.zeros(1)

    def rung(self, present: Floats) -> Rung:
        """The rung to say, of those `present` (rungs,) now."""
        standing = int(self.standing[0])
        while standing > 0 and not present[standing]:
            standing -= 1
        return RUNGS[standing]

    def forget_boosters(self) -> None:
        """Forget the evidence about the boosters, because they are gone; who stood there stands on the stack."""
        self.losses[RUNGS.index("booster") :] = np.nan
        self.standing = np.minimum(self.standing, 1.0)

    def forget_challenger(self) -> None:
        """Forget the evidence about the challenger, because it is another or none."""
        self.losses[CHALLENGER:] = np.nan

    def challenger_proved(self, uniqueness: float) -> bool:
        """Whether the challenger has proved better than the champion."""
        if self.clock[0] % JUDGED_EVERY or not self._better(CHALLENGER, CHAMPION, math.ceil(2.0 / uniqueness)):
            return False
        return bool(COVERAGE_MIN <= np.nanmean(self.losses[CHALLENGER_COVERS]) <= COVERAGE_MAX)

    def update(self, losses: Floats, labels: int, uniqueness: float) -> None:
        """Mean pinball of rungs, champion and challenger, and coverage of the last, at one instant; NaN for silence."""
        if not labels:
            return
        self.losses = np.concatenate([self.losses[:, 1:], losses[:, None]], axis=1)
        self.counts = np.append(self.counts[1:], float(labels))
        self.clock = self.clock + 1.0
        if self.clock[0] % JUDGED_EVERY == 0:
            self._judge(math.ceil(2.0 / uniqueness))

    def _judge(self, lag: int) -> None:
        standing = int(self.standing[0])
        if standing and self._harms(standing, lag):
            self.standing = np.zeros(1)
        elif standing and self._worse(standing, standing - 1, lag):
            self.standing = self.standing - 1.0
        elif standing == 0 and (self._first_judging or self._helps(1, 0, lag)):
            self.standing = np.ones(1)
        elif standing == 1 and self._better(2, 1, lag):
            self.standing = np.full(1, 2.0)

    @property
    def _first_judging(self) -> bool:
        return float(self.clock[0]) == JUDGED_EVERY

    def _better(self, rung: int, reference: int, lag: int) -> bool:
        labels, t, _ = self._difference(rung, reference, lag)
        return labels >= LABELS_MIN and t <= PROMOTE_T

    def _worse(self, rung: int, reference: int, lag: int) -> bool:
        labels, t, _ = self._difference(rung, reference, lag)
        return labels >= LABELS_MIN and t >= FALL_T

    def _helps(self, rung: int, reference: int, lag: int) -> bool:
        labels, t, _ = self._difference(rung, reference, lag, lately=True)
        return labels >= LABELS_LATELY and t <= HEDGE_T

    def _harms(self, rung: int, lag: int) -> bool:
        labels, t, share = self._difference(rung, 0, lag, lately=True)
        return labels >= LABELS_LATELY and t > DEMOTE_T and share > DEMOTE_LOSS

    def _difference(self, rung: int, reference: int, lag: int, *, lately: bool = False) -> tuple[float, float, float]:
        """Labels, t statistic and share of the loss by which a rung is worse than another; of few instants none."""
        judged = np.ones(INSTANTS_MAX, dtype=bool)
        if lately:
            newer = np.cumsum(self.counts[::-1])[::-1] - self.counts
            judged = newer < LABELS_LATELY
            judged[-INSTANTS_LATELY:] = True
        apart = self.losses[rung] - self.losses[reference]
        known = judged & np.isfinite(apart)
        if known.sum() < INSTANTS_MIN:
            return 0.0, 0.0, 0.0
        series = apart[known]
        error = math.sqrt(long_run_variance(series, lag) / len(series))
        t = float(series.mean()) / error if error > 0.0 else 0.0
        share = float(series.mean() / self.losses[reference][known].mean())
        return float(self.counts[known].sum()), t, share
