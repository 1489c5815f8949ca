"""What became of every frame of a feed, by kind: nothing is let go without a number here."""

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from actors.gateways.sequence_guard import Verdict
from contracts.quantities import Nanos
from contracts.wire import MarketRow, RawFrame

QUARANTINE_BYTES: Final = 65_536
KINDS_MAX: Final = 256
"""A feed that invents names must not fill the memory with them: later kinds are counted as `other`."""


class FeedCounts(msgspec.Struct, kw_only=True):
    """Counters since the start of the process; they outlive restarts of the handler.

    `frames` by kind, as parsed; `rows` by type, as admitted; `ignored` frames by why: a kind that has no rows, or
    `duplicate`, `late`, `old` (the snapshot holds it). `void_rows` were changes of a void book, `overflowed` frames
    waited for a snapshot in vain, `implausible` quotes jumped and nothing agreed with them.
    """

    received: int = 0
    received_bytes: int = 0
    frames: dict[str, int] = {}
    rows: dict[str, int] = {}
    ignored: dict[str, int] = {}
    malformed: int = 0
    duplicates: int = 0
    late: int = 0
    gaps: int = 0
    waited: int = 0
    overflowed: int = 0
    void_rows: int = 0
    implausible: int = 0
    conflated: int = 0
    connections: int = 0
    reconnects: int = 0
    silences: int = 0

    def note_frame(self, kind: str, verdict: Verdict | None, *, empty: bool) -> None:
        """Count a parsed frame and what the guard said of it."""
        _add(self.frames, kind)
        if empty:
            _add(self.ignored, kind)
        if verdict is None:
            return
        match verdict.answer:
            case "gap":
                self.gaps += 1
                self.overflowed += verdict.overflowed
            case "wait":
                self.waited += 1
                self.overflowed += verdict.overflowed
            case "duplicate":
                self.duplicates += 1
                _add(self.ignored, "duplicate")
            case "late":
                self.late += 1
                _add(self.ignored, "late")
            case "old":
                _add(self.ignored, "old")
            case "next" | "bridged":
                if verdict.dropped:
                    _add(self.ignored, "old", verdict.dropped)

    def note_rows(self, rows: Iterable[MarketRow]) -> None:
        """Count rows that were admitted."""
        for row in rows:
            _add(self.rows, type(row).__name__)


class Quarantined(msgspec.Struct, frozen=True):
    """A frame that could not be read: at most 64 KiB of it, raw, and why."""

    epoch: int
    number: int
    received_ns: Nanos
    reason: str
    size: int
    data: bytes


Sink = Callable[[Quarantined], None]


def quarantined(frame: RawFrame, reason: str) -> Quarantined:
    """The record of an unreadable frame."""
    head = frame.data[:QUARANTINE_BYTES]
    return Quarantined(frame.epoch, frame.number, frame.received_ns, reason, len(frame.data), head)


def _add(counts: dict[str, int], kind: str, number: int = 1) -> None:
    if kind not in counts and len(counts) >= KINDS_MAX:
        kind = "other"
    counts[kind] = counts.get(kind, 0) + number
