"""One recording, read once from end to end: whose it is, what it holds, and its frames in time order.

Reading all of it before the first frame is played means that a cut or damaged file is refused at once and not in the
middle of a run. The frames themselves are streamed from the file again whenever they are asked for.
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import msgspec

from adapters.recorded.errors import DamagedRecording, EmptyRecording, ForeignRecording
from adapters.recorded.formats import UNNAMED, Record, reader_of
from adapters.recorded.universe import Texts, universe_of
from adapters.recorded.venues import COINBASE, SPOT, USDM, by_address, by_frame
from contracts.instrument import Universe
from contracts.quantities import Nanos

_PRODUCT: Final = re.compile(rb'"product_id":"([^"]{1,40})"').search
_STREAM: Final = re.compile(rb'\{"stream":"([^"@]{1,40})@').match
_EVENT: Final = re.compile(rb'"s":"([^"]{1,40})"').search
_LEVELS: Final = re.compile(
    rb'\["([0-9.]+)","([0-9.]+)"\]|"price_level":"([0-9.]+)","new_quantity":"([0-9.]+)"'
).findall
_TEXT_FRAMES: Final = 500
_HEAD: Final = 4096


class Recording:
    """What a file turned out to be.

    Raises:
        BadRecording: missing, cut, damaged, foreign or empty; the message names the path.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.venue = ""
        self.counts: Counter[str] = Counter()
        self.first_ns: Nanos = 0
        self.last_ns: Nanos = 0
        self.started_ns: Nanos = 0
        self.candles: list[bytes] = []
        self._read = reader_of(path)
        self._connections: list[str] = []
        self._entangled = False
        self._symbols: dict[str, int] = {}
        self._held: dict[str, Texts] = {}
        self._seen: dict[str, Texts] = {}
        self._rules: dict[str, dict[str, Any]] = {}
        for record in self._read(path):
            self._note(record)
        self._finish()
        self.universe = self._universe()

    @property
    def connections(self) -> int:
        """How many connections were recorded."""
        return max(1, len(self._connections))

    def frames(self) -> Iterator[Record]:
        """What a parser is given, in time order: frames received, and depth snapshots asked, wrapped as a stream."""
        for record in self._read(self.path):
            if record.kind == "recv":
                yield record
            elif record.kind == "http" and (symbol := self._snapshot_of(record)):
                data = b'{"stream":"%b@depthSnapshot","data":%b}' % (symbol.lower().encode(), record.data)
                yield record._replace(data=data)

    def _note(self, record: Record) -> None:
        if record.kind != "connect" or record.connection != UNNAMED:
            self.counts[record.kind] += 1
        if not self.venue:
            self.venue = by_address(record.url) or (by_frame(record.data) if record.kind == "recv" else None) or ""
        match record.kind:
            case "http":
                self._note_rules(record)
            case "recv":
                self._note_frame(record)
            case "connect" | "send":
                pass
        if record.kind in ("recv", "http") and self._is_frame(record):
            self.started_ns = self.started_ns or record.at_ns

    def _is_frame(self, record: Record) -> bool:
        return record.kind == "recv" or b'"lastUpdateId"' in record.data[:_HEAD]

    def _note_frame(self, record: Record) -> None:
        self.first_ns = self.first_ns or record.at_ns
        self.last_ns = max(self.last_ns, record.at_ns)
        self._note_connection(record.connection)
        data = record.data
        if data.startswith(b'{"channel":"candles"'):
            self.candles.append(data)
        found = _STREAM(data) or _EVENT(data[:_HEAD]) or _PRODUCT(data[:_HEAD])
        if found is None:
            return
        symbol = found[1].decode("utf-8", "replace").upper()
        self._symbols[symbol] = self._symbols.get(symbol, 0) + 1
        if b'"snapshot"' in data[:_HEAD] and data.startswith(b'{"channel":"l2_data"'):
            _note_texts(self._held, symbol, data)
        elif self._symbols[symbol] <= _TEXT_FRAMES:
            _note_texts(self._seen, symbol, data)

    def _note_connection(self, connection: str) -> None:
        if connection == UNNAMED or connection in self._connections[-1:]:
            return
        self._entangled = self._entangled or connection in self._connections
        self._connections.append(connection)

    def _note_rules(self, record: Record) -> None:
        if record.data.startswith(b'{"lastUpdateId"'):
            _note_texts(self._held, self._snapshot_of(record), record.data)
            return
        try:
            read = msgspec.json.decode(record.data)
        except msgspec.DecodeError as error:
            raise DamagedRecording(f"{self.path}: the answer of {record.url}: {error}") from None
        if isinstance(read, dict):
            for key, name in (("symbols", "symbol"), ("products", "product_id")):
                self._rules.update({entry[name]: entry for entry in read.get(key, ())})

    def _snapshot_of(self, record: Record) -> str:
        """The symbol of a REST depth snapshot; empty for another answer or where no symbol is named."""
        if not record.data.startswith(b'{"lastUpdateId"'):
            return ""
        named = parse_qs(urlsplit(record.url).query).get("symbol", [""])[0]
        return named or (next(iter(self._symbols)) if len(self._symbols) == 1 else "")

    def _finish(self) -> None:
        if not self.counts["recv"]:
            raise EmptyRecording(f"{self.path}: not a single frame in it")
        if self.venue not in (COINBASE, SPOT, USDM):
            whose = self.venue or "an unknown venue"
            raise ForeignRecording(f"{self.path}: frames of {whose}, expected {ForeignRecording.SUPPORTED}")
        if self._entangled:
            raise ForeignRecording(f"{self.path}: several connections at a time, expected one after the other")
        if not self._symbols:
            raise EmptyRecording(f"{self.path}: no frame names an instrument")

    def _universe(self) -> Universe:
        try:
            return universe_of(self.venue, tuple(self._symbols), self._rules, self._known_texts())
        except (ValueError, ArithmeticError, KeyError, TypeError) as error:
            raise DamagedRecording(f"{self.path}: {error}") from error

    def _known_texts(self) -> dict[str, Texts]:
        """Books that were held; for a symbol without rules and without a book, what its first frames said."""
        others = {symbol: seen for symbol, seen in self._seen.items() if symbol not in self._rules}
        return others | self._held


def _note_texts(texts: dict[str, Texts], symbol: str, data: bytes) -> None:
    known = texts.setdefault(symbol, Texts([], []))
    for price, quantity, other_price, other_quantity in _LEVELS(data):
        known.prices.append((price or other_price).decode())
        known.quantities.append((quantity or other_quantity).decode())
