"""Sums of a column over its last rows, of any length, kept as they slide."""

from __future__ import annotations

import numpy as np

from quant.features.sums import BLOCK, CHANNELS, Sums
from quant.rolling import Floats, Ring

WIDTH = 3
ROWS = (BLOCK, 13, 27, 40)
CHANNEL = "r r'"


def test_a_sum_is_that_of_the_rows_of_its_window_whatever_its_length() -> None:
    r = np.random.default_rng(4).normal(size=(140, WIDTH))
    r[60, 1] = np.nan
    rings = {"r": Ring(WIDTH, max(ROWS) + 1)}
    sums = Sums(rings, [(channel, rows) for channel in ("r", "r^2", CHANNEL) for rows in ROWS])
    for row in r:
        rings["r"].push(row)
        sums.push({"r": row})
        said = sums.answer()
        for rows in ROWS:
            window = rings["r"].view(rows + 1).T
            np.testing.assert_allclose(said["r", rows], window[1:].sum(axis=0), rtol=1e-12, atol=1e-13)
            np.testing.assert_allclose(said["r^2", rows], (window[1:] ** 2).sum(axis=0), rtol=1e-12)
            wanted = (window[1:] * window[:-1]).sum(axis=0)
            np.testing.assert_allclose(said[CHANNEL, rows], wanted, rtol=1e-12, atol=1e-13)


def test_every_channel_is_absent_where_its_column_is() -> None:
    row: Floats = np.array([0.5, np.nan])
    for channel in CHANNELS.values():
        assert np.isnan(channel.of(row, row)).tolist() == [False, True]
