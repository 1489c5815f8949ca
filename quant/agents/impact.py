"""How much a score of the book is worth over 1, 5, 10, 30 and 60 seconds: regressions on the mids that followed.

An agent of the book cannot wait for outcomes: what it sees is over in a minute. So it labels its own scores, each by
the first mid at or after the horizon and not later than twice the horizon; a mid that comes later answers another
question and is left out. All instruments share one coefficient per horizon.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from quant.agents.memory import Memory, full
from quant.calibration import OUTCOME_MAX, Worth
from quant.rolling import Floats

HORIZONS_S: Final = (1.0, 5.0, 10.0, 30.0, 60.0)
IMPACT_MAX: Final = 0.5
"""Recorded books show up to .43 over one second; more is a leak."""
PRIOR_LABELS: Final = 1000.0
HALF_LIFE_LABELS: Final = 20_000.0
PENDING: Final = 128
_NS: Final = 1e9


class Impact(Memory):
    """Exponentially weighted regressions of standardised returns on scores, one per horizon.

    Laws: closed labels only; the coefficient of a horizon is the prior before any label and at most .5 in size.
    """

    def __init__(self, width: int, prior: float) -> None:
        number = len(HORIZONS_S)
        sums = {name: np.zeros(number) for name in ("products", "squares", "clustered")}
        counts = {"closed": np.zeros(number, dtype=np.int64), "said": np.zeros(1, dtype=np.int64)}
        wide = {"score": full(width, PENDING, of=np.nan), "mid": full(width, PENDING, of=np.nan)}
        super().__init__(wide, sums | counts | {"said_ns": np.zeros(PENDING, dtype=np.int64)})
        self._prior = prior

    def say(self, score: Floats, mid: Floats, at_ns: int) -> None:
        """Remember what was seen (N,) at which mids."""
        row = int(self["said"][0]) % PENDING
        self["score"][row], self["mid"][row], self["said_ns"][row] = score, mid, at_ns
        self["said"][0] += 1

    def hear(self, mid: Floats, at_ns: int, sd_second: Floats) -> None:
        """Close what is due by the mids (N,) of now; `sd_second` is the deviation of a log return over a second."""
        said = int(self["said"][0])
        for number, horizon_s in enumerate(HORIZONS_S):
            first = max(int(self["closed"][number]), said - PENDING)
            while first < said:
                passed_s = (at_ns - int(self["said_ns"][first % PENDING])) / _NS
                if passed_s < horizon_s:
                    break
                if passed_s <= 2.0 * horizon_s:
                    # What has never moved yet has no outcome in units of how it moves.
                    scale = np.where(sd_second > 0.0, sd_second, np.nan) * np.sqrt(passed_s)
                    self._learn(number, first, np.log(mid / self["mid"][first % PENDING]) / scale)
                first += 1
            self["closed"][number] = first

    def _learn(self, number: int, label: int, outcome: Floats) -> None:
        score = self["score"][label % PENDING]
        known = np.isfinite(outcome) & np.isfinite(score)
        z = np.clip(np.where(known, outcome, 0.0), -OUTCOME_MAX, OUTCOME_MAX)
        s = np.where(known, score, 0.0)
        unique = self._uniqueness(label, HORIZONS_S[number])
        keep = 0.5 ** (unique * float(np.count_nonzero(known)) / HALF_LIFE_LABELS)
        product = float(s @ z)
        for name, value in (("products", product), ("squares", float(s @ s)), ("clustered", product * product)):
            self[name][number] = keep * self[name][number] + unique * value

    def _uniqueness(self, label: int, horizon_s: float) -> float:
        """The time since the label before, over the horizon; at most 1."""
        if label == 0:
            return 1.0
        times = self["said_ns"]
        passed_s = int(times[label % PENDING] - times[(label - 1) % PENDING]) / _NS
        return min(1.0, max(passed_s, 0.0) / horizon_s)

    def worth(self, horizon_s: float) -> Worth:
        """What a score is worth over that horizon, between those measured by the logarithm of time."""
        effect = np.maximum(1.0, (self["clustered"] + PRIOR_LABELS) / (self["squares"] + PRIOR_LABELS))
        information = self["squares"] / effect + PRIOR_LABELS
        earned = (self["products"] / effect + PRIOR_LABELS * self._prior) / information
        at, grid = np.log(horizon_s), np.log(HORIZONS_S)
        coefficient = float(np.interp(at, grid, np.clip(earned, -IMPACT_MAX, IMPACT_MAX)))
        return Worth(coefficient, float(np.interp(at, grid, 1.0 / np.sqrt(information))))
