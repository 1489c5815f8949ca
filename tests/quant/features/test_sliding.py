"""Long windows kept as they slide: they say what their definitions say, whatever was there before."""

from __future__ import annotations

import numpy as np
import pytest

from quant.features.sliding import Sliding, comoments, extremes, sliding, squares, worst_mean
from quant.rolling import Ring

WIDTH, ROWS = 5, 144
REDUCTIONS = [(extremes, 1), (squares, 1), (comoments, 2), (worst_mean, 1)]


def market(times: int, columns: int, seed: int = 1) -> np.ndarray:
    """Walks and steps with holes, an instrument that comes late and one that goes: (columns, times, N)."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(columns, times, WIDTH))
    x[0] = np.cumsum(x[0], axis=0)
    x[rng.random(x.shape) < 0.02] = np.nan
    x[:, :200, 1] = np.nan
    x[:, 250:, 2] = np.nan
    return x


def played(reduce, columns: int, rows: np.ndarray, rings: list[Ring], kept: Sliding):
    """Push the rows; after each of them the answer, and that of the definition."""
    for row in range(rows.shape[1]):
        for column, ring in enumerate(rings):
            ring.push(rows[column, row])
        windows = [ring.view() for ring in rings]
        kept.push(windows)
        yield kept.answer(), reduce(*windows)


@pytest.mark.parametrize(("reduce", "columns"), REDUCTIONS)
def test_it_says_what_its_definition_says_of_the_window(reduce, columns) -> None:
    kept = sliding(reduce, WIDTH, ROWS)
    assert kept is not None
    rings = [Ring(WIDTH, ROWS) for _ in range(columns)]
    for said, wanted in played(reduce, columns, market(500, columns), rings, kept):
        for one, other in zip(said, wanted, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("reduce", "columns"), REDUCTIONS)
@pytest.mark.parametrize("pushed", [1, 143, 144, 150, 299, 300])
def test_what_is_rebuilt_from_the_windows_goes_on_bit_for_bit(reduce, columns, pushed) -> None:
    rows = market(pushed + 40, columns, seed=pushed)
    rings = [Ring(WIDTH, ROWS) for _ in range(columns)]
    first, second = sliding(reduce, WIDTH, ROWS), sliding(reduce, WIDTH, ROWS)
    assert first is not None and second is not None
    list(played(reduce, columns, rows[:, :pushed], rings, first))
    second.rebuild([ring.view() for ring in rings], pushed)
    for row in range(pushed, pushed + 40):
        for column, ring in enumerate(rings):
            ring.push(rows[column, row])
        for each in (first, second):
            each.push([ring.view() for ring in rings])
        np.testing.assert_array_equal(first.answer(), second.answer())


def test_what_has_left_the_window_leaves_no_trace() -> None:
    rows = market(600, 1)
    rows[0, :300] *= 1e12
    kept, rings = sliding(squares, WIDTH, ROWS), [Ring(WIDTH, ROWS)]
    assert kept is not None
    said, _ = list(played(squares, 1, rows, rings, kept))[-1]
    np.testing.assert_allclose(said[0], squares(rows[0, -ROWS:].T)[0], rtol=1e-13)


def test_windows_without_blocks_are_looked_at_whole() -> None:
    assert sliding(squares, WIDTH, 61) is None
    assert sliding(worst_mean, WIDTH, 60) is None
    assert sliding(lambda r: (r,), WIDTH, ROWS) is None
