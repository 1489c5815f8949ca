"""Closed candles out of the candle frames of a Coinbase recording, as bar history."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Final, Literal

import msgspec
import numpy as np

from contracts.column import floats, integers
from contracts.instrument import Universe
from contracts.market import BarHistory
from contracts.quantities import SECOND_NS, Nanos, Seconds

CANDLE_S: Final = 300
"""Coinbase's socket has candles of five minutes and no others."""


class _Candle(msgspec.Struct, frozen=True):
    start: str
    open: str
    high: str
    low: str
    close: str
    volume: str
    product_id: str


class _Event(msgspec.Struct, frozen=True):
    candles: list[_Candle]


class _Frame(msgspec.Struct, frozen=True):
    channel: Literal["candles"]
    events: list[_Event]


def candle_history(
    frames: Sequence[bytes], universe: Universe, bar_s: Seconds, bars: int, before_ns: Nanos
) -> BarHistory | None:
    """The last candles that closed at or before `before_ns`, oldest first, NaN where an instrument has none.

    None where the length asked for is not the recorded one, or nothing is left. Unreadable frames are left to the feed,
    which reads them again and counts them.
    """
    if bar_s != CANDLE_S:
        return None
    positions = universe.positions
    found: dict[int, np.ndarray[tuple[int, int], np.dtype[np.float64]]] = {}
    for candle in (candle for frame in frames for candle in _candles(frame)):
        row = _row(candle)
        if candle.product_id in positions and row is not None:
            close_ns = (int(candle.start) + CANDLE_S) * SECOND_NS
            if close_ns <= before_ns:
                bar = found.setdefault(close_ns, np.full((5, len(universe)), np.nan))
                bar[:, positions[candle.product_id]] = row
    closes = sorted(found)[-bars:] if bars > 0 else []
    if not closes:
        return None
    table = np.stack([found[close_ns] for close_ns in closes], axis=1)
    return BarHistory(universe.version, bar_s, integers(closes), *(floats(columns) for columns in table))


def _candles(frame: bytes) -> list[_Candle]:
    try:
        return [candle for event in msgspec.json.decode(frame, type=_Frame).events for candle in event.candles]
    except msgspec.DecodeError:
        return []


def _row(candle: _Candle) -> list[float] | None:
    """Open, high, low, close, volume; None where one is no number of a market."""
    texts = (candle.open, candle.high, candle.low, candle.close, candle.volume)
    try:
        numbers = [Decimal(text) for text in texts]
    except InvalidOperation:
        return None
    good = candle.start.isascii() and candle.start.isdigit() and all(number.is_finite() for number in numbers)
    return [float(number) for number in numbers] if good and min(numbers[:4]) > 0 and numbers[4] >= 0 else None
