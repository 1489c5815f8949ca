"""Bars out of quotes and trades: the live bar builder, told the rows of a data set in the order of time."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from actors.bar_builder import BarBuilder, BarBuilderSettings
from contracts.envelope import Envelope
from contracts.history import Dataset
from contracts.instrument import Universe
from contracts.life import Beat
from contracts.market import BarFrame, Tick, UniverseChanged
from contracts.quantities import Nanos, Seconds, nanos

TICKS: Final = frozenset(("quotes", "trades"))
COLUMNS: Final = ("open", "high", "low", "close", "volume", "trades", "bid", "ask")
CELLS_MAX: Final = 1 << 20
"""Of all columns and instruments in one piece: 8 MiB, and as much again in frames."""

Floats = npt.NDArray[np.float64]


def bars_of_ticks(dataset: Dataset, bar_s: Seconds) -> Iterator[tuple[str, npt.NDArray[np.int64], dict[str, Floats]]]:
    """Symbol, closes and columns of each instrument that was quoted or traded; the last, unfinished bar is left out.

    `bid` and `ask` are the last quotes that were known at the close, NaN before the first. A long history comes in
    pieces, one behind the other, each with all instruments that have bars in it.
    """
    universe = dataset.universe()
    frames = _frames(dataset, universe, bar_s)
    at_once = max(1, CELLS_MAX // (len(COLUMNS) * len(universe)))
    while rows := list(islice(frames, at_once)):
        close_ns = np.array([frame.close_ns for frame, _ in rows], dtype=np.int64)
        values = np.stack([_values(frame, quotes) for frame, quotes in rows])
        for place, symbol in enumerate(universe.symbols):
            present = np.isfinite(values[:, 3, place])
            if present.any():
                columns = zip(COLUMNS, values[present][:, :, place].T, strict=True)
                yield symbol, close_ns[present], dict(columns)


def _frames(dataset: Dataset, universe: Universe, bar_s: Seconds) -> Iterator[tuple[BarFrame, Floats]]:
    """Each closed bar with the quotes at its close, (2, N)."""
    builder, bar_ns = BarBuilder(BarBuilderSettings(bar_s=bar_s)), nanos(bar_s)
    quotes = np.full((2, len(universe)), np.nan)
    due_ns: Nanos = 0
    for number, (at_ns, said) in enumerate(dataset.rows(TICKS, *_whole(dataset)), start=1):
        if not due_ns:
            tuple(builder.receive(_said(0, at_ns, UniverseChanged(universe))))
            due_ns = (at_ns // bar_ns + 1) * bar_ns
        while at_ns >= due_ns:
            for frame in builder.receive(_said(number, due_ns, Beat("signal", 1))):
                assert isinstance(frame, BarFrame), "a bar builder says bars"
                yield frame, quotes.copy()
            due_ns += bar_ns
        tuple(builder.receive(_said(number, at_ns, said)))
        if isinstance(said, Tick) and 0 < said.bid < said.ask:
            place = universe.positions[said.symbol]
            tick = float(universe.instruments[place].tick)
            quotes[:, place] = said.bid * tick, said.ask * tick


def _whole(dataset: Dataset) -> tuple[Nanos, Nanos]:
    first_ns, last_ns = dataset.span(0.0)
    return first_ns, last_ns + 1


def _said(seq: int, at_ns: Nanos, payload: Any) -> Envelope[Any]:
    return Envelope(seq, seq, 0, at_ns, "history", payload)


def _values(frame: BarFrame, quotes: Floats) -> Floats:
    told = (frame.open, frame.high, frame.low, frame.close, frame.volume, frame.trades)
    return np.vstack([*(each.values.astype(np.float64) for each in told), quotes])
