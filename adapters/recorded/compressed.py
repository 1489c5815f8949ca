"""The lines of a compressed file, streamed; a stream that stops short is told from one that is damaged."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

import zstandard

from adapters.recorded.errors import DamagedRecording, ForeignRecording, MissingRecording, TruncatedRecording

ZSTD: Final = b"\x28\xb5\x2f\xfd"
GZIP: Final = b"\x1f\x8b"

_CHUNK: Final = 1 << 18
_LINE_MAX: Final = 64 << 20


def magic(path: Path) -> bytes:
    """The first four bytes; raises MissingRecording."""
    with _opened(path) as file:
        return file.read(4)


def lines(path: Path) -> Iterator[bytes]:
    """Each line without its end; memory holds one line and one chunk.

    Raises:
        BadRecording: a missing, cut, damaged or uncompressed file, or a line beyond 64 MiB.
    """
    rest = b""
    for chunk in _chunks(path):
        *whole, rest = (rest + chunk).split(b"\n") if b"\n" in chunk else (rest + chunk,)
        yield from whole
        if len(rest) > _LINE_MAX:
            raise DamagedRecording(f"{path}: a line is longer than {_LINE_MAX >> 20} MiB")
    if rest:
        yield rest


def _chunks(path: Path) -> Iterator[bytes]:
    first = magic(path)
    if first == ZSTD:
        return _zstd_chunks(path)
    if first[:2] == GZIP:
        return _gzip_chunks(path)
    raise ForeignRecording(f"{path}: begins with {first!r}, expected zstd or gzip with {ForeignRecording.SUPPORTED}")


def _zstd_chunks(path: Path) -> Iterator[bytes]:
    with _opened(path) as file:
        reader = zstandard.ZstdDecompressor().decompressobj()
        try:
            while data := file.read(_CHUNK):
                while data:
                    yield reader.decompress(data)
                    data = reader.unused_data
                    if reader.eof and data:
                        reader = zstandard.ZstdDecompressor().decompressobj()
        except zstandard.ZstdError as error:
            raise DamagedRecording(f"{path}: {error}") from None
        if not reader.eof:
            raise TruncatedRecording(f"{path}: the zstd stream stops before its end; the file was cut")


def _gzip_chunks(path: Path) -> Iterator[bytes]:
    with _opened(path) as file, gzip.GzipFile(fileobj=file) as reader:
        try:
            while data := reader.read(_CHUNK):
                yield data
        except EOFError:
            raise TruncatedRecording(f"{path}: the gzip stream stops before its end; the file was cut") from None
        except (gzip.BadGzipFile, zlib.error) as error:
            raise DamagedRecording(f"{path}: {error}") from None


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise MissingRecording(f"{path}: {error.strerror}") from error
