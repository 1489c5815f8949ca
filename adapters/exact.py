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
        """Many texts at once; int64 of the same length. Long lists are read digit by digit as one array."""
        if len(texts) < _VECTOR_MIN:
            return np.fromiter(map(self.__getitem__, texts), dtype=np.int64, count=len(texts))
        return self._grid(self._vector(texts))

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

    def _vector(self, texts: Sequence[str]) -> Int64s:
        """The texts times 10 ** decimals; a text that the array form cannot take is left to `_count` to name."""
        try:
            raw = np.frombuffer(("\n".join(texts) + "\n").encode("ascii"), dtype=np.uint8)
        except UnicodeEncodeError:
            raise self._worst(texts) from None
        digits = raw - np.uint8(_ZERO)
        is_point = raw == _POINT
        ends = np.flatnonzero(raw == _END)
        points = np.flatnonzero(is_point)
        owner = np.searchsorted(ends, points)
        if len(ends) != len(texts) or np.count_nonzero(digits < 10) + len(ends) + len(points) != len(raw):
            raise self._worst(texts)
        starts = np.concatenate(([0], ends[:-1] + 1))
        point = ends.copy()
        point[owner] = points
        fraction = ends - point - 1
        if (
            np.any(owner[1:] == owner[:-1])
            or np.any(point == starts)
            or np.any(point - starts + self._decimals > _DIGITS_MAX)
            or np.any(fraction[owner] < 1)
            or np.any(fraction > _DIGITS_MAX)
        ):
            raise self._worst(texts)
        return self._places(digits, np.repeat(point, ends - starts + 1), is_point | (raw == _END), starts, texts)

    def _places(
        self,
        digits: npt.NDArray[np.uint8],
        point: Int64s,
        silent: npt.NDArray[np.bool_],
        starts: Int64s,
        texts: Sequence[str],
    ) -> Int64s:
        left = point - np.arange(len(point))
        place = left + self._decimals - (left > 0)
        values = np.where(silent, 0, digits).astype(np.int64)
        if np.any(values[place < 0]):
            raise self._worst(texts)
        return np.add.reduceat(values * _POWERS[np.clip(place, 0, _DIGITS_MAX)], starts)

    def _grid(self, scaled: Int64s) -> Int64s:
        if self._unit == 1:
            return scaled
        counts, rest = np.divmod(scaled, self._unit)
        if np.any(rest):
            text = Decimal(int(scaled[np.flatnonzero(rest)[0]])).scaleb(-self._decimals)
            raise MalformedFrame(f"{self._what} {text} is off its grid")
        return np.asarray(counts, dtype=np.int64)

    def _worst(self, texts: Sequence[str]) -> MalformedFrame:
        """Name the first text that one by one is refused too."""
        for text in texts:
            try:
                self._count(text)
            except MalformedFrame as error:
                return error
        raise AssertionError(f"{self._what}: read one by one, all {len(texts)} numbers are right")


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
