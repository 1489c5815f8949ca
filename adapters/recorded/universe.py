"""The instruments of a recording, from what the recording itself carries.

Rules of the venue (Coinbase products, Binance exchangeInfo) are taken where they were recorded. Orders that rest
since before the venue made a step coarser lie off the step of today, and a book must hold them: the grid is then the
coarsest power of ten that the rule and the recorded book share. Where no rules were recorded, the price step is what
the recorded book shares, the lot is the last decimal that the wire writes, and the rest comes from the venue's
published rules, written below. Fees are the published schedules of the entry tier, per side in bps. Steps keep the
decimals of the wire ("0.01000000"), so that a price can be written as the venue writes it.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

from adapters.recorded.venues import COINBASE, SPOT, USDM
from contracts.instrument import Instrument, Universe


class Schedule(NamedTuple):
    """Published terms of a venue: fees in bps per side, smallest order in quote, largest leverage."""

    taker_bps: float
    maker_bps: float
    notional_min: Decimal
    leverage_max: Decimal


SCHEDULES: Final[dict[str, Schedule]] = {
    COINBASE: Schedule(60.0, 40.0, Decimal(1), Decimal(1)),
    SPOT: Schedule(10.0, 10.0, Decimal(5), Decimal(1)),
    USDM: Schedule(5.0, 2.0, Decimal(5), Decimal(20)),
}
QUANTITY_MAX: Final = Decimal(9000)
"""Largest order in base where the recording says nothing: Binance's LOT_SIZE of BTCUSDT."""

_QUOTES: Final = ("FDUSD", "USDT", "USDC", "BUSD", "TUSD", "EUR", "GBP", "TRY", "BTC", "ETH", "BNB", "USD")


class Texts(NamedTuple):
    """Price and quantity texts of one symbol, as recorded."""

    prices: list[str]
    quantities: list[str]


_NONE: Final = Texts([], [])


def universe_of(
    venue: str, symbols: Sequence[str], rules: Mapping[str, Mapping[str, Any]], texts: Mapping[str, Texts]
) -> Universe:
    """The universe in alphabetical order; raises ValueError for a symbol with neither rules nor texts."""
    build = _coinbase if venue == COINBASE else _binance
    return Universe(
        1,
        tuple(
            build(venue, symbol, rules[symbol], texts.get(symbol, _NONE))
            if symbol in rules
            else _derived(venue, symbol, texts.get(symbol, _NONE))
            for symbol in sorted(symbols)
        ),
    )


def shared_step(texts: Iterable[str]) -> Decimal:
    """The coarsest power of ten of which every text is a multiple, written with the most decimals among them."""
    distinct = list(dict.fromkeys(texts))
    decimals = max(len(text.partition(".")[2]) for text in distinct)
    shared = math.gcd(*(int(Decimal(text).scaleb(decimals)) for text in distinct))
    power = 1
    while shared and shared % (power * 10) == 0:
        power *= 10
    return Decimal(power).scaleb(-decimals)


def last_decimal(texts: Iterable[str]) -> Decimal:
    """One step of the last decimal that any of the texts writes."""
    return Decimal(1).scaleb(-max(len(text.partition(".")[2]) for text in texts))


def held_by(rule: Decimal, texts: Sequence[str]) -> Decimal:
    """The rule's step where every text is a multiple of it, else what both share."""
    if all(Decimal(text) % rule == 0 for text in dict.fromkeys(texts)):
        return rule
    return shared_step([str(rule), *texts])


def _coinbase(venue: str, symbol: str, product: Mapping[str, Any], texts: Texts) -> Instrument:
    return _instrument(
        venue,
        symbol,
        base=product["base_currency_id"],
        quote=product["quote_currency_id"],
        tick=held_by(Decimal(product["price_increment"]), texts.prices),
        lot=held_by(Decimal(product["base_increment"]), texts.quantities),
        notional_min=Decimal(product["quote_min_size"]),
        quantity_max=Decimal(product["base_max_size"]),
    )


def _binance(venue: str, symbol: str, entry: Mapping[str, Any], texts: Texts) -> Instrument:
    filters = {rule["filterType"]: rule for rule in entry["filters"]}
    smallest = filters.get("NOTIONAL") or filters.get("MIN_NOTIONAL") or {}
    return _instrument(
        venue,
        symbol,
        base=entry["baseAsset"],
        quote=entry["quoteAsset"],
        tick=held_by(Decimal(filters["PRICE_FILTER"]["tickSize"]), texts.prices),
        lot=held_by(Decimal(filters["LOT_SIZE"]["stepSize"]), texts.quantities),
        notional_min=Decimal(smallest.get("minNotional") or smallest.get("notional") or SCHEDULES[venue].notional_min),
        quantity_max=Decimal(filters["LOT_SIZE"]["maxQty"]),
    )


def _derived(venue: str, symbol: str, texts: Texts) -> Instrument:
    if not texts.prices or not texts.quantities:
        raise ValueError(f"{symbol}: the recording has neither its rules nor a single price and quantity")
    base, quote = _pair(symbol)
    return _instrument(
        venue,
        symbol,
        base=base,
        quote=quote,
        tick=shared_step(texts.prices),
        lot=last_decimal(texts.quantities),
        notional_min=SCHEDULES[venue].notional_min,
        quantity_max=QUANTITY_MAX,
    )


def _pair(symbol: str) -> tuple[str, str]:
    base, dash, quote = symbol.partition("-")
    if dash:
        return base, quote
    end = next((end for end in _QUOTES if symbol.endswith(end) and symbol != end), None)
    if end is None:
        raise ValueError(f"{symbol}: its name ends with none of {', '.join(_QUOTES)}")
    return symbol[: -len(end)], end


def _instrument(
    venue: str,
    symbol: str,
    *,
    base: str,
    quote: str,
    tick: Decimal,
    lot: Decimal,
    notional_min: Decimal,
    quantity_max: Decimal,
) -> Instrument:
    schedule = SCHEDULES[venue]
    return Instrument(
        symbol=symbol,
        venue=venue,
        base=base,
        quote=quote,
        settlement=quote,
        tick=tick,
        lot=lot,
        notional_min=notional_min,
        quantity_max=quantity_max,
        can_short=venue == USDM,
        leverage_max=schedule.leverage_max,
        fee_taker_bps=schedule.taker_bps,
        fee_maker_bps=schedule.maker_bps,
    )
