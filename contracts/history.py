"""History as a source tells it: blocks of closed bars for many instruments, and dated rows of everything else."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from contracts.instrument import Universe
from contracts.quantities import Nanos, Seconds


class DatasetUnusable(Exception):
    """A data set that cannot be used as asked; every problem names the file or column, what was found and expected."""

    def __init__(self, what: str, problems: tuple[str, ...] = ()) -> None:
        self.what, self.problems = what, problems
        super().__init__("\n  ".join((what, *problems)))


class BarBlock(NamedTuple):
    """Consecutive stamps of closed bars, oldest first: `close_ns` is (T,), every other array (T, N), float64.

    Columns are in the order of the symbols that were asked for; NaN where an instrument has no bar at a stamp. Prices
    are in quote units, volume in base units, `trades` counts (NaN where the source does not say). `bid` and `ask` are
    the quotes at the close, NaN where the source has none: a fill model must then say what it assumes.
    """

    close_ns: npt.NDArray[np.int64]
    open: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    close: npt.NDArray[np.float64]
    volume: npt.NDArray[np.float64]
    trades: npt.NDArray[np.float64]
    bid: npt.NDArray[np.float64]
    ask: npt.NDArray[np.float64]


class Dated(NamedTuple):
    """An outside message and when it was known: not what it speaks of, but when anybody could have read it."""

    at_ns: Nanos
    payload: msgspec.Struct


class Dataset(Protocol):
    """One set of recorded or made history; nothing it hands out was known later than its stamp says."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def digest(self) -> str:
        """Of the content: equal content has equal digests, so that a run can say what it was made of."""

    @property
    def symbols(self) -> tuple[str, ...]:
        """All instruments with bars or rows, in the order of the universe."""

    def universe(self, symbols: tuple[str, ...] | None = None) -> Universe:
        """The instruments, all or those asked for; raises DatasetUnusable naming each one without tick, lot or fees."""

    def span(self, bar_s: Seconds) -> tuple[Nanos, Nanos]:
        """First and last instant of the bars of that length, of rows where it is 0; raises DatasetUnusable."""

    def bars(
        self, bar_s: Seconds, from_ns: Nanos, to_ns: Nanos, symbols: tuple[str, ...] | None = None
    ) -> Iterator[BarBlock]:
        """Bars whose close lies in [from, to), a bounded number of stamps at a time; a stamp nobody has is left out."""

    def rows(
        self, kinds: frozenset[str], from_ns: Nanos, to_ns: Nanos, symbols: tuple[str, ...] | None = None
    ) -> Iterator[Dated]:
        """Ticks, trades, book changes, perpetuals and context values of these kinds, merged in order of time.

        Kinds are `quotes`, `trades`, `books`, `funding`, `context`. Rows of one instant keep the order of kinds, then
        of symbols, then of the source, whatever the partitions are.
        """
