"""The columns of a data set: whether each value is handed out when it could be known, and whether it knows what comes.

Two looks. By the data's own times: no row before the one that was told before it, none before its own release, no
moment that it speaks of after it was told, and a shorter history that is the beginning of the longer one. And by what
only time can tell: a column that goes with the return after it, and not with a later one (`quant.leakage`).

Bars are held against the return from the next open on, because their own close may be worn on both sides. A figure of
the world is held against the return until the next one is published, and until the next bar closes.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from bot.logging import utc
from bot.lookahead.cutting import CutDataset
from bot.lookahead.lives import Told
from contracts.context import ContextValue
from contracts.history import BarBlock, Dataset, Dated
from contracts.market import Perp
from contracts.quantities import SECOND_NS, Nanos, Seconds
from quant.leakage import PAIRS_MIN, Leak, after, leak
from quant.rolling import Floats

SKEW_NS: Final = 5 * SECOND_NS
"""A venue's clock may run ahead of the receiver's by so much."""

LAGS: Final = (1, 12, 96)
"""Bars ahead: a column may hold the next bar, or a later close."""


class ColumnFault(msgspec.Struct, frozen=True, kw_only=True):
    """A column that was handed out before it could be known: by its times, or by what it knows.

    `ic` is its rank correlation with the return after it, `delayed` the same once it comes late; NaN for times.
    """

    check: str
    column: str
    symbol: str
    at: str
    text: str
    ic: float
    delayed: float
    pairs: int


class ColumnReport(NamedTuple):
    """What was found, how many columns were looked at, and those of which there is too little to tell."""

    faults: list[ColumnFault]
    looked_at: int
    too_few: tuple[str, ...]


class _Figures(NamedTuple):
    """One column of rows: when each value was told, and the values."""

    at_ns: list[Nanos]
    values: list[float]


def check_columns(dataset: Dataset, bar_s: Seconds, told: Told) -> ColumnReport:
    """Look at every column that is told."""
    symbols = told.symbols or dataset.symbols
    bars = _whole(dataset, bar_s, told)
    faults, figures = _rows(dataset, told)
    faults += _cut(dataset, bar_s, told, bars)
    if bars is None:
        return ColumnReport(faults, 0, ())
    best: dict[tuple[str, str], Leak] = {}
    for column, symbol, found in (*_bar_leaks(bars, symbols), *_figure_leaks(bars, symbols, figures)):
        known = best.get((column, symbol))
        best[column, symbol] = found if known is None or _tells(found) > _tells(known) else known
    for (column, symbol), found in best.items():
        if found.alarm:
            faults.append(_leaking(column, symbol, found, utc(int(bars.close_ns[0]))))
    too_few = tuple(" of ".join(filter(None, key)) for key, found in best.items() if found.pairs < PAIRS_MIN)
    return ColumnReport(faults, len(best), too_few)


def _tells(found: Leak) -> tuple[bool, bool, float]:
    return found.alarm, found.pairs >= PAIRS_MIN, abs(found.ic)


def _leaking(column: str, symbol: str, found: Leak, at: str) -> ColumnFault:
    text = (
        f"{found.look} goes with the return after it: rank correlation {found.ic:+.2f}, and {found.delayed:+.2f} once "
        "it comes late"
    )
    return ColumnFault(
        check="knows what comes",
        column=column,
        symbol=symbol,
        at=at,
        text=text,
        ic=found.ic,
        delayed=found.delayed,
        pairs=found.pairs,
    )


def _whole(dataset: Dataset, bar_s: Seconds, told: Told) -> BarBlock | None:
    blocks = [each for each in dataset.bars(bar_s, told.from_ns, told.to_ns, told.symbols) if len(each.close_ns)]
    return BarBlock(*(np.concatenate(columns) for columns in zip(*blocks, strict=True))) if blocks else None


def _bar_leaks(bars: BarBlock, symbols: tuple[str, ...]) -> Iterator[tuple[str, str, Leak]]:
    next_open = np.vstack((bars.open[1:], np.full((1, bars.open.shape[1]), np.nan)))
    for lag in LAGS:
        from_open, from_close = after(next_open, lag), after(bars.close, lag)
        for name in bars._fields[1:]:
            values = getattr(bars, name)
            if not np.isfinite(values).any():
                continue
            for place, symbol in enumerate(symbols):
                came = from_close if name == "open" else from_open
                price = bars.open if name == "close" else bars.close
                yield f"bars.{name}", symbol, leak(values[:, place], came[:, place], price[:, place], lag)


def _figure_leaks(
    bars: BarBlock, symbols: tuple[str, ...], figures: dict[tuple[str, str], _Figures]
) -> Iterator[tuple[str, str, Leak]]:
    for (name, symbol), told in figures.items():
        at_ns, last = np.unique(np.array(told.at_ns, dtype=np.int64)[::-1], return_index=True)
        values = np.array(told.values, dtype=np.float64)[::-1][last]
        places = [symbols.index(symbol)] if symbol in symbols else range(len(symbols))
        found = [_figure_leak(bars, place, at_ns, values) for place in places]
        yield name, symbol, max(found, key=_tells)


def _figure_leak(bars: BarBlock, place: int, at_ns: npt.NDArray[np.int64], values: Floats) -> Leak:
    """Against the return until the next figure, and until the next bar, whichever tells more."""
    close = bars.close[:, place]
    known = np.searchsorted(bars.close_ns, at_ns, side="right") - 1
    price = np.where(known >= 0, close[np.maximum(known, 0)], np.nan)
    coming = np.minimum(known + 1, len(close) - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        next_bar = np.where((known >= 0) & (coming > known), np.log(close[coming] / price), np.nan)
    found = [leak(values, came, price) for came in (after(price, 1), next_bar)]
    return max(found, key=_tells)


def _rows(dataset: Dataset, told: Told) -> tuple[list[ColumnFault], dict[tuple[str, str], _Figures]]:
    """The first fault of each kind of row by its times, and every figure that is a number."""
    faults: dict[tuple[str, str, str], ColumnFault] = {}
    figures: dict[tuple[str, str], _Figures] = {}
    before_ns = told.from_ns
    rows = dataset.rows(told.kinds, told.from_ns, told.to_ns, told.symbols) if told.kinds else iter(())
    for row in rows:
        column, symbol = _named(row.payload)
        for text in _untimely(row, before_ns):
            key = (column, symbol, text.split(":")[0])
            faults.setdefault(key, _timed(column, symbol, row.at_ns, text))
        before_ns = max(before_ns, row.at_ns)
        for name, value in _numbers(row.payload):
            figure = figures.setdefault((name, symbol), _Figures([], []))
            figure.at_ns.append(row.at_ns)
            figure.values.append(value)
    return list(faults.values()), figures


def _untimely(row: Dated, before_ns: Nanos) -> Iterator[str]:
    payload: Any = row.payload
    if row.at_ns < before_ns:
        yield f"out of order: told at {utc(row.at_ns)} after what was told at {utc(before_ns)}"
    if isinstance(payload, ContextValue):
        if payload.released_ns > row.at_ns:
            yield f"before its release: released at {utc(payload.released_ns)}, told at {utc(row.at_ns)}"
        if payload.event_ns > row.at_ns:
            yield f"before its moment: it speaks of {utc(payload.event_ns)}, told at {utc(row.at_ns)}"
    elif payload.event_ns > row.at_ns + SKEW_NS:
        yield f"before its moment: it happened at {utc(payload.event_ns)}, told at {utc(row.at_ns)}"


def _timed(column: str, symbol: str, at_ns: Nanos, text: str) -> ColumnFault:
    nan = float("nan")
    return ColumnFault(
        check="told too early", column=column, symbol=symbol, at=utc(at_ns), text=text, ic=nan, delayed=nan, pairs=0
    )


def _named(payload: msgspec.Struct) -> tuple[str, str]:
    symbol = getattr(payload, "symbol", "")
    if isinstance(payload, ContextValue):
        return f"context.{payload.name}", symbol
    return type(payload).__name__, symbol


def _numbers(payload: msgspec.Struct) -> Iterator[tuple[str, float]]:
    """The figures whose knowledge is worth asking for: those of the world, and rates and open interest."""
    if isinstance(payload, ContextValue) and payload.value is not None:
        yield f"context.{payload.name}", payload.value
    elif isinstance(payload, Perp):
        for name in ("funding", "settled", "mark", "index", "open_interest"):
            if (value := getattr(payload, name)) is not None:
                yield f"funding.{name}", float(value)


def _cut(dataset: Dataset, bar_s: Seconds, told: Told, bars: BarBlock | None) -> list[ColumnFault]:
    """A data set read up to its middle must be the beginning of the whole, bars and rows."""
    middle_ns = told.from_ns + (told.to_ns - told.from_ns) // 2
    if bars is not None:
        middle_ns = int(bars.close_ns[len(bars.close_ns) // 2])
    short = CutDataset(dataset, middle_ns)
    half = _whole(short, bar_s, told)
    faults = []
    if bars is not None and half is not None:
        for name, part, whole in zip(bars._fields, half, bars, strict=True):
            known = whole[bars.close_ns < middle_ns]
            if not np.array_equal(part, known, equal_nan=True):
                faults.append(_timed(f"bars.{name}", "", middle_ns, "changes: history read up to here is another"))
    if told.kinds:
        begun = list(short.rows(told.kinds, told.from_ns, told.to_ns, told.symbols))
        late = [row for row in begun if row.at_ns >= middle_ns]
        if late:
            text = f"too early: asked for what was known before {utc(middle_ns)}"
            faults.append(_timed(*_named(late[0].payload), late[0].at_ns, text))
    return faults
