"""The ten instruments of the simulated venue: grids, fees and what their market is like."""

from decimal import Decimal
from typing import Final, NamedTuple

from contracts.instrument import Instrument, Universe

VENUE: Final = "simulated"
TAKER_BPS: Final = 1.0
MAKER_BPS: Final = 0.5
LEVERAGE_MAX: Final = Decimal(3)
NOTIONAL_MIN: Final = Decimal(5)


class Listing(NamedTuple):
    """One line of the venue's list.

    `price` in EUR is where the price reverts to over months; `volatility` is the standard deviation of a day's log
    return, `beta` the correlation with the common factor, `depth_eur` the mean notional at the best level.
    """

    symbol: str
    price: float
    tick: str
    lot: str
    volatility: float
    beta: float
    half_spread_bps: float
    depth_eur: float


LISTINGS: Final = (
    Listing("BTC-EUR", 85_000.0, "0.1", "0.00001", 0.030, 0.85, 0.5, 25_000.0),
    Listing("ETH-EUR", 2_900.0, "0.01", "0.0001", 0.040, 0.85, 0.6, 18_000.0),
    Listing("SOL-EUR", 140.0, "0.001", "0.001", 0.052, 0.75, 0.8, 9_000.0),
    Listing("XRP-EUR", 2.0, "0.00001", "0.1", 0.048, 0.70, 0.8, 9_000.0),
    Listing("ADA-EUR", 0.45, "0.00001", "1", 0.052, 0.75, 1.0, 5_000.0),
    Listing("DOGE-EUR", 0.15, "0.000001", "1", 0.060, 0.70, 1.0, 5_000.0),
    Listing("LTC-EUR", 85.0, "0.001", "0.001", 0.044, 0.70, 1.0, 5_000.0),
    Listing("DOT-EUR", 3.0, "0.0001", "0.01", 0.050, 0.75, 1.1, 4_000.0),
    Listing("AVAX-EUR", 15.0, "0.001", "0.01", 0.056, 0.75, 1.1, 4_000.0),
    Listing("LINK-EUR", 14.0, "0.001", "0.01", 0.052, 0.75, 1.0, 4_000.0),
)


def universe_of(listings: tuple[Listing, ...]) -> Universe:
    """The instruments of those listings in their order, as version 1."""
    return Universe(version=1, instruments=tuple(_instrument(listing) for listing in listings))


def listings_of(symbols: tuple[str, ...]) -> tuple[Listing, ...]:
    """The listings of those symbols in the order asked for; raises ValueError for an unknown one."""
    known = {listing.symbol: listing for listing in LISTINGS}
    unknown = [symbol for symbol in symbols if symbol not in known]
    if unknown:
        raise ValueError(f"the simulated venue does not list {', '.join(unknown)}; it lists {', '.join(known)}")
    return tuple(known[symbol] for symbol in symbols)


def _instrument(listing: Listing) -> Instrument:
    lot = Decimal(listing.lot)
    return Instrument(
        symbol=listing.symbol,
        venue=VENUE,
        base=listing.symbol.partition("-")[0],
        quote="EUR",
        settlement="EUR",
        tick=Decimal(listing.tick),
        lot=lot,
        notional_min=NOTIONAL_MIN,
        quantity_max=lot * 100_000_000,
        can_short=True,
        leverage_max=LEVERAGE_MAX,
        fee_taker_bps=TAKER_BPS,
        fee_maker_bps=MAKER_BPS,
    )
