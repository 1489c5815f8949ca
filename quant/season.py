"""The season of the week: how large something usually is in each of the 168 hours, learned as it comes.

Each hour keeps a forgetting mean of what was seen in it, shrunk by `SHRINK_H` hours of looks: an hour never seen has
factor 1. What is fed is relative already (over a mean of its own time), so that a wandering level does not matter.
After 100 weeks a look counts a third.
"""

from __future__ import annotations

import numpy as np

from quant.rolling import Floats

HOURS = 168
SHRINK_H = 10.0
SHRINK_DAY_H = 10.0
FORGET_H = 0.99
THURSDAY_H = 72
WORKDAYS = 5
WORK, WEEKEND = slice(0, WORKDAYS), slice(WORKDAYS, 7)
SECOND_NS = 1_000_000_000
HOUR_S = 3_600.0
DAY_S = 86_400.0


class Season:
    """Factors of `cells` series on bars of `bar_s`; on bars of a day and more there is no season and all are 1.

    `seen` is the whole state, shape (cells, 336): sums of all hours, then their weights. In memory the cells of an hour
    lie side by side, for a bar looks at one hour of all cells.
    """

    def __init__(self, cells: int, bar_s: float) -> None:
        self.idle = bar_s >= DAY_S
        self._bar_ns = round(bar_s * SECOND_NS)
        looks = max(1.0, HOUR_S / bar_s)
        self._forget = FORGET_H ** (1.0 / looks)
        self._shrink = SHRINK_H * looks
        self._hours = np.zeros((2 * HOURS, cells))
        self.seen = self._hours.T

    def slot(self, close_ns: int) -> int:
        """The hour of the week, 0 = Monday 00:00 UTC, in which the bar that ends at `close_ns` begins."""
        return int(((close_ns - self._bar_ns) // (3_600 * SECOND_NS) + THURSDAY_H) % HOURS)

    def learn(self, slot: int, value: Floats) -> None:
        """One look of shape (cells,), NaN where absent."""
        known = ~np.isnan(value)
        forget = np.where(known, self._forget, 1.0)
        self._hours[slot] = forget * self._hours[slot] + np.where(known, value, 0.0)
        self._hours[slot + HOURS] = forget * self._hours[slot + HOURS] + known

    def factor(self, slot: int) -> Floats:
        """Of one hour, shape (cells,), shrunk as in `table`; never 0."""
        day, hour = divmod(slot, 24)
        sums, looks = self._days()[:, :, hour]
        usual = self._usual(sums, looks, WORK if day < WORKDAYS else WEEKEND)
        return np.asarray((self._shrink * usual + sums[day]) / (self._shrink + looks[day]))

    def table(self) -> Floats:
        """Of all hours, shape (cells, 168), with mean 1 over the looks.

        Each hour is shrunk towards that hour of all workdays (or of the weekend), and this towards that of all days: a
        few weeks suffice for the shape of a day.
        """
        sums, looks = self._days()
        raw = np.empty(sums.shape)
        for part in (WORK, WEEKEND):
            usual = self._usual(sums, looks, part)
            raw[part] = (self._shrink * usual + sums[part]) / (self._shrink + looks[part])
        total = looks.sum(axis=(0, 1))
        mean = (raw * looks).sum(axis=(0, 1)) / np.where(total > 0.0, total, 1.0)
        return np.asarray((raw / np.where(total > 0.0, mean, 1.0)).reshape(HOURS, -1).T)

    def _days(self) -> Floats:
        """Sums and weights, each (7, 24, cells)."""
        return self._hours.reshape(2, 7, 24, -1)

    def _usual(self, sums: Floats, looks: Floats, part: slice) -> Floats:
        """What a part of the week usually is at an hour, from (7, ..., cells): shrunk towards that hour of all days."""
        shrink = self._shrink * SHRINK_DAY_H / SHRINK_H
        day = (shrink + sums.sum(axis=0)) / (shrink + looks.sum(axis=0))
        return np.asarray((shrink * day + sums[part].sum(axis=0)) / (shrink + looks[part].sum(axis=0)))
