"""Offsets of the last value from those before it, added up as windows slide."""

from __future__ import annotations

import numpy as np

from quant.features.spreads import Spreads
from quant.features.sums import BLOCK
from quant.rolling import Ring

ROWS = (BLOCK, 13, 20, 40)


def test_the_spread_of_a_level_far_from_zero_is_as_exact_as_around_it() -> None:
    c = np.cumsum(np.random.default_rng(5).normal(size=(140, 2)), axis=0)
    c[:, 1] = 2.0**30 + np.round(c[:, 1] * 2.0**16) / 2.0**16
    rings = {"c": Ring(2, max(ROWS))}
    spreads = Spreads(rings, [("c", rows) for rows in ROWS])
    for row in c:
        rings["c"].push(row)
        spreads.push({"c": row})
    for rows in ROWS:
        offset = rings["c"].view(rows) - rings["c"].view(1)
        total, square = spreads.answer()["c", rows]
        np.testing.assert_allclose(total, offset.sum(axis=1), rtol=1e-12)
        np.testing.assert_allclose(square, (offset**2).sum(axis=1), rtol=1e-12)


def test_what_stands_still_has_no_spread_once_its_leap_has_left() -> None:
    rings = {"c": Ring(1, max(ROWS))}
    spreads = Spreads(rings, [("c", rows) for rows in ROWS])
    for at in range(100):
        row = np.array([0.1 if at < 55 else 7.3])
        rings["c"].push(row)
        spreads.push({"c": row})
        for rows in ROWS:
            still = at >= 55 + rows - 1 or rows - 1 <= at < 55
            assert (spreads.answer()["c", rows][1][0] == 0.0) == still, (at, rows)
