"""A history at once against the stream, for every feature; and laws that hold over all of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from quant.features.engine import REGISTRY
from quant.features.history import batch
from quant.rolling import Floats
from tests.kit.histories import History, a_history, bar_times, streamed

TIMES = 330
NAMES = REGISTRY.names


def batched(history: History, *, bar_s: float = 60.0, leader: int | None = 0) -> dict[str, Floats]:
    times = bar_times(history["close"].shape[1], bar_s)
    return batch(history, times, bar_s=bar_s, horizon_bars=5, leader=leader)


@pytest.mark.parametrize(
    "bar_s", [60.0, pytest.param(3600.0, marks=pytest.mark.numbers), pytest.param(86_400.0, marks=pytest.mark.numbers)]
)
def test_the_stream_equals_the_batch_for_every_feature(bar_s: float) -> None:
    history = a_history(times=TIMES, gaps=True)
    whole = batched(history, bar_s=bar_s)
    _, stream = streamed(history, bar_s=bar_s, horizon_bars=5, leader=0, every=10)
    for name in NAMES:
        np.testing.assert_allclose(
            stream[REGISTRY.index[name]], whole[name][:, 9::10], rtol=1e-10, atol=1e-13, err_msg=name
        )


@pytest.mark.numbers
def test_a_value_appears_exactly_after_the_declared_warm_up() -> None:
    _, stream = streamed(a_history(width=2, times=300), leader=0)
    known = np.asarray(np.isfinite(stream).all(axis=1))
    for feature in REGISTRY:
        if feature.warmup <= 300 and not feature.rows_min and feature.grid in ("bar", "trade", "book", "clock"):
            first = int(np.argmax(known[REGISTRY.index[feature.name]])) + 1
            late = {"res_60", "lead_btc_1m"}
            assert first == feature.warmup or feature.name in late, (feature.name, first, feature.warmup)


def test_prices_and_volumes_may_be_rescaled_and_instruments_permuted() -> None:
    history = a_history(times=200, gaps=True)
    whole = batched(history, bar_s=3600.0)
    order = np.array([3, 0, 4, 2, 1])
    scaled = {name: 37.5 if name in ("open", "high", "low", "close", "volume") else 1.0 for name in history}
    moved = {name: scaled[name] * column[order] for name, column in history.items()}
    values = batched(moved, bar_s=3600.0, leader=1)
    for name in NAMES:
        np.testing.assert_allclose(values[name], whole[name][order], rtol=1e-9, atol=1e-9, err_msg=name)


def test_what_does_not_fit_is_refused() -> None:
    history = a_history(times=4)
    with pytest.raises(ValueError, match="column 'ofi', expected some of open, high"):
        batched(history | {"ofi": history["close"]})
    with pytest.raises(ValueError, match=r"imb_l1 has shape \(5, 3\), expected \(5, 4\)"):
        batched(history | {"imb_l1": history["imb_l1"][:, :3]})
    with pytest.raises(ValueError, match=r"close of instrument 2 is 0\.0"):
        batched(history | {"close": np.where(np.arange(4) == 2, 0.0, history["close"])})


@pytest.mark.numbers
@settings(max_examples=10, deadline=None)
@example(seed=126, width=1, gaps=0.25, leader=None)
@given(
    seed=st.integers(0, 10_000), width=st.integers(1, 4), gaps=st.floats(0.0, 0.4), leader=st.sampled_from([None, 0])
)
def test_whatever_is_missing_the_stream_equals_the_batch(
    seed: int, width: int, gaps: float, leader: int | None
) -> None:
    times = 90
    history = a_history(width=width, times=times, seed=seed)
    holes = np.random.default_rng(seed).random((width, times)) < gaps
    history = {name: np.where(holes, np.nan, column) for name, column in history.items()}
    whole = batched(history, bar_s=3_600.0, leader=leader)
    _, stream = streamed(history, bar_s=3_600.0, horizon_bars=5, leader=leader)
    for name in NAMES:
        np.testing.assert_allclose(stream[REGISTRY.index[name]], whole[name], rtol=1e-10, atol=1e-13, err_msg=name)
