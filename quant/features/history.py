"""Every feature over a history at once: the steps and kernels of the stream, in chunks of time that fit the cache."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from quant.features import bars, book
from quant.features.bars import (
    LEVELS,
    WALK_BARS,
    WALKED,
    Memory,
    carry_all,
    check_prices,
    known,
    market,
    stretched,
    walked,
)
from quant.features.engine import REGISTRY, SOURCES, raw_columns
from quant.features.grids import HOUR_COLUMNS, SLOTS_S, Hours, slot_rows
from quant.features.registry import Feature, Reduce, Reduction
from quant.rolling import Floats

CHUNK_VALUES = 400_000
CHUNK_TIMES = 512
Times = NDArray[np.int64]
Columns = dict[str, Floats]
Reduced = dict[Reduction, tuple[Floats, ...]]


def batch(
    history: Mapping[str, Floats],
    at_ns: Times,
    *,
    bar_s: float,
    horizon_bars: int,
    leader: int | None = None,
    features: Iterable[Feature] = REGISTRY,
) -> Columns:
    """Every feature at every time: arrays (instruments, times), as a stream would have said them after each push.

    `history` has raw columns of `quant.features.engine.SOURCES` (instruments, times), one push of every source at each
    of `at_ns` (rising; the close of the bar). Columns that are not there are absent; without `close` there are no
    bars. Raises ValueError naming a column that is unknown or has another shape, or a price that is not positive.
    """
    width, times = _shape(history, at_ns)
    absent = np.full((width, times), np.nan)
    raw = {name: known(history[name]) if name in history else absent for name in raw_columns()}
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        columns: dict[str, Columns] = {"clock": {"at_s": at_ns[None] / 1e9}}
        columns["trade"] = {name: raw[name] for name in SOURCES["trade"]}
        columns["book"] = book.prepared({name: raw[name] for name in SOURCES["book"]})
        columns["bar"], columns["hour"], hour_of = _bar_columns(raw, at_ns, bar_s, horizon_bars, leader)
        values: Columns = {}
        reduced: Reduced = {}
        for feature in features:
            if feature.grid == "hour":
                rows = _evaluate(feature, columns["hour"], values, bar_s, {})
                values[feature.name] = np.where(hour_of >= 0, rows[:, hour_of], np.nan) if rows.size else absent
            elif feature.grid in SLOTS_S:
                values[feature.name] = _on_slots(feature, raw, at_ns)
            else:
                rows = _evaluate(feature, columns[feature.grid], values, bar_s, reduced)
                values[feature.name] = np.broadcast_to(rows, (width, times))
    return values


def _shape(history: Mapping[str, Floats], at_ns: Times) -> tuple[int, int]:
    if unknown := [name for name in history if name not in raw_columns()]:
        raise ValueError(f"column {unknown[0]!r}, expected some of {', '.join(raw_columns())}")
    width = max((column.shape[0] for column in history.values()), default=0)
    for name, column in history.items():
        if column.shape != (width, len(at_ns)):
            raise ValueError(f"{name} has shape {column.shape}, expected ({width}, {len(at_ns)})")
        if name in ("open", "high", "low", "close"):
            for row in column:
                check_prices((name,), row[None])
    return width, len(at_ns)


def _bar_columns(
    raw: Mapping[str, Floats], at_ns: Times, bar_s: float, horizon_bars: int, leader: int | None
) -> tuple[Columns, Columns, Times]:
    """The columns of bars, those of hours, and for each time the newest hour (-1 before the first)."""
    nobody = np.full(len(raw["close"]), np.nan)
    bar, _ = carry_all({name: raw[name] for name in bars.RAW}, nobody, np.zeros(len(nobody)))
    columns = stretched(bar.rows, dict.fromkeys(LEVELS, nobody))
    columns["mk"], columns["m"] = market(columns["r"], leader)
    wall = np.full((len(nobody), WALK_BARS), np.nan)
    c, r = (np.concatenate([wall, columns[name]], axis=1) for name in WALKED)
    columns |= walked(c, r, len(at_ns))
    hours, hour_of = _remember(columns, at_ns, bar_s, horizon_bars, leader)
    return columns, hours, hour_of


def _remember(
    columns: Columns, at_ns: Times, bar_s: float, horizon_bars: int, leader: int | None
) -> tuple[Columns, Times]:
    """Runs what has a memory over the bars, adding its columns; the hours, and the newest hour at each time."""
    width, times = columns["c"].shape
    columns |= Memory(width, bar_s, horizon_bars).run(at_ns, 0, columns)
    # A factor of 1 where nothing was ever seen is no value yet: before anybody's first bar a stream says nothing.
    begun = np.logical_or.accumulate(np.isfinite(columns["c"]).any(axis=0))
    columns["seas"] = np.where(begun, columns["seas"], np.nan)
    hours = Hours(width, bar_s, leader)
    rows: list[Columns] = []
    hour_of = np.empty(times, dtype=np.int64)
    before_ns = 0
    for t, close_ns in enumerate(at_ns.tolist()):
        hour = hours.step(close_ns, before_ns, columns["c"][:, t], columns["r"][:, t])
        if hour is not None:
            rows.append(hour)
        hour_of[t] = len(rows) - 1
        before_ns = close_ns
    return {name: np.array([row[name] for row in rows]).reshape(-1, width).T for name in HOUR_COLUMNS}, hour_of


def _evaluate(feature: Feature, columns: Columns, values: Columns, bar_s: float, reduced: Reduced) -> Floats:
    """The kernel at every row of its columns from the first warm one on; nothing where a source is absent."""
    warm = 0 if feature.rows_min else feature.warmup - 1
    inputs = [columns[name] for name in feature.inputs]
    deps = [values[name] for name in feature.deps]
    width, times = (inputs or deps)[0].shape
    out = np.full((width, times), np.nan)
    if any(np.isnan(column).all() for column in inputs):
        return out
    rows = feature.rows(bar_s)
    if feature.reduce is not None:
        key = feature.reduce, feature.inputs, rows
        if key not in reduced:
            reduced[key] = _reduce(feature.reduce, inputs, rows)
        late = {name: dep[:, warm:] for name, dep in zip(feature.deps, deps, strict=True)}
        out[:, warm:] = feature.finish((each[:, warm:] for each in reduced[key]), late)
        return out
    for here, views in _windows(inputs, warm, (width, times), rows):
        out[:, here] = feature(views, {n: d[:, here] for n, d in zip(feature.deps, deps, strict=True)})
    return out


def _reduce(reduce: Reduce, inputs: list[Floats], rows: int) -> tuple[Floats, ...]:
    """What a reduction says at every row."""
    shape = inputs[0].shape
    said = [(here, reduce(*views)) for here, views in _windows(inputs, 0, shape, rows)]
    answers = tuple(np.empty(shape) for _ in said[0][1])
    for here, parts in said:
        for answer, part in zip(answers, parts, strict=True):
            answer[:, here] = part
    return answers


def _windows(
    inputs: list[Floats], first: int, shape: tuple[int, int], rows: int
) -> Iterator[tuple[slice, list[Floats]]]:
    """Stretches of time with the windows (width, times, rows) of every input at each of them."""
    width, times = shape
    padded = [np.concatenate([np.full((width, rows - 1), np.nan), column], axis=1) for column in inputs]
    for here in _chunks(width, first, times, rows):
        yield here, [sliding_window_view(p[:, here.start : here.stop + rows - 1], rows, axis=1) for p in padded]


def _on_slots(feature: Feature, raw: Mapping[str, Floats], at_ns: Times) -> Floats:
    """The kernel at every time: complete slots behind, the value of that time last."""
    past = feature.window - 1
    width, times = next(iter(raw.values())).shape
    out = np.full((width, times), np.nan)
    if any(np.isnan(raw[name]).all() for name in feature.inputs):
        return out
    series = []
    for name in feature.inputs:
        rows, index = slot_rows(feature.grid, at_ns, raw[name])
        walled = np.concatenate([np.full((width, past), np.nan), rows], axis=1)
        series.append((sliding_window_view(walled, feature.window, axis=1), index, raw[name]))
    for here in _chunks(width, 0, times, feature.window):
        windows = []
        for views, index, now in series:
            window = views[:, index[here]].copy()
            window[..., -1] = now[:, here]
            windows.append(window)
        out[:, here] = feature(windows, {})
    return out


def _chunks(width: int, first: int, times: int, window: int) -> Iterator[slice]:
    step = max(1, min(CHUNK_TIMES, CHUNK_VALUES // (width * window)))
    return (slice(start, min(start + step, times)) for start in range(first, times, step))
