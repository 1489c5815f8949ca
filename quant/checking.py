"""What may be wrong with bars: every row of one instrument asked at once, nothing changed.

Errors are contradictions: no market can have made them. Warnings are what a market can do and a broken recorder too;
whoever trains on the bars should know of them. Stamps are the closes of bars in nanoseconds, prices in quote units,
NaN where there is nothing; arrays have shape (rows,).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from quant.rolling import Floats
from quant.sessions import Calendar, missing_stamps

Int64s = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Level = Literal["error", "warning"]

PRICES: Final = ("open", "high", "low", "close")
STUCK_BARS: Final = 12
"""So many bars in a row without any movement are told: one or two are usual where little is traded."""

SPIKE_SIGMAS: Final = 15.0
"""A close that far from both of its neighbours, on the same side, is told; in deviations of its surroundings."""

SURROUNDINGS: Final = 240
"""Bars over which a deviation is taken: their median absolute return."""

MAD_TO_SIGMA: Final = 1.4826
"""Median absolute deviation to standard deviation of a normal distribution."""


@dataclass(frozen=True)
class Finding:
    """One kind of thing found: in which column, at which rows (indices into the arrays), and how much at each.

    `sizes` counts what is missing or repeated at each place; 1 where a row is one thing.
    """

    what: str
    level: Level
    column: str
    places: Int64s
    sizes: Int64s

    @property
    def count(self) -> int:
        """How many rows, or missing bars, it is about."""
        return int(self.sizes.sum())


def check_bars(
    close_ns: Int64s, columns: Mapping[str, Floats], bar_ns: int, calendar: Calendar | None = None
) -> list[Finding]:
    """Everything found in the bars of one instrument, rows as they lie in the file; errors first.

    `columns` has some of open, high, low, close, volume, trades, bid and ask. Without a `calendar` it is inferred.
    """
    found = row_findings(close_ns, columns, bar_ns, usual_phase(close_ns, bar_ns))
    order = np.argsort(close_ns, kind="stable")
    first = np.append(True, np.diff(close_ns[order]) > 0) if len(order) else np.empty(0, dtype=np.bool_)
    rows = order[first]
    found += _gaps(close_ns, rows, bar_ns, calendar)
    found += _quiet({name: values[rows] for name, values in columns.items()}, rows)
    return sorted((each for each in found if len(each.places)), key=lambda each: each.level)


def faulty(findings: list[Finding], length: int) -> Flags:
    """The rows that no repair but leaving them out can help; of equal rows the first one stays."""
    out = np.zeros(length, dtype=np.bool_)
    for finding in findings:
        if finding.level == "error" and finding.what != OUT_OF_ORDER:
            out[finding.places] = True
    return out


OUT_OF_ORDER: Final = "not in order of time"
TWICE: Final = "bar twice"
CONTRADICTED: Final = "bar told in two ways"
MISSING: Final = "value missing"
NOT_POSITIVE: Final = "price not above 0"
NEGATIVE: Final = "below 0"
HIGH: Final = "high below open, low or close"
LOW: Final = "low above open, high or close"
CROSSED: Final = "ask below bid"
BESIDE: Final = "beside the grid of the bars"
GAP: Final = "gap"
ZERO_VOLUME: Final = "no volume"
STUCK: Final = "price stuck"
SPIKE: Final = "spike"
"""What is found; a spike is a close far from both of its neighbours."""


def row_findings(close_ns: Int64s, columns: Mapping[str, Floats], bar_ns: int, phase_ns: int) -> list[Finding]:
    """What is wrong with rows as such, empty findings too; bars beside `phase_ns` are beside the grid."""
    beside = _finding(BESIDE, "warning", "time", close_ns % bar_ns != phase_ns)
    return [*_stamps(close_ns, columns), beside, *_values(columns)]


def usual_phase(close_ns: Int64s, bar_ns: int) -> int:
    """How far into a bar's length most closes lie; the least where several are as usual, 0 where there is none."""
    phases, counts = np.unique(close_ns % bar_ns, return_counts=True)
    return int(phases[np.argmax(counts)]) if len(phases) else 0


def _finding(what: str, level: Level, column: str, wrong: Flags) -> Finding:
    places = np.flatnonzero(wrong)
    return Finding(what, level, column, places, np.ones(len(places), dtype=np.int64))


def _stamps(close_ns: Int64s, columns: Mapping[str, Floats]) -> Iterator[Finding]:
    steps = np.diff(close_ns)
    backwards = np.append(False, steps < 0)
    if len(steps) and (steps < 0).all():
        backwards[:] = False
    yield _finding(OUT_OF_ORDER, "error", "time", backwards)
    order = np.argsort(close_ns, kind="stable")
    again = np.flatnonzero(np.diff(close_ns[order]) == 0)
    earlier, later = order[again], order[again + 1]
    equal = np.ones(len(again), dtype=np.bool_)
    for values in columns.values():
        left, right = values[earlier], values[later]
        equal &= (left == right) | (np.isnan(left) & np.isnan(right))
    yield _finding(TWICE, "error", "time", _at(later[equal], len(close_ns)))
    both = np.concatenate([earlier[~equal], later[~equal]])
    yield _finding(CONTRADICTED, "error", "time", _at(both, len(close_ns)))


def _values(columns: Mapping[str, Floats]) -> Iterator[Finding]:
    for name, values in columns.items():
        missing = np.isnan(values)
        if name in PRICES:
            yield _finding(MISSING, "error", name, missing)
            yield _finding(NOT_POSITIVE, "error", name, values <= 0.0)
        elif name in {"bid", "ask"}:
            yield _finding(NOT_POSITIVE, "error", name, values <= 0.0)
        else:
            yield _finding(MISSING, "warning", name, missing)
            yield _finding(NEGATIVE, "error", name, values < 0.0)
    prices = [columns[name] for name in PRICES if name in columns]
    if "high" in columns:
        yield _finding(HIGH, "error", "high", columns["high"] < np.fmax.reduce(prices))
    if "low" in columns:
        yield _finding(LOW, "error", "low", columns["low"] > np.fmin.reduce(prices))
    if "bid" in columns and "ask" in columns:
        yield _finding(CROSSED, "error", "ask", columns["ask"] < columns["bid"])


def _gaps(close_ns: Int64s, rows: Int64s, bar_ns: int, calendar: Calendar | None) -> Iterator[Finding]:
    after, sizes = missing_stamps(close_ns[rows], bar_ns, calendar)
    yield Finding(GAP, "warning", "time", rows[after], sizes)


def _quiet(columns: Mapping[str, Floats], rows: Int64s) -> Iterator[Finding]:
    """No volume, no movement, and closes that stand alone; bars in order of time, each once."""
    if "volume" in columns:
        places = rows[np.flatnonzero(columns["volume"] == 0.0)]
        yield Finding(ZERO_VOLUME, "warning", "volume", places, np.ones(len(places), dtype=np.int64))
    close = columns["close"]
    starts, lengths = still_runs(columns)
    long = lengths >= STUCK_BARS
    yield Finding(STUCK, "warning", "close", rows[starts[long]], lengths[long])
    places = rows[np.flatnonzero(spikes(close, columns.get("open")))]
    yield Finding(SPIKE, "warning", "close", places, np.ones(len(places), dtype=np.int64))


def still_runs(columns: Mapping[str, Floats]) -> tuple[Int64s, Int64s]:
    """First places and lengths of the runs of bars that did not move from the close before them."""
    close = columns["close"]
    still = np.append(False, np.diff(close) == 0.0) if len(close) else np.empty(0, dtype=np.bool_)
    for name in ("open", "high", "low"):
        if name in columns:
            still &= columns[name] == close
    return _runs(still)


def spikes(close: Floats, opened: Floats | None = None, usual: float | None = None) -> Flags:
    """Closes far above, or far below, both of their neighbours, and which nobody traded at afterwards.

    The deviation is 1.4826 times the median absolute return of SURROUNDINGS bars, and no smaller than a quarter of that
    of all bars (`usual`, where these are not all), so that a quiet night makes no spikes. A market that crashed and
    came back opens the next bar where it closed the last one: with opens at hand at least half of the way back must be
    gone before the next open; without, the price must come back to within a quarter of the move.
    """
    out = np.zeros(len(close), dtype=np.bool_)
    if len(close) < 3:
        return out
    with np.errstate(invalid="ignore", divide="ignore"):
        log = np.log(close)
        returns = np.diff(log)
        jump = log[1:-1] - np.log(opened[2:]) if opened is not None else np.zeros(len(close) - 2)
    sizes = np.abs(returns)
    if np.isnan(sizes).all():
        return out
    blocks = [np.nan_to_num(sizes[at : at + SURROUNDINGS]) for at in range(0, len(sizes), SURROUNDINGS)]
    local = np.repeat([np.median(block) for block in blocks], SURROUNDINGS)[: len(sizes)]
    sigma = MAD_TO_SIGMA * np.maximum(local, (np.nanmedian(sizes) if usual is None else usual) / 4.0)
    before, after = returns[:-1], returns[1:]
    least = np.minimum(np.abs(before), np.abs(after))
    alone = np.abs(jump) > 0.5 * least if opened is not None else np.abs(before + after) < 0.25 * least
    far = least > SPIKE_SIGMAS * np.maximum(sigma[:-1], sigma[1:])
    out[1:-1] = (np.sign(before) == -np.sign(after)) & far & alone
    return out


def _runs(flags: Flags) -> tuple[Int64s, Int64s]:
    """First places and lengths of the runs of true values."""
    edges = np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8))
    starts = np.flatnonzero(edges == 1)
    return starts, np.flatnonzero(edges == -1) - starts


def _at(places: Int64s, length: int) -> Flags:
    out = np.zeros(length, dtype=np.bool_)
    out[places] = True
    return out
