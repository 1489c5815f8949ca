"""One guard for every way in which venues number their frames: is this frame the next, one too many, or one too late?

The guard belongs to one connection epoch and knows no venue. Streams are numbered apart; a frame's `Sequence` names its
stream and its rule:

`consecutive`  each frame is one more than the one before; the first of the epoch is `first` where the stream counts
               from a known beginning, and says `first == last` where it may begin anywhere.
`chain`        a frame continues when its `previous` is the last before or, without `previous`, when its `first` is at
               most the last + 1. A chain is built on a snapshot: frames wait, in a bounded buffer, until a snapshot
               comes that they bridge; what the snapshot already holds is old and let go. A frame whose `first` is 0
               holds everything itself and needs no snapshot.
`snapshot`     the stream starts again at `last`.

After a gap a chain waits for the next snapshot. A numbering that has begun again lower (one absurd number is enough to
make all that follow look old) shows as many frames in a row that are old and yet grow: that is a gap as well, and the
lower numbers count from there on.

Laws: on a stream without a fault nothing is ever called one; the first
frame after any number of missing ones is a `gap` that names what was expected; a frame that comes again is a
`duplicate`; a frame that comes after later ones is `late`; nothing but `next` and `bridged` may be believed.
"""

from collections import deque
from typing import Any, Final, Literal, NamedTuple

from contracts.wire import Sequence

Answer = Literal["next", "duplicate", "late", "gap", "wait", "old", "bridged"]
_GAPS_REMEMBERED: Final = 64
_BEGUN_AGAIN: Final = 32


class Verdict(NamedTuple):
    """The answer to one frame.

    `expected` and `was` are numbers of the stream (0 where they say nothing). `released` are the frames that waited and
    continue the snapshot, in their order. `buffered` waited, of which the snapshot made `dropped` old; `overflowed` is
    how many had waited in vain and are let go with this frame: the buffer was full, or a gap made them worthless.
    """

    answer: Answer
    expected: int = 0
    was: int = 0
    released: tuple[Any, ...] = ()
    buffered: int = 0
    dropped: int = 0
    overflowed: int = 0


_NEXT: Final = Verdict("next")
_BRIDGED: Final = Verdict("bridged")


class _Stream:
    """What is remembered of one stream."""

    __slots__ = ("base", "missing", "old_last", "old_row", "synced", "tail", "waiting")

    def __init__(self) -> None:
        self.tail: int | None = None
        self.base: int | None = None
        self.synced = False
        self.waiting: deque[tuple[Sequence, Any]] = deque()
        self.missing: deque[tuple[int, int]] = deque(maxlen=_GAPS_REMEMBERED)
        self.old_row = 0
        self.old_last = -1


class SequenceGuard:
    """Judges the frames of one epoch in the order of their arrival; at most `waiting_max` of a stream wait."""

    def __init__(self, waiting_max: int) -> None:
        if waiting_max < 1:
            raise ValueError(f"waiting_max was {waiting_max}, expected at least 1")
        self._waiting_max = waiting_max
        self._streams: dict[str, _Stream] = {}

    def judge(self, sequence: Sequence, frame: Any) -> Verdict:
        """The verdict on a frame; `frame` is given back in `released` if it has to wait."""
        stream = self._streams.get(sequence.stream)
        if stream is None:
            stream = self._streams[sequence.stream] = _Stream()
        if sequence.rule == "snapshot":
            return _start_again(stream, sequence)
        broken = _discontinuity(stream, sequence)
        if broken is not None and broken.answer != "gap":
            return broken
        stream.tail = sequence.last
        stream.old_row = 0
        if sequence.rule == "consecutive":
            return broken or _NEXT
        if broken is not None:
            return broken if sequence.first == 0 else self._wait_anew(stream, sequence, frame, broken)
        return _NEXT if stream.synced else self._unsynced(stream, sequence, frame)

    def waiting(self) -> int:
        """How many frames wait for a snapshot."""
        return sum(len(stream.waiting) for stream in self._streams.values())

    def _unsynced(self, stream: _Stream, sequence: Sequence, frame: Any) -> Verdict:
        if sequence.first == 0:
            return _NEXT
        if stream.base is None:
            return self._wait(stream, sequence, frame)
        if sequence.last <= stream.base:
            return Verdict("old", stream.base + 1, sequence.last)
        if _bridges(stream.base, sequence):
            stream.synced = True
            return _BRIDGED
        gap = Verdict("gap", stream.base + 1, sequence.first)
        return self._wait_anew(stream, sequence, frame, gap)

    def _wait_anew(self, stream: _Stream, sequence: Sequence, frame: Any, gap: Verdict) -> Verdict:
        """After a gap, what waited is worthless and this frame is the first that waits."""
        stream.base = None
        lost = len(stream.waiting)
        stream.synced = False
        stream.waiting.clear()
        self._wait(stream, sequence, frame)
        return gap._replace(overflowed=lost)

    def _wait(self, stream: _Stream, sequence: Sequence, frame: Any) -> Verdict:
        overflowed = 0
        if len(stream.waiting) >= self._waiting_max:
            stream.waiting.popleft()
            overflowed = 1
        stream.waiting.append((sequence, frame))
        return Verdict("wait", buffered=len(stream.waiting), overflowed=overflowed)


def _discontinuity(stream: _Stream, sequence: Sequence) -> Verdict | None:
    """A gap, a duplicate or a late frame against the frame before; None where the frame continues."""
    tail = stream.tail
    if tail is None:
        begins = sequence.rule == "chain" or sequence.last == sequence.first
        return None if begins else _gap(stream, sequence.first - 1, sequence.last - 1, sequence.first, sequence.last)
    if sequence.last <= tail:
        return _old(stream, sequence, tail)
    if sequence.rule == "consecutive":
        return None if sequence.last == tail + 1 else _gap(stream, tail, sequence.last - 1, tail + 1, sequence.last)
    if sequence.previous >= 0:
        continues = sequence.previous == tail
        return None if continues else _gap(stream, tail, sequence.previous, tail, sequence.previous)
    return None if sequence.first <= tail + 1 else _gap(stream, tail, sequence.first - 1, tail + 1, sequence.first)


def _old(stream: _Stream, sequence: Sequence, tail: int) -> Verdict:
    """A duplicate or a late frame; a gap once so many in a row have grown that the numbering must have begun again."""
    stream.old_row = stream.old_row + 1 if sequence.last > stream.old_last else 1
    stream.old_last = sequence.last
    if stream.old_row >= _BEGUN_AGAIN:
        stream.missing.clear()
        return Verdict("gap", tail + 1, sequence.last)
    late = any(low <= sequence.last <= high for low, high in stream.missing)
    return Verdict("late" if late else "duplicate", tail + 1, sequence.last)


def _gap(stream: _Stream, before: int, until: int, expected: int, was: int) -> Verdict:
    """A gap; the numbers after `before` up to `until` are missing and may yet come late."""
    stream.missing.append((before + 1, until))
    return Verdict("gap", expected, was)


def _bridges(base: int, sequence: Sequence) -> bool:
    return (sequence.previous if sequence.previous >= 0 else sequence.first - 1) <= base


def _start_again(stream: _Stream, sequence: Sequence) -> Verdict:
    base = sequence.last
    held = stream.tail if stream.synced else stream.base
    if held is not None and base <= held:
        return Verdict("duplicate", held + 1, base)
    buffered = len(stream.waiting)
    left = [(waiting, frame) for waiting, frame in stream.waiting if waiting.last > base]
    if left and not _bridges(base, left[0][0]):
        return Verdict("gap", base + 1, left[0][0].first, buffered=buffered)
    stream.waiting.clear()
    stream.synced, stream.base = bool(left), base
    released = tuple(frame for _, frame in left)
    return Verdict("bridged", released=released, buffered=buffered, dropped=buffered - len(left))
