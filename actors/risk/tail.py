"""The tail of the joint book: what it may lose with what is open, unknown and proposed, filled or not."""

import math
from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from actors.risk.losses import DRAWN, Losses
from actors.risk.settings import RiskSettings
from actors.risk.view import Floats, View
from quant.tail_risk import cvar_with_error, largest_scale


class Loss(NamedTuple):
    """The worst way in which orders may fill, in the account's currency, from how many rows.

    `cvar` and `var` over the risk horizon, `slow` the CVaR over the slower one, `deviation` over the risk horizon.
    """

    cvar: float
    var: float
    rows: int
    slow: float
    deviation: float


class Budgets(NamedTuple):
    """What each number of a `Loss` may be."""

    cvar: float
    slow: float
    deviation: float


SURELY: Final = 1.0 - 1e-9
"""What floats lose of a sum must not make something fit."""

ERROR_MAX: Final = 0.25
"""No larger relative error of the scenarios is taken off the budgets."""

UNKNOWN_LOSS = Loss(float("nan"), float("nan"), 0, float("nan"), float("nan"))
NO_LOSS = Loss(0.0, 0.0, 0, 0.0, 0.0)


def budgets_of(budget: float, settings: RiskSettings) -> Budgets:
    """The budget over the risk horizon, and what follows from it for the other numbers."""
    return Budgets(budget, settings.slow_budget_multiple * budget, budget / settings.budget_sigmas_min)


def surest(budgets: Budgets) -> Budgets:
    """The part of the budgets that is sure whatever the error of the scenarios, see `Tail.sure`."""
    return _shared(budgets, 1.0 - 2.0 * ERROR_MAX)


def _shared(budgets: Budgets, share: float) -> Budgets:
    return Budgets(share * budgets.cvar, share * budgets.slow, budgets.deviation)


class Tail:
    """The scenarios of one decision, and the worst that books may lose in them.

    Nobody knows which open or proposed orders will fill. A book is therefore judged by the worst of: open orders
    unfilled or filled to their worst side, with none of the proposals filled, all, only the buys, or only the sells. A
    hedge that may not fill never pays for the risk that it was to hedge, and no order under way lowers the tail.
    `drawn` are the correlated variates (scenarios, N) that the scenarios are made of. A tail is of `size` rows;
    `idle` is the loss of the book to which nothing is added.
    """

    def __init__(self, view: View, settings: RiskSettings, drawn: Floats) -> None:
        self.width = len(view.symbols)
        self._alpha = settings.cvar_alpha
        self._losses = Losses(view, settings, drawn)
        self.size = self._losses.size
        self._worst = view.position
        self._books: tuple[Floats, ...] = (view.position,)
        if np.count_nonzero(view.buys) or np.count_nonzero(view.sells):
            highest, lowest = view.position + view.buys, view.position - view.sells
            self._worst = np.where(highest >= -lowest, highest, lowest)
            self._books = (view.position, self._worst)
        self._known: dict[bytes, Loss] = {}
        self.idle = self._worst_of(self._books)

    def unit_shortfall(self, sides: Floats) -> Floats:
        """CVaR of one unit of currency in each instrument, held on that side (+1, -1); 0 for side 0."""
        found, places = np.zeros(len(sides)), np.flatnonzero(sides)
        if len(places):
            found[places] = self._losses.alone(places, sides[places])[0]
        return found

    def loss(self, added: Floats) -> Loss:
        """The worst loss of the book with signed notionals added."""
        if not np.count_nonzero(added):
            return self.idle
        key = added.tobytes()
        if key not in self._known:
            filled = self._worst_of(self._filled(added))
            risk = filled if filled.cvar >= self.idle.cvar else self.idle
            slow, deviation = max(filled.slow, self.idle.slow), max(filled.deviation, self.idle.deviation)
            self._known[key] = Loss(risk.cvar, risk.var, risk.rows, slow, deviation)
        return self._known[key]

    def surely_fit(
        self, places: NDArray[np.int64], sides: Floats, sizes: Floats, budgets: Budgets
    ) -> NDArray[np.bool_]:
        """Which notionals (..., places) fit, each alone on its side, whatever the rest of the book is: tails and
        deviations are subadditive, and grow in proportion.

        Columns instead of whole books are looked at, so False says nothing: then `loss` must be asked.
        """
        fits = self._keep(self._losses.at_most(places, sides), places, sizes, budgets)
        rest = np.flatnonzero(~fits.reshape(-1, len(places)).all(axis=0))
        if len(rest):
            tails = self._losses.alone(places[rest], sides[rest])
            fits[..., rest] = self._keep(tails, places[rest], sizes[..., rest], budgets)
        return fits

    def _keep(self, tails: Floats, places: NDArray[np.int64], sizes: Floats, budgets: Budgets) -> NDArray[np.bool_]:
        """Which sizes leave the sums of tails and deviations within the budgets, by tails of one unit (2, places)."""
        deviation = np.sqrt(self._losses.covariance[places, places])
        return np.asarray(
            (self.idle.cvar + sizes * tails[0] <= SURELY * budgets.cvar)
            & (self.idle.slow + sizes * tails[1] <= SURELY * budgets.slow)
            & (self.idle.deviation + sizes * deviation <= SURELY * budgets.deviation)
        )

    def used(self, added: Floats, budgets: Budgets) -> float:
        """How much of the tightest budget a book with signed notionals added takes: within them all up to 1."""
        numbers = [self.idle.cvar, self.idle.slow, self.idle.deviation]
        for look in map(self._losses.look, self._filled(added) if np.count_nonzero(added) else ()):
            numbers += (look.risk, look.slow, look.deviation)
        return max(map(_share, numbers, cycle(budgets)))

    def scale(self, added: Floats, budgets: Budgets) -> float:
        """The largest share of `added` whose tail stays within the budgets over both horizons."""
        pairs = [
            (self._losses.look(held).losses, self._losses.opening(part))
            for held in self._books
            for part in _parts(added)
        ]
        return min(
            largest_scale(held[horizon], part[horizon], budget, self._alpha)
            for held, part in pairs
            for horizon, budget in enumerate((budgets.cvar, budgets.slow))
        )

    def calm_scale(self, added: Floats, deviation: float) -> float:
        """The largest share of `added` with which the deviation of the book is at most that; 0 where it is beyond."""
        return min(self._deviation_scale(held, part, deviation) for held in self._books for part in _parts(added))

    def sure(self, added: Floats, budgets: Budgets) -> Budgets:
        """The budgets less twice the error that the drawn scenarios themselves measure a book with."""
        losses = self._losses.look(self.book(added)).losses[0, DRAWN]
        found, error = cvar_with_error(losses, self._alpha)
        share = max(0.0, 1.0 - 2.0 * min(error / max(found, 1e-12), ERROR_MAX))
        return _shared(budgets, share)

    def book(self, added: Floats) -> Floats:
        """Signed notionals of what is held, with every open order filled to its worse side and that added."""
        return self._worst + added

    def tails(self, book: Floats) -> Floats:
        """CVaR of a book of signed notionals over both horizons, (2,)."""
        look = self._losses.look(book)
        return np.array([look.risk, look.slow])

    def parts(self, book: Floats, units: Floats, horizon: int) -> tuple[Floats, Floats]:
        """Losses of a book (rows,) and of one EUR of each unit (rows, N), see `Losses.parts`."""
        return self._losses.parts(book, units, horizon)

    def shares(self, added: Floats) -> Floats:
        """What each position adds to the CVaR of the whole book over the risk horizon, (N,)."""
        return self._losses.shares(self.book(added))

    def heaviest(self, added: Floats, among: NDArray[np.bool_]) -> int:
        """The place, among those flagged, whose proposal adds most to the CVaR of the whole book."""
        return int(np.argmax(np.where(among, self.shares(added), -np.inf)))

    def positions(self, added: Floats) -> int:
        """How many instruments the book may come to hold."""
        return int(np.count_nonzero(self.book(added)))

    def _filled(self, added: Floats) -> tuple[Floats, ...]:
        return tuple(held + part for held in self._books for part in _parts(added))

    def _worst_of(self, books: Sequence[Floats]) -> Loss:
        looks = [self._losses.look(book) for book in books]
        look, slow, deviation = looks[0], looks[0].slow, looks[0].deviation
        if len(looks) > 1:
            look = looks[int(np.argmax([each.risk for each in looks]))]
            slow = float(np.max([each.slow for each in looks]))
            deviation = float(np.max([each.deviation for each in looks]))
        return Loss(look.risk, look.var, self.size, slow, deviation)

    def _deviation_scale(self, held: Floats, part: Floats, deviation: float) -> float:
        """The larger root of |held + s part|^2 = deviation^2, within [0, 1]."""
        towards = self._losses.covariance @ part
        square, half = float(part @ towards), float(held @ towards)
        spare = deviation**2 - float(held @ self._losses.covariance @ held)
        if not spare > 0.0:
            return 0.0
        if square <= 0.0:
            return 1.0
        return min(1.0, (math.sqrt(half * half + square * spare) - half) / square)


def _share(was: float, may: float) -> float:
    """How much of a budget is used up; of none at all nothing may be."""
    if may > 0.0:
        return was / may
    return 0.0 if was == 0.0 else math.inf


def _parts(added: Floats) -> Iterator[Floats]:
    """The ways in which proposals may fill, besides none of them."""
    yield added
    if added.size > 1 and added.min() < 0.0 < added.max():
        yield np.maximum(added, 0.0)
        yield np.minimum(added, 0.0)
