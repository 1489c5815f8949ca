"""Journal records as rows of the history's tables; what fits in no table is told in one of its own, never lost."""

from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol

import msgspec

from adapters.postgres import plain_rows
from adapters.postgres.plain_rows import Row, Told, instant
from adapters.postgres.settings import Raw
from adapters.postgres.tables import BY_NAME, TABLES
from contracts import codec
from contracts.account import Equity, Position
from contracts.belief import SignalFrame, Slate
from contracts.column import Column
from contracts.decision import DecisionLog, Refusal
from contracts.instrument import Universe
from contracts.market import BarFrame, MarkFrame, Tick, Trade, UniverseChanged
from contracts.topics import BULK
from contracts.trade import Execution, Order, OrderState


class JournalRecord(Protocol):
    """One record as the journal's reader yields it, in today's words."""

    @property
    def seq(self) -> int: ...
    @property
    def turn(self) -> int: ...
    @property
    def cause(self) -> int: ...
    @property
    def at_ns(self) -> int: ...
    @property
    def source(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def payload(self) -> bytes: ...
    @property
    def outside(self) -> bool: ...
    @property
    def kept(self) -> bool: ...


_FEW: Final = frozenset(kind.__name__ for kind in BULK)
DIGITS_MAX: Final = 1000
WHY_MAX: Final = 500
NAME_BYTES_MAX: Final = 500
"""Symbols are in keys and indexes, which take no long text."""
_NUL: Final = b"\\u0000"
_INTEGERS: Final = {"bigint": 1 << 63, "integer": 1 << 31, "smallint": 1 << 15}
_WRONG: Final = (ValueError, TypeError, OverflowError, KeyError, IndexError, msgspec.MsgspecError)


class Rows:
    """The rows of a stretch of one run's records, table by table; `take` hands them over and begins anew.

    The universe is that of the last `UniverseChanged` that passed: `universe` says it as bytes, so that a later process
    can go on from there. With `careful` every value is held against its column first: what a database cannot take goes
    to `odd` with the reason, and text loses its NULs, which is counted in `cleaned`.
    """

    def __init__(self, run: str, raw: Raw = "all", universe: bytes = b"", *, careful: bool = False) -> None:
        self.run = run
        self.universe = universe
        self.cleaned = 0
        self._raw = raw
        self._careful = careful
        self._rows: dict[str, list[Row]] = {table.name: [] for table in TABLES}
        self._tellers: dict[str, Callable[[Any], Told]] = {
            Tick.__name__: self._tick,
            Trade.__name__: self._trade,
            BarFrame.__name__: self._bars,
            MarkFrame.__name__: self._marks,
            SignalFrame.__name__: self._signals,
            Slate.__name__: self._slate,
            DecisionLog.__name__: plain_rows.decision,
            Refusal.__name__: plain_rows.refusal,
            Order.__name__: plain_rows.order,
            OrderState.__name__: plain_rows.order_state,
            Execution.__name__: plain_rows.fill,
            Position.__name__: plain_rows.position,
            Equity.__name__: plain_rows.equity,
            UniverseChanged.__name__: self._changed,
        }
        self._symbols: tuple[str, ...] = ()
        self._steps: dict[str, tuple[float, float]] = {}
        if universe:
            self._take_up(msgspec.msgpack.decode(universe, type=Universe))

    def take(self) -> dict[str, list[Row]]:
        """The rows since the last taking, of tables that have any."""
        taken = {name: rows for name, rows in self._rows.items() if rows}
        self._rows = {table.name: [] for table in TABLES}
        return taken

    def add(self, record: JournalRecord) -> None:
        """Take one record, in its order."""
        head: Row = (self.run, record.seq, instant(record.at_ns))
        try:
            made = self._made(head, record)
            if self._careful:
                made = [(name, self._fitting(name, row)) for name, row in made]
        except _WRONG as error:
            why = f"{type(error).__name__}: {error}".replace("\0", "�")[:WHY_MAX]
            source = record.source.replace("\0", "�")
            made = [("odd", (*head, source, record.type, record.version, why, record.payload))]
        for name, row in made:
            self._rows[name].append(row)

    def _made(self, head: Row, record: JournalRecord) -> list[tuple[str, Row]]:
        kind, payload = record.type, record.payload
        teller = self._tellers.get(kind)
        keeps = self._raw == "all" or (self._raw == "few" and kind not in _FEW)
        message = codec.decode(kind, payload) if record.kept and (teller is not None or keeps) else None
        made = [(name, head + row) for name, row in teller(message)] if teller and message is not None else []
        if keeps:
            made.append(("messages", head + self._raw_row(record, message)))
        return made

    def _raw_row(self, record: JournalRecord, message: msgspec.Struct | None) -> Row:
        digest = record.payload if message is None and record.payload else None
        body = None if message is None else codec.encode_json(message)
        if body is not None and _NUL in body:
            body = msgspec.json.encode(_without_nul(msgspec.json.decode(body)))
            self.cleaned += 1
        return (
            record.turn, record.cause, record.at_ns, record.source, record.type, record.version, record.outside,
            None if body is None else body.decode(), digest,
        )  # fmt: skip

    def _fitting(self, name: str, row: Row) -> Row:
        kinds = {"run": "text", "seq": "bigint", "at": "timestamptz", **BY_NAME[name].columns}
        return tuple(self._value(value, kind, column) for value, (column, kind) in zip(row, kinds.items(), strict=True))

    def _value(self, value: Any, kind: str, column: str) -> Any:
        """The value as its column takes it; raises ValueError."""
        kind = kind.partition(" not null")[0]
        if value is None:
            return None
        if kind in _INTEGERS:
            most = _INTEGERS[kind]
            if type(value) is not int or not -most <= value < most:
                raise ValueError(f"{column} was {value!r}, expected a {kind}")
        elif kind == "double precision" and not isinstance(value, int | float):
            raise ValueError(f"{column} was {value!r}, expected a number")
        elif kind == "numeric" and abs(value.adjusted()) > DIGITS_MAX:
            raise ValueError(f"{column} has {abs(value.adjusted())} digits, expected at most {DIGITS_MAX}")
        elif kind.startswith("text"):
            cleaned = _without_nul(value)
            self.cleaned += cleaned != value
            if column == "symbol" and len(cleaned.encode()) > NAME_BYTES_MAX:
                raise ValueError(f"{column} has {len(cleaned)} letters, expected at most {NAME_BYTES_MAX} bytes")
            return cleaned
        return value

    def _changed(self, message: UniverseChanged) -> Told:
        self._take_up(message.universe)
        return ()

    def _take_up(self, universe: Universe) -> None:
        self.universe = msgspec.msgpack.encode(universe)
        self._symbols = universe.symbols
        self._steps = {each.symbol: (float(each.tick), float(each.lot)) for each in universe.instruments}

    def _tick(self, m: Tick) -> Told:
        tick, lot = self._steps[m.symbol]
        bid, ask = (m.bid * tick or None), (m.ask * tick or None)
        yield (
            "ticks",
            (m.symbol, bid, ask, m.bid_lots * lot, m.ask_lots * lot, instant(m.event_ns), m.epoch, m.frame),
        )

    def _trade(self, m: Trade) -> Told:
        tick, lot = self._steps[m.symbol]
        yield "trades", (m.symbol, m.price * tick, m.lots * lot, m.aggressor, m.trade_id, instant(m.event_ns))

    def _bars(self, m: BarFrame) -> Told:
        close_at = instant(m.close_ns)
        columns = (m.open, m.high, m.low, m.close, m.volume, m.trades)
        for symbol, first, high, low, last, volume, trades in self._each(*columns):
            if last is not None:
                yield "bars", (symbol, close_at, m.bar_s, first, high, low, last, volume, trades)

    def _marks(self, m: MarkFrame) -> Told:
        for symbol, bid, ask, mid, tick_ns, tick_seq in self._each(m.bid, m.ask, m.mid, m.tick_ns, m.tick_seq):
            if mid is not None:
                yield "marks", (symbol, bid, ask, mid, instant(tick_ns), tick_seq)

    def _signals(self, m: SignalFrame) -> Told:
        for symbol, mu, sigma, confidence, score in self._each(m.mu, m.sigma, m.confidence, m.score):
            if mu is not None:
                yield "signals", (m.agent, symbol, m.horizon_s, mu, sigma, confidence, score, m.regime)

    def _slate(self, m: Slate) -> Told:
        p_up = m.p_up if len(m.p_up.values) else m.mu
        rows = self._each(m.mu, m.sigma, m.confidence, m.disagreement, m.cost_bps, p_up)
        for symbol, mu, sigma, confidence, disagreement, cost_bps, up in rows:
            if mu is not None:
                up = None if p_up is m.mu else up
                yield "slates", (symbol, m.horizon_s, mu, sigma, confidence, disagreement, cost_bps, up, m.rung)

    def _each(self, *columns: Column) -> Iterable[Row]:
        """One row for each instrument, NaN as None; raises ValueError for columns of another width."""
        return zip(self._symbols, *(_cells(each) for each in columns), strict=True)


def _cells(column: Column) -> list[Any]:
    values = column.values.tolist()
    if column.values.ndim != 1:
        raise ValueError(f"a column of the shape {column.values.shape}, expected one value for each instrument")
    return [None if each != each else each for each in values] if column.values.dtype.kind == "f" else values


def _without_nul(value: Any) -> Any:
    """Text without the one letter that PostgreSQL has no place for; a mark says where it was."""
    if isinstance(value, str):
        return value.replace("\0", "�")
    if isinstance(value, list | tuple):
        return [_without_nul(each) for each in value]
    if isinstance(value, dict):
        return {_without_nul(key): _without_nul(each) for key, each in value.items()}
    return value
