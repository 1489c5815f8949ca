"""A text of lines in pieces of a few megabytes: whole lines, or whole records where quotes may hold ends of lines."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

import polars as pl

from adapters.tables.errors import UnreadableTable

PIECE_BYTES: Final = 4 << 20
RECORD_BYTES_MAX: Final = 64 << 20

AS_LINES: Final[dict[str, Any]] = {
    "separator": "\x1f",
    "quote_char": None,
    "has_header": False,
    "infer_schema": False,
    "encoding": "utf8-lossy",
    "truncate_ragged_lines": True,
}
"""What makes the reader of tables hand out lines as they are: one column, cut nowhere."""

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


def text_pieces(path: Path, *, quoted: bool = False) -> Iterator[bytes]:
    """The text, unpacked where it is packed; no piece but the last is blank, with `quoted` none ends within quotes.

    Raises OSError, and UnreadableTable where it cannot be unpacked or has no end of a line in 64 MB.
    """
    rest = b""
    for read in _unpacked(path):
        rest += read
        end = _end(rest, quoted)
        if rest[:end].strip():
            yield rest[:end]
            rest = rest[end:]
        elif len(rest) > RECORD_BYTES_MAX:
            raise UnreadableTable(f"{path}: has no end of a row in {len(rest):,} bytes, expected rows")
    if rest:
        yield rest


def _end(text: bytes, quoted: bool) -> int:
    """Behind the last end of a line, outside of quotes; 0 where there is none."""
    end = text.rfind(b"\n") + 1
    if not quoted:
        return end
    quotes = text.count(b'"', 0, end)
    while end and quotes % 2:
        earlier = text.rfind(b"\n", 0, end - 1) + 1
        quotes -= text.count(b'"', earlier, end)
        end = earlier
    return end


def _unpacked(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        first = file.peek(len(_ZSTD))[: len(_ZSTD)]
        if first == _ZSTD:
            yield from _unpacked_zstd(path)
        elif first.startswith(_GZIP):
            with gzip.open(file) as unpacked:
                yield from _read(path, unpacked)
        else:
            yield from _read(path, file)


def _read(path: Path, file: IO[bytes] | gzip.GzipFile) -> Iterator[bytes]:
    try:
        while read := file.read(PIECE_BYTES):
            yield read
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UnreadableTable(f"{path}: cannot be unpacked: {error}") from error


def _unpacked_zstd(path: Path) -> Iterator[bytes]:
    """Through the reader of tables, line by line: nothing else that is at hand unpacks it."""
    plan = pl.scan_csv(path, **AS_LINES, glob=False)
    for frame in plan.collect_batches(chunk_size=100_000, maintain_order=True):
        if frame.height:
            yield ("\n".join(line or "" for line in frame.to_series()) + "\n").encode()
