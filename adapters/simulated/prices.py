"""What the simulated venue trades against: the simulated market, or quotes played from a recording."""

from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple, Protocol

from adapters.simulated.market import Market
from contracts.market import Tick
from contracts.quantities import Lots, Nanos, Side, Ticks

Level = tuple[Ticks, Lots]
"""A price, and how much is there; never nothing."""

Levels = tuple[Level, ...]


class Depth(NamedTuple):
    """What can be taken at one instant, best first."""

    bids: Levels
    asks: Levels

    def levels(self, taker: Side) -> Levels:
        """What a taker of that side meets."""
        return self.asks if taker == "buy" else self.bids


class Prices(Protocol):
    """The market at a time that never goes backwards between two questions."""

    def levels(self, symbol: str, taker: Side, at_ns: Nanos) -> Iterable[Level] | None:
        """What a taker of that side meets, best first, worked out as it is looked at; None while nothing was quoted."""

    def middle(self, symbol: str, at_ns: Nanos) -> float | None:
        """The middle in ticks of the best of both sides, of one where the other is empty; None without a book."""

    def moved(self) -> Iterable[str] | None:
        """Whose middle may be another than when this was asked last; None: anyone's."""

    def told(self) -> int | None:
        """How often the market was told anew; between two times there is never more in it, or better. None: always."""

    def taken(self, symbol: str, taker: Side, lots: Lots) -> None:
        """Hear that a taker of that side got so many lots."""


def middle_of(sides: Iterable[Iterable[Level] | None] | None) -> float | None:
    """The middle of the best of both sides in ticks, of one side where the other is empty; None of no book."""
    best = [ticks for side in sides or () if side for ticks, _ in islice(side, 1)]
    return sum(best) / len(best) if best else None


class MarketPrices:
    """The simulated market; no symbol is ever without a book."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._columns = market.universe.positions

    def depth(self, symbol: str, at_ns: Nanos) -> Depth:
        """The market's own ladder."""
        column = self._columns[symbol]
        ladder = self._market.ladder(column, self._market.step_at(column, at_ns))
        return Depth(
            tuple(zip(ladder.bid_ticks.tolist(), ladder.bid_lots.tolist(), strict=True)),
            tuple(zip(ladder.ask_ticks.tolist(), ladder.ask_lots.tolist(), strict=True)),
        )

    def levels(self, symbol: str, taker: Side, at_ns: Nanos) -> Levels:
        """One side of the ladder."""
        return self.depth(symbol, at_ns).levels(taker)

    def middle(self, symbol: str, at_ns: Nanos) -> float | None:
        """Of the best of both sides."""
        return middle_of(self.depth(symbol, at_ns))

    def moved(self) -> None:
        """Everything moves with time."""

    def told(self) -> None:
        """It moves untold."""

    def taken(self, symbol: str, taker: Side, lots: Lots) -> None:
        """The market refills at once."""


class QuoteBoard:
    """The last quote of each symbol, as told; one level deep, and an empty side is empty."""

    def __init__(self) -> None:
        self._quotes: dict[str, Tick] = {}
        self._moved: dict[str, None] = {}
        self._told = 0

    def quote(self, tick: Tick) -> None:
        """Replace the quote of a symbol; a side without price or quantity is empty, a crossed quote is left out."""
        if 0 < tick.ask <= tick.bid:
            return
        self._quotes[tick.symbol] = tick
        self._moved[tick.symbol] = None
        self._told += 1

    def depth(self, symbol: str, at_ns: Nanos) -> Depth | None:
        """The last quote."""
        tick = self._quotes.get(symbol)
        if tick is None:
            return None
        bids = ((tick.bid, tick.bid_lots),) if tick.bid > 0 and tick.bid_lots > 0 else ()
        asks = ((tick.ask, tick.ask_lots),) if tick.ask > 0 and tick.ask_lots > 0 else ()
        return Depth(bids, asks)

    def levels(self, symbol: str, taker: Side, at_ns: Nanos) -> Levels | None:
        """One side of the last quote."""
        depth = self.depth(symbol, at_ns)
        return None if depth is None else depth.levels(taker)

    def middle(self, symbol: str, at_ns: Nanos) -> float | None:
        """Of the last quote."""
        return middle_of(self.depth(symbol, at_ns))

    def moved(self) -> list[str]:
        """What was quoted anew."""
        moved, self._moved = self._moved, {}
        return list(moved)

    def told(self) -> int:
        """By quotes."""
        return self._told

    def taken(self, symbol: str, taker: Side, lots: Lots) -> None:
        """What was quoted stands until it is quoted anew."""
