"""What the roles of one book say to each other: the stream of the market, and what the shards made of a beat.

The stream is the record of one ingest process, message by message: `seq` counts from 1 without a hole within a `run`,
and `epoch` grows with every ingest process, so that one which was taken for dead has nothing to say any more.
"""

import msgspec

from contracts.belief import FeatureFrame, SignalFrame
from contracts.quantities import Nanos


class StreamMessage(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One message of the ingest: where it stands, when it was admitted, by whom, and its canonical bytes."""

    seq: int
    at_ns: Nanos
    source: str
    type: str
    payload: bytes


class StreamBlock(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Messages that follow each other in one ingest process; at least one."""

    run: str
    epoch: int
    messages: tuple[StreamMessage, ...]


class PartFrames(msgspec.Struct, frozen=True, kw_only=True):
    """What one part of the agents made of the signal beat that is message `seq` of the stream, admitted at `at_ns`.

    Said also if nothing was made of it; part 0 also says the features. The frames name messages of the shard, which
    nobody else knows.
    """

    run: str
    seq: int
    at_ns: Nanos
    part: int
    parts: int
    features: FeatureFrame | None
    signals: tuple[SignalFrame, ...]


class ShardFrames(msgspec.Struct, frozen=True, kw_only=True):
    """What all shards made of one signal beat, put together as one process would have said it.

    `stream`, `epoch` and `seq` say which message of which ingest process the beat was. `signals` are in the order of
    the profile; `late` names the agents whose part did not come in time and who are silent until it does.
    """

    stream: str
    epoch: int
    seq: int
    beat: int
    features: FeatureFrame | None
    signals: tuple[SignalFrame, ...]
    late: tuple[str, ...] = ()


class StreamPosition(msgspec.Struct, frozen=True):
    """Everything of a run before `seq` was heard, last of the process of that epoch."""

    run: str
    seq: int
    epoch: int = 0
