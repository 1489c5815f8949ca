"""The best book a tail budget allows, as a linear programme: the slow path, for a worker and never for the event loop.

max edge' x  subject to  eta + sum_s u_s / ((1 - alpha) S) <= budget,  u_s >= held_s + loss_s' x - eta,  u >= 0,
sum x <= gross,  0 <= x <= caps: Rockafellar and Uryasev (2000), solved exactly by HiGHS. Where only some of the orders
may fill, each such part of the book has an eta and u of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.rolling import Floats
from quant.tail_risk import cvar

SCENARIOS_MAX = 1000
"""A second of a worker at most; more scenarios make it slower faster than better."""


class Unsolvable(ValueError):
    """No book keeps the budget, not even the one that is held."""


class Allocation(NamedTuple):
    """Notionals in EUR on the sides that were asked for, (N,), what they earn and the CVaR of the whole book.

    `shadow_price` is what one EUR more of budget would earn, 0 where it does not bind.
    """

    notional: Floats
    edge_eur: float
    cvar: float
    shadow_price: float = 0.0


class Hardest(NamedTuple):
    """Which rows of all scenarios are kept, in their order, and the level at which their CVaR is that of all."""

    rows: NDArray[np.int64]
    alpha: float


def hardest(books: Floats, alpha: float, size: int, rows_max: int) -> Hardest:
    """The rows in which any of `books` (B, S), losses, is hit hardest: the tail of all that lies between them.

    `size` is the number of scenarios that the level counts, S or more. Law: the CVaR of a book over the kept rows, at
    the level that is said with them, is never above that over all of them, and equal where its tail was kept. Raises
    ValueError for fewer rows than the tail has.
    """
    tail = (1.0 - alpha) * size
    kept = min(rows_max, books.shape[1])
    if not tail < kept:
        raise ValueError(f"{kept} rows are kept, expected more than the {tail:.1f} of the tail")
    # Rows that hit a book alike rank alike: one that loses nothing in any row has no say.
    ranks = np.max([np.searchsorted(np.sort(book), book) for book in books], axis=0)
    return Hardest(np.sort(np.argsort(-ranks, kind="stable")[:kept]), 1.0 - tail / kept)


def allocate(
    unit_losses: Floats, held: Floats, edge: Floats, caps: Floats, *, budget: float, gross_max: float, alpha: float,
    parts: Sequence[NDArray[np.bool_]] = (),
) -> Allocation:  # fmt: skip
    """The book of the largest edge; `unit_losses` (S, N) is what one EUR of each position loses, its closing paid.

    `held` (S,) is what the book loses already, `edge` (N,) what one EUR earns net of cost; a position without a
    positive edge gets nothing. `parts` flag positions, (N,) each, that may come to be held without the others: they
    keep the budget as well. Laws: CVaR at most the budget; the edge never falls with budget, gross, caps or edges.
    Raises ValueError for numbers that are missing or more than SCENARIOS_MAX scenarios, Unsolvable where what is held
    is beyond the budget already and nothing brings it back.
    """
    rows, width = unit_losses.shape
    _known(unit_losses=unit_losses, held=held, edge=edge, caps=caps, budgets=np.array([budget, gross_max]))
    if rows > SCENARIOS_MAX:
        raise ValueError(f"{rows} scenarios, expected at most {SCENARIOS_MAX}")
    if not width:
        return Allocation(np.zeros(0), 0.0, cvar(held, alpha))
    books = [unit_losses, *(unit_losses * part for part in parts)]
    notional, price = _solved(books, held, edge, caps, budget=budget, gross_max=gross_max, alpha=alpha)
    return Allocation(notional, float(edge @ notional), cvar(held + unit_losses @ notional, alpha), price)


def _solved(
    books: Sequence[Floats], held: Floats, edge: Floats, caps: Floats, *, budget: float, gross_max: float, alpha: float
) -> tuple[Floats, float]:
    """The notionals, and what one EUR more of every budget would earn."""
    from scipy.optimize import linprog
    from scipy.sparse import block_diag, csr_array, eye_array, hstack, vstack

    rows, width = books[0].shape
    mean = np.full((1, rows), 1.0 / ((1.0 - alpha) * rows))
    tail = csr_array(np.hstack((np.ones((1, 1)), mean)))
    excess = hstack((csr_array(-np.ones((rows, 1))), -eye_array(rows)))
    free = len(books) * (1 + rows)
    tails = hstack((csr_array((len(books), width)), block_diag([tail] * len(books))))
    losses = hstack((csr_array(np.vstack(books)), block_diag([excess] * len(books))))
    gross = csr_array(np.hstack((np.ones((1, width)), np.zeros((1, free)))))
    highest = np.where(edge > 0.0, np.maximum(caps, 0.0), 0.0)
    solved = linprog(
        np.concatenate((-edge, np.zeros(free))),
        A_ub=vstack((tails, gross, losses), format="csr"),
        b_ub=np.concatenate(([budget] * len(books), [max(0.0, gross_max)], np.tile(-held, len(books)))),
        bounds=[*((0.0, cap) for cap in highest.tolist()), *([(None, None), *[(0.0, None)] * rows] * len(books))],
        method="highs",
    )
    if solved.x is None:
        raise Unsolvable(f"no book is within a CVaR of {budget:.2f}: {solved.message}")
    notional = np.clip(np.asarray(solved.x[:width], dtype=np.float64), 0.0, highest)
    return notional, max(0.0, -float(solved.ineqlin.marginals[: len(books)].sum()))


def _known(**columns: Floats) -> None:
    for name, column in columns.items():
        if not np.isfinite(column).all():
            raise ValueError(f"{name} has a value that is not finite, expected numbers alone")
