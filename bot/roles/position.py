"""Where a desk that was cut goes on in its stream: its own journal knows."""

from typing import Final

from adapters.journal.disk import Disk
from adapters.journal.reader import records
from contracts import codec
from contracts.market import FeedStatus
from contracts.stream import ShardFrames, StreamPosition
from contracts.topics import BY_TYPE_NAME

GATEWAY: Final = "stream"
"""The source of what the stream gateway admits."""

ROWS: Final = frozenset(
    name for name, topic in BY_TYPE_NAME.items() if topic.author in ("feed", "context") and name != FeedStatus.__name__
)
"""What a desk admits of its stream one to one. Of beats and states of feeds it also says its own."""


def position_of(disk: Disk) -> StreamPosition | None:
    """The place behind everything that is on record for certain; None before the first signal beat.

    Never beyond what was heard: of the messages behind the last signal beat only rows are counted, so that at most the
    beats among them, and as many rows, are heard a second time.
    """
    found: ShardFrames | None = None
    rows = 0
    for record in records(disk):
        if record.type == ShardFrames.__name__:
            message = codec.decode(record.type, record.payload)
            assert isinstance(message, ShardFrames), "the type was asked for"
            found, rows = message, 0
        elif record.source == GATEWAY and record.type in ROWS:
            rows += 1
    return None if found is None else StreamPosition(found.stream, found.seq + 1 + rows, found.epoch)
