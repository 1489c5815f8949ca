"""The three recording formats as records in time order.

`*.jsonl.zst` ("format 2"): a header line, then one JSON object per record; records are grouped by connection, so they
are sorted by time (stable) before they are played. hftbacktest's collector: `<local ns> <json>` per line. cryptofeed
2021: `ts: text` received, `url -> ts: body` asked over REST, `url <- ts: text` sent, `url <-> ts` connected.

A line that is none of these was received all the same: it is handed on as a frame of the time of the line before, for
the parser to refuse and the feed to count.
"""

import base64
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Final, Literal, NamedTuple

import msgspec

from adapters.recorded.compressed import ZSTD, lines, magic
from adapters.recorded.errors import ForeignRecording
from contracts.quantities import SECOND_NS, Nanos

RecordKind = Literal["http", "connect", "send", "recv"]
Reader = Callable[[Path], Iterator["Record"]]

UNNAMED: Final = ""
"""The connection of a record whose format names none: whichever there is."""


class Record(NamedTuple):
    """One thing that was received, sent, asked or connected, with the receiver's time."""

    kind: RecordKind
    connection: str
    at_ns: Nanos
    url: str
    data: bytes


class _Entry(msgspec.Struct, frozen=True):
    t: str
    ts: Decimal = Decimal(0)
    conn: str = ""
    url: str = ""
    addr: str = ""
    data: str | None = None
    b64: str | None = None
    format: int = 0


_KINDS: Final[dict[str, RecordKind]] = {"http": "http", "connect": "connect", "send": "send", "recv": "recv"}
_ARROWS: Final[dict[bytes, RecordKind]] = {b"->": "http", b"<-": "send", b"<->": "connect"}
_HFT: Final = re.compile(rb"(\d{16,19}) (.*)", re.DOTALL).fullmatch
_RECEIVED: Final = re.compile(rb"(\d+(?:\.\d+)?): (.*)", re.DOTALL).fullmatch
_ASKED: Final = re.compile(rb"(\S+) (->|<-|<->) (\d+(?:\.\d+)?)(?:: (.*))?", re.DOTALL).fullmatch


def reader_of(path: Path) -> Reader:
    """The reader of this file's format; raises BadRecording where there is none."""
    first = next(lines(path), b"")
    if magic(path) == ZSTD:
        return _sorted_lines
    if _HFT(first):
        return _collector_lines
    if first == b"" or _RECEIVED(first) or _ASKED(first) or first.startswith(b"configuration: "):
        return _text_lines
    raise ForeignRecording(f"{path}: begins with {first[:40]!r}, expected a recording in one of three known formats")


def _sorted_lines(path: Path) -> Iterator[Record]:
    return iter(sorted(_json_lines(path), key=lambda record: record.at_ns))


def _json_lines(path: Path) -> Iterator[Record]:
    decode = msgspec.json.Decoder(_Entry).decode
    before = Record("recv", UNNAMED, 0, "", b"")
    for number, line in enumerate(lines(path), start=1):
        try:
            entry = decode(line)
            record = _record(entry) if entry.t in _KINDS else None
        except (msgspec.DecodeError, ValueError, ArithmeticError, RecursionError):
            entry, record = _Entry(""), before._replace(kind="recv", connection=UNNAMED, data=line)
        if number == 1 and not (entry.t == "header" and entry.format == 2):
            raise ForeignRecording(f"{path}: its first line is no header of recording format 2")
        if record is not None:
            before = record
            yield record


def _record(entry: _Entry) -> Record:
    data = base64.b64decode(entry.b64, validate=True) if entry.b64 is not None else (entry.data or "").encode()
    return Record(_KINDS[entry.t], entry.conn, int(entry.ts * SECOND_NS), entry.url or entry.addr, data)


def _collector_lines(path: Path) -> Iterator[Record]:
    at_ns = 0
    for line in lines(path):
        match = _HFT(line)
        at_ns, data = (int(match[1]), match[2]) if match else (at_ns, line)
        kind: RecordKind = "http" if data.startswith(b'{"lastUpdateId"') else "recv"
        yield Record(kind, UNNAMED, at_ns, "", data)


def _text_lines(path: Path) -> Iterator[Record]:
    at_ns = 0
    for line in lines(path):
        if not line or line.startswith(b"configuration: "):
            continue
        if match := _RECEIVED(line):
            at_ns = _ns(match[1])
            yield Record("recv", UNNAMED, at_ns, "", match[2])
        elif match := _ASKED(line):
            at_ns = _ns(match[3])
            yield Record(_ARROWS[match[2]], UNNAMED, at_ns, match[1].decode("utf-8", "replace"), match[4] or b"")
        else:
            yield Record("recv", UNNAMED, at_ns, "", line)


def _ns(text: bytes) -> Nanos:
    return int(Decimal(text.decode("ascii")) * SECOND_NS)
