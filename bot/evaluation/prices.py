"""A history of prices as the evaluation takes it: bars are rows, instruments are columns, NaN is absent."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contracts.quantities import SECOND_NS, Nanos, Seconds
from quant.rolling import Floats

Instants = NDArray[np.int64]
Places = NDArray[np.intp]
HOLES_SHARE_MAX = 0.05
TABLES = ("open", "high", "low", "close", "volume")


class BadPrices(ValueError):
    """Prices that no evaluation can be made of; exit code 4."""


@dataclass(frozen=True)
class Prices:
    """Closed bars, oldest first: `at_ns` (rows,) is when each closed (UTC); the tables are (rows, instruments).

    Raises BadPrices for no rows or no instruments, times that do not rise, tables of another shape, and closes that are
    zero, negative or infinite.
    """

    symbols: tuple[str, ...]
    at_ns: Instants
    bar_s: Seconds
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __post_init__(self) -> None:
        shape = (len(self.at_ns), len(self.symbols))
        if not all(shape) or not self.bar_s > 0.0:
            raise BadPrices(
                f"{shape[0]} rows of {shape[1]} instruments in bars of {self.bar_s} s, expected more than 0"
            )
        for name in TABLES:
            if getattr(self, name).shape != shape:
                raise BadPrices(f"{name} has shape {getattr(self, name).shape}, expected {shape}")
        if (falls := np.flatnonzero(np.diff(self.at_ns) <= 0)).size:
            raise BadPrices(f"times must rise: row {falls[0] + 1} is at or before row {falls[0]}")
        wrong = ~np.isnan(self.close) & ~((self.close > 0.0) & np.isfinite(self.close))
        if wrong.any():
            row, column = np.argwhere(wrong)[0]
            raise BadPrices(
                f"the close of {self.symbols[column]} in row {row} was {self.close[row, column]}, expected above 0"
            )

    def __len__(self) -> int:
        return len(self.at_ns)

    @classmethod
    def of_closes(cls, symbols: tuple[str, ...], at_ns: Instants, bar_s: Seconds, close: Floats) -> Prices:
        """Where closes are all there is: opens, highs, lows and volumes are unknown."""
        unknown = np.full(close.shape, np.nan)
        return cls(symbols, at_ns, bar_s, unknown, unknown, unknown, close, unknown)

    def log_returns(self, bars: int) -> Floats:
        """Labels (rows, instruments): log return from the close of each row to that of `bars` rows later.

        NaN at the end. Rows count, not hours: a weekend or a gap of a market with sessions is no time.
        """
        said = np.full(self.close.shape, np.nan)
        if bars < len(self):
            said[:-bars] = np.log(self.close[bars:] / self.close[:-bars])
        return said

    def digest(self) -> str:
        """SHA-256 of everything in the history."""
        hashed = hashlib.sha256("\n".join((*self.symbols, repr(self.bar_s))).encode())
        for table in (self.at_ns, *self._tables()):
            hashed.update(np.ascontiguousarray(table).tobytes())
        return hashed.hexdigest()

    def rows(self, where: slice) -> Prices:
        """Some of the rows."""
        return Prices(self.symbols, self.at_ns[where], self.bar_s, *(table[where] for table in self._tables()))

    def columns(self, order: list[int]) -> Prices:
        """Some of the instruments, in that order."""
        symbols = tuple(self.symbols[at] for at in order)
        return Prices(symbols, self.at_ns, self.bar_s, *(table[:, order] for table in self._tables()))

    def scaled(self, factors: Floats) -> Prices:
        """The same history quoted in other units, one factor per instrument."""
        quoted: dict[str, Any] = {name: getattr(self, name) * factors for name in TABLES[:-1]}
        return replace(self, **quoted)

    def _tables(self) -> tuple[Floats, ...]:
        return self.open, self.high, self.low, self.close, self.volume


def joined(parts: list[Prices]) -> Prices:
    """Several histories side by side over all their times; NaN where one has no row.

    Raises BadPrices for no part, other bar lengths, or one symbol in two parts.
    """
    if not parts:
        raise BadPrices("no history of prices was given")
    bars_s = sorted({part.bar_s for part in parts})
    if len(bars_s) > 1:
        raise BadPrices(f"histories have bars of {', '.join(f'{bar_s:g} s' for bar_s in bars_s)}: say one with --bar")
    symbols = tuple(symbol for part in parts for symbol in part.symbols)
    twice = sorted({symbol for symbol in symbols if symbols.count(symbol) > 1})
    if twice:
        raise BadPrices(f"{twice[0]} is in more than one history, expected each symbol once")
    at_ns = np.unique(np.concatenate([part.at_ns for part in parts]))
    laid: dict[str, Any] = {name: np.full((len(at_ns), len(symbols)), np.nan) for name in TABLES}
    first = 0
    for part in parts:
        rows = np.searchsorted(at_ns, part.at_ns)
        for name in TABLES:
            laid[name][rows, first : first + len(part.symbols)] = getattr(part, name)
        first += len(part.symbols)
    return Prices(symbols, at_ns, bars_s[0], **laid)


def resampled(prices: Prices, bar_s: Seconds) -> Prices:
    """Longer bars on the grid of UTC: first open, highest high, lowest low, last close, volume summed.

    A long bar in which nothing was quoted is no row. The last one is left out when rows to fill it are missing, because
    its close is not known yet. Raises BadPrices when the wanted bars are not a multiple of those given.
    """
    ratio = bar_s / prices.bar_s
    if ratio < 1.0 or abs(ratio - round(ratio)) > 1e-9:
        raise BadPrices(f"bars of {prices.bar_s:g} s cannot be made into bars of {bar_s:g} s: expected a multiple")
    if round(ratio) == 1:
        return prices
    bar_ns: Nanos = round(bar_s * SECOND_NS)
    slots = (prices.at_ns - round(prices.bar_s * SECOND_NS)) // bar_ns
    starts = np.flatnonzero(np.diff(slots, prepend=slots[0] - 1))
    end = len(prices)
    if prices.at_ns[-1] < (slots[-1] + 1) * bar_ns:
        starts, end = starts[:-1], int(starts[-1])
    if not len(starts):
        raise BadPrices(f"{len(prices)} bars of {prices.bar_s:g} s do not fill one of {bar_s:g} s")
    kept = prices.rows(slice(0, end))
    return Prices(
        prices.symbols,
        (slots[starts] + 1) * bar_ns,
        bar_s,
        _first(kept.open, starts),
        np.fmax.reduceat(kept.high, starts, axis=0),
        np.fmin.reduceat(kept.low, starts, axis=0),
        _last(kept.close, starts),
        _summed(kept.volume, starts),
    )


def without_holes(prices: Prices) -> Prices:
    """A market that never closes, with an absent row for every bar missing from its history, as the bot sees it live.

    Where more than `HOLES_SHARE_MAX` of the rows would be absent the market has sessions: the history stays as it is.
    So it does where a time is off the grid of its bars.
    """
    bar_ns = round(prices.bar_s * SECOND_NS)
    places = prices.at_ns - prices.at_ns[0]
    rows = int(places[-1] // bar_ns) + 1
    if rows == len(prices) or (places % bar_ns).any() or len(prices) < (1.0 - HOLES_SHARE_MAX) * rows:
        return prices
    filled: dict[str, Any] = {name: np.full((rows, len(prices.symbols)), np.nan) for name in TABLES}
    for name in TABLES:
        filled[name][places // bar_ns] = getattr(prices, name)
    return Prices(prices.symbols, prices.at_ns[0] + bar_ns * np.arange(rows), prices.bar_s, **filled)


def _first(table: Floats, starts: Places) -> Floats:
    """The first known value from each start on, up to the next."""
    rows = np.arange(len(table))[:, None]
    earliest = np.minimum.reduceat(np.where(np.isnan(table), len(table), rows), starts, axis=0)
    found = np.take_along_axis(table, np.minimum(earliest, len(table) - 1), axis=0)
    return np.where(earliest < len(table), found, np.nan)


def _last(table: Floats, starts: Places) -> Floats:
    """The last known value from each start on, up to the next."""
    rows = np.arange(len(table))[:, None]
    latest = np.maximum.reduceat(np.where(np.isnan(table), -1, rows), starts, axis=0)
    found = np.take_along_axis(table, np.maximum(latest, 0), axis=0)
    return np.where(latest >= 0, found, np.nan)


def _summed(table: Floats, starts: Places) -> Floats:
    known = ~np.isnan(table)
    total = np.add.reduceat(np.where(known, table, 0.0), starts, axis=0)
    return np.where(np.logical_or.reduceat(known, starts, axis=0), total, np.nan)
