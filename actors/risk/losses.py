"""What books lose in the scenarios of one decision, over two horizons."""

import math
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from actors.risk.settings import RiskSettings
from actors.risk.view import Floats, View
from quant.scenarios import log_returns
from quant.stress import ADDITIVE, ROWS, unit_stress_losses
from quant.tail_risk import book_losses, component_cvar, cvars, cvars_of, unit_losses, worst

DRAWN: Final = slice(None, -ROWS)
"""The rows that were drawn; those behind them are the blows."""


class Look(NamedTuple):
    """What one book loses: `losses` (2, rows) over both horizons, its CVaR over each.

    VaR and deviation are those over the first.
    """

    losses: Floats
    risk: float
    slow: float
    var: float
    deviation: float


class Losses:
    """Scenarios of what is held, ordered or proposed: drawn rows, then the blows, each over either horizon.

    `drawn` are the correlated variates (scenarios, N) they are made of. Returns have no drift: an expected gain buys no
    tail. Over the slower horizon the same moves are larger by the square root of time. What is neither held nor
    ordered may lack a sigma: it weighs nothing, whatever it is given. A tail is of `size` rows; `covariance` (N, N) is
    of the moves over the risk horizon.
    """

    def __init__(self, view: View, settings: RiskSettings, drawn: Floats) -> None:
        sigma = _or_nothing(view.sigma)
        self.covariance = view.corr * sigma
        self.covariance *= sigma[:, None]
        self._alpha = settings.cvar_alpha
        self._cost = _or_nothing(view.cost)
        self._foreign = view.foreign
        longer = max(1.0, settings.slow_horizon_s / view.horizon_s) ** 0.5
        # Instrument by instrument, so that one can be looked at alone; books are looked at row by row. All is made in
        # place, because memory for so many numbers costs as much as the numbers.
        self._by_instrument = np.empty((2, len(view.symbols), settings.scenarios))
        risk, moves = self._by_instrument[0], self._by_instrument[1]
        log_returns(drawn, sigma, view.shapes, moves.T)
        np.expm1(moves, out=risk)
        moves *= longer
        np.expm1(moves, out=moves)
        self._rows = self._by_instrument.swapaxes(1, 2)
        self._looks: dict[bytes, Look] = {}
        self._shares: dict[bytes, Floats] = {}
        self.size = settings.scenarios + ROWS

    def look(self, book: Floats) -> Look:
        """What a book of signed notionals (N,) loses; one decision asks of the same few books again and again."""
        key = book.tobytes()
        look = self._looks.get(key)
        if look is None:
            look = self._looks[key] = self._looked(book)
        return look

    def _looked(self, book: Floats) -> Look:
        if not np.count_nonzero(book):
            return Look(np.zeros((2, self.size)), 0.0, 0.0, 0.0, 0.0)
        losses = self.of(book)
        tail = worst(losses, self._alpha)
        risk, slow = cvars_of(tail, self.size, self._alpha).tolist()
        return Look(losses, risk, slow, float(tail[0, 0]), math.sqrt(float(book @ self.covariance @ book)))

    def of(self, book: Floats) -> Floats:
        """Losses of a book over both horizons, (2, rows)."""
        return book_losses(self._rows, book, self._cost, self._foreign)

    def opening(self, part: Floats) -> Floats:
        """What an addition loses by itself, its way in paid as well: never less than it adds to a book."""
        return book_losses(self._rows, part, 2.0 * self._cost, self._foreign)

    def alone(self, places: NDArray[np.int64], sides: Floats) -> Floats:
        """CVaR of one unit of currency at each place, held on its side (+1, -1), over both horizons, (2, places)."""
        rows = np.swapaxes(np.take(self._by_instrument, places, axis=1), 1, 2)
        units = unit_losses(rows, sides, self._cost[places], self._foreign[places])
        return cvars(units, self._alpha)

    def at_most(self, places: NDArray[np.int64], sides: Floats) -> Floats:
        """What one unit of currency at each place loses in the worst row of all, which no CVaR exceeds, (2, places)."""
        cost, long, drawn = self._cost[places], sides > 0.0, np.empty((2, len(places)))
        drawn[:, long] = -self._extremes(np.min, places[long])
        drawn[:, ~long] = self._extremes(np.max, places[~long])
        drawn += cost
        return np.asarray(np.maximum(drawn, unit_stress_losses(sides, cost, self._foreign[places]).max(axis=1)))

    def _extremes(self, extreme: Callable[..., Floats], places: NDArray[np.int64]) -> Floats:
        """The least or the largest moves at places, (2, places); most of them are not picked out first, for a copy."""
        if 2 * len(places) > self._by_instrument.shape[1]:
            return extreme(self._by_instrument, axis=-1)[:, places]
        return extreme(self._by_instrument[:, places], axis=-1)

    def parts(self, book: Floats, units: Floats, horizon: int) -> tuple[Floats, Floats]:
        """Losses of a book (rows,) and of one EUR of each unit (rows, N): 0 the risk horizon, 1 the slower one.

        `units` (N,) are sides; only rows in which a book and what is added on its sides lose what they lose apart.
        """
        kept = np.concatenate((np.ones(self._rows.shape[1], dtype=np.bool_), ADDITIVE))
        alone = [self.of(unit)[horizon, kept] for unit in np.diag(units)]
        return self.of(book)[horizon, kept], np.stack(alone, axis=1)

    def shares(self, book: Floats) -> Floats:
        """What each position adds to the CVaR of a book over the risk horizon, (N,)."""
        key = book.tobytes()
        if key not in self._shares:
            self._shares[key] = component_cvar(self._rows[0], book, self._cost, self._foreign, self._alpha)
        return self._shares[key]


def _or_nothing(values: Floats) -> Floats:
    """The values, 0 for what is not known."""
    known = np.isfinite(values)
    return values if np.count_nonzero(known) == len(values) else np.where(known, values, 0.0)
