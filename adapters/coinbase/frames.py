"""Coinbase Advanced Trade frames to market rows: bytes in, `Parsed` out, no I/O.

`sequence_num` counts the frames of all channels of one connection from 0, so every frame carries the sequence `*`.
`market_trades` names the maker's side: the aggressor is the opposite. Its frames are newest first and are put in order
of their trade ids. The trades of its snapshot happened before the connection: they are history, said by no row and
counted as `market_trades:history`. A frame without rows has the kind of its channel; rows of products outside the
universe are left out, and a frame with nothing else has the kind `<channel>:unlisted`.

A frame that looks exactly as always takes the fast way; all others are read carefully, where a key that comes twice,
bytes that are no UTF-8, or bottomless nesting are named. Everything unreadable is a `MalformedFrame`.
"""

from collections.abc import Iterable
from typing import Final, assert_never

import msgspec
import numpy as np

from adapters.careful import careful, label
from adapters.coinbase import layout
from adapters.coinbase.stamps import Stamps
from adapters.exact import Grid, grids
from contracts.column import Column
from contracts.instrument import Universe
from contracts.market import BookDelta, BookSnapshot, Tick, Trade
from contracts.quantities import Nanos
from contracts.wire import MalformedFrame, MarketRow, Parsed, RawFrame, Sequence

CONNECTION: Final = "*"
"""The stream that counts every frame of a connection."""

_EXACT: Final = msgspec.json.Decoder(layout.Exact)
_CHANNELS: Final = ("l2_data", "market_trades", "ticker")
_QUOTE: Final = ord('"')
_SMALL: Final = 4096
_INT64_MAX: Final = 2**63 - 1


class CoinbaseParser:
    """The parser of one connection."""

    def __init__(self, universe: Universe) -> None:
        self._grids = grids(universe)
        self._stamps = Stamps()

    def parse(self, frame: RawFrame) -> Parsed:
        """What the frame says; raises MalformedFrame."""
        try:
            said = _EXACT.decode(frame.data)
            exact = _quotes(frame.data) == said.quotes()
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            exact = False
        return self._rows(said, frame) if exact else self._carefully(frame)

    def _carefully(self, frame: RawFrame) -> Parsed:
        read = careful(frame.data)
        channel = read.get("channel")
        if not isinstance(channel, str):
            raise MalformedFrame(f"channel was {str(channel)[:40]!r}, expected a name")
        if channel in _CHANNELS:
            try:
                return self._rows(msgspec.convert(read, layout.Lenient), frame)
            except msgspec.ValidationError as error:
                raise MalformedFrame(f"{channel}: {str(error)[:200]}") from None
        return Parsed(label(channel), (), _sequence(read["sequence_num"]) if "sequence_num" in read else None)

    def _rows(self, said: layout.Exact | layout.Lenient, frame: RawFrame) -> Parsed:
        sequence = _sequence(said.sequence_num)
        at_ns = self._stamps.nanos(said.timestamp)
        match said:
            case layout.TickerFrame() | layout.LenientTickerFrame():
                return _parsed("ticker", self._ticks(said, at_ns, frame), sequence)
            case layout.LevelFrame() | layout.LenientLevelFrame():
                return _parsed("l2_data", self._books(said, at_ns, frame), sequence)
            case layout.TradeFrame():
                history = bool(said.events) and all(event.type == "snapshot" for event in said.events)
                kind = "market_trades:history" if history else "market_trades"
                return _parsed(kind, self._trades(said, frame), sequence)
            case _:
                assert_never(said)

    def _ticks(self, said: layout.Tickers, at_ns: Nanos, frame: RawFrame) -> list[MarketRow]:
        rows: list[MarketRow] = []
        for event in said.events:
            for ticker in event.tickers:
                grid = self._grids.get(ticker.product_id)
                if grid is not None:
                    bid, bid_lots = grid.touch(ticker.best_bid, ticker.best_bid_quantity)
                    ask, ask_lots = grid.touch(ticker.best_ask, ticker.best_ask_quantity)
                    rows.append(Tick(grid.symbol, bid, ask, bid_lots, ask_lots, at_ns, frame.epoch, frame.number))
        return rows

    def _trades(self, said: layout.TradeFrame, frame: RawFrame) -> list[Trade]:
        rows: list[Trade] = []
        for event in said.events:
            trades = [self._trade(trade, frame) for trade in event.trades if trade.product_id in self._grids]
            if event.type == "update":
                rows.extend(sorted(trades, key=lambda trade: trade.trade_id))
        return rows

    def _trade(self, trade: layout.PublicTrade, frame: RawFrame) -> Trade:
        grid = self._grids[trade.product_id]
        return Trade(
            grid.symbol,
            grid.ticks.positive(trade.price),
            grid.lots.positive(trade.size),
            "sell" if trade.side == "BUY" else "buy",
            _trade_id(trade.trade_id),
            self._stamps.nanos(trade.time),
            frame.epoch,
            frame.number,
        )

    def _books(self, said: layout.Levels, at_ns: Nanos, frame: RawFrame) -> list[MarketRow]:
        rows: list[MarketRow] = []
        for event in said.events:
            grid = self._grids.get(event.product_id)
            if grid is not None:
                form = BookSnapshot if event.type == "snapshot" else BookDelta
                sides = _sides(event, grid)
                rows.append(form(grid.symbol, *sides, said.sequence_num, at_ns, frame.epoch, frame.number))
        return rows


def _sides(event: layout.LevelEvent | layout.LenientLevelEvent, grid: Grid) -> tuple[Column, Column, Column, Column]:
    """Bid ticks, bid lots, ask ticks, ask lots, in the order of the wire."""
    bids = [level for level in event.updates if level.side == "bid"]
    levels = bids + [level for level in event.updates if level.side != "bid"]
    ticks = grid.prices([level.price_level for level in levels])
    lots = grid.lots.column([level.new_quantity for level in levels])
    at = len(bids)
    return Column(ticks[:at]), Column(lots[:at]), Column(ticks[at:]), Column(lots[at:])


def _parsed(channel: str, rows: Iterable[MarketRow], sequence: Sequence) -> Parsed:
    said = tuple(rows)
    return Parsed(channel if said or ":" in channel else f"{channel}:unlisted", said, sequence)


def _sequence(number: object) -> Sequence:
    if not (isinstance(number, int) and 0 <= number <= _INT64_MAX) or isinstance(number, bool):
        raise MalformedFrame(f"sequence_num was {str(number)[:40]}, expected a number from 0")
    return Sequence(CONNECTION, "consecutive", 0, number)


def _trade_id(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise MalformedFrame(f"trade_id was {text[:40]!r}, expected at most 18 digits")
    return int(text)


def _quotes(data: bytes) -> int:
    """How many quotation marks are in a frame."""
    if len(data) < _SMALL:
        return data.count(b'"')
    return int(np.count_nonzero(np.frombuffer(data, dtype=np.uint8) == _QUOTE))
