"""The feature pipeline: rows in, the whole cross-section of features out, through the kernels of the registry.

A stream (`FeaturePipeline`) and a history (`batch`) run the same kernels on the same columns, so that what a model
was trained on is what it is served. Law: they agree to 1e-10, and a value never depends on a later row.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from quant.features import bars, book
from quant.features.bars import BAR_FEATURES
from quant.features.book import BOOK_FEATURES
from quant.features.registry import Feature, Registry
from quant.rolling import Floats, Ring

REGISTRY = Registry((*BAR_FEATURES, *BOOK_FEATURES))
COLUMNS = {"bar": bars.COLUMNS, "book": book.COLUMNS}


class PipelineState(NamedTuple):
    """Everything a `FeaturePipeline` remembers. Ring rows are in time order, shape (n_instruments, window)."""

    schema_hash: str
    rings: Mapping[str, tuple[Floats, int]]
    close: Floats
    stale_bars: NDArray[np.int64]
    carried: NDArray[np.int64]


class FeaturePipeline:
    """Keeps every feature of `REGISTRY` current for `n_instruments`.

    A bar without a close carries the last close (no range, no volume) for at most `bars.CARRY_BARS_MAX` bars and
    counts it in `carried`; after that the instrument is absent until it is quoted again. Prices that are not positive
    and finite, and rows of another width, raise ValueError naming the column, before anything has changed.
    """

    def __init__(self, n_instruments: int) -> None:
        self.n_instruments = n_instruments
        self.names = REGISTRY.names
        self.schema_hash = REGISTRY.schema_hash
        self.carried = np.zeros(n_instruments, dtype=np.int64)
        self._stale_bars = np.zeros(n_instruments, dtype=np.int64)
        self._close = np.full(n_instruments, np.nan)
        self._rings = {
            name: Ring(n_instruments, window_of(name, source)) for source, names in COLUMNS.items() for name in names
        }
        self._values = np.full((len(REGISTRY), n_instruments), np.nan)
        self._due = {"bar": False, "book": False}

    def push_bar(self, open_: Floats, high: Floats, low: Floats, close: Floats, volume: Floats) -> None:
        """One closed bar of every instrument, each of shape (n_instruments,); NaN close = not quoted in this bar."""
        prices = {"open": open_, "high": high, "low": low, "close": close}
        self._check_shapes(prices | {"volume": volume})
        for name, row in prices.items():
            _check_prices(name, row)
        before = self._close
        bar = bars.carry(high, low, close, volume, before, self._stale_bars)
        self._close, self._stale_bars = bar.close, bar.stale_bars
        self.carried += bar.carried
        for name, row in zip(bars.COLUMNS, bars.columns(bar.high, bar.low, bar.close, bar.volume, before), strict=True):
            self._rings[name].push(row)
        self._due["bar"] = True

    def push_history(self, open_: Floats, high: Floats, low: Floats, close: Floats, volume: Floats) -> None:
        """Closed bars, oldest first, each of shape (bars, n_instruments); the same as pushing them one by one."""
        for row in zip(open_, high, low, close, volume, strict=True):
            self.push_bar(*row)

    def push_book(
        self,
        spread_bps: Floats,
        imb_l1: Floats,
        imb_l5: Floats,
        micro_bps: Floats,
        ofi: Floats,
        depth: Floats,
        updates: Floats,
    ) -> None:
        """One row of the order books, each of shape (n_instruments,); units as in `quant.features.book`."""
        columns = (spread_bps, imb_l1, imb_l5, micro_bps, ofi, depth, updates)
        rows = dict(zip(book.COLUMNS, columns, strict=True))
        self._check_shapes(rows)
        for name, row in rows.items():
            self._rings[name].push(row)
        self._due["book"] = True

    def values(self) -> Floats:
        """Every feature now, shape (n_features, n_instruments) in the order of `names`; NaN while cold. A copy."""
        values: dict[str, Floats] = {}
        with np.errstate(invalid="ignore", divide="ignore"):
            for row, feature in enumerate(REGISTRY):
                if self._due[feature.source]:
                    windows = {name: self._rings[name].view(feature.window) for name in feature.inputs}
                    self._values[row] = feature(windows, values)
                values[feature.name] = self._values[row]
        self._due = {"bar": False, "book": False}
        return self._values.copy()

    def cold(self) -> tuple[tuple[str, ...], ...]:
        """For each instrument the names of the features that have no value now."""
        missing = np.isnan(self.values())
        names = np.array(self.names)
        return tuple(tuple(names[column].tolist()) for column in missing.T)

    def _check_shapes(self, rows: Mapping[str, Floats]) -> None:
        for name, row in rows.items():
            if row.shape != (self.n_instruments,):
                raise ValueError(f"{name} has shape {row.shape}, expected ({self.n_instruments},)")

    def state(self) -> PipelineState:
        """Everything remembered, as copies."""
        rings = {name: ring.state() for name, ring in self._rings.items()}
        return PipelineState(self.schema_hash, rings, self._close.copy(), self._stale_bars.copy(), self.carried.copy())

    def load(self, state: PipelineState) -> None:
        """Become the pipeline that said `state`; a state of other features raises ValueError."""
        if state.schema_hash != self.schema_hash:
            raise ValueError(f"state of feature schema {state.schema_hash}, expected {self.schema_hash}")
        for name, ring in self._rings.items():
            ring.load(state.rings[name])
        self._close = state.close.copy()
        self._stale_bars = state.stale_bars.copy()
        self.carried = state.carried.copy()
        self._due = {"bar": True, "book": True}


def window_of(column: str, source: str) -> int:
    """The longest window any feature takes of a column."""
    windows = [feature.window for feature in REGISTRY if feature.source == source and column in feature.inputs]
    return max(windows, default=1)


def bar_columns(high: Floats, low: Floats, close: Floats, volume: Floats) -> dict[str, Floats]:
    """The columns of a history of bars (n_instruments, times), rule R4 applied, as the stream would have them."""
    before = np.full(close.shape[0], np.nan)
    stale = np.zeros(close.shape[0], dtype=np.int64)
    columns = [np.empty(close.shape) for _ in bars.COLUMNS]
    for t in range(close.shape[1]):
        bar = bars.carry(high[:, t], low[:, t], close[:, t], volume[:, t], before, stale)
        rows = bars.columns(bar.high, bar.low, bar.close, bar.volume, before)
        for column, row in zip(columns, rows, strict=True):
            column[:, t] = row
        before, stale = bar.close, bar.stale_bars
    return dict(zip(bars.COLUMNS, columns, strict=True))


def batch(columns: Mapping[str, Floats], features: Registry = REGISTRY) -> dict[str, Floats]:
    """Every feature at every time of a history of columns (n_instruments, times): arrays of the same shape.

    Features whose inputs are not all among `columns` are left out. Rows before the first count as absent.
    """
    values: dict[str, Floats] = {}
    with np.errstate(invalid="ignore", divide="ignore"):
        for feature in features:
            if all(name in columns for name in feature.inputs) and all(dep in values for dep in feature.deps):
                windows = {name: _windows(columns[name], feature) for name in feature.inputs}
                values[feature.name] = feature(windows, values)
    return values


def _windows(column: Floats, feature: Feature) -> Floats:
    wall = np.full((column.shape[0], feature.window - 1), np.nan)
    return sliding_window_view(np.concatenate([wall, column], axis=1), feature.window, axis=1)


def _check_prices(name: str, row: Floats) -> None:
    wrong = ~np.isnan(row) & ~((row > 0.0) & (row < np.inf))
    if wrong.any():
        at = int(np.argmax(wrong))
        raise ValueError(f"{name} of instrument {at} is {row[at]}, expected a positive finite price or NaN")
