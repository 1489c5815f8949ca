"""Exponentially weighted sums of a column over its last rows, kept as they slide."""

from __future__ import annotations

import numpy as np

from quant.features.fades import Fade, Fades
from quant.features.sums import BLOCK
from quant.rolling import Ring, ewma_weights

TERMS: list[Fade] = [("c", 0.9, 40), ("c", 0.97, 27), ("r2", 0.97, BLOCK), ("r2", 0.5, 40)]


def test_a_sum_is_that_of_the_faded_rows_of_its_window() -> None:
    rng = np.random.default_rng(6)
    rows = {"c": 9.0 + rng.normal(size=(140, 3)), "r2": rng.gamma(1.0, 1.0, (140, 3))}
    rows["c"][60, 1] = np.nan
    rings = {name: Ring(3, 40) for name in rows}
    fades = Fades(rings, TERMS)
    for at in range(140):
        for name, ring in rings.items():
            ring.push(rows[name][at])
        fades.push({name: column[at] for name, column in rows.items()})
        said = fades.answer()
        for column, decay, window in TERMS:
            wanted = rings[column].view(window) @ ewma_weights(window, decay)
            np.testing.assert_allclose(said[column, decay, window], wanted, rtol=1e-13)
