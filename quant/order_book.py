"""One instrument's order book in int64 ticks and lots, fast to change at the touch.

Each side is a dictionary (ticks -> lots) and a sorted list of its ticks whose *last* element is the best price. Most
changes happen near the best price, so inserting or deleting there moves only a few list entries, and the best price
is one subscript away however deep the book is.

Laws: after any sequence of snapshots and deltas the book equals the plain dictionary one gets by assigning the rows
in order; `OrderBook.of(book.state())` equals the book, its counts included.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Int64s = NDArray[np.int64]
Rows = Sequence[int] | Int64s
Level = tuple[int, int]


class Depth(NamedTuple):
    """Both sides as int64 arrays, best price first; the arrays are copies."""

    bid_ticks: Int64s
    bid_lots: Int64s
    ask_ticks: Int64s
    ask_lots: Int64s


class BookState(NamedTuple):
    """Everything an `OrderBook` remembers: its levels, best first, and what it has counted."""

    depth: Depth
    rows: int
    unheld_deletes: int
    repeated_levels: int


def _ints(rows: Rows) -> Sequence[int]:
    return rows.tolist() if isinstance(rows, np.ndarray) else rows


class _Side:
    """One side; `sign` is +1 for bids and -1 for asks, so that the best key is always the largest."""

    __slots__ = ("_sign", "keys", "lots")

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self.keys: list[int] = []
        self.lots: dict[int, int] = {}

    def load(self, ticks: Sequence[int], lots: Sequence[int]) -> tuple[int, int]:
        """Replace the side; how many prices came with zero lots, and how many rows repeated a price."""
        keys = ticks if self._sign > 0 else [-tick for tick in ticks]
        said = dict(zip(keys, lots, strict=True))
        self.lots = {key: lot for key, lot in said.items() if lot}
        self.keys = sorted(self.lots)
        return len(said) - len(self.lots), len(keys) - len(said)

    def assign(self, ticks: Sequence[int], lots: Sequence[int]) -> int:
        """Set rows in order; the number of deletes of levels that were not held is returned."""
        sign, keys, held, unheld = self._sign, self.keys, self.lots, 0
        for tick, lot in zip(ticks, lots, strict=True):
            key = sign * tick
            if lot:
                if key not in held:
                    insort(keys, key)
                held[key] = lot
            elif key in held:
                del held[key]
                del keys[bisect_left(keys, key)]
            else:
                unheld += 1
        return unheld

    def best(self) -> Level | None:
        if not self.keys:
            return None
        key = self.keys[-1]
        return self._sign * key, self.lots[key]

    def top(self, levels: int | None) -> tuple[Int64s, Int64s]:
        keys = self.keys[::-1] if levels is None else self.keys[: -levels - 1 : -1]
        ticks = self._sign * np.array(keys, dtype=np.int64)
        return ticks, np.array([self.lots[key] for key in keys], dtype=np.int64)


class OrderBook:
    """A book of absolute quantities: a row `(ticks, lots)` replaces the level, zero lots delete it.

    Counted, never raised, because venues do it in good health: deletes of levels not held (`unheld_deletes`, also
    a zero row of a snapshot) and a price said twice in one snapshot (`repeated_levels`; the last row holds).
    A negative quantity, or columns of different lengths, raise `ValueError` and leave the book as it was.
    """

    __slots__ = ("_asks", "_bids", "repeated_levels", "rows", "unheld_deletes")

    def __init__(self) -> None:
        self._bids = _Side(1)
        self._asks = _Side(-1)
        self.rows = 0
        self.unheld_deletes = 0
        self.repeated_levels = 0

    @classmethod
    def of(cls, state: BookState) -> OrderBook:
        """The book that said `state`."""
        book = cls()
        book.load(state)
        return book

    def apply_snapshot(self, bid_ticks: Rows, bid_lots: Rows, ask_ticks: Rows, ask_lots: Rows) -> None:
        """Replace the whole book; rows may come in any order. O(n log n)."""
        for side, ticks, lots in (
            (self._bids, *_checked("bid", bid_ticks, bid_lots)),
            (self._asks, *_checked("ask", ask_ticks, ask_lots)),
        ):
            empty, repeated = side.load(ticks, lots)
            self.rows += len(lots)
            self.unheld_deletes += empty
            self.repeated_levels += repeated

    def apply_delta(self, bid_ticks: Rows, bid_lots: Rows, ask_ticks: Rows, ask_lots: Rows) -> None:
        """Apply rows of absolute quantities in their order. A row at the touch costs O(log n)."""
        bids = _checked("bid", bid_ticks, bid_lots)
        asks = _checked("ask", ask_ticks, ask_lots)
        self.unheld_deletes += self._bids.assign(*bids) + self._asks.assign(*asks)
        self.rows += len(bids[0]) + len(asks[0])

    def clear(self) -> None:
        """Forget every level (a new connection epoch); the counts stay."""
        self._bids.load((), ())
        self._asks.load((), ())

    def best_bid(self) -> Level | None:
        """`(ticks, lots)` of the highest bid, or None when there is none."""
        return self._bids.best()

    def best_ask(self) -> Level | None:
        """`(ticks, lots)` of the lowest ask, or None when there is none."""
        return self._asks.best()

    def crossed(self) -> bool:
        """Whether the best bid is at or above the best ask (a locked book counts as crossed)."""
        bid, ask = self._bids.best(), self._asks.best()
        return bid is not None and ask is not None and bid[0] >= ask[0]

    def level_counts(self) -> tuple[int, int]:
        """How many bids and how many asks are held."""
        return len(self._bids.keys), len(self._asks.keys)

    def depth(self, levels: int | None = None) -> Depth:
        """The best `levels` of both sides (all of them for None), best first; a thin side gives fewer."""
        if levels is not None and levels < 1:
            raise ValueError(f"levels is {levels}, expected at least 1")
        return Depth(*self._bids.top(levels), *self._asks.top(levels))

    def state(self) -> BookState:
        """Everything remembered, as int64 arrays and counts."""
        return BookState(self.depth(), self.rows, self.unheld_deletes, self.repeated_levels)

    def load(self, state: BookState) -> None:
        """Become the book that said `state`."""
        self._bids.load(state.depth.bid_ticks.tolist(), state.depth.bid_lots.tolist())
        self._asks.load(state.depth.ask_ticks.tolist(), state.depth.ask_lots.tolist())
        self.rows = state.rows
        self.unheld_deletes = state.unheld_deletes
        self.repeated_levels = state.repeated_levels


def _checked(name: str, ticks: Rows, lots: Rows) -> tuple[Sequence[int], Sequence[int]]:
    tick_rows, lot_rows = _ints(ticks), _ints(lots)
    if len(tick_rows) != len(lot_rows):
        raise ValueError(f"{name} rows: {len(tick_rows)} ticks and {len(lot_rows)} lots, expected as many of each")
    if lot_rows and min(lot_rows) < 0:
        raise ValueError(f"{name} rows: a quantity of {min(lot_rows)} lots, expected 0 or more")
    return tick_rows, lot_rows
