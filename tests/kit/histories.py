"""Seeded histories of every raw column of the feature pipeline, and the pipeline run over them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quant.features.engine import SOURCES, FeaturePipeline
from quant.rolling import Floats

START_NS = 1_660_000_020 * 10**9
"""A Monday, 23:07 UTC."""
GAPS = ((60, 61), (130, 132), (200, 206))
SCALES = (1.0, 0.01, 650.0, 3.0, 1.0)

History = dict[str, Floats]


def bar_times(times: int, bar_s: float = 60.0) -> NDArray[np.int64]:
    """Closes of consecutive bars."""
    return np.asarray(START_NS + np.arange(1, times + 1) * round(bar_s * 1e9), dtype=np.int64)


def a_history(*, width: int = 5, times: int = 420, seed: int = 1, gaps: bool = False) -> History:
    """Bars and every other column, shape (width, times); with `gaps` the second instrument is missing now and then."""
    rng = np.random.default_rng(seed)
    shape = (width, times)
    market = 0.0005 * rng.standard_t(4, times)
    steps = market + 0.001 * rng.standard_t(4, shape) * np.exp(0.3 * np.sin(np.arange(times) / 40.0))
    close = 100.0 * np.exp(np.cumsum(steps, axis=1)) * np.resize(SCALES, width)[:, None]
    open_ = close * np.exp(0.0003 * rng.normal(size=shape))
    rows = {
        "open": open_,
        "high": np.maximum(open_, close) * np.exp(np.abs(rng.normal(0.0, 0.0005, shape))),
        "low": np.minimum(open_, close) * np.exp(-np.abs(rng.normal(0.0, 0.0005, shape))),
        "close": close,
        "volume": rng.gamma(2.0, 5.0, shape),
        "trades": rng.poisson(30.0, shape).astype(np.float64),
    }
    if gaps:
        for first, last in GAPS:
            for row in rows.values():
                row[1, first:last] = np.nan
    for source in ("trade", "book", "perp", "context"):
        rows |= {name: rng.gamma(2.0, 1.0, shape) for name in SOURCES[source]}
    return rows


def streamed(
    history: History, *, bar_s: float = 60.0, horizon_bars: int = 30, leader: int | None = None, every: int = 1
) -> tuple[FeaturePipeline, Floats]:
    """The pipeline after all of it, and its values at every `every`-th time: (features, width, times)."""
    width, times = history["close"].shape
    pipeline = FeaturePipeline(width, bar_s=bar_s, horizon_bars=horizon_bars, leader=leader)
    said = []
    for t, at_ns in enumerate(bar_times(times, bar_s).tolist()):
        push_row(pipeline, history, t, at_ns)
        if (t + 1) % every == 0:
            said.append(pipeline.values())
    return pipeline, np.stack(said, axis=-1)


def push_row(pipeline: FeaturePipeline, history: History, t: int, at_ns: int) -> None:
    """One push of every source that the history has."""
    for source, names in SOURCES.items():
        rows = {name: history[name][:, t] for name in names if name in history}
        if rows:
            pipeline.push(source, at_ns, rows)
