"""The order of a stream: blocks in whatever order and however often they come, messages out once, each in its place.

A stream has one order, the `seq` of its ingest. Laws: whatever way the blocks of one ingest are cut, mixed, repeated or
held back, the same messages come out in the same order; nothing comes out after a hole before the hole is filled. An
ingest process of a lower epoch has nothing to say from the first message of a higher one on, and what it did say from
there on is said anew; a new run begins where the one before has nothing more that follows.
"""

from typing import Final

import msgspec

from contracts.stream import StreamBlock, StreamMessage, StreamPosition

WAITING_MAX: Final = 1_000_000
"""Messages that may wait behind a hole; more of them are let go, because a hole that old is never filled."""


class StreamCounts(msgspec.Struct, kw_only=True):
    """What was passed over: heard before, of an ingest that had been succeeded, or behind too large a hole.

    `forked` counts processes that went on from before what was heard of the one before: its disk had lost the rest.
    """

    twice: int = 0
    fenced: int = 0
    forgotten: int = 0
    forked: int = 0


class StreamOrder:
    """Follows one stream from its start, or from a position; `take` gives the next message, None where it is not here.

    Without a position the first run whose first message is heard is followed.
    """

    def __init__(self, position: StreamPosition | None = None) -> None:
        self.run = position.run if position is not None else ""
        self.epoch = position.epoch if position is not None else 0
        self.counts = StreamCounts()
        self._next_seq = position.seq if position is not None else 1
        self._taken_epoch = self.epoch
        self._waiting: dict[int, tuple[StreamMessage, int]] = {}
        self._fence_seq = 0
        self._following: list[StreamBlock] = []
        self._next_run: tuple[str, int] | None = None

    @property
    def position(self) -> StreamPosition:
        """Where the stream goes on, behind a message of that epoch; a higher one may have been heard already."""
        return StreamPosition(self.run, self._next_seq, self._taken_epoch)

    @property
    def waiting(self) -> int:
        """How many messages wait behind a hole."""
        return len(self._waiting)

    def hear(self, block: StreamBlock) -> None:
        """Take a block."""
        if not self.run and block.messages[0].seq == 1:
            self._turn_to((block.run, 0))
        if block.run != self.run:
            self._of_another_run(block)
            return
        if block.epoch > self.epoch:
            self._succeed(block.epoch, block.messages[0].seq)
        for message in block.messages:
            self._keep(message, block.epoch)

    def take(self) -> StreamMessage | None:
        """The next message of the stream, once."""
        found = self._waiting.pop(self._next_seq, None)
        if found is None and self._next_run is not None:
            self._turn_to(self._next_run)
            found = self._waiting.pop(self._next_seq, None)
        if found is None:
            return None
        message, self._taken_epoch = found
        self._next_seq += 1
        return message

    def _of_another_run(self, block: StreamBlock) -> None:
        """A block of a run that was, of the one that comes, or of one that nobody has begun."""
        if block.epoch <= self.epoch:
            self.counts.fenced += len(block.messages)
            return
        if self._next_run is not None and block.run != self._next_run[0] and block.epoch < self._next_run[1]:
            self.counts.fenced += len(block.messages)
            return
        if len(self._following) >= WAITING_MAX:
            self.counts.forgotten += len(block.messages)
            return
        self._following.append(block)
        if block.messages[0].seq == 1 and self.run and (self._next_run is None or block.epoch > self._next_run[1]):
            self._next_run = (block.run, block.epoch)

    def _turn_to(self, following: tuple[str, int]) -> None:
        """The run followed has nothing more to say: go on with the next from its first message."""
        self.counts.forgotten += len(self._waiting)
        self.run, self.epoch = following
        self._next_seq, self._fence_seq, self._next_run = 1, 1, None
        self._waiting.clear()
        blocks, self._following = self._following, []
        for block in blocks:
            self.hear(block)

    def _succeed(self, epoch: int, first_seq: int) -> None:
        """A newer process speaks from here on: what an older one said beyond was never part of the run."""
        self.epoch, self._fence_seq = epoch, first_seq
        beyond = [seq for seq in self._waiting if seq >= first_seq]
        for seq in beyond:
            del self._waiting[seq]
        self.counts.fenced += len(beyond)
        if 0 < first_seq < self._next_seq:
            self.counts.forked += 1
            self._next_seq = first_seq

    def _keep(self, message: StreamMessage, epoch: int) -> None:
        if epoch < self.epoch and message.seq >= self._fence_seq:
            self.counts.fenced += 1
        elif message.seq < self._next_seq or message.seq in self._waiting:
            self.counts.twice += 1
        elif len(self._waiting) >= WAITING_MAX:
            self.counts.forgotten += 1
        else:
            self._waiting[message.seq] = message, epoch
        if epoch == self.epoch:
            self._fence_seq = min(self._fence_seq, message.seq)
