"""Features as a store keeps them: one value for each instrument, which says itself what it is of.

A value holds the set of features it has (a hash), its instrument, the seq and time of the frame, one float32 for each
feature, and a checksum over all of it: a CRC-32 against accidents, or, where there is a key, a keyed BLAKE2b against
forgers too. What is of another set or instrument, too old, cut, or altered anywhere is absent, and counted by why.
"""

import hashlib
import hmac
import struct
import zlib
from collections.abc import Sequence
from typing import Final, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from contracts.quantities import Nanos, Seconds

Refusal = Literal["missing", "old", "other set", "other instrument", "damaged"]

VERSION_BYTES: Final = 16
CRC_BYTES: Final = 4
DIGEST_BYTES: Final = 16
SYMBOL_BYTES_MAX: Final = 255
COMPRESS_FROM: Final = 1024
"""Below so many bytes of features nothing is gained: unpacking costs the reader more than the bytes it saves."""
PAYS: Final = 0.75
"""A packed value is kept where it has at most this share of the plain one's bytes."""

_MAGIC: Final = b"KFV1"
_SET: Final = struct.Struct("<4s16sHB")
_STAMP: Final = struct.Struct("<Bqq")
"""Whether the features are packed, seq, and time: what precedes them."""
_CRC_OF_WHOLE: Final = 0x2144DF1C
"""The CRC-32 of whatever ends in its own CRC-32: so a value is checked without being cut."""

Floats32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


class FeatureSet(msgspec.Struct, frozen=True):
    """Which features: `version` (32 hex digits) changes with any formula, bar or horizon, `count` is how many.

    Raises:
        ValueError: a version that is no such hash, or a count that is not 1 to 65,535.
    """

    version: str
    count: int

    def __post_init__(self) -> None:
        digits = self.version
        if len(digits) != 2 * VERSION_BYTES or any(digit not in "0123456789abcdef" for digit in digits):
            raise ValueError(f"the version of a feature set was {self.version!r}, expected 32 hex digits")
        if not 0 < self.count <= 0xFFFF:
            raise ValueError(f"a feature set had {self.count} features, expected 1 to 65535")


def feature_set(schema: str, count: int, *, bar_s: Seconds, horizon_bars: int) -> FeatureSet:
    """The set of the features of a schema on those bars: the same formulas on other bars are other features."""
    text = f"{schema}\n{float(bar_s)!r}\n{int(horizon_bars)}\n{int(count)}"
    return FeatureSet(hashlib.blake2b(text.encode(), digest_size=VERSION_BYTES).hexdigest(), count)


class StoredFeatures(msgspec.Struct, frozen=True, eq=False):
    """Features of some instruments: `values` (instruments, features) float32; `seq` and `at_ns` (instruments,).

    An absent instrument has seq 0, time 0 and NaN.
    """

    of: FeatureSet
    symbols: tuple[str, ...]
    seq: Ints
    at_ns: Ints
    values: Floats32

    @property
    def present(self) -> npt.NDArray[np.bool_]:
        """Which instruments are there."""
        return np.asarray(self.at_ns != 0)


def stored(
    of: FeatureSet, symbols: Sequence[str], values: npt.NDArray[np.floating], *, seq: int, at_ns: Nanos
) -> StoredFeatures:
    """The features of one frame, `values` (features, instruments); raises ValueError for another shape."""
    if values.shape != (of.count, len(symbols)):
        raise ValueError(f"features had shape {values.shape}, expected {(of.count, len(symbols))}")
    rows = np.ascontiguousarray(values.T, dtype="<f4")
    width = len(symbols)
    return StoredFeatures(
        of, tuple(symbols), np.full(width, seq, dtype=np.int64), np.full(width, at_ns, dtype=np.int64), rows
    )


class ValueCodec:
    """Values of one set as bytes, and back. `refused` counts what was treated as absent, by why.

    Laws: decode(encode(x)) is x; after a change of any byte, or of the key, an instrument is absent.
    """

    def __init__(self, of: FeatureSet, key: bytes = b"") -> None:
        self.of = of
        self.refused: dict[Refusal, int] = {}
        self._key = hashlib.sha256(key).digest() if key else b""
        self._heads: dict[str, bytes] = {}
        self._row = np.dtype([("kind", "u1"), ("seq", "<i8"), ("at_ns", "<i8"), ("values", "<f4", (of.count,))])
        self._proof_bytes = DIGEST_BYTES if key else CRC_BYTES

    def encode(self, rows: StoredFeatures) -> list[bytes]:
        """A value for each row; raises ValueError for rows of another set, or a symbol that is too long."""
        if rows.of != self.of:
            raise ValueError(f"features were of set {rows.of.version[:12]}, expected {self.of.version[:12]}")
        table = np.zeros(len(rows.symbols), dtype=self._row)
        table["seq"], table["at_ns"], table["values"] = rows.seq, rows.at_ns, rows.values
        data, size = table.tobytes(), self._row.itemsize
        bodies = [data[at : at + size] for at in range(0, len(data), size)]
        if 4 * self.of.count >= COMPRESS_FROM:
            bodies = [_packed(body) for body in bodies]
        return [self._proved(self._head(symbol) + body) for symbol, body in zip(rows.symbols, bodies, strict=True)]

    def decode(self, symbols: Sequence[str], values: Sequence[bytes | None], since_ns: Nanos = 0) -> StoredFeatures:
        """The features of those instruments, in their order; what cannot be trusted, or is from before, is absent."""
        width = len(symbols)
        if len(values) != width:
            values = [None] * width  # an answer to another question
        bodies: list[bytes] = []
        places: list[int] = []
        for at, (symbol, value) in enumerate(zip(symbols, values, strict=True)):
            body = self._body(symbol, value)
            if isinstance(body, bytes):
                bodies.append(body)
                places.append(at)
            else:
                self._refuse(body)
        table = np.frombuffer(b"".join(bodies), dtype=self._row)
        old = table["at_ns"] < max(since_ns, 1)
        if old.any() or len(table) < width:
            self._refuse("old", int(old.sum()))
            every = np.zeros(width, dtype=self._row)
            every["values"] = np.nan
            every[np.array(places, dtype=np.int64)[~old]] = table[~old]
            table = every
        return StoredFeatures(
            self.of, tuple(symbols), table["seq"].copy(), table["at_ns"].copy(), np.ascontiguousarray(table["values"])
        )

    def _body(self, symbol: str, value: object) -> bytes | Refusal:
        """What is in a value that is whole, of this set and of that instrument; or why it is not believed."""
        if value is None:
            return "missing"
        if not isinstance(value, bytes):
            return "damaged"  # a server may answer with anything
        head, end = self._heads.get(symbol) or self._head(symbol), len(value) - self._proof_bytes
        if not self._is_proved(value):
            return "damaged"
        if not value.startswith(head):
            return self._why_not(value)
        body = value[len(head) : end]
        if len(body) == self._row.itemsize and not body[0]:
            return body
        return _unpacked(body, self._row.itemsize) or "damaged"

    def _why_not(self, value: bytes) -> Refusal:
        """What is wrong with a value that is whole but not the one asked for."""
        if len(value) < _SET.size or not value.startswith(_MAGIC):
            return "damaged"
        _, version, count, _ = _SET.unpack_from(value, 0)
        same = version == bytes.fromhex(self.of.version) and count == self.of.count
        return "other instrument" if same else "other set"

    def _refuse(self, why: Refusal, times: int = 1) -> None:
        if times:
            self.refused[why] = self.refused.get(why, 0) + times

    def _head(self, symbol: str) -> bytes:
        """What every value of this instrument in this set begins with."""
        head = self._heads.get(symbol)
        if head is None:
            name = symbol.encode()
            if not 0 < len(name) <= SYMBOL_BYTES_MAX:
                raise ValueError(f"an instrument was named {symbol[:40]!r}, expected 1 to {SYMBOL_BYTES_MAX} bytes")
            fixed = _SET.pack(_MAGIC, bytes.fromhex(self.of.version), self.of.count, len(name))
            head = self._heads[symbol] = fixed + name
        return head

    def _proved(self, data: bytes) -> bytes:
        if self._key:
            return data + self._digest(data)
        return data + zlib.crc32(data).to_bytes(CRC_BYTES, "little")

    def _is_proved(self, value: bytes) -> bool:
        """Whether nothing of a value was altered; with a key, by somebody who has not got it."""
        if not self._key:
            return zlib.crc32(value) == _CRC_OF_WHOLE
        return hmac.compare_digest(self._digest(value[:-DIGEST_BYTES]), value[-DIGEST_BYTES:])

    def _digest(self, data: bytes) -> bytes:
        return hashlib.blake2b(data, digest_size=DIGEST_BYTES, key=self._key).digest()


def _packed(body: bytes) -> bytes:
    """Bytes of equal rank beside each other, since neighbours have like exponents; plain where that is no gain."""
    plain = body[_STAMP.size :]
    ranks = np.frombuffer(plain, dtype=np.uint8).reshape(-1, 4).T
    packed = zlib.compress(ranks.tobytes(), 1)
    return b"\1" + body[1 : _STAMP.size] + packed if len(packed) <= PAYS * len(plain) else body


def _unpacked(body: bytes, size: int) -> bytes:
    """The plain bytes, never many more than wanted; empty for what does not unpack."""
    wanted = size - _STAMP.size
    try:
        ranks = zlib.decompressobj().decompress(body[_STAMP.size :], wanted + 1) if body[:1] == b"\1" else b""
    except zlib.error:
        return b""
    if len(ranks) != wanted:
        return b""
    return b"\0" + body[1 : _STAMP.size] + np.frombuffer(ranks, dtype=np.uint8).reshape(4, -1).T.tobytes()
