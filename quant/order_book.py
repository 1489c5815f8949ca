"""One instrument's order book in int64 ticks and lots, fast to change however deep it is.

Each side is a dictionary (ticks -> lots) of all its levels and a short sorted list of the prices near the touch, whose
*last* element is the best. Farther prices are in no order until somebody asks for all of them, so a row costs the same
in a book of forty levels and of forty thousand. The list is cut when it grows long and gathered anew when it runs low.

Laws: after any sequence of snapshots and deltas the book equals the plain dictionary one gets by assigning the rows
in order; `OrderBook.of(book.state())` equals the book, its counts included.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Int64s = NDArray[np.int64]
Rows = Sequence[int] | Int64s
Level = tuple[int, int]

_NEAR: Final = 256
_NEAR_MIN: Final = 32
_NEAR_MAX: Final = 512
_NO_FLOOR: Final = -(1 << 63)


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
    """One side; `sign` is +1 for bids and -1 for asks, so that the best key is always the largest.

    `near` holds, in order, every key from `floor` up; it is empty only if the side is.
    """

    __slots__ = ("_sign", "floor", "lots", "near")

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self.lots: dict[int, int] = {}
        self.near: list[int] = []
        self.floor = _NO_FLOOR

    def load(self, ticks: Sequence[int], lots: Sequence[int]) -> tuple[int, int]:
        """Replace the side; how many prices came with zero lots, and how many rows repeated a price."""
        keys = self._keyed(ticks)
        said = dict(zip(keys, lots, strict=True))
        self.lots = {key: lot for key, lot in said.items() if lot}
        self._gather()
        return len(said) - len(self.lots), len(keys) - len(said)

    def assign(self, ticks: Sequence[int], lots: Sequence[int]) -> int:
        """Set rows in order; the number of deletes of levels that were not held is returned."""
        held, near, floor, unheld = self.lots, self.near, self.floor, 0
        for key, lot in zip(self._keyed(ticks), lots, strict=True):
            if lot:
                if key >= floor and key not in held:
                    insort(near, key)
                held[key] = lot
            elif not held.pop(key, 0):
                unheld += 1
            elif key >= floor:
                del near[bisect_left(near, key)]
        if len(near) > _NEAR_MAX:
            del near[:-_NEAR]
            self.floor = near[0]
        elif len(near) < _NEAR_MIN and floor != _NO_FLOOR:
            self._gather()
        return unheld

    def best(self) -> Level | None:
        if not self.near:
            return None
        key = self.near[-1]
        return self._sign * key, self.lots[key]

    def keys(self, levels: int) -> list[int]:
        """The best keys, best first."""
        if levels <= len(self.near) or self.floor == _NO_FLOOR:
            return self.near[: -levels - 1 : -1]
        return sorted(self.lots, reverse=True)[:levels]

    def top(self, levels: int | None) -> tuple[Int64s, Int64s]:
        if levels is None:
            return self._all()
        keys = self.keys(levels)
        ticks = self._sign * np.array(keys, dtype=np.int64)
        return ticks, np.array([self.lots[key] for key in keys], dtype=np.int64)

    def _all(self) -> tuple[Int64s, Int64s]:
        count = len(self.lots)
        keys = np.fromiter(self.lots, dtype=np.int64, count=count)
        best_first = np.argsort(keys)[::-1]
        lots = np.fromiter(self.lots.values(), dtype=np.int64, count=count)
        return self._sign * keys[best_first], lots[best_first]

    def ladder(self, levels: int) -> tuple[list[int], list[int]]:
        keys = self.keys(levels)
        missing = [0] * (levels - len(keys))
        sign, lots = self._sign, self.lots
        return [sign * key for key in keys] + missing, [lots[key] for key in keys] + missing

    def lots_within(self, worst: int) -> int:
        least = self._sign * worst
        if least >= self.floor:
            near, lots = self.near, self.lots
            return sum([lots[key] for key in near[bisect_left(near, least) :]])
        return sum([lots for key, lots in self.lots.items() if key >= least])

    def _keyed(self, ticks: Sequence[int]) -> Sequence[int]:
        return ticks if self._sign > 0 else [-tick for tick in ticks]

    def _gather(self) -> None:
        self.near = sorted(self.lots)[-_NEAR:]
        self.floor = self.near[0] if len(self.near) < len(self.lots) else _NO_FLOOR


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
        """Apply rows of absolute quantities in their order. What a row costs does not depend on the depth."""
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
        return len(self._bids.lots), len(self._asks.lots)

    def depth(self, levels: int | None = None) -> Depth:
        """The best `levels` of both sides (all of them for None), best first; a thin side gives fewer."""
        if levels is not None and levels < 1:
            raise ValueError(f"levels is {levels}, expected at least 1")
        return Depth(*self._bids.top(levels), *self._asks.top(levels))

    def ladder(self, levels: int) -> tuple[list[int], list[int], list[int], list[int]]:
        """Ticks and lots of the best `levels` bids, then asks, best first, 0 where a side has no more."""
        return *self._bids.ladder(levels), *self._asks.ladder(levels)

    def lots_within(self, lowest_bid: int, highest_ask: int) -> tuple[int, int]:
        """The lots of all bids at or above, and of all asks at or below, those prices in ticks."""
        return self._bids.lots_within(lowest_bid), self._asks.lots_within(highest_ask)

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
