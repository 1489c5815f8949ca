"""What is owned: positions, what holding them cost, and equity, exact, in Decimal."""

import msgspec

from contracts.quantities import Money, Nanos


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """The position of one instrument after a booking: quantity = opening + sum of signed fills.

    `entry` is the average price of what is open (0 when flat); `realised` and `fees` are totals in quote.
    """

    symbol: str
    quantity: Money
    entry: Money
    realised: Money
    fees: Money
    execution_seq: int


class FundingBooked(msgspec.Struct, frozen=True, kw_only=True):
    """Funding as booked: exactly once, whatever the venue repeats; `amount` of `asset` was paid, below zero got.

    `total` is what the instrument has paid in that asset since the opening, this payment included.
    """

    symbol: str
    payment_id: str
    asset: str
    amount: Money
    total: Money
    rate: float
    settled_ns: Nanos
    payment_seq: int


class Equity(msgspec.Struct, frozen=True, kw_only=True):
    """The account in its own currency at a beat or after a booking.

    `complete` is false where a mark or an exchange rate was missing or too old: then the last known value was used
    for that part, and nothing new may be risked on it. `day` is the UTC trading day by the messages' own time.
    """

    currency: str
    equity: Money
    cash: Money
    gross: Money
    net: Money
    unrealised: Money
    peak: Money
    day: int
    day_start: Money
    complete: bool
    missing: tuple[str, ...]
