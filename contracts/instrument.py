"""Instruments and the universe: the only bridge between float beliefs and Decimal money."""

import math
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from functools import cached_property
from typing import Final

import msgspec

from contracts.quantities import Bps, Lots, Money, Ticks

QUOTIENT_MAX: Final = 1e9
SURELY_APART: Final = 1e-5
"""Below QUOTIENT_MAX a quotient of floats errs by a millionth at most: beyond ten of them its floor is certain."""

PAYMENT_STEP: Final = Decimal("1E-8")
"""Venues tell balances to so many places, and round half to even what they take by a rate."""

_EXACT: Final = Context(prec=96, rounding=ROUND_HALF_EVEN)


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """What can be traded, on which grid, at what cost.

    `tick` is the price step in quote, `lot` the quantity step in base, `notional_min` the smallest order in quote.
    Fees are per side, in bps of the notional. `version` grows when the venue changes any rule.

    Raises:
        ValueError: a step, minimum or leverage that is not positive, or a negative fee.
    """

    symbol: str
    venue: str
    base: str
    quote: str
    settlement: str
    tick: Decimal
    lot: Decimal
    notional_min: Decimal
    quantity_max: Decimal
    can_short: bool
    leverage_max: Decimal
    fee_taker_bps: Bps
    fee_maker_bps: Bps
    version: int = 1

    def __post_init__(self) -> None:
        for name in ("tick", "lot", "notional_min", "quantity_max", "leverage_max"):
            value = getattr(self, name)
            if not (value.is_finite() and value > 0):
                raise ValueError(f"{self.symbol}: {name} was {value}, expected more than 0")
        if not (self.fee_taker_bps >= 0 and math.isfinite(self.fee_taker_bps) and math.isfinite(self.fee_maker_bps)):
            raise ValueError(f"{self.symbol}: fees were {self.fee_taker_bps} and {self.fee_maker_bps} bps")

    def price(self, ticks: Ticks) -> Money:
        """The exact price of that many ticks."""
        return self.tick * ticks

    def quantity(self, lots: Lots) -> Money:
        """The exact quantity of that many lots."""
        return self.lot * lots

    def ticks(self, price: Decimal) -> Ticks:
        """The price counted in ticks; raises ValueError off the grid."""
        return _whole(price, self.tick, self.symbol, "price")

    def lots(self, quantity: Decimal) -> Lots:
        """The quantity counted in lots; raises ValueError off the grid."""
        return _whole(quantity, self.lot, self.symbol, "quantity")

    def price_float(self, ticks: Ticks) -> float:
        """The price as a belief."""
        return ticks * float(self.tick)

    def ticks_below(self, price: float) -> Ticks:
        """The last grid price at or below a believed price: where a seller's limit may lie."""
        return _floor(price, self.tick, self.symbol, "price")

    def ticks_above(self, price: float) -> Ticks:
        """The first grid price at or above a believed price: where a buyer's limit may lie."""
        return -_floor(-price, self.tick, self.symbol, "price")

    def lots_within(self, quantity: float) -> Lots:
        """The most whole lots that fit into a believed quantity (towards zero, never above)."""
        magnitude = _floor(abs(quantity), self.lot, self.symbol, "quantity")
        return magnitude if quantity >= 0 else -magnitude

    def price_as_written(self, price: float) -> Money:
        """A believed price that lies on no grid, such as a venue's mark, exactly as it is written.

        Raises ValueError for what is not finite and above 0.
        """
        if not (math.isfinite(price) and price > 0):
            raise ValueError(f"{self.symbol}: price was {price}, expected a finite number above 0")
        return Decimal(repr(price))

    def funding(self, quantity: Money, mark: Money, rate: float) -> Money:
        """What a position pays in quote at a settlement, to 8 places; below zero it gets it.

        Raises ValueError for a rate that is not finite.
        """
        if not math.isfinite(rate):
            raise ValueError(f"{self.symbol}: funding rate was {rate}, expected a finite number")
        paid = _EXACT.multiply(_EXACT.multiply(quantity, mark), Decimal(repr(rate)))
        return _EXACT.quantize(paid, PAYMENT_STEP)

    def notional(self, lots: Lots, ticks: Ticks) -> Money:
        """Unsigned quote value of that many lots at that price."""
        return abs(self.quantity(lots) * self.price(ticks))


class Universe(msgspec.Struct, frozen=True, dict=True):
    """The instruments of a run in column order; `version` grows with every change.

    What is asked for at every step is worked out once, for which the struct has room (`dict=True`); it is not to be
    changed.

    Raises:
        ValueError: no instrument, or one symbol twice.
    """

    version: int
    instruments: tuple[Instrument, ...]

    def __post_init__(self) -> None:
        symbols = self.symbols
        if not symbols:
            raise ValueError("a universe holds at least one instrument")
        if len(dict.fromkeys(symbols)) != len(symbols):
            raise ValueError(f"a universe names each symbol once, was {', '.join(symbols)}")

    def __len__(self) -> int:
        return len(self.instruments)

    @cached_property
    def symbols(self) -> tuple[str, ...]:
        """Symbols in column order."""
        return tuple(instrument.symbol for instrument in self.instruments)

    @cached_property
    def positions(self) -> dict[str, int]:
        """Column number by symbol."""
        return {instrument.symbol: column for column, instrument in enumerate(self.instruments)}


def _whole(value: Decimal, step: Decimal, symbol: str, what: str) -> int:
    if not value.is_finite():
        raise ValueError(f"{symbol}: {what} was {value}, expected a finite number")
    count = int(value / step)
    if count * step != value:
        raise ValueError(f"{symbol}: {what} {value} is off the grid of {step}")
    return count


def _floor(value: float, step: Decimal, symbol: str, what: str) -> int:
    if not math.isfinite(value):
        raise ValueError(f"{symbol}: {what} was {value}, expected a finite number")
    quotient = value / float(step)
    whole = math.floor(quotient)
    if abs(quotient) < QUOTIENT_MAX and SURELY_APART < quotient - whole < 1.0 - SURELY_APART:
        return whole
    return int((Decimal(repr(value)) / step).to_integral_value(rounding=ROUND_FLOOR))
