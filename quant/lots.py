"""Whole lots within a budget: round down, repair what rounding broke, then trade lots for a better book.

Rounding down can raise the tail of a book (a hedge lost a lot), so nothing is taken to be within the budget that was
not measured. `used` says how much of the budget whole lots (N,) take, 1 being all of it; lots count away from zero on
each candidate's own side.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.rolling import Floats

Lots = NDArray[np.int64]
Used = Callable[[Lots], float]

STEPS_PER_NAME = 12
"""A position of more lots than this is traded in larger steps: a twelfth of it is fine enough to search in."""


class Candidates(NamedTuple):
    """What may be held: `least` is the smallest order in lots (0 is always allowed), `most` what is wanted at most.

    `utility` is the net edge of one lot in EUR.
    """

    least: Lots
    most: Lots
    utility: Floats

    def step(self) -> Lots:
        """How many lots are added or taken away at once."""
        return np.maximum(1, self.most // STEPS_PER_NAME)

    def snapped(self, lots: Lots) -> Lots:
        """Whole lots as orders: none where they are fewer than the smallest, never more than wanted."""
        within = np.minimum(np.maximum(lots, 0), self.most)
        return np.asarray(np.where(within >= self.least, within, 0))


class Search:
    """A bounded number of looks at books; the best one seen within the budget."""

    def __init__(self, candidates: Candidates, used: Used, looks: int) -> None:
        self._candidates = candidates
        self._used = used
        self._looks = looks
        self._seen: dict[bytes, float] = {}

    def run(self, start: Lots) -> Lots:
        """Whole lots within the budget: the start snapped, repaired, filled and improved. Nothing if nothing is.

        Laws: `used` of the answer is at most 1 (or the answer is nothing at all); utility never falls below that of the
        repaired start; of a single candidate it is the most that fits, so a larger budget never shrinks it.
        """
        if len(start) == 1:
            return self._most_of_one()
        lots = self.repaired(self._candidates.snapped(start))
        if not lots.any() and self._look(lots) > 1.0:
            return lots
        lots = self._stretched(lots)
        best = self._improved(lots)
        utility = self._candidates.utility
        # A walk to better neighbours ends in a corner now and then; one from nothing or from too much ends elsewhere.
        for wanted in (np.zeros_like(lots), self._candidates.most):
            if self._looks > 0:
                other = self._improved(self.repaired(self._candidates.snapped(wanted)))
                best = other if utility @ other > utility @ best else best
        return best

    def _most_of_one(self) -> Lots:
        """What one candidate takes is convex in its lots, so what fits is an interval from nothing on."""
        fits, beyond = 0, int(self._candidates.most[0]) + 1
        while beyond - fits > 1:
            middle = (fits + beyond) // 2
            fits, beyond = (middle, beyond) if self._look(np.array([middle])) <= 1.0 else (fits, middle)
        return self._candidates.snapped(np.array([fits]))

    def _improved(self, lots: Lots) -> Lots:
        lots = self._filled(lots)
        while self._looks > 0:
            better = self._swapped(lots)
            if better is lots:
                break
            lots = better
        return lots

    def repaired(self, lots: Lots) -> Lots:
        """Lots are taken off, the one with the smallest utility per budget freed first, until the budget is kept.

        Every round takes at least a step of one candidate off, so it ends; what cannot be measured is taken off whole.
        """
        step, now = self._candidates.step(), self._look(lots)
        while not now <= 1.0 and lots.any():
            best, price, after = lots, math.inf, math.inf
            for place in np.flatnonzero(lots):
                fewer = self._less(lots, int(place), int(step[place]))
                used = self._look(fewer)
                lost = float(self._candidates.utility @ (lots - fewer))
                # Where less of it frees nothing (a hedge) it is the last to go.
                paid = lost / (now - used) if used < now else math.inf
                if paid < price or best is lots:
                    best, price, after = fewer, paid, used
            lots, now, step = best, after, 2 * step
        return lots

    def _stretched(self, lots: Lots) -> Lots:
        """All in proportion to what is left of the budget: a start that was too careful is made good at once."""
        used = self._look(lots)
        if not 0.0 < used < 1.0:
            return lots
        more = self._candidates.snapped((lots / used).astype(np.int64))
        return more if self._look(more) <= 1.0 else lots

    def _filled(self, lots: Lots) -> Lots:
        """More of whatever has the best utility per budget taken, as long as the budget is kept."""
        while self._looks > 0:
            now, best, price = self._look(lots), lots, np.inf
            for place in np.flatnonzero(lots < self._candidates.most):
                more = self._most_that_fits(lots, int(place))
                gained = float(self._candidates.utility @ (more - lots))
                paid = max(self._look(more) - now, 0.0) / gained if gained > 0.0 else np.inf
                if paid < price:
                    best, price = more, paid
            if best is lots:
                break
            lots = best
        return lots

    def _swapped(self, lots: Lots) -> Lots:
        """One or two steps of a candidate, or all of it, given up for what fits of another first, then of all."""
        step, utility = self._candidates.step(), self._candidates.utility
        for out in np.flatnonzero(lots):
            for by in dict.fromkeys((int(step[out]), 2 * int(step[out]), int(lots[out]))):
                fewer = self._less(lots, int(out), by)
                for into in np.flatnonzero((lots < self._candidates.most) & (np.arange(len(lots)) != out)):
                    if self._looks <= 0:
                        return lots
                    more = self._filled(self._most_that_fits(fewer, int(into)))
                    if float(utility @ (more - lots)) > 1e-12 * float(np.abs(utility) @ lots):
                        return more
        return lots

    def _most_that_fits(self, lots: Lots, place: int) -> Lots:
        """A step more of a candidate, else a lot more, at least its smallest order; the same lots where none fits."""
        least, most = self._candidates.least[place], self._candidates.most[place]
        for by in dict.fromkeys((int(self._candidates.step()[place]), 1)):
            more = lots.copy()
            more[place] = max(lots[place] + by, least)
            if more[place] <= most and self._look(more) <= 1.0:
                return more
        return lots

    def _less(self, lots: Lots, place: int, by: int) -> Lots:
        fewer = lots.copy()
        fewer[place] = max(0, fewer[place] - by)
        return self._candidates.snapped(fewer)

    def _look(self, lots: Lots) -> float:
        key = lots.tobytes()
        if key not in self._seen:
            self._looks -= 1
            self._seen[key] = self._used(lots)
        return self._seen[key]
