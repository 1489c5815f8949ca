"""Rows of bars are the same whether bars come one by one or many at once, with holes and all."""

from __future__ import annotations

import numpy as np
import pytest

from quant.features.bar_rows import BarRows
from quant.features.bars import RAW
from quant.features.engine import FeaturePipeline
from quant.features.sliding import extremes
from tests.kit.histories import a_history, bar_times

WIDTH, TIMES = 4, 900


def holed() -> dict[str, np.ndarray]:
    """Bars of which an instrument misses two, another so many that it is absent."""
    history = a_history(width=WIDTH, times=TIMES)
    bars = {name: history[name] for name in RAW}
    for column in bars.values():
        column[1, 300:302] = column[2, 300:340] = np.nan
    return bars


@pytest.mark.numbers
def test_many_bars_at_once_are_the_same_bars_one_by_one() -> None:
    bars, times = holed(), bar_times(TIMES)
    one, many = (FeaturePipeline(WIDTH, bar_s=60.0, horizon_bars=30) for _ in range(2))
    for t, at_ns in enumerate(times.tolist()):
        one.push("bar", at_ns, {name: column[:, t] for name, column in bars.items()})
    for here in (slice(0, 1), slice(1, 600), slice(600, 607), slice(607, TIMES)):
        many.push_bars(times[here], {name: column[:, here] for name, column in bars.items()})
    np.testing.assert_allclose(many.values(), one.values(), rtol=1e-9, atol=1e-12)
    assert many.state().counts == one.state().counts
    np.testing.assert_array_equal(many.carried, one.carried)
    for name, column in one.state().columns.items():
        np.testing.assert_allclose(many.state().columns[name], column, rtol=1e-7, atol=1e-10, err_msg=name)


def test_it_says_when_an_hour_ended() -> None:
    bars, times = holed(), bar_times(TIMES)
    windows = {"bar": {"c": 60, "r": 60}, "hour": {"c": 2}}
    rows = BarRows(WIDTH, 60.0, 30, None, windows, [(extremes, ("c",), 60)])
    ended = [rows.push(at, {n: x[:, t] for n, x in bars.items()}) for t, at in enumerate(times[:150].tolist())]
    hours = times[:150] // (3_600 * 10**9)
    assert ended == [True, *(hours[1:] != hours[:-1]).tolist()]
    assert rows.rings["hour"]["c"].rows == sum(ended)
    assert rows.push_many(times[150:], {name: column[:, 150:] for name, column in bars.items()})
    window = rows.rings["bar"]["c"].view()
    for said, wanted in zip(rows.reduced((extremes, ("c",), 60), [window]), extremes(window), strict=True):
        np.testing.assert_allclose(said, wanted)
