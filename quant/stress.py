"""Sixteen deterministic blows to a book, on top of what is drawn: gaps, spreads, funding, a peg that breaks.

Each is what the book loses (positive) when it happens; they weigh as much as a drawn row each, so in 2,048 scenarios
every one of them is as likely as once in two thousand horizons. Every loss is convex and positively homogeneous in the
notionals, which is what lets a book be scaled by its tail (`quant.tail_risk.largest_scale`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quant.rolling import Floats

SPREAD_MULTIPLE = 5.0
FUNDING = 0.005
"""A funding spike: what every position pays of its notional."""
BLOWS = (
    # common, against, largest, two largest, closing costs, foreign: each a share of the notional it falls on
    (-0.10, 0.00, 0.00, 0.00, 1.0, 0.00),  # every instrument gaps at once
    (-0.20, 0.00, 0.00, 0.00, 1.0, 0.00),
    (+0.10, 0.00, 0.00, 0.00, 1.0, 0.00),  # upward, for books that are short
    (+0.20, 0.00, 0.00, 0.00, 1.0, 0.00),
    (-0.05, 0.00, 0.00, 0.00, SPREAD_MULTIPLE, 0.00),  # a gap with nobody to trade with
    (+0.05, 0.00, 0.00, 0.00, SPREAD_MULTIPLE, 0.00),
    (0.00, 0.00, 0.05, 0.00, 1.0, 0.00),  # the largest position alone gaps against itself
    (0.00, 0.00, 0.10, 0.00, 1.0, 0.00),
    (0.00, 0.00, 0.20, 0.00, 1.0, 0.00),
    (0.00, 0.00, 0.00, 0.10, 1.0, 0.00),  # the two largest together
    (0.00, 0.05, 0.00, 0.00, 1.0, 0.00),  # every position goes against itself: hedges break
    (0.00, 0.00, 0.00, 0.00, SPREAD_MULTIPLE, 0.00),
    (0.00, FUNDING, 0.00, 0.00, 1.0, 0.00),
    (0.00, FUNDING, 0.00, 0.00, SPREAD_MULTIPLE, 0.00),
    (0.00, 0.00, 0.00, 0.00, 1.0, 0.05),  # the currency of the quotes loses its peg
    (0.00, 0.00, 0.00, 0.00, 1.0, 0.10),
)
ROWS = len(BLOWS)
_SHARES = np.array(BLOWS)
_COMMON, _AGAINST, _LARGEST, _TWO_LARGEST, _CLOSING, _FOREIGN = _SHARES.T.copy()
ADDITIVE = (_LARGEST == 0.0) & (_TWO_LARGEST == 0.0)
"""(16,): blows of which a book that is not turned loses what its parts lose; the others fall on the largest alone."""


def stress_losses(notional: Floats, closing: Floats, foreign: NDArray[np.bool_]) -> Floats:
    """What a book of signed notionals (N,) loses in each blow (16,).

    `closing` (N,) is the share of the price that closing costs, paid in every row; `foreign` (N,) says what is quoted
    in another currency than the account's. Laws: convex, homogeneous, 0 for an empty book.
    """
    gross = np.abs(notional)
    return blows(notional, gross, float(closing @ gross), foreign)


def blows(notional: Floats, gross: Floats, closing: float, foreign: NDArray[np.bool_]) -> Floats:
    """The same of a book whose gross notionals (N,) are known, and what closing all of it costs."""
    rising = gross.copy()
    rising.sort()
    largest = rising[-2:].tolist()
    falls_on = (
        -float(notional.sum()),
        float(gross.sum()),
        largest[-1] if largest else 0.0,
        sum(largest),
        closing,
        float(foreign @ gross),
    )
    return np.asarray(_SHARES @ np.array(falls_on))


def unit_stress_losses(sides: Floats, closing: Floats, foreign: NDArray[np.bool_]) -> Floats:
    """What one unit of each instrument loses alone in each blow, (N, 16), on its side (N,) of +1 or -1."""
    whole = np.ones(len(sides))
    return np.asarray(np.column_stack((-sides, whole, whole, whole, closing, foreign)) @ _SHARES.T)


def stress_parts(notional: Floats, closing: Floats, foreign: NDArray[np.bool_]) -> Floats:
    """What each position loses in each blow (16, N): the rows sum to `stress_losses`."""
    gross = np.abs(notional)
    largest = np.argsort(-gross, kind="stable")[:2]
    parts = np.outer(_AGAINST, gross) - np.outer(_COMMON, notional)
    parts += np.outer(_CLOSING, closing * gross) + np.outer(_FOREIGN, np.where(foreign, gross, 0.0))
    parts[:, largest[:1]] += np.outer(_LARGEST, gross[largest[:1]])
    parts[:, largest] += np.outer(_TWO_LARGEST, gross[largest])
    return parts
