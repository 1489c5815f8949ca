"""Longer bars out of shorter ones: first open, last close, extremes and sums, nothing known before its close."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from quant.rolling import Floats

Int64s = npt.NDArray[np.int64]

SUMMED: Final = ("volume", "trades")


def resampled(
    close_ns: Int64s,
    columns: Mapping[str, Floats],
    bar_ns: int,
    into_ns: int,
    span_ns: tuple[int, int] | None = None,
) -> tuple[Int64s, dict[str, Floats]]:
    """Bars of `into_ns`, closing on multiples of it, out of bars of `bar_ns` that divides it.

    `close_ns` rises strictly; NaN is passed over, and a bar of nothing but NaN is NaN. A longer bar is left out where
    the history begins or ends within it, and where it has no shorter one; a hole inside makes it no other bar.
    `span_ns` says when the history begins and ends where these bars are only some of it; else they are all.
    Raises ValueError where one length is no multiple of the other.
    """
    if into_ns % bar_ns or into_ns <= bar_ns:
        raise ValueError(f"bars of {into_ns / 1e9:g} s are no multiple of bars of {bar_ns / 1e9:g} s")
    closes = -(-close_ns // into_ns) * into_ns
    begins_ns, ends_ns = span_ns or (close_ns[:1].min(initial=2**62) - bar_ns, close_ns[-1:].max(initial=0))
    whole = (closes - into_ns >= begins_ns) & (closes <= ends_ns)
    closes = closes[whole]
    if not len(closes):
        return closes, {name: np.empty(0) for name in columns}
    starts = np.flatnonzero(np.append(True, np.diff(closes) > 0))
    return closes[starts], {name: _reduced(name, values[whole], starts) for name, values in columns.items()}


def _reduced(name: str, values: Floats, starts: Int64s) -> Floats:
    if name == "high":
        return np.asarray(np.fmax.reduceat(values, starts))
    if name == "low":
        return np.asarray(np.fmin.reduceat(values, starts))
    known = ~np.isnan(values)
    if name in SUMMED:
        sums = np.add.reduceat(np.where(known, values, 0.0), starts)
        return np.where(np.logical_or.reduceat(known, starts), sums, np.nan)
    places = np.arange(len(values))
    if name == "open":
        first = np.minimum.reduceat(np.where(known, places, len(values)), starts)
        return np.where(first < len(values), values[np.minimum(first, len(values) - 1)], np.nan)
    last = np.maximum.reduceat(np.where(known, places, -1), starts)
    return np.where(last >= 0, values[np.maximum(last, 0)], np.nan)
