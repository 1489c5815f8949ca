"""The guard catches eleven seeded leaks, lets four honest features pass, and finds nothing in the whole registry."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from quant.features import book
from quant.features.engine import REGISTRY, TRADE_COLUMNS
from quant.features.guard import (
    AvailableView,
    Compute,
    History,
    LookAheadError,
    Times,
    canary_alarms,
    cuts_of,
    delay_faults,
    poison_faults,
    prefix_faults,
    rank_correlation,
)
from quant.features.history import batch
from quant.rolling import Floats
from tests.kit.histories import a_history, bar_times

TIMES = 240
Maker = Callable[[Floats], Floats]


def _ewma(x: Floats) -> Floats:
    out = x.copy()
    for t in range(1, x.shape[1]):
        out[:, t] = 0.9 * out[:, t - 1] + 0.1 * x[:, t]
    return out


def _rolling_z(x: Floats) -> Floats:
    out = np.full(x.shape, np.nan)
    for t in range(19, x.shape[1]):
        window = x[:, t - 19 : t + 1]
        out[:, t] = (x[:, t] - window.mean(axis=1)) / np.maximum(window.std(axis=1), 1e-12)
    return out


def _expanding_rank(x: Floats) -> Floats:
    return np.stack([(x[:, : t + 1] <= x[:, t : t + 1]).mean(axis=1) for t in range(x.shape[1])], axis=1)


def _shift_back(x: Floats) -> Floats:
    return np.concatenate([np.full((x.shape[0], 1), np.nan), x[:, :-1]], axis=1)


def _shift_ahead(x: Floats) -> Floats:
    return np.concatenate([x[:, 1:], np.full((x.shape[0], 1), np.nan)], axis=1)


def _centred_mean(x: Floats) -> Floats:
    padded = np.pad(x, ((0, 0), (5, 5)), constant_values=np.nan)
    return np.stack([np.nanmean(padded[:, t : t + 11], axis=1) for t in range(x.shape[1])], axis=1)


def _with_holes(x: Floats) -> Floats:
    holed = x.copy()
    holed[:, np.arange(x.shape[1]) % 7 != 0] = np.nan
    return holed


def _filled_back(x: Floats) -> Floats:
    holed = _with_holes(x)
    for t in range(x.shape[1] - 2, -1, -1):
        holed[:, t] = np.where(np.isnan(holed[:, t]), holed[:, t + 1], holed[:, t])
    return holed


def _interpolated(x: Floats) -> Floats:
    holed, time = _with_holes(x), np.arange(x.shape[1])
    return np.stack([np.interp(time, time[~np.isnan(row)], row[~np.isnan(row)]) for row in holed])


def _full_rank(x: Floats) -> Floats:
    return np.argsort(np.argsort(x, axis=1), axis=1) / float(x.shape[1])


def _low_pass(x: Floats) -> Floats:
    spectrum = np.fft.rfft(np.nan_to_num(x), axis=1)
    spectrum[:, spectrum.shape[1] // 4 :] = 0.0
    return np.fft.irfft(spectrum, n=x.shape[1], axis=1)


def _last_of_the_hour(x: Floats) -> Floats:
    last = np.minimum(np.arange(x.shape[1]) // 12 * 12 + 11, x.shape[1] - 1)
    return np.asarray(x[:, last])


def _quantile_bin(x: Floats) -> Floats:
    edges = np.nanquantile(x, [0.2, 0.4, 0.6, 0.8], axis=1)
    return np.asarray((x[None] > edges[:, :, None]).sum(axis=0), dtype=np.float64)


def _detrended(x: Floats) -> Floats:
    time = np.arange(float(x.shape[1]))
    lines = [
        np.polyval(np.polyfit(time[known], row[known], 1), time) for row in x if (known := ~np.isnan(row)).sum() > 1
    ]
    return x - np.stack(lines) if len(lines) == len(x) else x


LEAKS: dict[str, Maker] = {
    "shift": _shift_ahead,
    "global z": lambda x: (x - np.nanmean(x)) / max(float(np.nanstd(x)), 1e-12),
    "min-max": lambda x: (x - np.nanmin(x)) / max(float(np.nanmax(x) - np.nanmin(x)), 1e-12),
    "centred mean": _centred_mean,
    "backward fill": _filled_back,
    "interpolate": _interpolated,
    "full rank": _full_rank,
    "Fourier filter": _low_pass,
    "resampled last": _last_of_the_hour,
    "quantile bin": _quantile_bin,
    "detrended": _detrended,
}
CLEAN: dict[str, Maker] = {
    "ewma": _ewma,
    "rolling z": _rolling_z,
    "expanding rank": _expanding_rank,
    "lag": _shift_back,
}


def a_walk() -> History:
    return {"x": 100.0 + np.cumsum(np.random.default_rng(5).normal(size=(2, TIMES)), axis=1)}


def computing(maker: Maker) -> Compute:
    def compute(history: History, at_ns: Times) -> dict[str, Floats]:
        return {"made": maker(history["x"])}

    return compute


def caught(compute: Compute, history: History, at_ns: Times, *, cuts: int = 32, poisons: int = 8) -> set[str]:
    rng = np.random.default_rng(6)
    times = len(at_ns)
    faults = prefix_faults(compute, history, at_ns, cuts_of(times, rng, cuts))
    faults += poison_faults(compute, history, at_ns, rng.integers(2, times - 1, poisons).tolist(), rng)
    return {fault.feature for fault in faults}


@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:Degrees of freedom", "ignore:All-NaN")
@pytest.mark.parametrize("name", LEAKS)
def test_a_leak_is_caught(name: str) -> None:
    assert caught(computing(LEAKS[name]), a_walk(), bar_times(TIMES)) == {"made"}


@pytest.mark.parametrize("name", CLEAN)
def test_an_honest_feature_is_not_accused(name: str) -> None:
    assert caught(computing(CLEAN[name]), a_walk(), bar_times(TIMES)) == set()


def registry(bar_s: float) -> Compute:
    def compute(history: History, at_ns: Times) -> dict[str, Floats]:
        return batch(history, at_ns, bar_s=bar_s, horizon_bars=4, leader=0)

    return compute


def test_no_registered_feature_looks_ahead() -> None:
    history, at_ns = a_history(width=3, times=130, gaps=True), bar_times(130, 86_400.0)
    compute = registry(86_400.0)
    assert prefix_faults(compute, history, at_ns, [2, 90, 129]) == []
    assert poison_faults(compute, history, at_ns, [90], np.random.default_rng(6)) == []


@pytest.mark.numbers
@pytest.mark.parametrize(("bar_s", "times"), [(60.0, 1500), (3600.0, 800)])
def test_no_registered_feature_looks_ahead_at_full_length(bar_s: float, times: int) -> None:
    history = a_history(width=3, times=times, gaps=True)
    assert caught(registry(bar_s), history, bar_times(times, bar_s)) == set()


@pytest.mark.parametrize(("source", "columns"), [("book", book.COLUMNS), ("trade", TRADE_COLUMNS)])
def test_what_arrives_later_only_makes_features_older(source: str, columns: tuple[str, ...]) -> None:
    history = a_history(width=2, times=140, gaps=True)
    touched = {feature.name: feature.grid == source for feature in REGISTRY}
    assert delay_faults(registry(60.0), history, bar_times(140), columns, touched, 7) == []


def test_a_feature_that_uses_another_source_to_look_around_a_delay_is_seen() -> None:
    def compute(history: History, at_ns: Times) -> dict[str, Floats]:
        return {"mixed": history["imb_l1"] * history["close"]}

    history = {name: column for name, column in a_history(times=50).items() if name in ("imb_l1", "close")}
    faults = delay_faults(compute, history, bar_times(50), ("imb_l1",), {"mixed": True}, 3)
    assert [fault.check for fault in faults] == ["delay"]


def test_the_view_shows_what_is_available_and_raises_on_everything_else() -> None:
    view = AvailableView(np.array([1.0, 2.0, 3.0]), np.array([10, 20, 30]), at_ns=20)
    assert view[0] == 1.0
    assert view[:2].tolist() == [1.0, 2.0]
    assert np.asarray(view).tolist() == [1.0, 2.0]
    assert len(view) == 2
    for late in (2, -1, slice(None), np.array([0, 2])):
        with pytest.raises(LookAheadError, match="a value available at 30 ns was read at 20 ns"):
            view[late]
    with pytest.raises(ValueError, match="with 2 times of availability"):
        AvailableView(np.ones(3), np.array([1, 2]), at_ns=2)


def test_a_revised_value_is_hidden_until_its_vintage_even_if_its_event_was_earlier() -> None:
    events = AvailableView(np.array([1.0, 2.0, 1.5]), np.array([10, 40, 30]), at_ns=30)
    assert np.asarray(events).tolist() == [1.0, 1.5]
    with pytest.raises(LookAheadError):
        events[1]


def test_a_feature_that_is_the_label_rings_the_alarm_and_honest_ones_do_not() -> None:
    history = a_history(width=3, times=700)
    c = np.log(history["close"])
    label = np.full(c.shape, np.nan)
    label[:, :-4] = c[:, 4:] - c[:, :-4]
    honest = [REGISTRY[name] for name in ("ewma_vol", "ret_1", "ret_15", "z_20", "rsi_14", "stoch_k_14", "imb_l1")]
    features = batch(history, bar_times(700), bar_s=60.0, horizon_bars=4, features=honest)
    noisy = label + 0.5 * np.nanstd(label) * np.random.default_rng(7).normal(size=label.shape)
    assert set(canary_alarms(features | {"label": label, "noisy": noisy}, label)) == {"label", "noisy"}


def test_rank_correlation_is_spearman() -> None:
    x = np.random.default_rng(8).normal(size=(2, 200))
    assert rank_correlation(x, np.exp(x)) == pytest.approx(1.0)
    assert rank_correlation(x, -x) == pytest.approx(-1.0)
    assert rank_correlation(x[:, :20], x[:, :20]) == 0.0
    assert rank_correlation(np.ones((2, 200)), x) == 0.0
