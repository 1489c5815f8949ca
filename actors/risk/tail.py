"""The tail of the joint book: what it may lose with what is open, unknown and proposed, filled or not."""

import math
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from actors.risk.settings import RiskSettings
from actors.risk.view import Floats, View
from quant.scenarios import log_returns, variates
from quant.stress import ADDITIVE, ROWS
from quant.tail_risk import book_losses, component_cvar, cvar, cvar_error, cvars, largest_scale, var


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

UNKNOWN_LOSS = Loss(float("nan"), float("nan"), 0, float("nan"), float("nan"))
NO_LOSS = Loss(0.0, 0.0, 0, 0.0, 0.0)


def budgets_of(budget: float, settings: RiskSettings) -> Budgets:
    """The budget over the risk horizon, and what follows from it for the other numbers."""
    return Budgets(budget, settings.slow_budget_multiple * budget, budget / settings.budget_sigmas_min)


class Tail:
    """Scenarios of one decision over two horizons, and the losses of books in them.

    Nobody knows which open or proposed orders will fill. A book is therefore judged by the worst of: open orders
    unfilled or filled to their worst side, with none of the proposals filled, all, only the buys, or only the sells. A
    hedge that may not fill never pays for the risk that it was to hedge, and no order under way lowers the tail.
    Returns have no drift: an expected gain buys no tail. Over the slower horizon the same moves are larger by the
    square root of time.
    """

    def __init__(self, view: View, settings: RiskSettings, chance: np.random.Generator) -> None:
        self.width = len(view.symbols)
        self._alpha = settings.cvar_alpha
        self._cost = np.where(np.isfinite(view.cost), view.cost, 0.0)
        self._foreign = view.foreign
        self._now = view.position
        widest = np.where(view.position + view.buys >= view.sells - view.position, 1.0, -1.0)
        self._worst = view.position + np.where(widest > 0.0, view.buys, -view.sells)
        # Only what is neither held nor ordered may lack a sigma here: it weighs nothing, whatever it is given.
        sigma = np.where(np.isfinite(view.sigma), view.sigma, 0.0)
        self._covariance = view.corr * np.outer(sigma, sigma)
        moves = log_returns(variates(view.corr, chance, settings.scenarios), sigma, view.shapes)
        longer = max(1.0, settings.slow_horizon_s / view.horizon_s) ** 0.5
        self._rows = np.empty((2, *moves.shape))
        self._rows[0] = moves
        np.multiply(longer, moves, out=self._rows[1])
        np.expm1(self._rows, out=self._rows)
        same = np.array_equal(self._worst, self._now)
        self._books = (self._worst,) if same else (self._now, self._worst)
        self._idle = self._worst_of(self._books)
        self._known: dict[bytes, Loss] = {}

    def unit_shortfall(self, sides: Floats) -> Floats:
        """CVaR of one unit of currency in each instrument, held on that side (+1, -1); 0 for side 0."""
        found = np.zeros(len(sides))
        for place in np.flatnonzero(sides):
            unit = np.zeros(len(sides))
            unit[place] = sides[place]
            found[place] = cvar(self._losses(unit)[0], self._alpha)
        return found

    def loss(self, added: Floats) -> Loss:
        """The worst loss of the book with signed notionals added."""
        if not added.any():
            return self._idle
        key = added.tobytes()
        if key not in self._known:
            filled = self._worst_of(self._filled(added))
            risk = filled if filled.cvar >= self._idle.cvar else self._idle
            slow, deviation = max(filled.slow, self._idle.slow), max(filled.deviation, self._idle.deviation)
            self._known[key] = risk._replace(slow=slow, deviation=deviation)
        return self._known[key]

    def surely_fits(self, place: int, added: float, budgets: Budgets) -> bool:
        """Whether one signed notional fits whatever the rest of the book is: tails and deviations are subadditive.

        A column instead of the whole book is looked at, so False says nothing: then `loss` must be asked.
        """
        one = slice(place, place + 1)
        losses = book_losses(self._rows[..., one], np.array([added]), self._cost[one], self._foreign[one])
        risk, slow = cvars(losses, self._alpha).tolist()
        deviation = abs(added) * math.sqrt(self._covariance[place, place])
        return (
            self._idle.cvar + risk <= SURELY * budgets.cvar
            and self._idle.slow + slow <= SURELY * budgets.slow
            and self._idle.deviation + deviation <= SURELY * budgets.deviation
        )

    def used(self, added: Floats, budgets: Budgets) -> float:
        """How much of the tightest budget a book with signed notionals added takes: within them all up to 1."""
        books = self._filled(added) if added.any() else ()
        tails = [cvars(self._losses(book), self._alpha).tolist() for book in books]
        tails.append([self._idle.cvar, self._idle.slow])
        pairs = [(tail[0], budgets.cvar) for tail in tails] + [(tail[1], budgets.slow) for tail in tails]
        pairs.append((max(self._idle.deviation, self._deviation(books)), budgets.deviation))
        return max(was / may if may > 0.0 else (0.0 if was == 0.0 else np.inf) for was, may in pairs)

    def scale(self, added: Floats, budgets: Budgets) -> float:
        """The largest share of `added` whose tail stays within the budgets over both horizons."""
        pairs = [(self._losses(held), self._opening(part)) for held in self._books for part in _parts(added)]
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
        losses = self._losses(self.book(added))[0, :-ROWS]
        error = cvar_error(losses, self._alpha) / max(cvar(losses, self._alpha), 1e-12)
        share = max(0.0, 1.0 - 2.0 * min(error, 0.25))
        return Budgets(share * budgets.cvar, share * budgets.slow, budgets.deviation)

    def book(self, added: Floats) -> Floats:
        """Signed notionals of what is held, with every open order filled to its worse side and that added."""
        return self._worst + added

    def tails(self, book: Floats) -> Floats:
        """CVaR of a book of signed notionals over both horizons, (2,)."""
        return cvars(self._losses(book), self._alpha)

    def parts(self, book: Floats, units: Floats, horizon: int) -> tuple[Floats, Floats]:
        """Losses of a book (rows,) and of one EUR of each unit (rows, N): 0 the risk horizon, 1 the slower one.

        `units` (N,) are sides; only rows in which a book and what is added on its sides lose what they lose apart.
        """
        kept = np.concatenate((np.ones(self._rows.shape[1], dtype=np.bool_), ADDITIVE))
        alone = [self._losses(unit)[horizon, kept] for unit in np.diag(units)]
        return self._losses(book)[horizon, kept], np.stack(alone, axis=1)

    @property
    def size(self) -> int:
        """How many rows a tail is of."""
        return int(self._rows.shape[1]) + ROWS

    def shares(self, added: Floats) -> Floats:
        """What each position adds to the CVaR of the whole book over the risk horizon, (N,)."""
        return component_cvar(self._rows[0], self.book(added), self._cost, self._foreign, self._alpha)

    def heaviest(self, added: Floats, among: NDArray[np.bool_]) -> int:
        """The place, among those flagged, whose proposal adds most to the CVaR of the whole book."""
        return int(np.argmax(np.where(among, self.shares(added), -np.inf)))

    def positions(self, added: Floats) -> int:
        """How many instruments the book may come to hold."""
        return int(np.count_nonzero(self.book(added)))

    def _filled(self, added: Floats) -> tuple[Floats, ...]:
        return tuple(held + part for held in self._books for part in _parts(added))

    def _deviation(self, books: Sequence[Floats]) -> float:
        return math.sqrt(max((float(book @ self._covariance @ book) for book in books), default=0.0))

    def _worst_of(self, books: Sequence[Floats]) -> Loss:
        losses = [self._losses(book) for book in books]
        tails = np.array([cvars(each, self._alpha) for each in losses])
        worst = int(np.argmax(tails[:, 0]))
        return Loss(
            cvar=float(tails[worst, 0]),
            var=var(losses[worst][0], self._alpha),
            rows=losses[worst].shape[-1],
            slow=float(tails[:, 1].max()),
            deviation=self._deviation(books),
        )

    def _losses(self, notional: Floats) -> Floats:
        """Over both horizons, (2, rows)."""
        return book_losses(self._rows, notional, self._cost, self._foreign)

    def _opening(self, part: Floats) -> Floats:
        """What an addition loses by itself, its way in paid as well: never less than it adds to a book."""
        return book_losses(self._rows, part, 2.0 * self._cost, self._foreign)

    def _deviation_scale(self, held: Floats, part: Floats, deviation: float) -> float:
        """The larger root of |held + s part|^2 = deviation^2, within [0, 1]."""
        towards = self._covariance @ part
        square, half = float(part @ towards), float(held @ towards)
        spare = deviation**2 - float(held @ self._covariance @ held)
        if not spare > 0.0:
            return 0.0
        if square <= 0.0:
            return 1.0
        return min(1.0, (math.sqrt(half * half + square * spare) - half) / square)


def _parts(added: Floats) -> Iterator[Floats]:
    """The ways in which proposals may fill, besides none of them."""
    yield added
    buys, sells = np.maximum(added, 0.0), np.minimum(added, 0.0)
    if buys.any() and sells.any():
        yield buys
        yield sells
