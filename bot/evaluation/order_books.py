"""E7: do the order-book figures of the live bot foretell the next second, on feeds as they were recorded?

Frames go through the venue's parser, the marker and the book keeper, as they do live; every second their frames are
sampled. IC is the correlation of a figure, its outer half percents clipped so that one torn book does not decide, with
the log change of the mid over the next second; R2 that of the order flow of ten seconds with the change of the mid over
the same ten (Cont, Kukanov and Stoikov 2014).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from actors.book_keeper import BookKeeper, BookKeeperSettings
from actors.marker import Marker, MarkerSettings
from adapters.recorded.feed import RecordedFeed
from bot.evaluation.history import Unrecorded
from bot.evaluation.report import Bound, Report, Table, targets
from bot.features.books import order_book_tables
from contracts.envelope import Envelope
from contracts.life import Beat
from contracts.market import BookFrame, MarkFrame, UniverseChanged
from contracts.quantities import SECOND_NS, Nanos
from quant.rolling import Floats
from quant.scores import information_coefficient
from runtime.bus import Bus
from runtime.cell import Cell
from runtime.clock import FixedClock
from runtime.restarts import ACTOR_BUDGETS, Failures

FLOW_SECONDS: Final = 10
FIGURES: Final = ("imbalance_l1", "imbalance_l5", "micro_bps", "ofi_1s", "ofi")

WANTED: Final[tuple[tuple[str, Bound, tuple[float, ...], bool], ...]] = (
    ("ic_imbalance_l1_min", "at least", (0.15,), False),
    ("ic_micro_bps_min", "at least", (0.15,), False),
    ("r2_ofi_10s_min", "at least", (0.30,), False),
)


def order_book_report(recordings: Sequence[Path]) -> Report:
    """Every recording, instrument by instrument; raises what the recorder's adapters raise for a damaged file."""
    rows = [row for path in recordings for row in _rows(path)]
    figures: dict[str, float] = {}
    for column, name in enumerate(("ic_imbalance_l1", "ic_imbalance_l5", "ic_micro_bps", "ic_ofi_1s", "ic_ofi_10s"), 3):
        figures[f"{name}_min"] = min(float(row[column]) for row in rows)
        figures[f"{name}_max"] = max(float(row[column]) for row in rows)
    figures["r2_ofi_10s_min"] = min(float(row[8]) for row in rows)
    figures["r2_ofi_10s_max"] = max(float(row[8]) for row in rows)
    return Report(
        recipe="E7",
        title="Order books against the next second",
        data={"recordings": [path.name for path in recordings]},
        settings={"step_s": 1, "flow_s": FLOW_SECONDS},
        figures=figures,
        targets=targets(figures, WANTED),
        tables=(
            Table(
                title="order books",
                columns=(
                    "recording", "instrument", "seconds", "IC imbalance 1", "IC imbalance 5", "IC microprice",
                    "IC flow 1 s", "IC flow 10 s", "R2 flow 10 s", "sd 1 s bp",
                ),
                formats=("s", "s", "d", ".3f", ".3f", ".3f", ".3f", ".3f", ".3f", ".2f"),
                rows=tuple(rows),
                note="A second moves far less than a taker's fee: these figures time entries, they are no trades.",
            ),
            _quotes(recordings),
        ),
    )  # fmt: skip


def _quotes(recordings: Sequence[Path]) -> Table:
    """The same of every best bid and offer as received, sampled ten times a second, with jackknife errors."""
    rows = tuple(
        (path.name, symbol, each.signal, each.horizon_s, each.samples, each.linear, each.rank, each.rank_se)
        for path in recordings
        for symbol, table in order_book_tables(path).items()
        for each in table.coefficients
    )
    return Table(
        title="best bids and offers",
        columns=("recording", "instrument", "signal", "horizon s", "samples", "IC", "rank IC", "± rank IC"),
        formats=("s", "s", "s", "g", "d", ".3f", ".3f", ".3f"),
        rows=rows,
    )


def _rows(path: Path) -> list[tuple[str | int | float, ...]]:
    symbols, mids, figures = sampled(path)
    rows: list[tuple[str | int | float, ...]] = []
    for column, symbol in enumerate(symbols):
        ahead = np.append(np.diff(np.log(mids[:, column])), np.nan)
        past = np.full(len(mids), np.nan)
        past[FLOW_SECONDS:] = np.log(mids[FLOW_SECONDS:, column] / mids[:-FLOW_SECONDS, column])
        scores = [information_coefficient(clipped(figures[name][:, column]), ahead) for name in FIGURES]
        together = information_coefficient(figures["ofi"][:, column], past) ** 2
        rows.append((path.name, symbol, len(mids), *scores, together, 1e4 * float(np.nanstd(ahead))))
    return rows


def clipped(figure: Floats) -> Floats:
    """The figure with its outer half percents drawn in."""
    low, high = np.nanquantile(figure, (0.005, 0.995))
    return np.clip(figure, low, high)


def sampled(path: Path) -> tuple[tuple[str, ...], Floats, dict[str, Floats]]:
    """Symbols, mids (seconds, instruments) and each figure of the books, sampled on every second of a recording."""
    feed = RecordedFeed(path, FixedClock())
    clock = _Clock(feed.started_ns)
    cells = [
        Cell("marker", "market", lambda: Marker(MarkerSettings()), Failures(ACTOR_BUDGETS["market"])),
        Cell("book_keeper", "market", lambda: BookKeeper(BookKeeperSettings()), Failures(ACTOR_BUDGETS["market"])),
    ]
    bus, samples = Bus(cells, Unrecorded(), clock), _Samples()
    bus.tap(samples, (MarkFrame, BookFrame))
    bus.admit(UniverseChanged(feed.universe), "feed")
    parser, epoch, beat = feed.parser(1), 1, feed.started_ns // SECOND_NS + 1
    for frame in feed.frames():
        while frame.received_ns >= beat * SECOND_NS:
            clock.at_ns = beat * SECOND_NS
            bus.admit(Beat("signal", beat), "cadence")
            beat += 1
        if frame.epoch != epoch:
            parser, epoch = feed.parser(frame.epoch), frame.epoch
        clock.at_ns = max(clock.at_ns, frame.received_ns)
        for row in parser.parse(frame).rows:
            bus.admit(row, "feed")
    return feed.universe.symbols, np.array(samples.mids), {name: np.array(samples.said[name]) for name in FIGURES}


class _Clock:
    """The time of receipt."""

    def __init__(self, at_ns: Nanos) -> None:
        self.at_ns = at_ns

    def __call__(self) -> Nanos:
        return self.at_ns


class _Samples:
    """What marker and book keeper said on every second."""

    def __init__(self) -> None:
        self.mids: list[Floats] = []
        self.said: dict[str, list[Floats]] = {name: [] for name in FIGURES}

    def __call__(self, envelope: Envelope[Any]) -> None:
        said = envelope.payload
        if isinstance(said, MarkFrame):
            self.mids.append(said.mid.values)
        else:
            for name in FIGURES:
                self.said[name].append(getattr(said, name).values)
