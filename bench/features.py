"""What the features cost: CPU of a closed bar by the number of instruments, of histories, and the share of values."""

import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from quant.features.engine import SOURCES, FeaturePipeline
from quant.features.history import batch
from tests.kit.histories import a_history, bar_times
from tests.kit.recordings import RECORDINGS

WIDTHS = (64, 250)
WARM_BARS, BARS = 1_500, 40
YEAR_DAYS = 252
CANDLES = RECORDINGS / "candles_binance_5m" / "BTCUSDT_2022-08-01_2023-04-01.parquet"

Figures = dict[str, float]


def measure(widths: tuple[int, ...] = WIDTHS) -> Figures:
    """Milliseconds of CPU (p50) of a bar pushed and all features computed, and seconds of whole histories."""
    figures: Figures = {}
    for width in widths:
        figures |= {f"{name}_{width}": value for name, value in _stream(width).items()}
    history = _bars(a_history(width=1, times=YEAR_DAYS))
    year = [_seconds(history, bar_times(YEAR_DAYS, 86_400.0), 86_400.0) for _ in range(5)]
    figures["s_year_of_days"] = statistics.median(year)
    return figures | (_candles(CANDLES) if CANDLES.exists() else {})


def _bars(history: dict[str, Any]) -> dict[str, Any]:
    return {name: column for name, column in history.items() if name in SOURCES["bar"]}


def _stream(width: int) -> Figures:
    history, times = a_history(width=width, times=WARM_BARS + BARS), bar_times(WARM_BARS + BARS).tolist()
    pipeline = FeaturePipeline(width, bar_s=60.0, horizon_bars=30, leader=0)
    taken: dict[str, list[float]] = {"ms_push_bar": [], "ms_values_bar": [], "ms_values_beat": []}
    for t, at_ns in enumerate(times):
        rows = {source: {name: history[name][:, t] for name in SOURCES[source]} for source in ("bar", "book")}
        if t < WARM_BARS:
            pipeline.push("bar", at_ns, rows["bar"])
            continue
        taken["ms_push_bar"].append(_ms(lambda: pipeline.push("bar", at_ns, rows["bar"])))  # noqa: B023
        pipeline.push("book", at_ns, rows["book"])
        taken["ms_values_bar"].append(_ms(pipeline.values))
        pipeline.push("book", at_ns + 10**9, rows["book"])
        taken["ms_values_beat"].append(_ms(pipeline.values))
    return {name: statistics.median(values) for name, values in taken.items()}


def _ms(run: Any) -> float:
    start = time.thread_time_ns()
    run()
    return (time.thread_time_ns() - start) / 1e6


def _seconds(history: dict[str, Any], at_ns: Any, bar_s: float) -> float:
    start = time.thread_time_ns()
    batch(history, at_ns, bar_s=bar_s, horizon_bars=1)
    return (time.thread_time_ns() - start) / 1e9


def _candles(path: Path) -> Figures:
    """Eight months of five-minute bars of one symbol; features whose sources a candle has not are left out."""
    table = pl.read_parquet(path)
    history = {name: table[name].to_numpy()[None, :] for name in ("open", "high", "low", "close", "volume")}
    at_ns = table["open_time"].dt.epoch("ns").to_numpy() + 300 * 10**9
    start = time.thread_time_ns()
    values = batch(history, at_ns, bar_s=300.0, horizon_bars=12)
    seconds = (time.thread_time_ns() - start) / 1e9
    finite = {name: float(np.isfinite(column).mean()) for name, column in values.items()}
    had = [share for share in finite.values() if share > 0.0]
    return {
        "s_candles": seconds,
        "bars_per_s_candles": len(at_ns) / seconds,
        "features_candles": float(len(had)),
        "finite_share_candles": float(np.mean(had)),
        "finite_share_worst_candles": min(had),
    }


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:32} {value:12.4f}")
