"""The tail of the joint book: what it may lose with what is open, unknown and proposed, filled or not."""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from actors.risk.view import Floats, View
from quant.tail_risk import (
    book_losses,
    component_cvar,
    contributions,
    cvar,
    cvar_error,
    largest_scale,
    scenarios,
    var,
)

STEPS: Final = 20
"""Bisections of the scale: one part in a million of an order is far below a lot."""


class Loss(NamedTuple):
    """CVaR and VaR of the worst way in which orders may fill, in the account's currency, and from how many rows."""

    cvar: float
    var: float
    rows: int


UNKNOWN_LOSS: Final = Loss(float("nan"), float("nan"), 0)
NO_LOSS: Final = Loss(0.0, 0.0, 0)


class Tail:
    """Scenarios of one decision, and the losses of books in them.

    Nobody knows which open or proposed orders will fill. A book is therefore judged by the worst of: open orders
    unfilled or filled to their worst side, with none of the proposals filled, all, only the buys, or only the sells. A
    hedge that may not fill never pays for the risk that it was to hedge, and no order under way lowers the tail.
    Returns have no drift: an expected gain buys no tail.
    """

    def __init__(self, view: View, alpha: float, count: int, chance: np.random.Generator) -> None:
        self._alpha = alpha
        self._cost = np.where(np.isfinite(view.cost), view.cost, 0.0)
        self._now = view.position
        widest = np.where(view.position + view.buys >= view.sells - view.position, 1.0, -1.0)
        self._worst = view.position + np.where(widest > 0.0, view.buys, -view.sells)
        # Only what is neither held nor ordered may lack a sigma here: it weighs nothing, whatever it is given.
        sigma = np.where(np.isfinite(view.sigma), view.sigma, 0.0)
        self._rows = scenarios(np.zeros(len(sigma)), sigma, view.corr, chance, count)

    def unit_shortfall(self, sides: Floats) -> Floats:
        """CVaR of one unit of currency in each instrument, held on that side (+1, -1); 0 for side 0."""
        losses = contributions(self._rows, sides, self._cost)
        return np.array([cvar(losses[:, place], self._alpha) if side else 0.0 for place, side in enumerate(sides)])

    def loss(self, added: Floats) -> Loss:
        """The worst loss of the book with signed notionals added."""
        losses = [self._losses(held + part) for held in self._books() for part in _parts(added)]
        worst = max(losses, key=lambda each: cvar(each, self._alpha))
        return Loss(cvar(worst, self._alpha), var(worst, self._alpha), len(worst))

    def scale(self, added: Floats, budget: float) -> float:
        """The largest share of `added` whose loss stays within the budget, less twice the scenarios' own error."""
        full = self._losses(self._worst + added)
        error = cvar_error(full, self._alpha) / max(cvar(full, self._alpha), 1e-12)
        within = budget * max(0.0, 1.0 - 2.0 * min(error, 0.25))
        opening = [book_losses(self._rows, part, 2.0 * self._cost) for part in _parts(added)]
        scales = [
            largest_scale(self._losses(held), part, within, self._alpha, STEPS)
            for held in self._books()
            for part in opening
        ]
        return min(scales)

    def heaviest(self, added: Floats, among: NDArray[np.bool_]) -> int:
        """The place, among those flagged, whose proposal adds most to the CVaR of the whole book."""
        shares = component_cvar(contributions(self._rows, self._worst + added, self._cost), self._alpha)
        return int(np.argmax(np.where(among, shares, -np.inf)))

    def _books(self) -> tuple[Floats, ...]:
        return (self._worst,) if np.array_equal(self._worst, self._now) else (self._now, self._worst)

    def _losses(self, notional: Floats) -> Floats:
        return book_losses(self._rows, notional, self._cost)


def _parts(added: Floats) -> Iterator[Floats]:
    yield np.zeros_like(added)
    if not added.any():
        return
    yield added
    buys, sells = np.maximum(added, 0.0), np.minimum(added, 0.0)
    if buys.any() and sells.any():
        yield buys
        yield sells
