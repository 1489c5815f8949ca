"""How alike instruments move: the signed correlation of their returns, made fit to draw from.

Exponentially weighted correlation, shrunk towards the constant correlation (Ledoit and Wolf 2004, "Honey, I shrunk the
sample covariance matrix").
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from quant.rolling import Floats, ewma_weights

SHRINK = 0.2
RETURNS_MIN = 20
UNKNOWN = 0.5
"""Correlation of a pair nobody has measured: never zero, because an unknown pair is not a diversifier."""
EIGENVALUE_MIN = 1e-8


def correlation(returns: Floats, decay: float = 0.995, shrink: float = SHRINK) -> Floats:
    """Signed correlation (N, N) of log returns (N, times), oldest first; zero-mean, absent returns left out in pairs.

    A pair with fewer than RETURNS_MIN common returns takes the mean of the known pairs, or UNKNOWN when there are
    none. Laws: symmetric, ones on the diagonal, no eigenvalue below zero, unchanged when returns are rescaled, and
    flipping the sign of an instrument's returns flips its measured correlations before shrinkage.
    """
    if len(returns) < 2:
        return _of_few(len(returns))
    weights = ewma_weights(returns.shape[1], decay)
    if returns.shape[1] >= RETURNS_MIN:
        weighted = returns * np.sqrt(weights)
        own = np.sqrt(np.einsum("nt,nt->n", weighted, weighted))
        if (own > 0.0).all():  # none of them is absent anywhere then
            weighted /= own[:, None]
            return _of_complete(weighted @ weighted.T, shrink)
    present = ~np.isnan(returns)
    known = np.where(present, returns, 0.0)
    mask = present.astype(np.float64)
    products = (known * weights) @ known.T
    energy = (known * known * weights) @ mask.T
    scale = np.sqrt(energy * energy.T)
    enough = (mask @ mask.T >= RETURNS_MIN) & (scale > 0.0)
    return repair_psd(_shrunk(_ratios(products, scale, enough), shrink))


@cache
def _of_few(width: int) -> Floats:
    """Of one instrument alone there is one answer, which is not to be written to."""
    alone = np.ones((width, width))
    alone.flags.writeable = False
    return alone


def _of_complete(measured: Floats, shrink: float) -> Floats:
    """Shrunk correlations of what was measured on the same rows, every instrument of it moving."""
    width = len(measured)
    np.clip(measured, -1.0, 1.0, out=measured)
    np.fill_diagonal(measured, 0.0)
    constant = float(measured.sum()) / (width * (width - 1))
    measured *= 1.0 - shrink
    measured += shrink * constant
    np.fill_diagonal(measured, 1.0)
    # It is a correlation matrix, and so is a mixture of two: the least eigenvalue is at least what the constant one
    # brings.
    least = shrink * min(1.0 - constant, 1.0 + (width - 1) * constant)
    return measured if least > 10.0 * EIGENVALUE_MIN else repair_psd(measured)


def _ratios(products: Floats, scale: Floats, enough: NDArray[np.bool_]) -> Floats:
    """Correlations in [-1, 1], NaN where not enough is known."""
    measured = np.full(products.shape, np.nan)
    np.divide(products, scale, out=measured, where=enough)
    return np.clip(measured, -1.0, 1.0, out=measured)


def _shrunk(measured: Floats, shrink: float) -> Floats:
    """Shrunk towards the mean of what is known, which takes the place of what is not."""
    np.fill_diagonal(measured, np.nan)
    unknown = np.isnan(measured)
    count = measured.size - np.count_nonzero(unknown)
    constant = float(measured.sum(where=~unknown)) / count if count else UNKNOWN
    blended = (1.0 - shrink) * measured + shrink * constant
    blended[unknown] = constant
    np.fill_diagonal(blended, 1.0)
    return blended


def _symmetric(matrix: Floats) -> Floats:
    return np.asarray((matrix + matrix.T) / 2.0)


def repair_psd(matrix: Floats) -> Floats:
    """The matrix itself where it is a correlation matrix; else its eigenvalues are lifted and the diagonal made 1."""
    symmetric = _symmetric(matrix)
    tried = symmetric.copy()
    tried.flat[:: len(tried) + 1] -= EIGENVALUE_MIN
    try:
        np.linalg.cholesky(tried)
    except np.linalg.LinAlgError:
        return _lifted(symmetric)
    return symmetric


def _lifted(symmetric: Floats) -> Floats:
    values, vectors = np.linalg.eigh(symmetric)
    lifted = (vectors * np.maximum(values, EIGENVALUE_MIN)) @ vectors.T
    scale = np.sqrt(np.diag(lifted))
    repaired: Floats = lifted / np.outer(scale, scale)
    repaired = (repaired + repaired.T) / 2.0
    np.fill_diagonal(repaired, 1.0)
    return repaired


def of_positions(rho: Floats, sides: Floats) -> Floats:
    """Correlation of positions from that of returns; `sides` is +1 for long and -1 for short, shape (N,)."""
    return np.asarray(rho * np.outer(sides, sides))


def clusters(rho: Floats, above: float = 0.7) -> NDArray[np.int64]:
    """Groups joined by chains of correlations above a threshold, shape (N,); each is named by its first member."""
    labels = np.arange(len(rho))
    if len(rho) < 2:
        return labels
    joined = rho > above
    np.fill_diagonal(joined, False)
    if not joined.any():
        return labels
    np.fill_diagonal(joined, True)
    while True:
        nearest = np.where(joined, labels, len(rho)).min(axis=1, initial=len(rho))
        if np.array_equal(nearest, labels):
            return labels
        labels = nearest
