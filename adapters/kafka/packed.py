"""A batch that is compressed before it is the producer's turn, on a thread, where the library would hold up the loop.

The library compresses when it makes the request, because only then it knows the producer's id and sequence; and with
lz4 at the level that takes longest, half of all that a record costs. Id and sequence stand in the head of the batch,
outside of what is compressed, so they are put there afterwards; and the quick levels make batches that are hardly
larger. The layout is that of Kafka's record batch, version 2.
"""

import struct
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from aiokafka.codec import lz4_encode, zstd_encode
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

from adapters.kafka.settings import Compression

MAGIC: Final = 2
CODECS: Final[dict[Compression, int]] = {"none": 0, "lz4": 3, "zstd": 4}
LEVEL: Final = 1
ENCODERS: Final[dict[Compression, Callable[[bytes], bytes]]] = {
    "lz4": partial(lz4_encode, level=LEVEL),
    "zstd": partial(zstd_encode, level=LEVEL),
}
HEAD_BYTES: Final = 61
LENGTH_AT: Final = 8
LENGTH_FROM: Final = 12
CRC_AT: Final = 17
COVERED_FROM: Final = 21
PRODUCER_AT: Final = 43
_LENGTH: Final = struct.Struct(">i")
_CRC: Final = struct.Struct(">I")
_ATTRIBUTES: Final = struct.Struct(">h")
_PRODUCER: Final = struct.Struct(">qhi")
"""Id, epoch and first sequence."""


class PackedBatch:
    """Stands in the place of the library's `BatchBuilder`: the methods with an underscore are those that it calls."""

    def __init__(self, compression: Compression, most_bytes: int) -> None:
        self._builder: Any = DefaultRecordBatchBuilder(
            MAGIC,
            CODECS["none"],
            is_transactional=0,
            producer_id=-1,
            producer_epoch=-1,
            base_sequence=0,
            batch_size=most_bytes,
        )
        self._compression = compression
        self._add = self._builder.append
        self._count = 0
        self._packed: bytearray | None = None

    def append(self, timestamp: int, key: bytes, value: bytes, headers: list[tuple[str, bytes]]) -> Any:
        """Add a record; None when the batch is full."""
        added = self._add(self._count, timestamp, key, value, headers)
        if added is not None:
            self._count += 1
        return added

    def pack(self) -> None:
        """Compress what is there; may be done on any thread, once nothing is added any more."""
        if self._packed is None:
            self._packed = _compressed(self._builder.build(), self._compression)

    def record_count(self) -> int:
        """How many records there are."""
        return self._count

    def closed(self) -> bool:
        """It is handed over full."""
        return True

    def close(self) -> None:
        """It is."""

    def size(self) -> int:
        """How many bytes it has."""
        return self._builder.size() if self._packed is None else len(self._packed)

    def _set_producer_state(self, producer_id: int, producer_epoch: int, base_sequence: int) -> None:
        self.pack()
        assert self._packed is not None
        _PRODUCER.pack_into(self._packed, PRODUCER_AT, producer_id, producer_epoch, base_sequence)
        _sum_up(self._packed)

    def _build(self) -> bytearray:
        self.pack()
        assert self._packed is not None
        return self._packed


def _compressed(batch: bytearray, compression: Compression) -> bytearray:
    """The same batch with its records compressed, if they become less by it."""
    encode = ENCODERS.get(compression)
    records = encode(bytes(memoryview(batch)[HEAD_BYTES:])) if encode is not None else b""
    if encode is None or len(records) >= len(batch) - HEAD_BYTES:
        return batch
    packed = batch[:HEAD_BYTES] + records
    _LENGTH.pack_into(packed, LENGTH_AT, len(packed) - LENGTH_FROM)
    _ATTRIBUTES.pack_into(packed, COVERED_FROM, CODECS[compression])
    _sum_up(packed)
    return packed


def _sum_up(batch: bytearray) -> None:
    _CRC.pack_into(batch, CRC_AT, calc_crc32c(memoryview(batch)[COVERED_FROM:]))
