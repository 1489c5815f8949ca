"""Binance frames, spot and USD-M, to market rows: bytes in, `Parsed` out, no I/O.

Both forms are read: the combined stream `{"stream", "data"}` and the bare event. A REST depth snapshot names no symbol,
so it comes as the data of a stream `<symbol>@depthSnapshot`; a bare one belongs to a universe of one instrument.

Sequences: depth is a `chain` (`U`, `u`, on futures `pu`) that begins with a `snapshot`; trades and aggregate trades
count consecutively from wherever they begin. A best bid and offer replaces all before it, so it is a `chain` from 0:
only its order matters. Spot says no time with it; the time of receipt stands in. Trades of the insurance fund are no
market trades: they have no row and their own kind. Futures say mark, index and funding of a perpetual, and its
liquidations: nothing numbers these. Deletes of levels that were never held are normal rows.
"""

import re
from collections.abc import Callable
from typing import Any, Final, Literal, NamedTuple

import msgspec

from adapters.binance import layout
from adapters.careful import careful, label
from adapters.exact import Grid, grids
from contracts.column import Column
from contracts.instrument import Universe
from contracts.market import BookDelta, BookSnapshot, Perp, Tick, Trade
from contracts.quantities import Nanos
from contracts.wire import MalformedFrame, Parsed, RawFrame, Sequence

Market = Literal["spot", "usdm"]
SNAPSHOT: Final = "depthSnapshot"
"""The stream name under which a REST depth snapshot is wrapped."""

_MILLI_NS: Final = 1_000_000
_STREAM: Final = b'{"stream":"'
_NAME_AT: Final = len(_STREAM)
_CHANNELS_MAX: Final = 4096
_REAL: Final = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,18})?").fullmatch
_EXACT: Final[dict[Market, dict[str, msgspec.json.Decoder[Any]]]] = {
    "spot": {
        "depth": msgspec.json.Decoder(layout.Wrapped[layout.Depth]),
        "bookTicker": msgspec.json.Decoder(layout.Wrapped[layout.BookTicker]),
        "trade": msgspec.json.Decoder(layout.Wrapped[layout.SpotTrade]),
        "aggTrade": msgspec.json.Decoder(layout.Wrapped[layout.SpotAggregateTrade]),
    },
    "usdm": {
        "depth": msgspec.json.Decoder(layout.Wrapped[layout.UsdmDepth]),
        "bookTicker": msgspec.json.Decoder(layout.Wrapped[layout.UsdmBookTicker]),
        "trade": msgspec.json.Decoder(layout.Wrapped[layout.UsdmTrade]),
        "aggTrade": msgspec.json.Decoder(layout.Wrapped[layout.UsdmAggregateTrade]),
    },
}
_EVENTS: Final = {"depthUpdate": "depth", "markPriceUpdate": "markPrice"}
"""Events whose streams have another name."""

_LENIENT: Final[dict[str, type[Any]]] = {
    "depth": layout.LenientDepth,
    "bookTicker": layout.LenientBookTicker,
    "trade": layout.LenientTrade,
    "aggTrade": layout.LenientAggregateTrade,
    "markPrice": layout.LenientMarkPrice,
    "forceOrder": layout.LenientForcedOrder,
    SNAPSHOT: layout.Snapshot,
}


class _Channel(NamedTuple):
    """What the name of a stream settles."""

    kind: str
    event: str
    grid: Grid
    decode: Callable[[bytes], layout.Wrapped[Any]]


class BinanceParser:
    """The parser of one connection to one of the two markets."""

    def __init__(self, universe: Universe, market: Market) -> None:
        self._grids = grids(universe)
        self._market: Market = market
        self._channels: dict[bytes, _Channel | None] = {}

    def parse(self, frame: RawFrame) -> Parsed:
        """What the frame says; raises MalformedFrame."""
        data = frame.data
        channel = self._channel(data[_NAME_AT : data.find(b'"', _NAME_AT)]) if data.startswith(_STREAM) else None
        if channel is not None:
            try:
                said = channel.decode(data).data
                exact = data.count(b'"') == said.marks() and said.s == channel.grid.symbol
            except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
                exact = False
            if exact:
                return self._row(channel.event, channel.kind, channel.grid, said, frame)
        return self._carefully(frame)

    def _channel(self, stream: bytes) -> _Channel | None:
        channel = self._channels.get(stream)
        if channel is None and stream not in self._channels:
            if len(self._channels) >= _CHANNELS_MAX:
                self._channels.clear()
            channel = self._channels[stream] = self._named(stream)
        return channel

    def _named(self, stream: bytes) -> _Channel | None:
        if not stream.isascii():
            return None
        symbol, _, kind = stream.decode("ascii").partition("@")
        event = kind.partition("@")[0]
        grid, decoder = self._grids.get(symbol.upper()), _EXACT[self._market].get(event)
        return _Channel(kind, event, grid, decoder.decode) if grid is not None and decoder is not None else None

    def _carefully(self, frame: RawFrame) -> Parsed:
        read = careful(frame.data)
        stream, said = "", read
        if "stream" in read and "data" in read:
            stream, said = read["stream"], read["data"]
            if not isinstance(stream, str) or not isinstance(said, dict):
                raise MalformedFrame("a combined stream has a name and an object, expected both")
        symbol, _, suffix = stream.partition("@")
        event = _event(said, suffix)
        kind, form = label(suffix or event), _LENIENT.get(event)
        if form is None:
            return Parsed(kind)
        try:
            row = msgspec.convert(said, form)
        except msgspec.ValidationError as error:
            raise MalformedFrame(f"{event}: {str(error)[:200]}") from None
        grid = self._grids.get(self._owner(symbol) if event == SNAPSHOT else row.s)
        return Parsed(f"{kind}:unlisted") if grid is None else self._row(event, kind, grid, row, frame)

    def _owner(self, symbol: str) -> str:
        """Whose a REST snapshot is: the stream's, or the only instrument's."""
        return next(iter(self._grids)) if not symbol and len(self._grids) == 1 else symbol.upper()

    def _row(self, event: str, kind: str, grid: Grid, said: Any, frame: RawFrame) -> Parsed:
        match event:
            case "bookTicker":
                return _best(kind, grid, said, frame)
            case "depth":
                return self._depth(kind, grid, said, frame)
            case "trade":
                return _trade(kind, grid, said, said.t, "trade", frame)
            case "aggTrade":
                return _trade(kind, grid, said, said.a, "aggTrade", frame)
            case "markPrice" | "forceOrder":
                return _perpetual(kind, grid, said, frame)
            case _:
                return _snapshot(kind, grid, said, frame)

    def _depth(self, kind: str, grid: Grid, said: Any, frame: RawFrame) -> Parsed:
        previous = said.pu
        if (previous is None) == (self._market == "usdm"):
            raise MalformedFrame(f"depth: pu was {previous}, which is not the {self._market} market's form")
        if said.u < said.U:
            raise MalformedFrame(f"depth: U was {said.U}, expected at most u = {said.u}")
        sequence = Sequence(f"{grid.symbol}@depth", "chain", said.U, said.u, -1 if previous is None else previous)
        sides = *_side(grid, said.b), *_side(grid, said.a)
        row = BookDelta(grid.symbol, *sides, said.u, said.E * _MILLI_NS, frame.epoch, frame.number)
        return Parsed(kind, (row,), sequence)


def _event(said: dict[str, Any], kind: str) -> str:
    """The event's own name, or what its keys show."""
    if "lastUpdateId" in said:
        return SNAPSHOT
    name = said.get("e")
    if isinstance(name, str):
        return _EVENTS.get(name, name)
    if {"u", "s", "b", "B", "a", "A"} <= said.keys():
        return "bookTicker"
    if kind.partition("@")[0] in _LENIENT:
        raise MalformedFrame(f"{kind}: its event has none of the fields expected of it")
    return next((key for key in ("result", "error") if key in said), "unknown")


def _best(kind: str, grid: Grid, said: Any, frame: RawFrame) -> Parsed:
    bid, bid_lots = grid.touch(said.b, said.B)
    ask, ask_lots = grid.touch(said.a, said.A)
    event_ns: Nanos = frame.received_ns if said.T is None else said.T * _MILLI_NS
    row = Tick(grid.symbol, bid, ask, bid_lots, ask_lots, event_ns, frame.epoch, frame.number)
    return Parsed(kind, (row,), Sequence(f"{grid.symbol}@bookTicker", "chain", 0, said.u))


def _trade(kind: str, grid: Grid, said: Any, number: int, stream: str, frame: RawFrame) -> Parsed:
    sequence = Sequence(f"{grid.symbol}@{stream}", "consecutive", number, number)
    why = getattr(said, "X", "MARKET")
    if why != "MARKET":
        return Parsed(f"{kind}:{label(why)}", (), sequence)
    price, lots = grid.ticks.positive(said.p), grid.lots.positive(said.q)
    aggressor: Literal["buy", "sell"] = "sell" if said.m else "buy"
    row = Trade(grid.symbol, price, lots, aggressor, number, said.T * _MILLI_NS, frame.epoch, frame.number)
    return Parsed(kind, (row,), sequence)


def _perpetual(kind: str, grid: Grid, said: Any, frame: RawFrame) -> Parsed:
    """Mark, index and funding, or a forced order; nothing numbers them, and each stands for itself."""
    facts: dict[str, Any]
    if isinstance(said, layout.LenientForcedOrder):
        quantity = _real("z", said.o.z)
        facts = {"liquidated": quantity if said.o.S == "BUY" else -quantity}
    else:
        facts = {"mark": _real("p", said.p), "index": _real("i", said.i)}
        if said.r and said.T:
            facts |= {"funding": _real("r", said.r), "next_funding_ns": said.T * _MILLI_NS}
    event_ns = said.E * _MILLI_NS
    row = Perp(symbol=grid.symbol, event_ns=event_ns, epoch=frame.epoch, frame=frame.number, **facts)
    return Parsed(kind, (row,))


def _real(name: str, text: str) -> float:
    """A number that lies on no grid; raises MalformedFrame for what is none."""
    if not _REAL(text):
        raise MalformedFrame(f"{name} was {text[:40]!r}, expected a decimal number")
    return float(text)


def _snapshot(kind: str, grid: Grid, said: layout.Snapshot, frame: RawFrame) -> Parsed:
    number = said.lastUpdateId
    event_ns = frame.received_ns if said.E is None else said.E * _MILLI_NS
    sides = *_side(grid, said.bids), *_side(grid, said.asks)
    row = BookSnapshot(grid.symbol, *sides, number, event_ns, frame.epoch, frame.number)
    return Parsed(kind, (row,), Sequence(f"{grid.symbol}@depth", "snapshot", number, number))


def _side(grid: Grid, levels: layout.Levels) -> tuple[Column, Column]:
    """Ticks and lots of one side in the order of the wire."""
    ticks = grid.prices([price for price, _ in levels])
    return Column(ticks), Column(grid.lots.column([quantity for _, quantity in levels]))
