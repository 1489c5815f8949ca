"""Features as a store keeps them: one value for each instrument, which says itself what it is of.

A value holds the set of features it has (a hash), its instrument, the seq and time of the frame, one float32 for each
feature, and a digest over all of it, keyed where there is a key. Whoever reads it believes none of the rest of the way:
what is of another set, another instrument, too old, cut, or altered anywhere is treated as absent, and counted by why.
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
DIGEST_BYTES: Final = 16
SYMBOL_BYTES_MAX: Final = 255
COMPRESS_FROM: Final = 1024
"""Below so many bytes of features nothing is gained: unpacking costs the reader more than the bytes it saves."""
PAYS: Final = 0.75
"""A packed value is kept where it has at most this share of the plain one's bytes."""

_MAGIC: Final = b"KFV1"
_SET: Final = struct.Struct("<4s16sHB")
_TAIL: Final = struct.Struct("<Bqq")
_PLAIN, _PACKED = 0, 1

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

    Laws: decode(encode(x)) is x; after any change of any byte, or of the key, an instrument is absent.
    """

    def __init__(self, of: FeatureSet, key: bytes = b"") -> None:
        self.of = of
        self.refused: dict[Refusal, int] = {}
        self._key = hashlib.sha256(key).digest() if key else b""
        self._heads: dict[str, bytes] = {}
        self._plain_bytes = 4 * of.count

    def encode(self, rows: StoredFeatures) -> list[bytes]:
        """A value for each row; raises ValueError for rows of another set, or a symbol that is too long."""
        if rows.of != self.of:
            raise ValueError(f"features were of set {rows.of.version[:12]}, expected {self.of.version[:12]}")
        size, plain = self._plain_bytes, rows.values.astype("<f4", copy=False).tobytes()
        bodies = [plain[at : at + size] for at in range(0, size * len(rows.symbols), size)]
        stamps = zip(rows.symbols, rows.seq.tolist(), rows.at_ns.tolist(), bodies, strict=True)
        return [self._value(*each) for each in stamps]

    def _value(self, symbol: str, seq: int, at_ns: Nanos, body: bytes) -> bytes:
        kind, body = _packed(body)
        value = b"".join((self._head(symbol), _TAIL.pack(kind, seq, at_ns), body))
        return value + self._digest(value)

    def decode(self, symbols: Sequence[str], values: Sequence[bytes | None], since_ns: Nanos = 0) -> StoredFeatures:
        """The features of those instruments, in their order; what cannot be trusted, or is from before, is absent."""
        width, size = len(symbols), self._plain_bytes
        seqs, stamps = [0] * width, [0] * width
        bodies: list[bytes | memoryview] = []
        places: list[int] = []
        if len(values) != width:
            values = [None] * width  # an answer to another question
        for at, (symbol, value) in enumerate(zip(symbols, values, strict=True)):
            found = self._opened(symbol, value)
            if isinstance(found, str):
                self._refuse(found)
                continue
            seq, at_ns, body = found
            if at_ns < since_ns or at_ns <= 0 or len(body) != size:
                self._refuse("damaged" if len(body) != size else "old")
                continue
            seqs[at], stamps[at] = seq, at_ns
            bodies.append(body)
            places.append(at)
        rows = np.frombuffer(b"".join(bodies), dtype="<f4").reshape(len(bodies), self.of.count)
        if len(places) < width:
            every = np.full((width, self.of.count), np.nan, dtype=np.float32)
            every[places] = rows
            rows = every
        return StoredFeatures(self.of, tuple(symbols), np.array(seqs), np.array(stamps), rows)

    def _opened(self, symbol: str, value: bytes | None) -> tuple[int, Nanos, bytes | memoryview] | Refusal:
        if value is None:
            return "missing"
        head = self._head(symbol)
        start = len(head)
        end = len(value) - DIGEST_BYTES
        if end < start + _TAIL.size or not hmac.compare_digest(self._digest(value[:end]), value[end:]):
            return "damaged"
        if not value.startswith(head):
            return self._why_not(value)
        kind, seq, at_ns = _TAIL.unpack_from(value, start)
        body = memoryview(value)[start + _TAIL.size : end]
        if kind == _PACKED:
            return seq, at_ns, _unpacked(body, self._plain_bytes)
        return (seq, at_ns, body) if kind == _PLAIN else "damaged"

    def _why_not(self, value: bytes) -> Refusal:
        """What is wrong with a value that is whole but not the one asked for."""
        magic, version, count, _ = _SET.unpack_from(value, 0)
        if magic != _MAGIC:
            return "damaged"
        same = version == bytes.fromhex(self.of.version) and count == self.of.count
        return "other instrument" if same else "other set"

    def _refuse(self, why: Refusal) -> None:
        self.refused[why] = self.refused.get(why, 0) + 1

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

    def _digest(self, data: bytes) -> bytes:
        return hashlib.blake2b(data, digest_size=DIGEST_BYTES, key=self._key).digest()


def _packed(body: bytes) -> tuple[int, bytes]:
    """Bytes of equal rank beside each other, since neighbours have like exponents; plain where that is no gain."""
    if len(body) < COMPRESS_FROM:
        return _PLAIN, body
    ranks = np.frombuffer(body, dtype=np.uint8).reshape(-1, 4).T
    packed = zlib.compress(ranks.tobytes(), 1)
    return (_PACKED, packed) if len(packed) <= PAYS * len(body) else (_PLAIN, body)


def _unpacked(body: memoryview, size: int) -> bytes:
    """The plain bytes, never many more than wanted; empty for what does not unpack."""
    try:
        ranks = zlib.decompressobj().decompress(body, size + 1)
    except zlib.error:
        return b""
    return np.frombuffer(ranks, dtype=np.uint8).reshape(4, -1).T.tobytes() if len(ranks) == size else b""
