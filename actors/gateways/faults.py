"""What is wrong with a recording, each fault with the number of its frame."""

from collections import Counter
from typing import Final

import msgspec

from contracts.wire import RawFrame

KEPT_MAX: Final = 10_000


class Fault(msgspec.Struct, frozen=True):
    """One thing that is wrong, at the frame of that number, in that stream where it has one."""

    frame: int
    fault: str
    stream: str
    detail: str


class FaultLog:
    """Every fault counted by name; the first ten thousand kept."""

    def __init__(self) -> None:
        self.kept: list[Fault] = []
        self.counts: Counter[str] = Counter()

    def add(self, frame: RawFrame, fault: str, stream: str, detail: str) -> None:
        """Name a fault at a frame."""
        self.counts[fault] += 1
        if len(self.kept) < KEPT_MAX:
            self.kept.append(Fault(frame.number, fault, stream, detail))
