"""Whose frames these are: told from addresses where the recording has them, and from the frames themselves."""

import re
from typing import Final, Literal
from urllib.parse import urlsplit

Venue = Literal["Coinbase Advanced Trade", "Binance spot", "Binance USD-M"]
COINBASE: Final = "Coinbase Advanced Trade"
SPOT: Final = "Binance spot"
USDM: Final = "Binance USD-M"

_HOSTS: Final = (
    ("advanced-trade-ws.coinbase.com", COINBASE),
    ("api.coinbase.com", COINBASE),
    ("coinbase.com", "Coinbase Exchange"),
    ("fstream.binance.com", USDM),
    ("fapi.binance.com", USDM),
    ("dstream.binance.com", "Binance COIN-M"),
    ("dapi.binance.com", "Binance COIN-M"),
    ("binance.com", SPOT),
    ("binance.us", "Binance US"),
    ("kraken.com", "Kraken"),
    ("bybit.com", "Bybit"),
    ("okx.com", "OKX"),
    ("bitfinex.com", "Bitfinex"),
    ("deribit.com", "Deribit"),
)
_LOOKS: Final = (
    (rb'\{"channel":"[a-z0-9_]+","timestamp":', COINBASE),
    (rb'\{"(?:topic|op)":"', "Bybit"),
    (rb"\[\d+,", "Kraken or Bitfinex"),
    (rb'\{[^{]*"event":"(?:systemStatus|subscriptionStatus|heartbeat)"', "Kraken"),
    (rb'\{"channel":"[a-z]+","(?:type|data)":', "Kraken"),
    (rb'\{"arg":', "OKX"),
    (rb'.*"ps":"', "Binance COIN-M"),
    (rb'.*"e":"depthUpdate".*"pu":\d', USDM),
    (rb'.*"e":"bookTicker"', USDM),
    (rb'.*"e":"depthUpdate"', SPOT),
    (rb'(?:\{"stream":"[^"]+","data":)?\{"u":\d+,"s":"', SPOT),
)
_COMPILED: Final = tuple((re.compile(look, re.DOTALL).match, name) for look, name in _LOOKS)


def by_address(url: str) -> str | None:
    """The venue at an address; None for an unknown host."""
    host = urlsplit(url).hostname or ""
    return next((name for end, name in _HOSTS if host == end or host.endswith("." + end)), None)


def by_frame(data: bytes) -> str | None:
    """The venue whose frames look like this; None where the frame shows nothing."""
    return next((name for matches, name in _COMPILED if matches(data[:65_536])), None)
