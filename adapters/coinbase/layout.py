"""The frames of Coinbase Advanced Trade that carry market rows, exactly as they look on the wire.

Every field of the recorded frames is named and required: with `quotes` it proves that no key came twice or unknown.
`Lenient` forms name only what is needed, for frames that were read carefully before.
"""

from typing import Literal

import msgspec

EventType = Literal["snapshot", "update"]


class Level(msgspec.Struct, frozen=True, gc=False):
    """One price level: absolute quantity, "0" deletes."""

    side: Literal["bid", "offer"]
    event_time: str
    price_level: str
    new_quantity: str


class LevelEvent(msgspec.Struct, frozen=True):
    """Levels of one product; a snapshot is the whole book."""

    type: EventType
    product_id: str
    updates: list[Level]


class LevelFrame(msgspec.Struct, frozen=True, tag="l2_data", tag_field="channel"):
    """Channel l2_data."""

    timestamp: str
    sequence_num: int
    events: list[LevelEvent]

    def quotes(self) -> int:
        """How many quotation marks a frame of this content has when nothing else is in it."""
        marks = 12
        for event in self.events:
            marks += 10 + 16 * len(event.updates)
        return marks


class PublicTrade(msgspec.Struct, frozen=True, gc=False):
    """One trade; `side` is the maker's."""

    product_id: str
    trade_id: str
    price: str
    size: str
    time: str
    side: Literal["BUY", "SELL"]


class TradeEvent(msgspec.Struct, frozen=True):
    """Trades, newest first; a snapshot repeats what happened before the subscription."""

    type: EventType
    trades: list[PublicTrade]


class TradeFrame(msgspec.Struct, frozen=True, tag="market_trades", tag_field="channel"):
    """Channel market_trades."""

    timestamp: str
    sequence_num: int
    events: list[TradeEvent]

    def quotes(self) -> int:
        """How many quotation marks a frame of this content has when nothing else is in it."""
        marks = 12
        for event in self.events:
            marks += 6 + 24 * len(event.trades)
        return marks


class Ticker(msgspec.Struct, frozen=True, gc=False):
    """Best bid and offer, beside figures of the day that nobody here reads."""

    type: Literal["ticker"]
    product_id: str
    price: str
    volume_24_h: str
    low_24_h: str
    high_24_h: str
    low_52_w: str
    high_52_w: str
    price_percent_chg_24_h: str
    best_bid: str
    best_ask: str
    best_bid_quantity: str
    best_ask_quantity: str


class TickerEvent(msgspec.Struct, frozen=True):
    """Tickers of some products."""

    type: EventType
    tickers: list[Ticker]


class TickerFrame(msgspec.Struct, frozen=True, tag="ticker", tag_field="channel"):
    """Channel ticker."""

    timestamp: str
    sequence_num: int
    events: list[TickerEvent]

    def quotes(self) -> int:
        """How many quotation marks a frame of this content has when nothing else is in it."""
        marks = 12
        for event in self.events:
            marks += 6 + 52 * len(event.tickers)
        return marks


class LenientLevel(msgspec.Struct, frozen=True):
    """What a level must say at least."""

    side: Literal["bid", "offer"]
    price_level: str
    new_quantity: str


class LenientLevelEvent(msgspec.Struct, frozen=True):
    """What a level event must say at least."""

    type: EventType
    product_id: str
    updates: list[LenientLevel]


class LenientLevelFrame(msgspec.Struct, frozen=True, tag="l2_data", tag_field="channel"):
    """What an l2_data frame must say at least."""

    timestamp: str
    sequence_num: int
    events: list[LenientLevelEvent]


class LenientTicker(msgspec.Struct, frozen=True):
    """What a ticker must say at least."""

    product_id: str
    best_bid: str
    best_ask: str
    best_bid_quantity: str
    best_ask_quantity: str


class LenientTickerEvent(msgspec.Struct, frozen=True):
    """What a ticker event must say at least."""

    type: EventType
    tickers: list[LenientTicker]


class LenientTickerFrame(msgspec.Struct, frozen=True, tag="ticker", tag_field="channel"):
    """What a ticker frame must say at least."""

    timestamp: str
    sequence_num: int
    events: list[LenientTickerEvent]


Levels = LevelFrame | LenientLevelFrame
Tickers = TickerFrame | LenientTickerFrame
Exact = LevelFrame | TradeFrame | TickerFrame
Lenient = LenientLevelFrame | TradeFrame | LenientTickerFrame
