"""The reference deviation: it follows what is there, keeps its laws, and beats plain memory, made markets or real."""

from __future__ import annotations

import csv
import gzip
import importlib.util
import io
from pathlib import Path

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from quant.quantiles import LEVELS
from quant.rolling import Floats
from quant.scale import Scale, Scaled
from quant.volatility import ewma_sd

HOUR_NS = 3_600 * 10**9
START_NS = 1_660_521_600 * 10**9


def run(r: Floats, *, bar_s: float = 3_600.0, horizon: int = 4, spread: Floats | None = None) -> Floats:
    """s_ref over a history of returns (instruments, times)."""
    scale = Scale(r.shape[0], bar_s, horizon)
    spread = np.full(r.shape, np.nan) if spread is None else spread
    bar_ns = round(bar_s * 1e9)
    said = [scale.step(START_NS + (t + 1) * bar_ns, r[:, t], spread[:, t]).s_ref for t in range(r.shape[1])]
    return np.stack(said, axis=1)


def a_market(times: int = 1_500, width: int = 3, seed: int = 1) -> Floats:
    """Returns whose log variance wanders in common and moves with the hour of day."""
    rng = np.random.default_rng(seed)
    level = np.zeros(times)
    for t in range(1, times):
        level[t] = 0.98 * level[t - 1] + 0.15 * rng.normal()
    hour = 0.8 * np.sin(np.arange(times) * 2.0 * np.pi / 24.0)
    return np.asarray(0.005 * np.exp(0.5 * (level + hour)) * rng.standard_t(6, (width, times)))


def test_before_twenty_returns_nothing_is_said_and_then_always() -> None:
    said = run(a_market(100))
    assert np.isnan(said[:, :19]).all()
    assert np.isfinite(said[:, 19:]).all()


def test_a_market_that_stands_still_has_no_scale_and_an_absent_one_neither() -> None:
    r = a_market(200)
    r[0] = 0.0
    r[1, 150] = np.nan
    said = run(r)
    assert np.isnan(said[0]).all()
    assert np.isnan(said[1, 150])
    assert np.isfinite(said[1, 151])
    assert np.isfinite(said[2, 20:]).all()


def test_the_order_of_instruments_and_the_size_of_moves_change_nothing_else() -> None:
    r = a_market(320)
    order = np.array([2, 0, 1])
    np.testing.assert_allclose(run(3.0 * r[order]), 3.0 * run(r)[order], rtol=1e-9)


def test_a_scale_is_held_to_what_came_true() -> None:
    r, horizon = a_market(1_200), 4
    said = run(r, horizon=horizon)
    total = np.cumsum(np.nan_to_num(r), axis=1)
    z = (total[:, horizon:] - total[:, :-horizon]) / (said[:, :-horizon] * np.sqrt(horizon))
    assert np.nanmean(z[:, 400:] ** 2) == pytest.approx(1.0, abs=0.2)


def test_the_season_ahead_is_that_of_the_bars_to_come() -> None:
    shape = np.where(np.arange(24) == 12, 9.0, 1.0)
    hours = np.arange(24 * 7 * 6)
    r = 0.01 * np.sqrt(shape[hours % 24]) * np.where(np.random.default_rng(2).random(len(hours)) < 0.5, -1.0, 1.0)
    scale = Scale(1, 3_600.0, 2)
    said: list[Scaled] = []
    for hour in hours:
        said.append(scale.step(START_NS + int(hour + 1) * HOUR_NS, r[[hour]], np.array([np.nan])))
    season = np.array([float(each.season[0]) for each in said[-24:]])
    assert np.argsort(season)[-2:].tolist() in ([10, 11], [11, 10])
    assert season[10] == pytest.approx(np.sqrt(5.0 / (32.0 / 24.0)), rel=0.25)


def test_hours_in_which_the_market_is_closed_are_not_ahead() -> None:
    scale = Scale(1, 3_600.0, 2)
    rng = np.random.default_rng(3)
    said = np.nan
    for day in range(7 * 12):
        for hour in range(9, 17):
            loud = 3.0 if hour == 9 else 1.0
            at_ns = START_NS + (24 * day + hour + 1) * HOUR_NS
            said = float(scale.step(at_ns, loud * 0.01 * rng.normal(size=1), np.array([np.nan])).season[0])
    assert said > 1.2


def test_a_state_put_back_goes_on_bit_for_bit() -> None:
    r = a_market(400)
    one, twin = Scale(3, 3_600.0, 4), Scale(3, 3_600.0, 4)
    for t in range(300):
        one.step(START_NS + t * HOUR_NS, r[:, t], np.abs(r[:, t]))
    for mine, theirs in ((twin.columns, one.columns), (twin.shared, one.shared)):
        for name, array in theirs.items():
            mine[name][:] = array
    for t in range(300, 400):
        a, b = (each.step(START_NS + t * HOUR_NS, r[:, t], np.abs(r[:, t])) for each in (one, twin))
        assert np.stack(a).tobytes() == np.stack(b).tobytes()


def test_a_horizon_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="horizon of 0 bars"):
        Scale(1, 60.0, 0)


def skill(r: Floats, s_ref: Floats, horizon: int, start: int) -> float:
    """Mean pinball saved against filtered history on the EWMA .97, both with their own empirical quantiles."""
    walled = np.concatenate([np.full((r.shape[0], 119), np.nan), r], axis=1)
    plain = ewma_sd(sliding_window_view(walled, 120, axis=1))
    total = np.cumsum(np.nan_to_num(r), axis=1)
    y = np.full(r.shape, np.nan)
    y[:, :-horizon] = total[:, horizon:] - total[:, :-horizon]
    both = np.isfinite(plain) & np.isfinite(s_ref)
    first, second = (_pinball(y, np.where(both, s, np.nan), horizon, start) for s in (plain, s_ref))
    return 1.0 - second / first


def _pinball(y: Floats, s: Floats, horizon: int, start: int) -> float:
    levels = np.array(LEVELS)
    z = (y / s).T
    losses = []
    for t in range(start, y.shape[1] - horizon, 20):
        seen = z[: t - horizon + 1].ravel()
        seen = seen[np.isfinite(seen)][-20_000:]
        q = np.quantile(seen, levels)
        here = slice(t, min(t + 20, y.shape[1] - horizon))
        gap = y[None, :, here] - q[:, None, None] * s[None, :, here]
        loss = np.maximum(levels[:, None, None] * gap, (levels[:, None, None] - 1.0) * gap)
        losses.append(loss[np.isfinite(loss)].reshape(-1))
    return float(np.concatenate(losses).mean())


def test_on_a_market_with_a_season_it_beats_plain_memory() -> None:
    r = a_market(1_000)
    assert skill(r, run(r), 4, 500) > 0.01


@pytest.mark.numbers
def test_on_stocks_it_beats_plain_memory() -> None:
    found = importlib.util.find_spec("skfolio")
    if found is None or found.origin is None:
        pytest.skip("the daily closes come with skfolio")
    path = Path(found.origin).parent / "datasets" / "data" / "sp500_dataset.csv.gz"
    rows = list(csv.reader(io.StringIO(gzip.decompress(path.read_bytes()).decode())))
    close = np.array([[float(x) for x in row[1:]] for row in rows[1:]]).T
    r = np.concatenate([np.full((close.shape[0], 1), np.nan), np.diff(np.log(close), axis=1)], axis=1)
    start = next(number for number, row in enumerate(rows[1:]) if row[0] >= "2000")
    assert skill(r, run(r, bar_s=86_400.0, horizon=5), 5, start) > 0.009
