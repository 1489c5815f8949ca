"""The feature engine answers every book frame with all features of that instant, computed once for everyone.

History warms it up before the first beat. Bars are taken once and in order, whether they come as history or as they
close; a hole between two of them is filled with absent bars, so that sixty bars back is always an hour ago.
"""

import math
from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec
import numpy as np

from actors.alignment import moved_array, moves
from actors.memory import NOTHING, StatefulActor
from actors.settings import more_than_zero, within
from contracts.belief import FeatureFrame
from contracts.column import Column, floats
from contracts.context import ContextFrame
from contracts.envelope import Envelope
from contracts.instrument import Universe
from contracts.market import (
    BarFrame,
    BarHistory,
    BookFrame,
    MarkFrame,
    PerpFrame,
    TradeFrame,
    UniverseChanged,
)
from contracts.quantities import Nanos, Seconds, nanos
from quant.features.engine import SOURCES, FeaturePipeline, PipelineState
from quant.rolling import Floats

LEADER = "BTC"
"""Base of the instrument that the cross-section is measured against."""


BAR_COLUMNS = {name: name for name in ("open", "high", "low", "close", "volume", "trades")}
TRADE_COLUMNS = {name: name for name in SOURCES["trade"]}
PERP_COLUMNS = {name: name for name in SOURCES["perp"]}
CONTEXT_COLUMNS = {name: name for name in SOURCES["context"]}
BOOK_COLUMNS = {name: name for name in SOURCES["book"]} | {
    "imb_l1": "imbalance_l1",
    "imb_l5": "imbalance_l5",
    "imb_l20": "imbalance_l20",
    "ofi_10s": "ofi",
}
"""Columns of the pipeline -> columns of the message they come from."""


class FeatureEngineSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the features are defined on.

    `bar_s` is the length of a bar, `horizon_bars` how far `har_pred_h`, `seas_hw` and `s_ref` look. A hole between bars
    is filled with absent ones, `hole_bars_max` at most; 0 is for markets with sessions: time in which the market is
    closed does not count. Readiness waits for features that are warm after `ready_bars` bars.

    Raises:
        ValueError: a bar length, horizon or warm-up that is not positive, or a negative hole.
    """

    bar_s: Seconds = 60.0
    horizon_bars: int = 30
    hole_bars_max: int = 240
    ready_bars: int = 300

    def __post_init__(self) -> None:
        owner = "feature engine"
        more_than_zero(owner, bar_s=self.bar_s, horizon_bars=self.horizon_bars, ready_bars=self.ready_bars)
        within(owner, 0, math.inf, hole_bars_max=self.hole_bars_max)


class Remembered(msgspec.Struct, frozen=True):
    """A feature pipeline as it goes into a snapshot: columns by instrument, columns of all, counts."""

    schema: str
    columns: dict[str, Column]
    shared: dict[str, Column]
    counts: dict[str, int]


class FeatureEngineState(msgspec.Struct, kw_only=True):
    """The end of the last bar, the messages used last, bars that came too late; `pipeline` in snapshots only."""

    universe: Universe | None = None
    pipeline: Remembered | None = None
    close_ns: Nanos = 0
    mark_seq: int = 0
    bar_seq: int = 0
    trade_seq: int = 0
    perp_seq: int = 0
    context_seq: int = 0
    old_bars: int = 0


class FeatureEngine(StatefulActor[FeatureEngineState]):
    """Frames of the market in, one frame of features out; `cold` names the features no instrument has yet."""

    role = "feature_engine"
    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = (
        UniverseChanged,
        BarHistory,
        MarkFrame,
        BarFrame,
        TradeFrame,
        PerpFrame,
        ContextFrame,
        BookFrame,
    )
    kept = FeatureEngineState

    def __init__(self, settings: FeatureEngineSettings) -> None:
        self._settings = settings
        self._bar_ns = nanos(settings.bar_s)
        self.start(FeatureEngineState())

    def derive(self) -> None:
        state = self.state
        self._pipeline = self._a_pipeline(state.universe) if state.universe else None
        if self._pipeline is not None and state.pipeline is not None:
            self._pipeline.load(_recalled(state.pipeline))
        state.pipeline = None

    def snapshot(self) -> FeatureEngineState:
        copy = super().snapshot()
        copy.pipeline = None if self._pipeline is None else _remembered(self._pipeline.state())
        return copy

    def receive(self, envelope: Envelope[Any]) -> Iterable[msgspec.Struct]:
        said = envelope.payload
        if isinstance(said, UniverseChanged):
            self._on_universe(said.universe)
            return NOTHING
        pipeline, universe = self._pipeline, self.state.universe
        if pipeline is None or universe is None:
            return NOTHING
        assert said.universe == universe.version, f"a frame of universe {said.universe}, expected {universe.version}"
        if isinstance(said, MarkFrame):
            self.state.mark_seq = envelope.seq
        elif isinstance(said, BarFrame):
            self._on_bar(pipeline, said, envelope.seq)
        elif isinstance(said, BarHistory):
            self._on_history(pipeline, said, envelope.seq)
        elif isinstance(said, BookFrame):
            return (self._answer(pipeline, said, envelope.at_ns, envelope.seq),)
        else:
            self._on_source(pipeline, said, envelope.at_ns, envelope.seq)
        return NOTHING

    def _on_source(
        self, pipeline: FeaturePipeline, said: TradeFrame | PerpFrame | ContextFrame, at_ns: Nanos, seq: int
    ) -> None:
        if isinstance(said, TradeFrame):
            pipeline.push("trade", at_ns, _columns(said, TRADE_COLUMNS))
            self.state.trade_seq = seq
        elif isinstance(said, PerpFrame):
            pipeline.push("perp", at_ns, _columns(said, PERP_COLUMNS))
            self.state.perp_seq = seq
        else:
            pipeline.push("context", at_ns, _columns(said, CONTEXT_COLUMNS))
            self.state.context_seq = seq

    def _a_pipeline(self, universe: Universe) -> FeaturePipeline:
        settings = self._settings
        leaders = (column for column, each in enumerate(universe.instruments) if each.base == LEADER)
        return FeaturePipeline(
            len(universe), bar_s=settings.bar_s, horizon_bars=settings.horizon_bars, leader=next(leaders, None)
        )

    def _on_bar(self, pipeline: FeaturePipeline, bar: BarFrame, seq: int) -> None:
        assert bar.bar_s == self._settings.bar_s, f"a bar of {bar.bar_s} s, expected {self._settings.bar_s} s"
        self._push(pipeline, bar.close_ns, _columns(bar, BAR_COLUMNS))
        self.state.bar_seq = seq

    def _on_history(self, pipeline: FeaturePipeline, history: BarHistory, seq: int) -> None:
        bar_s = self._settings.bar_s
        assert history.bar_s == bar_s, f"a history of {history.bar_s} s bars, expected {bar_s} s"
        stamps: list[Nanos] = []
        places: list[int] = []
        for row, close_ns in enumerate(history.close_ns.values.tolist()):
            told = self._told(close_ns)
            stamps += told
            places += [-1] * (len(told) - 1) + [row] if told else []
        if stamps:
            at, absent = np.array(places), np.array(places) < 0
            tables = _columns(history, BAR_COLUMNS)
            pipeline.push_bars(
                np.array(stamps), {name: np.where(absent, np.nan, table[at].T) for name, table in tables.items()}
            )
        self.state.bar_seq = seq

    def _push(self, pipeline: FeaturePipeline, close_ns: Nanos, rows: dict[str, Floats]) -> None:
        *absent, end = self._told(close_ns) or (None,)
        for absent_ns in absent:
            pipeline.push("bar", absent_ns, {})
        if end is not None:
            pipeline.push("bar", end, rows)

    def _told(self, close_ns: Nanos) -> list[Nanos]:
        """The ends of the absent bars before this one and its own; none where it is old."""
        state = self.state
        if close_ns <= state.close_ns:
            state.old_bars += 1
            return []
        missing = max(0, (close_ns - state.close_ns) // self._bar_ns - 1) if state.close_ns else 0
        state.close_ns = close_ns
        return [close_ns - back * self._bar_ns for back in range(min(missing, self._settings.hole_bars_max), -1, -1)]

    def _answer(self, pipeline: FeaturePipeline, book: BookFrame, at_ns: Nanos, seq: int) -> FeatureFrame:
        pipeline.push("book", at_ns, _columns(book, BOOK_COLUMNS))
        state = self.state
        used = (state.mark_seq, state.bar_seq, state.trade_seq, state.perp_seq, state.context_seq, seq)
        return FeatureFrame(
            universe=book.universe,
            schema=pipeline.schema_hash,
            values=floats(pipeline.current()),
            cold=pipeline.cold(self._settings.ready_bars),
            based_on=tuple(each for each in used if each),
        )

    def _on_universe(self, universe: Universe) -> None:
        state = self.state
        if self._pipeline is not None:
            to = moves(state.universe, universe)
            remembered = _remembered(self._pipeline.state())
            state.pipeline = msgspec.structs.replace(
                remembered,
                columns={
                    name: floats(moved_array(column.values, to, np.nan, axis=0))
                    for name, column in remembered.columns.items()
                },
            )
        state.universe = universe
        self.derive()

    def check(self) -> None:
        universe, pipeline = self.state.universe, self._pipeline
        assert (universe is None) == (pipeline is None), "a pipeline exists exactly when a universe is known"
        assert universe is None or pipeline is None or pipeline.width == len(universe), "pipeline width differs"


def _columns(message: msgspec.Struct, table: dict[str, str]) -> dict[str, Floats]:
    """The columns of the pipeline that the message has; a column without rows was not said."""
    said = {name: getattr(message, column, None) for name, column in table.items()}
    return {name: column.values for name, column in said.items() if column is not None and len(column)}


def _remembered(state: PipelineState) -> Remembered:
    return Remembered(
        schema=state.schema_hash,
        columns={name: floats(rows) for name, rows in state.columns.items()},
        shared={name: floats(rows) for name, rows in state.shared.items()},
        counts=dict(state.counts),
    )


def _recalled(kept: Remembered) -> PipelineState:
    return PipelineState(
        kept.schema,
        {name: column.values for name, column in kept.columns.items()},
        {name: column.values for name, column in kept.shared.items()},
        kept.counts,
    )
