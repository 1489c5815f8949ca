"""Price and quantity texts as whole steps of an instrument's grid, exactly or not at all.

Venues write numbers as decimal text. A text is digits with at most one point between digits: no sign, no exponent, no
blank, at most 18 digits on either side of the point. Whatever else comes, or lies off the grid, is a `MalformedFrame`.

Laws: `Steps(step)[text] * step == Decimal(text)` for every text it accepts; `column` agrees with `[]` on every list.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import numpy as np
import numpy.typing as npt

from contracts.instrument import Instrument, Universe
from contracts.wire import MalformedFrame

Int64s = npt.NDArray[np.int64]

_KNOWN_MAX: Final = 1 << 13
_VECTOR_MIN: Final = 1024
_DIGITS_MAX: Final = 18
_POWERS: Final = 10 ** np.arange(_DIGITS_MAX + 1, dtype=np.int64)
_POINT, _END, _ZERO = 46, 10, 48


class Steps(dict[str, int]):
    """Texts as whole steps; remembers the texts it has read, because a market says the same numbers again and again.

    Raises:
        MalformedFrame: a text that is no plain decimal number, off the grid, or beyond 18 digits of steps.
    """

    __slots__ = ("_decimals", "_unit", "_what")

    def __init__(self, step: Decimal, what: str) -> None:
        super().__init__()
        exponent = step.normalize().as_tuple().exponent
        assert isinstance(exponent, int), f"{what}: a step is finite, was {step}"
        self._decimals = max(0, -exponent)
        self._unit: int = int(step.scaleb(self._decimals))
        self._what = what

    def __missing__(self, text: str) -> int:
        count = self._count(text)
        if len(self) >= _KNOWN_MAX:
            self.clear()
        self[text] = count
        return count

    def positive(self, text: str) -> int:
        """The steps of a number that may not be zero."""
        count = self[text]
        if not count:
            raise MalformedFrame(f"{self._what} was {text!r}, expected more than 0")
        return count

    def column(self, texts: Sequence[str]) -> Int64s:
        """Many texts at once; int64 of the same length. Long lists are read as one array where they look as always."""
        counts = self._at_once(texts) if len(texts) >= _VECTOR_MIN else None
        return np.fromiter(map(self.__getitem__, texts), dtype=np.int64, count=len(texts)) if counts is None else counts

    def _count(self, text: str) -> int:
        whole, point, fraction = text.partition(".")
        digits = whole + fraction
        if (
            not (digits.isascii() and digits.isdigit())
            or not 0 < len(whole) <= _DIGITS_MAX
            or (point and not 0 < len(fraction) <= _DIGITS_MAX)
        ):
            raise MalformedFrame(f"{self._what} was {text[:40]!r}, expected digits with at most one point")
        missing = self._decimals - len(fraction)
        if missing < 0:
            if digits[missing:].strip("0"):
                raise MalformedFrame(f"{self._what} {text} is off its grid")
            digits, missing = digits[:missing], 0
        if len(whole) + self._decimals > _DIGITS_MAX:
            raise MalformedFrame(f"{self._what} {text} is beyond {_DIGITS_MAX} digits of its grid")
        scaled: int = int(digits) * 10**missing
        if self._unit == 1:
            return scaled
        count, rest = divmod(scaled, self._unit)
        if rest:
            raise MalformedFrame(f"{self._what} {text} is off its grid")
        return count

    def _at_once(self, texts: Sequence[str]) -> Int64s | None:
        """The same as one array, or None where some text must be looked at by itself, perhaps to be refused."""
        lines = "\n".join(texts) + "\n"
        fractions = self._fractions(lines, len(texts)) if lines.isascii() else None
        if fractions is None:
            return None
        missing = self._decimals - fractions
        digits = np.fromstring(lines.replace(".", ""), dtype=np.int64, sep="\n")
        counts = digits * _POWERS[np.maximum(missing, 0)]
        for divisor in (_POWERS[np.maximum(-missing, 0)], np.int64(self._unit)):
            if np.any(divisor != 1):
                counts, rest = np.divmod(counts, divisor)
                if np.any(rest):
                    return None
        return np.asarray(counts, dtype=np.int64)

    def _fractions(self, lines: str, count: int) -> Int64s | None:
        """How many digits follow the point in each line; None unless all lines are numbers that fit into an int64."""
        raw = np.frombuffer(lines.encode("ascii"), dtype=np.uint8)
        ends, points = np.flatnonzero(raw == _END), np.flatnonzero(raw == _POINT)
        digits = np.count_nonzero(raw - np.uint8(_ZERO) < 10)
        if len(ends) != count or digits + len(ends) + len(points) != len(raw):
            return None
        owner = np.searchsorted(ends, points)
        point = ends.copy()
        point[owner] = points
        whole, fractions = np.diff(ends, prepend=-1) - 1 - (ends - point), ends - point - 1
        if np.any(owner[1:] == owner[:-1]) or np.any(whole < 1) or np.any(fractions[owner] < 1):
            return None
        shown: Int64s = np.maximum(fractions, 0)
        return None if np.any(whole + np.maximum(shown, self._decimals) > _DIGITS_MAX) else shown


class Grid:
    """Both grids of one instrument."""

    __slots__ = ("lots", "symbol", "ticks")

    def __init__(self, instrument: Instrument) -> None:
        self.symbol = instrument.symbol
        self.ticks = Steps(instrument.tick, f"{instrument.symbol}: price")
        self.lots = Steps(instrument.lot, f"{instrument.symbol}: quantity")

    def touch(self, price: str, quantity: str) -> tuple[int, int]:
        """One side of a best bid and offer: ticks and lots, both 0 where the side is empty."""
        ticks, lots = self.ticks[price], self.lots[quantity]
        if not ticks and lots:
            raise MalformedFrame(f"{self.symbol}: price was {price} with a quantity of {quantity}")
        return (ticks, lots) if lots else (0, 0)

    def prices(self, texts: Sequence[str]) -> Int64s:
        """Many prices as ticks, none of them 0."""
        ticks = self.ticks.column(texts)
        if np.count_nonzero(ticks) < len(ticks):
            raise MalformedFrame(f"{self.symbol}: price was 0, expected more")
        return ticks


def grids(universe: Universe) -> dict[str, Grid]:
    """A grid for each symbol."""
    return {instrument.symbol: Grid(instrument) for instrument in universe.instruments}
