"""Quotes that jumped are held back until others agree: one absurd number must not mark the whole account (F09).

A venue that sends one quote at ten times the price would otherwise move equity, its peak and the loss of the day.
"""

from contracts.market import Tick


class Jumps:
    """One epoch's judgement of quotes, by symbol.

    Law: what is kept lies within `ratio_max` of what was kept before, or is the last of `agreeing` quotes in a row that
    lie within `ratio_max` of each other. The first quote of a symbol is kept: there is nothing to hold it against.
    """

    def __init__(self, ratio_max: float, agreeing: int) -> None:
        self._ratio_max = ratio_max
        self._agreeing = agreeing
        self._kept: dict[str, int] = {}
        self._jumped: dict[str, tuple[int, int]] = {}

    def keeps(self, tick: Tick) -> bool:
        """Whether a quote may be believed; one with an empty side says no price and passes."""
        if tick.bid <= 0 or tick.ask <= 0:
            return True
        price, symbol = tick.bid + tick.ask, tick.symbol
        if self._near(price, self._kept.get(symbol, price)):
            self._jumped.pop(symbol, None)
        else:
            before, count = self._jumped.get(symbol, (price, 0))
            count = count + 1 if self._near(price, before) else 1
            self._jumped[symbol] = price, count
            if count < self._agreeing:
                return False
            del self._jumped[symbol]
        self._kept[symbol] = price
        return True

    def _near(self, price: int, other: int) -> bool:
        return abs(price - other) <= self._ratio_max * other
