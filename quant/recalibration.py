"""What standardised errors really look like: their quantiles over the last 20,000 closed labels.

A belief of mean mu and deviation sigma becomes quantiles mu + sigma * Q(level), with Q the empirical quantiles of
(y - mu)/sigma (filtered historical simulation, Barone-Adesi et al. 1999). Before 300 labels Q is Student-t with 5
degrees of freedom at unit variance, and what is measured later is shrunk to it while the instants are few: those of
many instruments share their shocks, and labels that overlap say nearly the same.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from quant.quantiles import LEVELS, STUDENT_5
from quant.remembering import Remembering
from quant.rolling import Floats

LABELS_MAX = 20_000
LABELS_MIN = 300
OWN_PRIOR_LABELS = 2000.0
STUDENT_INSTANTS = 600.0
"""What is measured counts as much as the Student-t after this many instants."""
STALE_SHARE = 0.025
"""The quantiles are taken anew when this share of the ring is new: their error is then far below sampling error."""


class Recalibration(Remembering):
    """Quantiles (levels, N) of standardised errors, each instrument's own shrunk to those of all by n/(n + 2000),
    and both to the Student-t by t/(t + 600) after t instants.

    The ring holds `LABELS_MAX` errors, shared evenly: (N, LABELS_MAX // N). Errors that are not finite are left out.
    Laws: quantiles rise along the levels; the order of instruments does not matter; the empirical
    quantiles are linear between order statistics (type 7 of Hyndman and Fan 1996).
    """

    remembered: ClassVar[tuple[str, ...]] = ("ring", "cursor", "table")

    def __init__(self, width: int) -> None:
        if width < 1:
            raise ValueError(f"recalibration of {width} instruments, expected at least 1")
        self.ring = np.full((width, max(1, LABELS_MAX // width)), np.nan)
        self.cursor = np.zeros(4)  # column to write next, labels in the ring, new ones since the table, instants
        self.table = np.repeat(STUDENT_5[:, None], width, axis=1)

    @property
    def labels(self) -> int:
        """Errors in the ring."""
        return int(self.cursor[1])

    def quantiles(self) -> Floats:
        """Standardised quantiles (levels, N) now."""
        return self.table

    def update(self, errors: Floats) -> None:
        """Closed labels of one instant (N,): (y - mu)/sigma as it was said."""
        column, labels, fresh, instants = (int(each) for each in self.cursor)
        new = np.where(np.isfinite(errors), errors, np.nan)
        added = int(np.isfinite(new).sum())
        labels += added - int(np.isfinite(self.ring[:, column]).sum())
        self.ring[:, column] = new
        fresh, instants = fresh + added, instants + (added > 0)
        if labels >= LABELS_MIN and fresh >= STALE_SHARE * labels:
            self.table, fresh = self._measured(instants), 0
        self.cursor = np.array([(column + 1) % self.ring.shape[1], labels, fresh, instants], dtype=np.float64)

    def moved(self, to: NDArray[np.int64]) -> Recalibration:
        """The same for another universe: row i was row `to[i]`, or is new for -1; each keeps its latest errors."""
        other = Recalibration(len(to))
        kept = min(self.ring.shape[1], other.ring.shape[1])
        latest = np.roll(self.ring, -int(self.cursor[0]), axis=1)[:, -kept:]
        other.ring[:, :kept] = np.where((to >= 0)[:, None], latest[np.maximum(to, 0)], np.nan)
        labels = int(np.isfinite(other.ring).sum())
        instants = int(self.cursor[3])
        other.cursor = np.array([kept % other.ring.shape[1], labels, 0.0, instants], dtype=np.float64)
        if labels >= LABELS_MIN:
            other.table = other._measured(instants)
        return other

    def _measured(self, instants: int) -> Floats:
        rows = np.sort(self.ring, axis=1)  # NaN last
        count = np.isfinite(rows).sum(axis=1)
        everyone = np.sort(self.ring[np.isfinite(self.ring)])
        shared = _between(everyone[None, :], np.array([len(everyone)]))
        trust = count / (count + OWN_PRIOR_LABELS)
        own = _between(rows, count)
        found = np.where(count > 0, trust * own + (1.0 - trust) * shared, shared)
        measured = instants / (instants + STUDENT_INSTANTS)
        return np.asarray(measured * found + (1.0 - measured) * STUDENT_5[:, None])


def _between(rows: Floats, count: NDArray[np.int64]) -> Floats:
    """Quantiles (levels, N) of sorted rows (N, any) whose first `count` values are present; NaN where none is."""
    place = LEVELS[:, None] * np.maximum(count - 1, 0)
    low = place.astype(np.int64)
    high = np.minimum(low + 1, np.maximum(count - 1, 0))
    row = np.arange(len(rows))
    start = rows[row, low]
    return np.asarray(start + (place - low) * (rows[row, high] - start))
