"""The feature engine answers every book frame with all features of that instant, computed once for everyone.

History warms it up before the first beat. Bars are taken once and in order, whether they come as history or as they
close; a hole between two of them is filled with absent bars, so that sixty bars back is always an hour ago.
"""

from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec
import numpy as np

from actors.alignment import moved_array, moves
from actors.memory import NOTHING, StatefulActor
from actors.settings import more_than_zero
from contracts.belief import FeatureFrame
from contracts.column import Column, floats, integers
from contracts.envelope import Envelope
from contracts.instrument import Universe
from contracts.market import BarFrame, BarHistory, BookFrame, MarkFrame, UniverseChanged
from contracts.quantities import Nanos, Seconds, nanos
from quant.features.engine import FeaturePipeline, PipelineState


class FeatureEngineSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The bar length the features are defined on, and how long a hole is filled: no window looks further back.

    Raises:
        ValueError: a bar length or a hole that is not positive.
    """

    bar_s: Seconds = 60.0
    hole_bars_max: int = 240

    def __post_init__(self) -> None:
        more_than_zero("feature engine", bar_s=self.bar_s, hole_bars_max=self.hole_bars_max)


class Window(msgspec.Struct, frozen=True):
    """The rows one column of the pipeline remembers, (instruments, window), and how many it ever had."""

    rows: Column
    count: int


class Remembered(msgspec.Struct, frozen=True):
    """A feature pipeline as it goes into a snapshot."""

    schema: str
    windows: dict[str, Window]
    close: Column
    stale_bars: Column
    carried: Column


class FeatureEngineState(msgspec.Struct, kw_only=True):
    """The end of the last bar, the messages used last, bars that came too late; `pipeline` in snapshots only."""

    universe: Universe | None = None
    pipeline: Remembered | None = None
    close_ns: Nanos = 0
    mark_seq: int = 0
    bar_seq: int = 0
    old_bars: int = 0


class FeatureEngine(StatefulActor[FeatureEngineState]):
    """Frames of the market in, one frame of features out; `cold` names the features no instrument has yet."""

    role = "feature_engine"
    inputs: ClassVar[tuple[type[msgspec.Struct], ...]] = (UniverseChanged, BarHistory, MarkFrame, BarFrame, BookFrame)
    kept = FeatureEngineState

    def __init__(self, settings: FeatureEngineSettings) -> None:
        self._bar_s = settings.bar_s
        self._bar_ns = nanos(settings.bar_s)
        self._hole_bars_max = settings.hole_bars_max
        self.start(FeatureEngineState())

    def derive(self) -> None:
        state = self.state
        self._pipeline = FeaturePipeline(len(state.universe)) if state.universe else None
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
            return (self._answer(pipeline, said, envelope.seq),)
        return NOTHING

    def _on_bar(self, pipeline: FeaturePipeline, bar: BarFrame, seq: int) -> None:
        assert bar.bar_s == self._bar_s, f"a bar of {bar.bar_s} s, expected {self._bar_s} s"
        prices = (bar.open, bar.high, bar.low, bar.close, bar.volume)
        self._push(pipeline, bar.close_ns, *(row.values for row in prices))
        self.state.bar_seq = seq

    def _on_history(self, pipeline: FeaturePipeline, history: BarHistory, seq: int) -> None:
        assert history.bar_s == self._bar_s, f"a history of {history.bar_s} s bars, expected {self._bar_s} s"
        tables = (history.open, history.high, history.low, history.close, history.volume)
        for close_ns, *rows in zip(history.close_ns.values.tolist(), *(table.values for table in tables), strict=True):
            self._push(pipeline, close_ns, *rows)
        self.state.bar_seq = seq

    def _push(self, pipeline: FeaturePipeline, close_ns: Nanos, *rows: Any) -> None:
        state = self.state
        if close_ns <= state.close_ns:
            state.old_bars += 1
            return
        if state.close_ns:
            missing = (close_ns - state.close_ns) // self._bar_ns - 1
            absent = np.full(pipeline.n_instruments, np.nan)
            for _ in range(min(missing, self._hole_bars_max)):
                pipeline.push_bar(absent, absent, absent, absent, absent)
        pipeline.push_bar(*rows)
        state.close_ns = close_ns

    def _answer(self, pipeline: FeaturePipeline, book: BookFrame, seq: int) -> FeatureFrame:
        pipeline.push_book(
            spread_bps=book.spread_bps.values,
            imb_l1=book.imbalance_l1.values,
            imb_l5=book.imbalance_l5.values,
            micro_bps=book.micro_bps.values,
            ofi=book.ofi.values,
            depth=book.depth.values,
            updates=book.updates.values,
        )
        values = pipeline.values()
        nobody = np.asarray(np.isnan(values).all(axis=1)).tolist()
        used = (self.state.mark_seq, self.state.bar_seq, seq)
        return FeatureFrame(
            universe=book.universe,
            schema=pipeline.schema_hash,
            values=floats(values),
            cold=tuple(name for name, cold in zip(pipeline.names, nobody, strict=True) if cold),
            based_on=tuple(each for each in used if each),
        )

    def _on_universe(self, universe: Universe) -> None:
        state = self.state
        if self._pipeline is not None:
            to = moves(state.universe, universe)
            remembered = _remembered(self._pipeline.state())
            state.pipeline = msgspec.structs.replace(
                remembered,
                windows={
                    name: Window(floats(moved_array(window.rows.values, to, np.nan, axis=0)), window.count)
                    for name, window in remembered.windows.items()
                },
                close=floats(moved_array(remembered.close.values, to, np.nan)),
                stale_bars=integers(moved_array(remembered.stale_bars.values, to, 0)),
                carried=integers(moved_array(remembered.carried.values, to, 0)),
            )
        state.universe = universe
        self.derive()

    def check(self) -> None:
        universe, pipeline = self.state.universe, self._pipeline
        assert (universe is None) == (pipeline is None), "a pipeline exists exactly when a universe is known"
        assert universe is None or pipeline is None or pipeline.n_instruments == len(universe), "pipeline width differs"


def _remembered(state: PipelineState) -> Remembered:
    return Remembered(
        schema=state.schema_hash,
        windows={name: Window(floats(rows), count) for name, (rows, count) in state.rings.items()},
        close=floats(state.close),
        stale_bars=integers(state.stale_bars),
        carried=integers(state.carried),
    )


def _recalled(kept: Remembered) -> PipelineState:
    return PipelineState(
        kept.schema,
        {name: (window.rows.values.copy(), window.count) for name, window in kept.windows.items()},
        kept.close.values,
        kept.stale_bars.values,
        kept.carried.values,
    )
