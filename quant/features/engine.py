"""The feature pipeline: rows in, the whole cross-section of features out, through the kernels of the registry.

A stream (`FeaturePipeline`) and a history (`quant.features.history.batch`) run the same steps and the same kernels, so
that what a model was trained on is what it is served. Law: they agree to 1e-10 (of very quiet prices far from one,
`ema_gap` and `vwap_gap_60` to 1e-8), and a value never depends on what was pushed later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.features import bars, book, context, perp
from quant.features.bar_rows import BarRows
from quant.features.bars import LRV_BARS, check_prices, known
from quant.features.book import BOOK
from quant.features.calendar import CALENDAR
from quant.features.context import CONTEXT
from quant.features.cross_section import CROSS_SECTION
from quant.features.grids import HOUR_S, SLOTS_S, Slots
from quant.features.perp import PERP
from quant.features.registry import Feature, Reduction, Registry
from quant.features.reversion import REVERSION
from quant.features.trend import TREND
from quant.features.variance import VARIANCE
from quant.features.volume import VOLUME
from quant.rolling import Floats, Ring

REGISTRY = Registry((*TREND, *REVERSION, *VARIANCE, *VOLUME, *BOOK, *PERP, *CROSS_SECTION, *CALENDAR, *CONTEXT))
TRADE_COLUMNS = tuple(feature.name for feature in VOLUME if feature.grid == "trade")
SOURCES = {
    "bar": bars.RAW,
    "trade": TRADE_COLUMNS,
    "book": book.COLUMNS,
    "perp": perp.COLUMNS,
    "context": context.COLUMNS,
}
"""Raw columns of each source, as `push` takes them."""
EXPECTED = ("close", "spread_bps", "imb_l1", "imb_l5", "micro_bps", "ofi_10s", "depth", "updates")
"""Raw columns every daemon has; any other that was never known is an absent source, and nobody waits for it."""
WAITED = (*EXPECTED, "open", "high", "low", "volume")
"""Raw columns that readiness waits for once they have been seen: history brings them."""
READY_BARS = 300


class Step(NamedTuple):
    """One feature to be computed: where its value goes, the values it depends on, and what it looks at."""

    feature: Feature
    value: Floats
    deps: tuple[Floats, ...]
    rings: tuple[Ring, ...]
    rows: int
    reduction: Reduction | None


class PipelineState(NamedTuple):
    """Everything a `FeaturePipeline` remembers: `columns` have instruments on the first axis (NaN makes a new one),
    `shared` have none. Rows of rings are in time order.
    """

    schema_hash: str
    columns: Mapping[str, Floats]
    shared: Mapping[str, Floats]
    counts: Mapping[str, int]


class FeaturePipeline:
    """Keeps every feature of `REGISTRY` current for `width` instruments.

    `bar_s` is the length of a bar, `horizon_bars` the horizon of `har_pred_h`, `seas_hw` and `s_ref`, `leader` the
    column of the reference instrument (the first on BTC), None for the mean of the market. A bar without a close
    carries the last close (no range, no volume) for at most `bars.CARRY_BARS_MAX` bars and counts it in `carried`;
    after that the instrument is absent until it is quoted again. An infinite value counts as absent; unknown sources
    and columns, prices that are not positive, and rows of another width raise ValueError naming the column, before
    anything has changed.
    """

    def __init__(self, width: int, *, bar_s: float, horizon_bars: int, leader: int | None = None) -> None:
        if not bar_s > 0.0 or horizon_bars < 1:
            raise ValueError(f"bars of {bar_s} s, horizon of {horizon_bars} bars, expected both above 0")
        if leader is not None and not 0 <= leader < width:
            raise ValueError(f"leader is column {leader} of {width}")
        self.width, self.bar_s, self.horizon_bars, self.leader = width, bar_s, horizon_bars, leader
        self.names = REGISTRY.names
        self.schema_hash = REGISTRY.schema_hash
        self._rows = {feature.name: feature.rows(bar_s) for feature in REGISTRY}
        self._counts = dict.fromkeys(raw_columns(), 0)
        self._clock = np.full((1, 1), np.nan)
        windows = {grid: self._windows(grid) for grid in ("bar", "hour", "trade", "book", *SLOTS_S)}
        self._bars = BarRows(width, bar_s, horizon_bars, leader, windows, self._reductions())
        self._slots = {grid: Slots(grid, width, windows[grid]) for grid in SLOTS_S}
        self._rings = self._bars.rings | {grid: slots.rings for grid, slots in self._slots.items()}
        for grid in ("trade", "book"):
            self._rings[grid] = {name: Ring(width, rows) for name, rows in windows[grid].items()}
        self._values = np.full((len(REGISTRY), width), np.nan)
        self._plans: dict[tuple[str, ...], tuple[Step, ...]] = {}
        self._due = dict.fromkeys(("clock", *self._rings), False)
        self._waiting: tuple[int, tuple[Feature, ...]] | None = None

    def _windows(self, grid: str) -> dict[str, int]:
        """The longest window any feature takes of each column of the grid."""
        windows: dict[str, int] = dict.fromkeys(("r",), LRV_BARS) if grid == "bar" else {}
        for feature in REGISTRY:
            if feature.grid == grid:
                for name in feature.inputs:
                    windows[name] = max(windows.get(name, 1), self._rows[feature.name])
        return windows

    def _reductions(self) -> Iterator[Reduction]:
        """What the features on bars reduce, each once."""
        for feature in REGISTRY:
            if feature.reduce is not None and feature.grid == "bar":
                yield feature.reduce, feature.inputs, self._rows[feature.name]

    def push(self, source: str, at_ns: int, rows: Mapping[str, Floats]) -> None:
        """What a source knows at `at_ns` (for "bar": a bar that closed then), columns of shape (width,), NaN = unknown.

        A column that is not given counts as unknown.
        """
        table = self._checked(source, rows)
        checked = dict(zip(SOURCES[source], table, strict=True))
        absent: list[bool] = np.asarray(np.isnan(table).all(axis=1)).tolist()
        for name, nothing in zip(checked, absent, strict=True):
            if not nothing:
                self._counts[name] += 1
                if self._counts[name] == 1:
                    self._forget_plans()
        with np.errstate(invalid="ignore", divide="ignore"):
            if source == "bar":
                self._due["hour"] |= self._bars.push(at_ns, checked)
                self._due["bar"] = True
            elif source in self._rings:
                # Until something of the source is known its rows are what lies behind the first one: nothing.
                if any(self._counts[name] for name in checked):
                    self._push_rings(source, book.prepared(checked) if source == "book" else checked)
                self._due[source] = True
            else:
                for grid in self._slots:
                    if grid.startswith(source):
                        self._slots[grid].push(at_ns, checked)
                        self._due[grid] = True
        self._clock[:] = at_ns / 1e9
        self._due["clock"] = True

    def _forget_plans(self) -> None:
        """A source may have come: other features can be computed, and others are worth waiting for."""
        self._plans, self._waiting = {}, None

    def _checked(self, source: str, rows: Mapping[str, Floats]) -> Floats:
        """The columns of the source in their order, (columns, width); what is not finite is not known."""
        if source not in SOURCES:
            raise ValueError(f"source {source!r}, expected one of {', '.join(SOURCES)}")
        if unknown := [name for name in rows if name not in SOURCES[source]]:
            raise ValueError(f"column {unknown[0]!r} of source {source}, expected some of {', '.join(SOURCES[source])}")
        for name, row in rows.items():
            if row.shape != (self.width,):
                raise ValueError(f"{name} has shape {row.shape}, expected ({self.width},)")
        table = np.full((len(SOURCES[source]), self.width), np.nan)
        for place, name in enumerate(SOURCES[source]):
            if name in rows:
                table[place] = rows[name]
        if source == "bar":
            check_prices(bars.PRICES, table[: len(bars.PRICES)])
        return known(table)

    def push_bars(self, close_ns: NDArray[np.int64], rows: Mapping[str, Floats]) -> None:
        """Bars that closed one after the other, columns of shape (width, bars): as pushed one by one, to rounding."""
        table = self._table(rows, len(close_ns))
        for name, column in table.items():
            self._counts[name] += int((~np.isnan(column)).any(axis=0).sum())
        with np.errstate(invalid="ignore", divide="ignore"):
            self._due["hour"] |= self._bars.push_many(close_ns, table)
        self._clock[:] = close_ns[-1] / 1e9
        self._due["bar"] = self._due["clock"] = True
        self._forget_plans()

    def _table(self, rows: Mapping[str, Floats], count: int) -> dict[str, Floats]:
        """Raw columns of bars, (width, count); raises ValueError as `push` does."""
        for name, column in rows.items():
            if column.shape != (self.width, count):
                raise ValueError(f"{name} has shape {column.shape}, expected ({self.width}, {count})")
            if name in bars.PRICES:
                check_prices((name,) * count, column.T)
        absent = np.full((self.width, count), np.nan)
        return {name: known(rows[name]) if name in rows else absent for name in bars.RAW}

    def _push_rings(self, grid: str, rows: Mapping[str, Floats]) -> None:
        for name, row in rows.items():
            if name in self._rings[grid]:
                self._rings[grid][name].push(row)

    def values(self) -> Floats:
        """Every feature now, shape (n_features, width) in the order of `names`; NaN while cold. A copy."""
        return self.current().copy()

    def current(self) -> Floats:
        """The same, not copied: it is written over by the next evaluation."""
        self._evaluate()
        return self._values

    def _evaluate(self) -> None:
        """Bring the values of the features of every grid that was pushed up to date."""
        due = tuple(grid for grid, is_due in self._due.items() if is_due)
        if due not in self._plans:
            self._plans[due] = tuple(self._step(each) for each in REGISTRY if each.grid in due and self._is_fed(each))
        reduced: dict[Reduction, tuple[Floats, ...]] = {}
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            for step in self._plans[due]:
                feature = step.feature
                step.value[:] = feature.kernel(*self._looked(step, reduced), *step.deps, **feature.named_params)
        self._due = dict.fromkeys(self._due, False)

    def _step(self, feature: Feature) -> Step:
        rows, values = self._rows[feature.name], dict(zip(self.names, self._values, strict=True))
        rings = () if feature.grid == "clock" else tuple(self._rings[feature.grid][name] for name in feature.inputs)
        reduction = None if feature.reduce is None else (feature.reduce, feature.inputs, rows)
        return Step(feature, values[feature.name], tuple(values[name] for name in feature.deps), rings, rows, reduction)

    def _is_fed(self, feature: Feature) -> bool:
        """Whether every source of the feature was ever known."""
        return all(self._counts[raw] for raw in self._raw_inputs(feature))

    def _looked(self, step: Step, known: dict[Reduction, tuple[Floats, ...]]) -> Sequence[Floats]:
        """The windows of a feature, or what its reduction says of them, from `known` where it was asked before."""
        reduction = step.reduction
        if reduction is not None and reduction in known:
            return known[reduction]
        on_clock = step.feature.grid == "clock"
        windows = [self._clock] if on_clock else [ring.view(step.rows) for ring in step.rings]
        if reduction is None:
            return windows
        on_bars = step.feature.grid == "bar"
        known[reduction] = self._bars.reduced(reduction, windows) if on_bars else reduction[0](*windows)
        return known[reduction]

    @property
    def bars(self) -> int:
        """How many bars were pushed."""
        return self._rings["bar"]["c"].rows

    @property
    def carried(self) -> Floats:
        """How many bars of each instrument had no close and carried the last one."""
        return self._bars.last["carried"].copy()

    def absent_sources(self) -> tuple[str, ...]:
        """The raw columns that were never known and that not every daemon has."""
        return tuple(name for name in raw_columns() if not self._counts[name] and name not in EXPECTED)

    def cold(self, ready_bars: int = READY_BARS) -> tuple[str, ...]:
        """Features that nobody has a value of yet and that are worth waiting for.

        Only columns of `WAITED` are waited for, once they were seen; not what a single instrument cannot have, nor
        warm-ups longer than `ready_bars` bars. A feature whose rows have come and which has no value all the same (a
        market that stands still) is not cold.
        """
        self._evaluate()
        return tuple(
            feature.name
            for feature in self._waited(ready_bars)
            if np.isnan(self._values[REGISTRY.index[feature.name]]).all()
        )

    def _waited(self, ready_bars: int) -> tuple[Feature, ...]:
        """The features worth waiting for whose rows have not come yet; begun anew only when a source has come."""
        if self._waiting is None or self._waiting[0] != ready_bars:
            absent = self.absent_sources()
            idle: set[str] = set()
            for feature in REGISTRY:
                if self._is_idle(feature, absent, ready_bars) or idle.intersection(feature.deps):
                    idle.add(feature.name)
            self._waiting = ready_bars, tuple(feature for feature in REGISTRY if feature.name not in idle)
        waited = self._waiting[1]
        self._waiting = ready_bars, tuple(f for f in waited if self._pushed(f) < f.rows(self.bar_s, f.warmup))
        return self._waiting[1]

    def _is_idle(self, feature: Feature, absent: tuple[str, ...], ready_bars: int) -> bool:
        warmup = feature.rows(self.bar_s, feature.warmup)
        bars_each = max(1.0, HOUR_S / self.bar_s) if feature.grid == "hour" else 1.0
        return (
            any(raw in absent or raw not in WAITED for raw in self._raw_inputs(feature))
            or (feature.cross and self.width < 2)
            or (feature.grid in ("bar", "hour") and warmup * bars_each > ready_bars)
        )

    def _pushed(self, feature: Feature) -> int:
        """Rows of the feature's grid in which something was known."""
        if feature.grid == "hour":
            return self._rings["hour"]["c"].rows
        return min(self._counts[name] for name in self._raw_inputs(feature) or ["close"])

    def _raw_inputs(self, feature: Feature) -> list[str]:
        return [] if feature.grid == "clock" else [raw_of(feature.grid, name) for name in feature.inputs]

    def state(self) -> PipelineState:
        """Everything remembered, as copies."""
        columns, shared = self._arrays()
        copies = {name: array.copy() for name, array in columns.items()}
        copies |= {f"ring.{grid}.{name}": ring.state()[0] for grid, name, ring in self._each_ring()}
        counts = self._counts | {"close_ns": self._bars.close_ns}
        counts |= {f"slot.{grid}": slots.slot for grid, slots in self._slots.items()}
        counts |= {f"ring.{grid}.{name}": ring.rows for grid, name, ring in self._each_ring()}
        return PipelineState(self.schema_hash, copies, {name: array.copy() for name, array in shared.items()}, counts)

    def load(self, state: PipelineState) -> None:
        """Become the pipeline that said `state`; a state of other features raises ValueError.

        An instrument whose columns are all NaN starts empty.
        """
        if state.schema_hash != self.schema_hash:
            raise ValueError(f"state of feature schema {state.schema_hash}, expected {self.schema_hash}")
        columns, shared = self._arrays()
        fresh = FeaturePipeline(self.width, bar_s=self.bar_s, horizon_bars=self.horizon_bars)._arrays()[0]
        for name, array in columns.items():
            array[:] = np.where(np.isnan(state.columns[name]), fresh[name], state.columns[name])
        for name, array in shared.items():
            array[:] = state.shared[name]
        for grid, name, ring in self._each_ring():
            ring.load((state.columns[f"ring.{grid}.{name}"], state.counts[f"ring.{grid}.{name}"]))
        for grid, slots in self._slots.items():
            slots.slot = state.counts[f"slot.{grid}"]
        self._bars.rebuild()
        self._bars.close_ns = state.counts["close_ns"]
        self._counts = {name: state.counts[name] for name in self._counts}
        self._forget_plans()
        self._due = dict.fromkeys(self._due, True)

    def _arrays(self) -> tuple[dict[str, Floats], dict[str, Floats]]:
        """The live arrays outside the rings, those by instrument and those shared by all."""
        columns, shared = self._bars.arrays()
        shared["clock"] = self._clock
        return columns, shared

    def _each_ring(self) -> Iterator[tuple[str, str, Ring]]:
        for grid, rings in self._rings.items():
            for name, ring in rings.items():
                yield grid, name, ring


def raw_columns() -> tuple[str, ...]:
    return tuple(name for names in SOURCES.values() for name in names)


def raw_of(grid: str, column: str) -> str:
    """The raw column that decides whether a column can be known at all."""
    return bars.RAW_OF.get(column, "close") if grid in ("bar", "hour") else book.RAW_OF.get(column, column)
