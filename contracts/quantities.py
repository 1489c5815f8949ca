"""Names for plain numbers, so that a signature says the unit: time is int nanoseconds, belief float, money Decimal."""

from decimal import Decimal
from typing import Final, Literal

Nanos = int
"""Nanoseconds since 1970-01-01 UTC."""

Seconds = float
Bps = float
"""Hundredths of a percent: 1 bp = 1e-4."""

Ticks = int
"""A price counted in the instrument's tick size."""

Lots = int
"""A quantity counted in the instrument's lot size."""

Money = Decimal
"""An amount of one asset, exact."""

Side = Literal["buy", "sell"]

SECOND_NS: Final = 1_000_000_000
BPS: Final = 1e-4


def nanos(seconds: float) -> Nanos:
    """Seconds as whole nanoseconds, rounded to the nearest."""
    return round(seconds * SECOND_NS)


def seconds(duration_ns: Nanos) -> Seconds:
    """Nanoseconds as seconds."""
    return duration_ns / SECOND_NS


def opposite(side: Side) -> Side:
    """The other side of a trade."""
    return "sell" if side == "buy" else "buy"


def sign(side: Side) -> int:
    """+1 for a buy, -1 for a sell: the direction in which a fill moves the position."""
    return 1 if side == "buy" else -1
